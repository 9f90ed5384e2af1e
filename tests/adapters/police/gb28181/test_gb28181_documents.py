"""Streams and files are cut into documents, and a bad one spoils no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.police.gb28181 import ManscdpDecoder, Notification
from adapters.sdk.message import Undecodable

GOOD = b"<Notify><CmdType>Keepalive</CmdType><DeviceID>1</DeviceID></Notify>"
PIECES = st.sampled_from(
    [
        GOOD,
        b"<Notify>",
        b"</Notify>",
        b"</Notify",
        b"  \r\n",
        b">",
        b'<?xml version="1.0"?>',
        b"<Query></Query>",
        b"<Notify><a>\xb1\xa8</a></Notify>",
        b"noise",
    ]
)


def _decode(
    content: bytes, size: int = 1 << 20, limit: int = 65_536
) -> list[Notification | Undecodable]:
    """Decode bytes that come in pieces of a size."""
    decoder = ManscdpDecoder(limit)
    found: list[Notification | Undecodable] = []
    for at in range(0, len(content), size):
        found += decoder.feed(content[at : at + size])
    return [*found, *decoder.close()]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_documents_follow_one_another(size: int) -> None:
    """In a stream nothing but their own ends parts them."""
    found = _decode(GOOD + b"\r\n" + b'<?xml version="1.0" encoding="GB2312"?>' + GOOD, size)

    assert [type(one) for one in found] == [Notification, Notification]
    assert found[0].raw == GOOD
    assert found[1].raw.endswith(GOOD)


@pytest.mark.parametrize(
    ("bad", "cause"),
    [
        (b"<Notify><DeviceID>1", "incomplete"),
        (b"GET / HTTP/1.1\r\n", "incomplete"),
        (b"<Notify><DeviceID>1</Wrong></Notify>", "xml"),
        (b"<Notify><a>\xff\xff</a></Notify>", "encoding"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><Query>&a;</Query>', "incomplete"),
        (b"GET / HTTP/1.1\r\n</Notify>", "incomplete"),
    ],
)
def test_a_bad_document_goes_alone(bad: bytes, cause: str) -> None:
    """Those before and after it are read; its bytes are kept with a reason."""
    found = _decode(GOOD + bad + GOOD)

    refused = [one for one in found if isinstance(one, Undecodable)]
    assert len(found) - len(refused) == 2
    assert refused[0].cause == cause
    assert b"".join(one.raw for one in refused).strip() == bad.strip()
    assert "expected" in refused[0].reason


def test_entities_are_refused() -> None:
    """No document needs them, and they are how parsers are attacked."""
    content = b'<Notify><!DOCTYPE x [<!ENTITY a "b">]><a>&a;</a></Notify>'

    (refused,) = _decode(content)

    assert isinstance(refused, Undecodable)
    assert refused.cause in {"xml", "xml_attack"}


def test_what_has_no_end_is_told_at_the_end() -> None:
    """A connection that breaks off leaves nothing behind unseen."""
    (refused,) = _decode(b"<Notify><CmdType>Alarm")

    assert isinstance(refused, Undecodable)
    assert (refused.cause, refused.raw) == ("incomplete", b"<Notify><CmdType>Alarm")


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_document_beyond_the_limit_is_cut_and_the_next_one_read(size: int) -> None:
    """Memory is bounded whatever is sent."""
    found = _decode(b"<Notify>" + b"x" * 1000 + b"</Notify>" + GOOD, size, limit=256)

    assert [type(one) for one in found] == [Undecodable, Notification]
    assert isinstance(found[0], Undecodable)
    assert (found[0].cause, len(found[0].raw)) == ("oversize", 256)


@given(st.lists(PIECES | st.binary(max_size=20), max_size=12), st.integers(1, 40))
def test_any_bytes_in_any_pieces_decode_alike(parts: list[bytes], size: int) -> None:
    """The decoder never raises, and how bytes arrive changes nothing."""
    content = b"".join(parts)

    assert _decode(content, size, limit=128) == _decode(content, limit=128)


def test_every_item_of_a_list_is_kept_under_a_path_of_its_own() -> None:
    """A catalogue lists many devices; empty elements count for nothing."""
    items = "<Item><DeviceID>1</DeviceID></Item><Item><Name/><Name>东门</Name></Item><Item/>"
    (found,) = _decode(f"<Notify><DeviceList>{items}</DeviceList></Notify>".encode())

    assert isinstance(found, Notification)
    assert found.fields == {
        "DeviceList/Item/DeviceID": "1",
        "DeviceList/Item[2]/Name": "东门",
    }


def test_a_byte_order_mark_is_no_document() -> None:
    """Neither is it something to tell of."""
    (found,) = _decode(b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>" + GOOD)

    assert isinstance(found, Notification)


def test_a_word_of_greek_in_utf_8_is_chinese_where_gb_2312_is_declared() -> None:
    """水位 in GB 2312 is valid UTF-8, and the declaration tells what was meant."""
    document = "<?xml version='1.0' encoding='GB2312'?><Notify><Name>水位</Name></Notify>"
    (found,) = _decode(document.encode("gb2312"))

    assert isinstance(found, Notification)
    assert found.get("Name") == "水位"
