"""Redaction: a record without its hidden fields, in the bytes that leave.

Fields are taken out of the parsed record, and so is what the schema does not know; the
rest is encoded anew. To append an empty value would leave the old one in the bytes.
What was redacted once is kept for the next who reads it, within bounds.
"""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Final

from google.protobuf.message import Message

from broker.varint import varint
from gateway.boxes import box_of
from gateway.entry import Entry
from gateway.hidden import Step, covers, steps_of
from gateway.key import Key
from liandong.record.v1.record_pb2 import Record

_KEPT_BYTES: Final = 32 << 20
_ENTRY_BYTES: Final = 600


class Redaction:
    """Takes one set of fields out of records.

    Args:
        paths: The fields.
    """

    __slots__ = ("_keys", "_moves", "_paths", "_places", "_sources")

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = tuple(steps_of(path) for path in paths)
        self._moves = any(path.partition(".")[0] == "location" for path in paths)
        self._places = covers(paths, "location.district")
        self._sources = covers(paths, "provenance.feed")
        self._keys: dict[Key, Key] = {}

    def show(self, entry: Entry) -> Entry:
        """Return an entry without the hidden fields, and without what they would tell of it."""
        shown = _kept.get((self, entry))
        if shown is None:
            shown = self._redacted(entry)
            _kept.put((self, entry), shown)
        return shown

    def key(self, key: Key) -> Key:
        """Return what a key is without the hidden fields."""
        if not ((self._places and key.district) or (self._sources and key.feed)):
            return key
        shown = self._keys.get(key)
        if shown is None:
            shown = self._keys[key] = dataclasses.replace(
                key,
                district="" if self._places else key.district,
                feed="" if self._sources else key.feed,
                stands_for=key,
            )
        return shown

    def _redacted(self, entry: Entry) -> Entry:
        """Make the entry of what is left of a record."""
        record = Record.FromString(entry.payload)
        record.DiscardUnknownFields()
        for path in self._paths:
            _clear(record, path)
        payload = record.SerializeToString()
        length = varint(len(payload))
        return Entry(
            name=entry.name,
            observed=entry.observed,
            counted=entry.counted,
            expires=entry.expires,
            key=self.key(entry.key),
            box=box_of(record.location) if self._moves else entry.box,
            sequence=entry.sequence,
            sized=length + payload,
            payload_at=len(length),
            stored=entry.stored,
        )


redaction_of = functools.lru_cache(maxsize=4096)(Redaction)


def _clear(message: Message, path: Sequence[Step]) -> None:
    """Take a field out of a message, and what is left empty without it.

    An empty message in its place would tell that there was something in it.
    """
    step, *rest = path
    if not rest:
        message.ClearField(step.name)
    elif step.repeated:
        for element in getattr(message, step.name):
            _clear(element, rest)
    elif message.HasField(step.name):
        inner = getattr(message, step.name)
        _clear(inner, rest)
        if not (step.needed or inner.ByteSize()):
            message.ClearField(step.name)


class _Kept:
    """What was redacted lately: a young generation, and the one before it."""

    def __init__(self) -> None:
        self._young: dict[tuple[Redaction, Entry], Entry] = {}
        self._old: dict[tuple[Redaction, Entry], Entry] = {}
        self._bytes = 0

    def get(self, asked: tuple[Redaction, Entry]) -> Entry | None:
        """Return what was kept; what is asked for again stays."""
        shown = self._young.get(asked)
        if shown is None and (shown := self._old.pop(asked, None)) is not None:
            self.put(asked, shown)
        return shown

    def put(self, asked: tuple[Redaction, Entry], shown: Entry) -> None:
        """Keep an entry; forget the old generation when the young one is full."""
        # The entry as it was published is held by this as well.
        size = len(shown.sized) + len(asked[1].sized) + _ENTRY_BYTES
        if self._bytes + size > _KEPT_BYTES:
            self._old, self._young, self._bytes = self._young, {}, 0
        self._young[asked] = shown
        self._bytes += size


_kept: Final = _Kept()
