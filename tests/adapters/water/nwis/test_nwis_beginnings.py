"""What stands before the first character that says which form a document has."""

import pytest

from adapters.sdk.message import Undecodable
from adapters.water.nwis.document import NwisDecoder


@pytest.mark.parametrize("chunks", [(b"\xbb",), (b"\xef",), (b"\xef", b"\xbb"), (b"\xbf\xef",)])
def test_part_of_a_byte_order_mark_is_no_mark(chunks: tuple[bytes, ...]) -> None:
    """It is refused with all its bytes, however they are cut."""
    decoder = NwisDecoder()

    found = [one for chunk in chunks for one in decoder.feed(chunk)] + decoder.close()

    (refused,) = found
    assert isinstance(refused, Undecodable)
    assert refused.raw == b"".join(chunks)


@pytest.mark.parametrize("chunks", [(b"\xef\xbb\xbf",), (b"\xef", b"\xbb\xbf", b" \r\n"), (b"",)])
def test_a_byte_order_mark_and_blanks_are_nothing(chunks: tuple[bytes, ...]) -> None:
    """A file that says nothing is no mistake."""
    decoder = NwisDecoder()

    assert [one for chunk in chunks for one in decoder.feed(chunk)] + decoder.close() == []
