"""Read masks: the fields that a caller wants, cut out of a record's bytes."""

import difflib
import functools
from collections.abc import Iterable, Sequence
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from broker.varint import varint
from gateway.entry import Entry
from gateway.errors import InvalidRequest
from liandong.record.v1.record_pb2 import Record

FIELD: Final = "read_mask"
_ALL: Final = "*"
_MOST_PATHS: Final = 256
_MASKS: Final = 64
_KEPT: Final = 8192
_KEPT_BYTES: Final = 1024
Tree = dict[str, "Tree"]
"""Fields by name, with what is wanted of each; nothing in it: all."""


class Mask:
    """Some of a record's fields.

    Args:
        paths: Such as ``water_level.level_m``; ``name`` is always among them.

    Raises:
        InvalidRequest: If a path leads nowhere; the sentence says which names come near.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._tree: Tree = {"name": {}}
        self._kept: dict[Entry, bytes] = {}
        for path in sorted(set(paths)):
            _require(path)
            _grow(self._tree, path.split("."))

    def sized(self, entry: Entry) -> bytes:
        """Return the bytes of an entry's wanted fields, after their length."""
        kept = self._kept.get(entry)
        if kept is None:
            payload = self.cut(entry.payload)
            kept = varint(len(payload)) + payload
            if len(kept) <= _KEPT_BYTES:
                if len(self._kept) >= _KEPT:
                    self._kept.clear()
                self._kept[entry] = kept
        return kept

    def cut(self, payload: bytes) -> bytes:
        """Return the bytes of a record's wanted fields."""
        wanted = Record()
        _copy(self._tree, Record.FromString(payload), wanted)
        return wanted.SerializeToString()


_known_mask = functools.lru_cache(maxsize=_MASKS)(Mask)


def mask_of(wanted: FieldMask) -> Mask | None:
    """Return the mask of what is wanted; None: everything is.

    Raises:
        InvalidRequest: If a path leads nowhere.
    """
    paths = tuple(wanted.paths)
    if not paths or _ALL in paths:
        return None
    if len(paths) > _MOST_PATHS:
        raise InvalidRequest([(FIELD, f"has {len(paths)} paths, expected at most {_MOST_PATHS}")])
    return _known_mask(paths)


def _require(path: str) -> None:
    """Check a path against the schema.

    Raises:
        InvalidRequest: If it leads nowhere.
    """
    schema: Descriptor | None = Record.DESCRIPTOR
    parts = path.split(".")
    for index, part in enumerate(parts):
        before = ".".join(parts[:index])
        if schema is None:
            raise _refused(path, f"{before} has no fields of its own: name it whole")
        field = schema.fields_by_name.get(part)
        if field is None:
            raise _refused(path, near_fields(schema, part, before))
        if field.is_repeated and index < len(parts) - 1:
            whole = ".".join(parts[: index + 1])
            raise _refused(path, f"{whole} is a list: name it whole")
        schema = field.message_type


def near_fields(schema: Descriptor, part: str, before: str) -> str:
    """Return which fields come near a name that is none."""
    names = sorted(schema.fields_by_name)
    near = difflib.get_close_matches(part, names, n=3, cutoff=0.5)
    place = before or "a record"
    if near:
        start = f"{before}." if before else ""
        return f"{place} has no field {part!r}; did you mean {' or '.join(start + n for n in near)}"
    return f"{place} has no field {part!r}; there are {', '.join(names)}"


def _refused(path: str, sentence: str) -> InvalidRequest:
    """Return what is said of a path that leads nowhere."""
    return InvalidRequest([(FIELD, f"names {path!r}: {sentence}")])


def _grow(tree: Tree, parts: Sequence[str]) -> None:
    """Put a path into a tree; what is wanted whole stays whole, for paths come in order."""
    for part in parts:
        if part in tree and not tree[part]:
            return
        tree = tree.setdefault(part, {})


def _copy(tree: Tree, source: Message, target: Message) -> None:
    """Copy what a tree wants; what is not stated is not copied."""
    for field, value in source.ListFields():
        below = tree.get(field.name)
        if below is None:
            continue
        if below:
            _copy(below, value, getattr(target, field.name))
        else:
            _take(field, value, target)


def _take(field: FieldDescriptor, value: Any, target: Message) -> None:
    """Copy a field whole."""
    if field.is_repeated:
        getattr(target, field.name).MergeFrom(value)
    elif field.message_type is not None:
        getattr(target, field.name).CopyFrom(value)
    else:
        setattr(target, field.name, value)
