"""Whoever cannot prove to be somebody of the city gets no word out of any port."""

import contextlib
import re
import ssl
from pathlib import Path

import pytest

from broker.home import OPS
from broker.nkey import new_seed, public_key
from ops.doctor.listeners import listeners
from tests.running_city import until
from tests.security.forged import KINDS, WHY, forged
from tests.security.hostile import (
    DATA,
    HEADERS,
    PREFACE,
    SETTINGS,
    call,
    frame,
    greeted,
    greeting,
    signed,
)
from tests.security.siege import besieged, plain, pour
from tests.security.stronghold import Stronghold

SPOKEN = {
    "gateway": PREFACE + frame(SETTINGS, 0, 0, b""),
    "console": b"GET /api/session HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "tls": b"##0000\r\n" * 9,
}
LOGS = {"gateway": "gateway.log", "console": "console.log", "tls": "adapter-environment.tls.log"}
NAMES = {"gateway": "police", "console": OPS, "tls": "environment"}


@pytest.mark.parametrize(
    ("port", "kind"),
    # A browser comes to the console without one, and with a token.
    [(port, kind) for port in SPOKEN for kind in KINDS if (port, kind) != ("console", "none")],
)
def test_a_certificate_that_only_looks_right_gets_no_answer(
    stronghold: Stronghold, tmp_path: Path, port: str, kind: str
) -> None:
    """It has the subject, the names and the serial number of a true one; operators are told why."""
    told = {name: len(text.encode()) for name, text in stronghold.logged().items()}
    context = ssl.create_default_context(cafile=str(stronghold.at.ca))
    context.set_alpn_protocols(["h2"] if port == "gateway" else ["http/1.1"])
    pair = forged(stronghold.at, NAMES[port], kind, tmp_path)
    if pair is not None:
        context.load_cert_chain(*pair)

    with besieged(stronghold, port):
        answer = b""
        with (
            plain(stronghold, port) as bare,
            contextlib.suppress(OSError),
            context.wrap_socket(bare, server_hostname="localhost") as secure,
        ):
            secure.sendall(SPOKEN[port])
            answer = secure.recv(4096)
        assert answer == b""

    until(lambda: re.search(WHY[kind], stronghold.logged(told)[LOGS[port]]), 10)


def test_a_token_is_what_lets_in_without_a_certificate(stronghold: Stronghold) -> None:
    """Whoever has neither sees the page that asks for one, and nothing else."""
    with (
        plain(stronghold, "console") as bare,
        stronghold.tls().wrap_socket(bare, server_hostname="localhost") as visitor,
    ):
        visitor.sendall(SPOKEN["console"])

        assert visitor.recv(4096).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("port", ["gateway", "console", "tls"])
def test_what_is_not_encrypted_gets_no_answer(stronghold: Stronghold, port: str) -> None:
    """The same words without TLS."""
    with besieged(stronghold, port), plain(stronghold, port) as bare:
        pour(bare, SPOKEN[port] * 20)
        answer = b""
        with contextlib.suppress(OSError):
            answer = bare.recv(4096)
        # A TLS alert, or nothing.
        assert not answer or answer.startswith(b"\x15\x03")


def test_nobody_gets_onto_the_bus_without_tls(stronghold: Stronghold) -> None:
    """Not even with a department's own key."""
    with besieged(stronghold, "nats"), plain(stronghold, "nats") as bare:
        nonce = re.search(rb'"nonce":"([^"]+)"', bare.recv(4096))
        assert nonce is not None
        seed = stronghold.at.seed("police")
        pour(bare, greeting(public_key(seed), signed(seed, nonce[1].decode())))
        answer = b""
        with contextlib.suppress(OSError):
            while piece := bare.recv(4096):
                answer += piece
    assert b"PONG" not in answer


