"""MSH-18 says in which character set a message is."""

import pytest

from adapters.sdk.message import Undecodable
from tests.adapters.health.hl7v2.hl7_messages import adapter, adt, decoded, message, one


def _ward(raw: bytes) -> str:
    """Return the ward that a message names."""
    found = one(adapter(), raw)
    return found.value(found.every("PV1")[0], 3)


@pytest.mark.parametrize(
    ("declared", "stored"),
    [
        ("UNICODE UTF-8", "utf-8"),
        ("UTF-8", "utf-8"),
        ("GB 18030-2000", "gb18030"),
        ("gb18030", "gb18030"),
        ("GBK", "gbk"),
        ("GB 18030", "gb18030"),
        ("GB18030-2000", "gb18030"),
        ("CP936", "gbk"),
        ("ASCII", "utf-8"),
        ("ASCII", "gb18030"),
        ("", "utf-8"),
        ("", "gb18030"),
        ("GB 18030-2000~UNICODE UTF-8", "gb18030"),
        ("GB 18030-2000", "utf-8"),
        ("ASCII~GBK", "gbk"),
    ],
)
def test_chinese_wards_are_read(declared: str, stored: str) -> None:
    """The named set counts; where none or ASCII is named, what the bytes are."""
    header, _, rest = adt(ward="重症医学科").decode().partition("\r")

    assert _ward(f"{header}{declared}\r{rest}".encode(stored)) == "重症医学科"


@pytest.mark.parametrize("character", ["皘", "皛", "癪", "癨"])
def test_delimiters_within_characters_are_no_delimiters(character: str) -> None:
    """A later byte of a character of GB 18030 may be `|`, `~`, `^` or a backslash."""
    raw = adt(ward=character, charset="GB 18030-2000")

    assert set(character.encode("gb18030")) & set(b"|~^\\")
    assert _ward(raw) == character


def test_bytes_that_are_not_what_is_declared_are_refused() -> None:
    """Nothing is replaced silently."""
    raw = adt(charset="UNICODE UTF-8").decode().encode("gb18030")

    (item,) = decoded(adapter(), raw)

    assert isinstance(item, Undecodable)
    assert item.cause == "encoding"
    assert "UTF-8" in item.reason.upper()


def test_a_set_that_nobody_knows_is_refused_unless_all_is_ascii() -> None:
    """ASCII is the same in all of them."""
    (item,) = decoded(adapter(), adt(charset="KLINGON"))
    assert isinstance(item, Undecodable)
    assert "table 0211" in item.reason

    plain = b"MSH|^~\\&|A|B|||20260701||ADT^A04|7|P|2.3||||||KLINGON\rPV1|1|O|W\r"
    assert _ward(plain) == "W"


@pytest.mark.parametrize("declared", ["8859/1", "ISO-8859-1", "iso8859-1", "ISO_8859-1"])
def test_the_sets_of_iso_8859_go_by_many_names(declared: str) -> None:
    """HL7's own name for them is one that few programs have."""
    raw = message("PV1|1|I|Säugling^1^1^NJ1", charset=declared).decode().encode("latin-1")

    assert _ward(raw) == "Säugling"


@pytest.mark.parametrize(
    "declared", ["ISO IR87", "~ISO IR87", "ASCII~ISO IR87", "ISO IR6~ISO IR87"]
)
def test_japanese_sets_are_switched_to(declared: str) -> None:
    """Whatever stands first, the other set is what the escape sequences switch to."""
    raw = message("PV1|1|I|内科^1^1^NJ1", charset=declared).decode().encode("iso2022_jp")

    assert _ward(raw) == "内科"


@pytest.mark.parametrize(
    ("written", "ward"),
    [
        ("W\\X2F\\1", "W/1"),
        ("\\XE58685E7A791\\", "内科"),
        ("W\\X0D\\1", "W\\X0D\\1"),
        ("W\\XFF\\1", "W\\XFF\\1"),
        ("W\\X2\\1", "W\\X2\\1"),
    ],
)
def test_bytes_in_hex_are_text_of_the_message_s_set(written: str, ward: str) -> None:
    """HL7 2.5.1, 2.7.5; what is no text, or controls something, stays as it is written."""
    assert _ward(message(f"PV1|1|I|{written}^1^1^NJ1", charset="UNICODE UTF-8")) == ward
