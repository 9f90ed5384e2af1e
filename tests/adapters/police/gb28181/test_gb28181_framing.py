"""SIP messages are cut by their length, and by their documents where that is wrong."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.police.gb28181 import ManscdpDecoder, Notification
from adapters.sdk.message import Undecodable
from tests.adapters.police.gb28181.conftest import CAMERA
from tests.adapters.police.gb28181.sip_camera import SipWriter, document

WRITER = SipWriter()
ALIVE = document("Notify", "Keepalive", 1)
MESSAGE = WRITER.request("MESSAGE", ALIVE)
REGISTER = WRITER.request("REGISTER")
RESPONSE = (
    b"SIP/2.0 200 OK\r\nTo: <sip:7@d>;tag=1\r\nCSeq: 1 SUBSCRIBE\r\nContent-Length: 0\r\n\r\n"
)
PIECES = st.sampled_from(
    [
        MESSAGE,
        REGISTER,
        RESPONSE,
        ALIVE,
        MESSAGE[:-30],
        MESSAGE[:60],
        REGISTER[:-2],
        WRITER.request("INVITE", b"v=0\r\n"),
        b"<Notify>",
        b"</Notify>",
        b"\r\n\r\n",
        b"jaK\0",
        b"noise",
    ]
)


def decode(content: bytes, size: int = 1 << 20, limit: int = 65_536) -> list[object]:
    """Decode bytes that come in pieces of a size, with all that is left at the end."""
    decoder = ManscdpDecoder(limit)
    found: list[object] = []
    for at in range(0, len(content), size):
        found += decoder.feed(content[at : at + size])
    return [*found, *decoder.close()]


def roots(found: list[object]) -> list[str]:
    """Return what was found, in words."""
    return [one.root if isinstance(one, Notification) else one.cause for one in found]  # type: ignore[attr-defined]


def with_length(written: str | None, body: bytes = ALIVE) -> bytes:
    """Return a MESSAGE whose Content-Length is another, or not there."""
    told = b"" if written is None else f"Content-Length: {written}\r\n".encode()
    whole = WRITER.request("MESSAGE", body)
    return whole.replace(f"Content-Length: {len(body)}\r\n".encode(), told)


@pytest.mark.parametrize("written", [None, "10", "60", str(len(ALIVE) + 40), "99999", "none"])
@pytest.mark.parametrize("size", [1, 50, 1 << 20])
def test_a_wrong_length_costs_no_message(written: str | None, size: int) -> None:
    """Devices count characters where they should count bytes; the document's end tells."""
    # Its declaration is longer than the shortest length.
    raw = with_length(written, ALIVE.partition(b"\r\n")[2])

    found = decode(raw + REGISTER + raw, size)

    assert roots(found) == ["Notify", "REGISTER", "Notify"]


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
def test_a_document_without_its_end_costs_itself_alone(size: int) -> None:
    """The next request begins another message; the sender is told that it was bad."""
    found = decode(MESSAGE[:-12] + REGISTER + MESSAGE, size)

    assert roots(found) == ["incomplete", "REGISTER", "Notify"]
    first = found[0]
    assert isinstance(first, Undecodable)
    assert first.raw == MESSAGE[:-12]
    assert first.answer.startswith(b"SIP/2.0 400 Bad Request\r\n")


def test_a_datagram_ends_what_does_not_tell_its_length() -> None:
    """Over UDP a body may go to the end (RFC 3261, 18.3)."""
    raw = WRITER.request("NOTIFY", Content_Type="text/plain").replace(b"Content-Length: 0\r\n", b"")

    (found,) = decode(raw)

    assert isinstance(found, Notification)
    assert (found.root, found.raw) == ("NOTIFY", raw)


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_what_only_keeps_a_firewall_open_is_nothing(size: int) -> None:
    """Blanks (RFC 5626), zeros, and the word of eXosip fill no quarantine."""
    assert roots(decode(b"\r\n\r\njaK\0" + MESSAGE + b"\0\0\0\0jaK\0", size)) == ["Notify"]


def test_heads_are_read_in_every_form() -> None:
    """Compact names, folded lines, other letters, several values (RFC 3261, 7.3)."""
    raw = (
        b"REGISTER sip:1@2 SIP/2.0\r\nv : SIP/2.0/UDP 192.0.2.7;branch=z9\r\n"
        b'VIA: SIP/2.0/TCP b;branch=1\r\nf: "\xc4\xcf" <sip:' + CAMERA.encode() + b"@d>\r\n"
        b" ;tag=1\r\nt:<sip:" + CAMERA.encode() + b"@d>\r\ni:1\r\nCSEQ:1 REGISTER\r\nl:0\r\n\r\n"
    )

    (found,) = ManscdpDecoder(peer="[2001:db8::7]:5062").feed(raw)

    assert isinstance(found, Notification)
    assert found.sip is not None
    assert found.get("DeviceID") == CAMERA
    assert found.sip.party("to") == CAMERA
    assert found.sip.host == "2001:db8::7"
    assert len(found.sip.headers["via"]) == 2


@pytest.mark.parametrize(
    "raw", [REGISTER.replace(b"\r\n", b"\n"), REGISTER.replace(b"REGISTER", b"register", 1)]
)
def test_what_is_meant_for_sip_and_is_none_is_told_what_was_expected(raw: bytes) -> None:
    """Nobody looks for the end of a document in it."""
    (found,) = decode(raw)

    assert isinstance(found, Undecodable)
    assert "a SIP message's first line" in found.reason


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
def test_a_message_that_is_too_long_is_refused_and_skipped(size: int) -> None:
    """As much as it says is dropped, and what follows is read."""
    found = decode(WRITER.request("MESSAGE", b"x" * 2000) + REGISTER, size, limit=600)

    assert roots(found) == ["oversize", "REGISTER"]
    first = found[0]
    assert isinstance(first, Undecodable)
    assert len(first.raw) == 600
    assert first.answer.startswith(b"SIP/2.0 413 ")


@settings(max_examples=400, deadline=None)
@example([MESSAGE[:60], MESSAGE[:-30], MESSAGE], 1, 600)
@given(st.lists(PIECES, max_size=8), st.integers(1, 300), st.sampled_from([600, 65_536]))
def test_how_a_stream_is_cut_changes_nothing(pieces: list[bytes], size: int, limit: int) -> None:
    """Whatever stands in it."""
    content = b"".join(pieces)

    def told(found: list[object]) -> list[tuple[str, bytes]]:
        return [(kind, one.raw) for kind, one in zip(roots(found), found, strict=True)]  # type: ignore[attr-defined]

    assert told(decode(content, size, limit)) == told(decode(content, limit=limit))
