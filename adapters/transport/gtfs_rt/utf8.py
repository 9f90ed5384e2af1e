"""Tell whether all texts of a dataset are UTF-8, at the speed of the Protobuf parser.

GTFS-Realtime is proto2, whose parsers take any bytes for a text; those of proto3 do not. So a
copy of its schema as proto3 says it of a whole dataset at once. What proto3 has not (required
fields, defaults, ranges of extensions) is left out, and words become numbers: on the wire that
makes no difference.
"""

from google.protobuf import descriptor_pb2, message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.transit import gtfs_realtime_pb2 as gtfs

_Field = descriptor_pb2.FieldDescriptorProto


def holds_text(raw: bytes) -> bool:
    """Tell whether a FeedMessage's bytes hold nothing but UTF-8 where a text is due."""
    try:
        _STRICT.FromString(raw)
    except DecodeError:
        return False
    return True


def _strict() -> type[Message]:
    """Return FeedMessage as proto3 has it."""
    file = descriptor_pb2.FileDescriptorProto()
    gtfs.DESCRIPTOR.CopyToProto(file)
    file.syntax = "proto3"
    del file.extension[:]
    for message in file.message_type:
        _soften(message)
    pool = DescriptorPool()
    pool.Add(file)
    name = gtfs.FeedMessage.DESCRIPTOR.full_name
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def _soften(message: descriptor_pb2.DescriptorProto) -> None:
    """Take out of a message what proto3 has not."""
    del message.extension_range[:], message.extension[:], message.enum_type[:]
    for field in message.field:
        field.ClearField("default_value")
        field.options.Clear()
        if field.label == _Field.LABEL_REQUIRED:
            field.label = _Field.LABEL_OPTIONAL
        if field.type == _Field.TYPE_ENUM:
            field.type = _Field.TYPE_INT32
            field.ClearField("type_name")
    for inner in message.nested_type:
        _soften(inner)


_STRICT = _strict()
