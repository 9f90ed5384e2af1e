"""Bytes become text, or an error that says where they are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sdk.errors import Untranslatable
from adapters.sdk.text import decode, decode_chinese, encoding_of


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb2312", "gbk", "gb18030"])
def test_chinese_text_is_read_whatever_wrote_it(encoding: str) -> None:
    """UTF-8 first, then GB 18030, which holds its predecessors."""
    assert decode("暴雨橙色预警信号".encode(encoding)) == "暴雨橙色预警信号"


@pytest.mark.parametrize("raw", [b"ok \xff\xfe", b"\x81", b"\xef\xbb\xbf\xb1\xa9"])
def test_what_is_no_text_is_refused(raw: bytes) -> None:
    """Nothing is replaced; after a UTF-8 mark nothing else is tried."""
    with pytest.raises(Untranslatable, match="offset") as caught:
        decode(raw, "address")

    assert (caught.value.field, caught.value.cause) == ("address", "encoding")


@given(st.text())
def test_utf_8_is_always_taken_for_utf_8(text: str) -> None:
    """Valid UTF-8 is never read as anything else."""
    assert encoding_of(text.encode()) == "utf-8"


@pytest.mark.parametrize(
    "text", ["水位", "校准 1", "闸", "水位偏高", "25 °C", "é", "Ω 闸", "ok", ""]
)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_chinese_stations_short_words_are_chinese(text: str, encoding: str) -> None:
    """Some words' GB bytes are letters of other alphabets in UTF-8; UTF-8 of its own is left."""
    assert decode_chinese(text.encode(encoding)) == text


def test_what_is_no_chinese_in_either_encoding_stays_utf_8() -> None:
    """Letters that GB 18030 would not make Chinese are what they are."""
    assert decode_chinese("Привет".encode()) == "Привет"
