"""The console's server: who comes in, and what is kept out."""

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import msgspec
import pytest

from broker.home import Home
from broker.plan import BusPlan
from broker.tls import Authority
from ops.city import City, GatewayAddress, read_city
from ops.console import Console, Signer, login_address, make_key
from ops.console.visitors import COOKIE, TOKEN_S, Token
from tests.conftest import free_port
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


class Entry:
    """A console, and how clients come to it."""

    def __init__(self, home: Home, described: City, signer: Signer) -> None:
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
    async with Console(city_home, described):
        yield Entry(city_home, described, Signer(city_home))


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
