"""A responder: answers questions without a feed, from the department's records or systems."""

import time
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Final, Generic, TypeVar

import msgspec

from adapters.sdk.errors import ResponderMisconfigured
from adapters.sdk.installed import NotInstalled, load
from adapters.sdk.records import OwnRecords
from liandong.record.v1.record_pb2 import Record

GROUP: Final = "liandong.responders"
O = TypeVar("O", bound=msgspec.Struct)  # noqa: E741 - the options' type


class ResponderConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A responder as the city file configures it.

    Attributes:
        id: Its id, unique in the city, for example ``health.beds``.
        responder: What it is, ``<agency>/<name>``.
        agency: The agency for which it answers.
        limit: How many questions it works on at a time; more are refused.
        options: Its own options.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
    responder: str
    agency: str
    limit: Annotated[int, msgspec.Meta(gt=0)] = 16
    options: dict[str, Any] = {}


class NoOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A responder without options."""


class Responder(Generic[O]):
    """Answers questions by its methods that are marked with `answers`.

    Args:
        options: Its options.
        records: The department's records, of the kinds that it follows.
    """

    version: ClassVar[str] = "1.0.0"
    options_type: ClassVar[type[msgspec.Struct]] = NoOptions
    """The struct of its options."""
    follows: ClassVar[tuple[str, ...]] = ()
    """The kinds of the department's own records that it answers from."""

    def __init__(self, options: O, records: OwnRecords) -> None:
        self.options = options
        self._records = records

    def records(self, kind: str) -> Iterator[Record]:
        """Yield the department's newest records of a kind that it follows."""
        return self._records.of(kind, time.time_ns())


def responder_of(config: ResponderConfig, records: OwnRecords) -> Responder[Any]:
    """Make a responder with its options.

    Raises:
        ResponderMisconfigured: If there is none of this name, it cannot be imported, or an
            option is not right.
    """
    try:
        kind: type[Responder[Any]] = load(GROUP, config.responder)
    except NotInstalled as error:
        raise ResponderMisconfigured(config.id, error.problem, error.remedy) from error
    try:
        options = msgspec.convert(config.options, kind.options_type)
    except msgspec.ValidationError as error:
        fields = msgspec.structs.fields(kind.options_type)
        known = ", ".join(field.encode_name for field in fields) or "none"
        raise ResponderMisconfigured(
            config.id, f"its options are not right: {error}", f"there are: {known}"
        ) from error
    return kind(options, records)
