"""The adapter and the tests that the guide for integrators shows are true."""

import re
import sys
from pathlib import Path
from types import ModuleType

from adapters.testing.contract import AdapterContract
from adapters.testing.trial import trial_of

GUIDE = Path(__file__).parents[3] / "docs" / "integrators.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def module_of(source: str) -> ModuleType:
    """Run one of the guide's blocks as a module of its own."""
    module = ModuleType("documented")
    sys.modules[module.__name__] = module  # where dataclasses look their annotations up
    exec(compile(source, str(GUIDE), "exec"), module.__dict__)
    return module


def block_with(name: str) -> ModuleType:
    """Run the block of the guide that defines a class."""
    (source,) = [block for block in BLOCKS if re.search(rf"^class {name}\b", block, re.MULTILINE)]
    return module_of(source)


SHOWN, TESTED = block_with("RiverStage"), block_with("TestRiverStage")


class TestDocumented(TESTED.TestRiverStage):  # type: ignore[name-defined,misc]
    """The guide's contract, with the guide's adapter."""

    adapter = SHOWN.RiverStage


def test_the_guide_s_own_test_passes() -> None:
    """It uses the fixture as an integrator would."""
    assert issubclass(TESTED.TestRiverStage, AdapterContract)

    TESTED.test_a_stage_is_in_metres(lambda _, **options: trial_of(SHOWN.RiverStage, **options))
