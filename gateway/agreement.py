"""The form of an agreement, as it stands in the file."""

from datetime import UTC, datetime
from typing import Final

import msgspec

ANY: Final = "*"
ASK: Final = "ask."
"""What kinds begin with that let live questions be put."""
LEVELS: Final = ("I", "II", "III", "IV")
"""Levels of emergencies, gravest first, as ``liandong.incident.v1.Level`` numbers them from 1."""


class Agreement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One department lets another read.

    Attributes:
        id: Its own name, for the record of accesses.
        provider: Who lets read; ``*``: everyone.
        consumer: Who may read; ``*``: everyone.
        kinds: What, for example ``water.level``, ``water.*`` or ``*``; ``ask.beds`` or ``ask.*``
            let live questions be put.
        classification: The ceiling: public, internal, restricted or confidential.
        hidden: Paths of fields that stay behind, for example ``water_level.flow_m3_s``.
        purposes: For what; empty: for anything.
        districts: Where, as GB/T 2260 codes; empty: everywhere.
        valid_from: From when, UTC unless it says otherwise.
        valid_until: Until when; that moment no longer belongs to it.
        opens_at_level: It holds only while an incident of this level, ``I`` to ``IV``, or a
            graver one is open; empty: always.
        declared_by: Whose incidents count; empty: those of all but the consumer, for nobody
            opens a door for itself.
        closes_after: How long it still holds after the incident has ended, for example ``2h``.
    """

    id: str
    provider: str
    consumer: str
    kinds: tuple[str, ...]
    classification: str = "internal"
    hidden: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    opens_at_level: str = ""
    declared_by: tuple[str, ...] = ()
    closes_after: str = ""

    @property
    def starts(self) -> datetime | None:
        """Return from when it holds; None: from ever."""
        return _moment(self.valid_from)

    @property
    def ends(self) -> datetime | None:
        """Return when it no longer holds; None: never."""
        return _moment(self.valid_until)


class AgreementFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of agreements."""

    agreement: tuple[Agreement, ...] = ()


def _moment(value: datetime | None) -> datetime | None:
    """Return a moment with its zone."""
    return value.replace(tzinfo=UTC) if value is not None and not value.tzinfo else value
