"""Bytes become text, or an error that says where they are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sdk.errors import Untranslatable
from adapters.sdk.text import decode, encoding_of


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
