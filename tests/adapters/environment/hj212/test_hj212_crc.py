"""The check value of annex A."""

from hypothesis import example, given
from hypothesis import strategies as st

from adapters.environment.hj212.crc import checksum, checksum_by_the_book


def test_the_standards_own_example_gives_its_own_value() -> None:
    """Annex A's worked example ends in 1C80."""
    segment = (
        b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;"
        b"Flag=5;CP=&&RtdInterval=30&&"
    )

    assert len(segment) == 101
    assert checksum(segment) == 0x1C80


def test_the_check_value_is_not_modbus() -> None:
    """The digits 1 to 9 give 2F80; Modbus would give 4B37."""
    assert checksum(b"123456789") == 0x2F80


@given(st.binary(max_size=1200))
@example(b"")
@example(b"\0")
@example(b"\0" * 65)
@example(b"\xff" * 64)
@example(b"a" * 4096)
@example(b"a" * 8192)
@example(b"a" * 8193)
def test_the_fast_way_equals_the_book(data: bytes) -> None:
    """Folding big integers gives what the standard's two loops give."""
    assert checksum(data) == checksum_by_the_book(data)
