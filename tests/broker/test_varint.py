"""Numbers as Protobuf writes them."""

from google.protobuf.wrappers_pb2 import UInt64Value
from hypothesis import given
from hypothesis import strategies as st

from broker.varint import varint


@given(st.integers(1, (1 << 64) - 1))
def test_a_number_is_written_as_protobuf_writes_it(value: int) -> None:
    """After the tag of its field."""
    assert UInt64Value(value=value).SerializeToString() == b"\x08" + varint(value)


def test_nothing_is_one_byte() -> None:
    """A field of the value 0 is left out by Protobuf, a length of 0 is not."""
    assert varint(0) == b"\x00"
