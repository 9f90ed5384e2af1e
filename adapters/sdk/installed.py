"""Adapters and responders that are installed, by name: ours, and those of third parties."""

from importlib.metadata import entry_points
from typing import Any

from adapters.sdk.blame import place_of
from adapters.sdk.errors import AdapterError


class NotInstalled(AdapterError):
    """Nothing that can be used is installed under a name.

    Attributes:
        problem: What is wrong.
        remedy: What to do about it.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy


def names_of(group: str) -> list[str]:
    """Return the names that are installed under an entry-point group."""
    return sorted(entry_points(group=group).names)


def load(group: str, name: str) -> Any:
    """Return what is installed under a name.

    Args:
        group: The entry-point group, for example ``liandong.adapters``.
        name: The name, for example ``water/sl651``.

    Raises:
        NotInstalled: Nothing is, two packages give different things, or what is cannot be
            imported.
    """
    what = group.rpartition(".")[2].removesuffix("s")
    found = {entry.value: entry for entry in entry_points(group=group, name=name)}
    if not found:
        raise NotInstalled(
            f"there is no {what} {name!r}", f"installed are: {', '.join(names_of(group))}"
        )
    if len(found) > 1:
        raise NotInstalled(
            f"several packages give a {what} {name!r}: {' and '.join(sorted(found))}",
            "give one of them another name",
        )
    ((value, entry),) = found.items()
    try:
        return entry.load()
    except Exception as error:  # whatever a module of others raises
        raise NotInstalled(
            f"the {what} {name!r}, {value}, cannot be imported ({place_of(error)}: {error})",
            "mend its package, or install it anew",
        ) from error
