"""No adapter comes with the bus that is not held to the contract."""

from importlib.metadata import entry_points

from adapters.sdk.registry import GROUP, adapter_names
from tests.adapters import test_contract_documents, test_contract_frames


def test_every_adapter_is_held_to_it() -> None:
    """An adapter that is added is added here too."""
    modules = (test_contract_documents, test_contract_frames)
    held = {
        contract.adapter
        for module in modules
        for name, contract in vars(module).items()
        if name.startswith("Test")
    }
    ours = {name for name in adapter_names() if is_ours(name)}

    assert ours - held == set()


def is_ours(name: str) -> bool:
    """Tell whether an adapter comes with the bus."""
    found = entry_points(group=GROUP, name=name)
    return all(entry.module.startswith("adapters.") for entry in found)
