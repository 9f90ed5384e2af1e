"""The columns that a mapping reads, and templates of them."""

import re
from collections.abc import Callable
from typing import Final

from adapters.mapping.problems import Problems, listed, near

Values = tuple[str, ...]
Compose = Callable[[Values], str]
"""Returns a text made of a row's values; empty when one of them is null."""

_BRACES: Final = re.compile(r"\{([^{}]*)\}")


def braced(template: str) -> list[str]:
    """Return the columns that a template names."""
    return _BRACES.findall(template)


class Columns:
    """Numbers the columns that a mapping names, in the order in which it does.

    Args:
        known: The columns that there are, when the format names them.
        problems: Gets a problem for each column that is not there.
    """

    def __init__(self, known: tuple[str, ...], problems: Problems) -> None:
        self._known = known
        self._problems = problems
        self._numbers: dict[str, int] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Return the columns named so far."""
        return tuple(self._numbers)

    def number(self, name: str, where: str) -> int:
        """Return a column's number.

        Args:
            name: The column.
            where: The key that names it.
        """
        if name not in self._numbers and self._known and name not in self._known:
            self._problems.add(
                where,
                f"there is no column {name!r}",
                listed(self._known),
                near(name, self._known),
            )
        return self._numbers.setdefault(name, len(self._numbers))

    def cell(self, name: str, where: str, nulls: frozenset[str]) -> Compose:
        """Return what takes a column out of a row's values.

        Args:
            name: The column.
            where: The key that names it.
            nulls: Words that mean no value.
        """
        number = self.number(name, where)

        def cell(values: Values) -> str:
            text = values[number]
            return "" if text in nulls else text

        return cell

    def template(self, text: str, where: str, nulls: frozenset[str]) -> Compose:
        """Return what fills a template's braces with a row's values.

        Args:
            text: The template.
            where: Its key.
            nulls: Words that mean no value.
        """
        pieces = _BRACES.split(text)
        names, between = pieces[1::2], pieces[0::2]
        if not names or any(brace in piece for piece in between for brace in "{}"):
            self._problems.add(
                where, f"{text!r} names no column", "a column's name in braces, such as {编号}"
            )
        numbers = [self.number(name, where) for name in names]
        if len(numbers) == 1 and not any(between):
            return self.cell(names[0], where, nulls)
        form = "{}".join(between)

        def compose(values: Values) -> str:
            filled = [values[number] for number in numbers]
            return "" if any(value in nulls for value in filled) else form.format(*filled)

        return compose
