"""Logins, link tests, and platforms that encrypt."""

import hashlib
import struct
from typing import Any

import pytest
from fastcrc import crc16

from adapters.sdk.adapter import Outcome
from adapters.sdk.errors import FeedMisconfigured, Untranslatable
from adapters.transport.jt809 import Cipher, Frame, Jt809
from adapters.transport.jt809.answers import verification_code
from adapters.transport.jt809.frame import escape, unescape
from tests.adapters.transport.jt809.jt809_frames import (
    ACCESS,
    SENT,
    adapter,
    exchange,
    login,
    message,
    only_frame,
    own_position,
    record,
    records,
    said,
)

KNOWN = {str(ACCESS): {"user": 42, "password_sha256": hashlib.sha256(b"secret").hexdigest()}}
CONSTANTS = {"m1": 30_000_000, "ia1": 20_000_000, "ic1": 20_000_000}


def told(jt809: Jt809, raw: bytes, outcome: Outcome = Outcome.STORED) -> Frame | None:
    """Return the answer to a frame as its sender decodes it, or None."""
    answer = jt809.answer(only_frame(raw), outcome)
    return only_frame(answer) if answer else None


def encrypted(raw: bytes, key: int = 256_178) -> bytes:
    """Encrypt a frame's body."""
    data = unescape(raw[1:-1])[:-2]
    body = Cipher(**CONSTANTS).apply(data[22:], key)
    data = data[:17] + b"\x01" + key.to_bytes(4, "big") + body
    return b"[" + escape(data + crc16.ibm_3740(data).to_bytes(2, "big")) + b"]"


@pytest.mark.parametrize("edition", ["2011", "2019"])
def test_a_login_is_answered_with_a_verification_code(edition: str) -> None:
    """1002: result 0 and the code, in the sender's edition, under its access code."""
    jt809, raw = adapter(logins=KNOWN), login(edition=edition)

    seen = record(raw, jt809)
    answer = told(jt809, raw)

    assert answer is not None
    assert (answer.type, answer.access_code, answer.edition) == (0x1002, ACCESS, edition)
    assert answer.body == struct.pack(">BI", 0, verification_code("transport.jt809", ACCESS))
    assert said(seen)["downlink_port"] == "809"
    assert said(seen)["result"] == "0"
    assert b"secret" not in seen.SerializeToString()
    assert b"secret".hex().upper().encode() not in seen.SerializeToString()


@pytest.mark.parametrize(
    ("logins", "raw", "result"),
    [
        (KNOWN, login(user=43), 3),
        (KNOWN, login(password=b"guess"), 4),
        ({"1": KNOWN[str(ACCESS)]}, login(), 2),
        ({}, login(password=b"guess"), 0),
    ],
)
def test_a_login_that_is_wrong_is_told_so(logins: Any, raw: bytes, result: int) -> None:
    """Results of the standard; where no logins are configured any is right."""
    jt809 = adapter(logins=logins)

    seen = record(raw, jt809)
    answer = told(jt809, raw)

    assert said(seen)["result"] == str(result)
    assert answer is not None
    assert answer.body[0] == result
    assert (answer.body[1:] == bytes(4)) == bool(result)


def test_who_has_not_logged_in_is_refused() -> None:
    """Its data goes to quarantine, before its login and after its logout."""
    jt809, data = adapter(logins=KNOWN), exchange(0x1202, own_position())

    with pytest.raises(Untranslatable) as before:
        records(data, jt809)
    records(login(), jt809)
    assert records(data, jt809)
    records(message(0x1003, struct.pack(">I8s", 42, b"secret")), jt809)
    with pytest.raises(Untranslatable) as after:
        records(data, jt809)

    assert before.value.cause == after.value.cause == "login"


def test_what_was_let_in_is_let_in_when_it_is_tried_again() -> None:
    """The login came over a connection that has ended; who had none is kept back before."""
    jt809 = adapter(logins=KNOWN)
    jt809.take_for_now(jt809.now())

    assert records(exchange(0x1202, own_position()), jt809)


@pytest.mark.parametrize(("kind", "answered"), [(0x1003, 0x1004), (0x1005, 0x1006)])
def test_logout_and_link_test_are_answered(kind: int, answered: int) -> None:
    """Their answers have no body."""
    answer = told(adapter(), message(kind, bytes([1] * 12) if kind == 0x1003 else b""))

    assert answer is not None
    assert (answer.type, answer.body) == (answered, b"")


def test_a_position_is_not_answered() -> None:
    """The standard has no answer to 1202 on the main link."""
    assert told(adapter(), exchange(0x1202, own_position())) is None


def test_a_login_in_quarantine_is_refused() -> None:
    """Result 6: it could not be read."""
    answer = told(adapter(), encrypted(login()), Outcome.QUARANTINED)

    assert answer is not None
    assert answer.body == b"\x06" + bytes(4)


def test_what_is_encrypted_is_read_with_the_platforms_constants() -> None:
    """They belong to the access code."""
    jt809 = adapter(ciphers={str(ACCESS): CONSTANTS})

    seen = record(encrypted(exchange(0x1202, own_position())), jt809)

    assert seen.traffic_vehicle.mileage_km == 1234
    assert seen.provenance.sent_at.seconds in {0, SENT}


def test_what_is_encrypted_by_unknown_constants_is_refused() -> None:
    """The reason says which option to add."""
    with pytest.raises(Untranslatable, match=rf"ciphers\.{ACCESS}") as caught:
        records(encrypted(exchange(0x1202, own_position())))

    assert caught.value.cause == "encrypted"


def test_a_password_in_plain_text_is_no_option() -> None:
    """The city file holds its SHA-256."""
    with pytest.raises(FeedMisconfigured, match="password_sha256"):
        adapter(logins={"1": {"user": 1, "password_sha256": "secret"}})
