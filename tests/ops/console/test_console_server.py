"""The console's server: who comes in, and what is kept out."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import msgspec
import pytest

from broker.connection import Bus, BusSettings
from broker.home import OPS, Home
from broker.plan import BusPlan
from broker.tls import Authority
from liandong.gateway.v1.audit_pb2 import AccessEntry
from ops.city import City, read_city
from ops.console import desk
from ops.console.app import Console
from ops.console.signing import Signer, make_key
from ops.console.visitors import COOKIE, TOKEN_S, Token, login_address
from ops.gateway_address import GatewayAddress
from tests.conftest import free_port
from tests.deeds import recorded
from tests.gateway.town import NOW, level
from tests.gateway.town import City as Town

_CITY = """
[city]
name = "t"
[console]
port = {port}
[[agency]]
name = "water"
title = "水务 Water"
[[agency]]
name = "police"
[[agency]]
name = "health"
"""


_FOR_FLOODS = """
[[agreement]]
id = "levels-in-floods"
provider = "water"
consumer = "police"
kinds = ["water.level"]
classification = "internal"
purposes = ["flood-response"]
"""


class Entry:
    """A console, and how clients come to it."""

    def __init__(self, home: Home, described: City, signer: Signer, console: Console) -> None:
        self.console = console
        self.home, self.described, self.signer = home, described, signer
        assert described.console is not None
        self.url = f"https://localhost:{described.console.port}"

    @asynccontextmanager
    async def client(self, certificate: str = "") -> AsyncIterator[aiohttp.ClientSession]:
        """Open a client, with a department's certificate or without."""
        context = ssl.create_default_context(cafile=str(self.home.ca))
        if certificate:
            context.load_cert_chain(*self.home.certificate(certificate))
        connector = aiohttp.TCPConnector(ssl=context)
        async with aiohttp.ClientSession(self.url, connector=connector) as session:
            yield session

    async def recorded(self) -> list[AccessEntry]:
        """Return what the log has under the operators' name."""
        settings = BusSettings.of(self.home, self.described.plan, OPS)
        async with Bus(settings) as bus:
            return await recorded(bus)

    def token(self, agency: str) -> str:
        """Return a token."""
        return login_address(self.described, self.signer, agency).partition("#")[2]

    async def enter(self, client: aiohttp.ClientSession, token: str) -> int:
        """Use a token; return the status."""
        async with client.post("/api/login", data=token, headers={"Origin": self.url}) as answer:
            return answer.status


@pytest.fixture
async def entry(city_home: Home, plan: BusPlan, city: Town, tmp_path: Path) -> AsyncIterator[Entry]:
    """Run a console before the test's own gateway."""
    file = tmp_path / "city.toml"
    file.write_text(_CITY.format(port=free_port()))
    described = msgspec.structs.replace(
        read_city(file), plan=plan, gateway=GatewayAddress(port=city.gateway.port)
    )
    make_key(city_home)
    async with Console(city_home, described) as console:
        yield Entry(city_home, described, Signer(city_home), console)


async def test_a_token_lets_in_once(entry: Entry) -> None:
    """The second time it is void, also for somebody who has seen it."""
    token = entry.token("water")
    async with entry.client() as one, entry.client() as other:
        assert await entry.enter(one, token) == 200
        assert await entry.enter(other, token) == 401
        async with one.get("/api/session") as answer:
            assert (await answer.json())["agency"] == "water"
        async with other.get("/api/session") as answer:
            assert answer.status == 401


async def test_a_token_of_the_past_or_of_another_key_does_not_let_in(
    entry: Entry, tmp_path: Path
) -> None:
    """Nor one that was changed, nor what is none at all."""
    stranger = Home(tmp_path / "stranger")
    make_key(stranger)
    late = entry.signer.sign(Token("water", "late", time.time() - 1))
    soon = time.time() + TOKEN_S
    forged = Signer(stranger).sign(Token("water", "forged", soon))
    unknown = entry.signer.sign(Token("navy", "unknown", soon))
    async with entry.client() as client:
        for token in (late, forged, unknown, entry.token("water")[:-2] + "AA", "", "x.y", "ß"):
            assert await entry.enter(client, token) == 401, token


async def test_a_new_certificate_is_shown_without_a_restart(entry: Entry) -> None:
    """From the next handshake on."""
    pem, key = entry.home.certificate("console")
    before = (pem.read_bytes(), key.read_bytes())
    try:
        pem.unlink()
        Authority(entry.home).issue_server("console")
        context = ssl.create_default_context(cafile=str(entry.home.ca))
        port = int(entry.url.rpartition(":")[2])
        _, writer = await asyncio.open_connection("localhost", port, ssl=context)
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.transport.abort()

        assert ssl.DER_cert_to_PEM_cert(shown) == pem.read_text()
        assert pem.read_bytes() != before[0]
    finally:
        pem.write_bytes(before[0])
        key.write_bytes(before[1])


