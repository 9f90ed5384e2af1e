"""Put constants into a record."""

from collections.abc import Callable, Mapping
from typing import Final

from adapters.mapping.fields import Shape, Target
from adapters.mapping.problems import Problems, near
from adapters.mapping.schema import Source
from adapters.mapping.setters import Setters
from adapters.mapping.unfit import Unfit
from adapters.mapping.values import words_of
from liandong.record.v1.record_pb2 import Record

_PLAIN: Final = Source()


def fill(
    constants: Mapping[Target, str], setters: Setters, problems: Problems
) -> Callable[[Record], None]:
    """Return what puts constants into a record.

    Args:
        constants: The text of each field.
        setters: What reads texts.
        problems: Gets what is wrong.
    """
    puts = [_put(target, text, setters, problems) for target, text in constants.items()]

    def apply(record: Record) -> None:
        for put in puts:
            put(record)

    return apply


def _put(
    target: Target, text: str, setters: Setters, problems: Problems
) -> Callable[[Record], None]:
    """Return what puts a constant into a record."""
    where = f"constants.{target.path}"
    name, hold = target.field.name, target.holder()
    if target.shape is Shape.POINT or target.path == "observed_at":
        problems.add(
            where, "cannot be the same for every row", f"a column, under fields.{target.path}"
        )
        return _nothing
    try:
        if target.shape is Shape.TIME:
            moment = setters.times(_PLAIN, where)(text)
            return lambda record: moment.write(getattr(hold(record), name))
        value = setters.read(target, _PLAIN, where)(text)
    except Unfit as unfit:
        problems.add(where, f"is {text!r}", unfit.expected, near(text, words_of(target.field)))
        return _nothing
    if target.field.is_repeated:
        return lambda record: getattr(hold(record), name).append(value)
    return lambda record: setattr(hold(record), name, value)


def _nothing(_: Record) -> None:
    """Put nothing into a record."""