@pytest.mark.parametrize("kind", ["no key", "a key of nobody", "no proof", "a proof used before"])
def test_nobody_gets_onto_the_bus_without_a_key_of_its_own(
    stronghold: Stronghold, kind: str
) -> None:
    """And the proof that it has it, made for this very connection; each refusal is logged."""
    seed = new_seed() if kind == "a key of nobody" else stronghold.at.seed("police")
    with greeted(stronghold) as (other, nonce):
        used = signed(seed, nonce)
        if kind == "a proof used before":
            other.sendall(greeting(public_key(seed), used))
            assert b"PONG" in other.recv(4096)
        told = {name: len(text.encode()) for name, text in stronghold.logged().items()}
        with besieged(stronghold, "nats"), greeted(stronghold) as (hostile, fresh):
            nkey = "" if kind == "no key" else public_key(seed)
            sig = signed(seed, fresh) if kind == "a key of nobody" else used
            hostile.sendall(greeting(nkey, "" if kind == "no proof" else sig))

            assert hostile.recv(4096) == b"-ERR 'Authorization Violation'\r\n"
    until(lambda: "authentication error" in stronghold.logged(told)["nats-server.log"])


@pytest.mark.parametrize("agency", ["environment", OPS, "health"])
def test_what_a_call_claims_of_its_caller_counts_for_nothing(
    stronghold: Stronghold, agency: str
) -> None:
    """Only the certificate does: neither metadata, nor what a proxy would add, nor the host."""
    stronghold.tell("mllp")
    stronghold.tell("tcp")
    claims = (
        *(("x-agency", agency), ("agency", agency), ("liandong-agency", agency)),
        ("authorization", f"Bearer {agency}"),
        *(("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "https")),
        ("x-forwarded-client-cert", f"URI=liandong://agency/{agency}/client"),
        ("x-ssl-client-cert", f"liandong://agency/{agency}/client"),
        *(("x-real-ip", "127.0.0.1"), ("forwarded", f"for=127.0.0.1;host={agency}")),
    )

    until(lambda: len(stronghold.listed("environment")) > 0)
    before = stronghold.listed("police")
    after = stronghold.listed("police", *claims)

    assert [name for name in after if name.startswith("health/")] == []
    assert set(before) <= set(after)
    assert {name.partition("/")[0] for name in after} <= {"environment", "police"}


@pytest.mark.parametrize(
    "authority", ["ops", "health", "ops@localhost", "localhost:1", "[::1]", ""]
)
def test_no_name_of_the_host_opens_another_department(
    stronghold: Stronghold, authority: str
) -> None:
    """The call is answered as the certificate's, or refused."""
    stronghold.tell("mllp")
    (name,) = until(lambda: [one for one in stronghold.listed("health") if "movement" in one][:1])
    asked = b"\x0a" + bytes([len(name)]) + name.encode()
    message = b"\0" + len(asked).to_bytes(4, "big") + asked
    with besieged(stronghold, "gateway"), stronghold.connected("gateway", "police") as caller:
        caller.sendall(PREFACE + frame(SETTINGS, 0, 0, b"") + call(1, authority))
        pour(caller, frame(DATA, 1, 1, message))
        answer = b""
        with contextlib.suppress(OSError):
            caller.settimeout(2)
            while not {HEADERS, 7} & {kind for kind, _ in frames(answer)}:
                piece = caller.recv(4096)
                if not piece:
                    break
                answer += piece

        assert [payload for kind, payload in frames(answer) if kind == DATA] == []


def frames(data: bytes) -> list[tuple[int, bytes]]:
    """Return the frames of HTTP/2 in some bytes, as far as they are whole."""
    found = []
    while len(data) >= 9 and len(data) >= 9 + (size := int.from_bytes(data[:3], "big")):
        found.append((data[3], data[9 : 9 + size]))
        data = data[9 + size :]
    return found


def test_every_port_is_of_this_machine_only(stronghold: Stronghold) -> None:
    """Unless the city file says otherwise: nothing listens on all addresses."""
    ports = set(stronghold.ports.values())
    found = [one for kind in ("tcp", "udp") for one in listeners(kind) if one.port in ports]

    assert {one.port for one in found} == ports
    assert {str(one.address) for one in found} == {"127.0.0.1"}
