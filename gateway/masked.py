"""Records with only the fields that a caller wants."""

import functools
from operator import attrgetter

from google.protobuf.field_mask_pb2 import FieldMask

from gateway.encoding import varint
from gateway.entry import Entry
from gateway.errors import InvalidRequest
from gateway.snapshot import Encode
from liandong.record.v1.record_pb2 import Record

_MASKS = 1024
_whole: Encode = attrgetter("sized")


def encode_by(mask: FieldMask) -> Encode:
    """Return what makes of an entry the bytes that leave, after their length.

    The same mask gives the same function. The name is always among what leaves.

    Raises:
        InvalidRequest: If a path is no field of a record.
    """
    return _encode_by(tuple(sorted(set(mask.paths))))


@functools.lru_cache(_MASKS)
def _encode_by(paths: tuple[str, ...]) -> Encode:
    """Return what encodes the fields of these paths; none: all."""
    if not paths:
        return _whole
    wrong = [path for path in paths if not FieldMask(paths=[path]).IsValidForDescriptor(_RECORD)]
    if wrong:
        raise InvalidRequest([("read_mask", f"has {wrong[0]!r}, which is no field of a record")])
    mask = FieldMask(paths=sorted({*paths, "name"}))

    def encode(entry: Entry) -> bytes:
        record = Record()
        mask.MergeMessage(Record.FromString(entry.payload), record)
        payload = record.SerializeToString()
        return varint(len(payload)) + payload

    return encode


_RECORD = Record.DESCRIPTOR