async def test_a_body_that_does_not_come_is_waited_for_no_longer_than_it_may(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody needs a session to begin one."""
    monkeypatch.setattr(desk, "_BODY_S", 0.1)

    async def endless() -> AsyncIterator[bytes]:
        yield b"half a token"
        await asyncio.get_running_loop().create_future()

    async with entry.client() as client, asyncio.timeout(10):
        headers = {"Origin": entry.url}
        async with client.post("/api/login", data=endless(), headers=headers) as answer:
            assert answer.status == 408


async def test_a_department_comes_in_with_its_certificate(entry: Entry) -> None:
    """The same certificate as at the gateway; without one the way leads to the login."""
    async with entry.client("police") as client:
        async with client.get("/") as answer:
            assert (answer.status, answer.url.path) == (200, "/")
        async with client.get("/api/session") as answer:
            assert (await answer.json())["agency"] == "police"
    async with entry.client() as client, client.get("/") as answer:
        assert answer.url.path == "/login"


async def test_a_revoked_certificate_ends_its_sessions(entry: Entry) -> None:
    """Whoever came in with it is out at once, and does not come in again."""
    authority = Authority(entry.home)
    authority.issue_client("visitor", "health", "client")
    pem, key = entry.home.certificate("visitor")
    kept = (pem.read_bytes(), key.read_bytes())
    async with entry.client("visitor") as client:
        async with client.get("/") as answer:
            assert answer.url.path == "/"
        authority.revoke_client("visitor")
        async with client.get("/api/session") as answer:
            assert answer.status == 401
    pem.write_bytes(kept[0])
    key.write_bytes(kept[1])
    async with entry.client("visitor") as client, client.get("/") as answer:
        assert answer.url.path == "/login"
    pem.unlink()


async def test_changes_come_from_the_consoles_own_page_only(entry: Entry) -> None:
    """Another page has neither the origin nor the proof; live frames are not for it either."""
    body = {"agency": "water", "feed": "x"}
    async with entry.client("water") as client:
        async with client.get("/"):
            pass
        async with client.get("/api/session") as answer:
            proof = (await answer.json())["proof"]
        for headers in (
            {},
            {"Origin": entry.url},
            {"Origin": "https://evil.example", "X-Liandong-Proof": proof},
            {"Origin": entry.url, "X-Liandong-Proof": proof[:-1] + "-"},
        ):
            async with client.post("/api/quarantine/redrive", json=body, headers=headers) as answer:
                assert answer.status == 403, headers
        async with client.get("/api/live", headers={"Origin": "https://evil.example"}) as answer:
            assert answer.status == 403
        own = {"Origin": entry.url, "X-Liandong-Proof": proof}
        async with client.post("/api/quarantine/redrive", json=body, headers=own) as answer:
            assert (answer.status, "has no feed 'x'" in (await answer.json())["error"]) == (
                409,
                True,
            )


async def test_a_department_leaves_other_quarantines_alone(entry: Entry) -> None:
    """Seeing and changing them is for their owner and for the operators."""
    async with entry.client("police") as client:
        async with client.get("/"):
            pass
        async with client.get("/api/session") as answer:
            own = {"Origin": entry.url, "X-Liandong-Proof": (await answer.json())["proof"]}
        for what in ("redrive", "discard"):
            meant = {"agency": "water", "feed": "x", "numbers": [1], "reason": "r"}
            async with client.post(f"/api/quarantine/{what}", json=meant, headers=own) as answer:
                assert answer.status == 403
    refused = [one for one in await entry.recorded() if one.reason == "NOT_ITS_QUARANTINE"]
    assert [one.method for one in refused[-2:]] == ["Quarantine/Redrive", "Quarantine/Discard"]
    assert {one.agency for one in refused[-2:]} == {"police"}
    assert {one.action.agency for one in refused[-2:]} == {"water"}


async def test_who_comes_is_on_record_and_of_those_kept_out_the_first_of_a_minute(
    entry: Entry,
) -> None:
    """Anybody may try tokens: they must not fill the log."""
    before = len(await entry.recorded())
    async with entry.client() as client:
        assert await entry.enter(client, entry.token("health")) == 200
        for _ in range(15):
            assert await entry.enter(client, "x.y") == 401
    await entry.console.settle()

    visits = (await entry.recorded())[before:]
    came = [one for one in visits if not one.reason]
    assert [(one.method, one.agency) for one in came] == [("Console/SignIn", "health")]
    assert came[0].actor.endswith(" by token")
    kept_out = [one for one in visits if one.reason == "TOKEN_VOID"]
    assert len(kept_out) == 10
    assert {one.agency for one in kept_out} == {""}


async def test_an_agreement_for_a_purpose_opens_to_a_visitor_who_states_it(
    entry: Entry, city: Town, station: str
) -> None:
    """Every call for the visitor carries it, and the record of accesses tells it."""
    city.agreements.write_text(_FOR_FLOODS)
    await city.share(level(station, 7.0))
    name = f"water/water.level/{station}"
    async with entry.client("police") as client:
        async with client.get("/"):
            pass

        async def record(expected: int) -> None:
            async with asyncio.timeout(30):
                while True:
                    async with client.get("/api/record", params={"name": name}) as answer:
                        if answer.status == expected:
                            return
                    await asyncio.sleep(0.1)

        await record(403)
        async with client.get("/api/session") as answer:
            own = {"Origin": entry.url, "X-Liandong-Proof": (await answer.json())["proof"]}
        async with client.post("/api/purpose", json="flood-response", headers=own) as answer:
            assert answer.status == 200
        await record(200)
        async with client.get("/api/session") as answer:
            assert (await answer.json())["purpose"] == "flood-response"
        for wrong in ("汛情", " x", "a\n", "x" * 257):
            async with client.post("/api/purpose", json=wrong, headers=own) as answer:
                assert answer.status == 409, wrong
        # Answers leave only once they are on disk; the log has them a little later.
        async with asyncio.timeout(30):
            while True:
                async with client.get("/api/accesses") as answer:
                    accesses = (await answer.json())["accesses"]
                read = [one for one in accesses if "levels-in-floods" in str(one["left"])]
                if read:
                    break
                await asyncio.sleep(0.1)
    assert (read[0]["names"], read[0]["purpose"]) == ([name], "flood-response")


async def test_the_doctor_tells_the_operators_only(entry: Entry) -> None:
    """What it finds is of the operators' machine: ports, files, keys of all departments."""
    async with entry.client("police") as client:
        async with client.get("/"):
            pass
        async with client.get("/api/doctor") as answer:
            assert answer.status == 403


async def test_who_leaves_is_out(entry: Entry) -> None:
    """The cookie that was kept is worth nothing."""
    async with entry.client() as client:
        await entry.enter(client, entry.token("water"))
        async with client.get("/api/session") as answer:
            own = {"Origin": entry.url, "X-Liandong-Proof": (await answer.json())["proof"]}
        async with client.post("/api/logout", headers=own) as answer:
            assert answer.status == 200
        async with client.get("/api/session") as answer:
            assert answer.status == 401


async def test_pages_are_kept_to_themselves(entry: Entry) -> None:
    """No inline script, nothing from elsewhere, no frame; the cookie is out of scripts' reach."""
    async with entry.client("water") as client:
        async with client.get("/", allow_redirects=False) as answer:
            cookie = answer.headers["Set-Cookie"]
        for path in ("/", "/login", "/static/js/main.js", "/nothing", "/api/session"):
            async with client.get(path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'; script-src 'self';" in policy, path
                assert "unsafe" not in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
        async with client.get("/") as answer:
            assert "<script>" not in await answer.text()
    assert cookie.startswith(f"{COOKIE}=")
    for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in cookie


async def test_live_frames_hold_what_the_department_may_see(
    entry: Entry, city: Town, station: str
) -> None:
    """First all of it, then each change; a record that is closed to the department is in none."""
    await city.share(level(station, 7.0), level(f"{station}x", 7.0, classification=4))
    async with entry.client("police") as client:
        async with client.get("/"):
            pass
        async with client.ws_connect("/api/live", origin=entry.url) as live:
            seen: dict[str, str] = {}
            mine = f"water/water.level/{station}"

            async def until(value: str) -> None:
                while seen.get(mine) != value:
                    frame = await live.receive_json(timeout=10)
                    seen.update({row[0]: row[5] for row in frame.get("rows", ())})

            await until("7.00")
            await city.share(level(station, 8.25, at=NOW + timedelta(seconds=5)))
            await until("8.25")
    assert f"{mine}x" not in seen


async def test_a_record_is_shown_whole_with_who_else_may_see_it(
    entry: Entry, city: Town, station: str
) -> None:
    """Its owner is told of all others; fields have their units."""
    await city.share(level(station, 7.0))
    async with entry.client("water") as client:
        async with client.get("/"):
            pass
        name = {"name": f"water/water.level/{station}"}
        async with client.get("/api/record", params=name) as answer:
            record = await answer.json()
    rows = {row[0]: row[1:] for part in record["parts"] for row in part["rows"]}
    shares = {one["agency"]: one["decision"] for one in record["shares"]}

    assert rows["level_m"] == [7.0, "m", "number"]
    assert rows["feed"] == ["test", "", "text"]
    assert shares == {"police": "allowed", "health": "refused"}
