"""A small city with every kind of port, and what it is watched by while somebody besieges it."""

import asyncio
import contextlib
import json
import socket
import ssl
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import grpc

from broker.api import call
from broker.connection import Bus, BusSettings
from broker.home import OPS, Home
from broker.nkey import write_secret
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from ops.city import read_city
from tests.conftest import free_port
from tests.ops.conftest import air
from tests.running_city import RunningCity, write_city

TOKEN: Final = "Tk7-of-the-observatory-9f3a"
PATIENT: Final = "欧阳娜娜"
PATIENT_NUMBER: Final = "320102198807072345"
_FEEDS: Final = """
[[feed]]
id = "environment.tcp"
adapter = "environment/hj212"
agency = "environment"
source = "tcp://127.0.0.1:{tcp}"

[[feed]]
id = "environment.tls"
adapter = "environment/hj212"
agency = "environment"
source = "tcp://127.0.0.1:{tls}"

[feed.transport]
tls_cert = "tls/nats.pem"
tls_key = "tls/nats.key"
tls_ca = "tls/ca.pem"

[[feed]]
id = "environment.udp"
adapter = "environment/hj212"
agency = "environment"
source = "udp://127.0.0.1:{udp}"

[[feed]]
id = "environment.http"
adapter = "environment/hj212"
agency = "environment"
source = "http-listen://127.0.0.1:{http}/in"

[feed.transport]
token_file = "keys/observatory.token"

[[feed]]
id = "health.mllp"
adapter = "health/hl7v2"
agency = "health"
source = "mllp://127.0.0.1:{mllp}"
"""
_PORTS: Final = (
    *("nats", "monitor", "gateway", "metrics", "console"),
    *("tcp", "tls", "udp", "http", "mllp"),
)


class Stronghold(RunningCity):
    """The city, and its rightful visitors.

    Attributes:
        ports: Its ports, by what is there.
    """

    def __init__(self, folder: Path) -> None:
        self.ports = {name: free_port() for name in _PORTS}
        agencies = ("police", "environment", "health")
        city = write_city(
            folder, "stronghold", agencies, _FEEDS.format(**self.ports), ports=self.ports
        )
        super().__init__(folder / "home", city)
        self.at = Home(self.home)
        write_secret(self.at.keys_dir / "observatory.token", f"{TOKEN}\n".encode())
        self._number = 0

    def tls(self, name: str = "") -> ssl.SSLContext:
        """Return how a client comes that trusts the city, with a certificate of its or without."""
        context = ssl.create_default_context(cafile=str(self.at.ca))
        if name:
            context.load_cert_chain(*self.at.certificate(name))
        return context

    @contextlib.contextmanager
    def connected(self, port: str, certificate: str = "") -> Iterator[socket.socket]:
        """Connect to a port; over TLS where that comes first."""
        with socket.create_connection(("127.0.0.1", self.ports[port]), timeout=30) as plain:
            if port not in {"gateway", "console", "tls"}:
                yield plain
                return
            context = self.tls(certificate or ("police" if port == "gateway" else "environment"))
            if port == "gateway":
                context.set_alpn_protocols(["h2"])
            with context.wrap_socket(plain, server_hostname="localhost") as secure:
                yield secure

    def station(self) -> bytes:
        """Return the frame of a station that nobody has heard of yet."""
        self._number += 1
        return air(f"SEC{self._number:09d}", 31.0)

    def tell(self, port: str) -> None:
        """Have a rightful client do what it comes for."""
        getattr(self, f"_tell_{port}")()

    def _tell_tcp(self, port: str = "tcp") -> None:
        with self.connected(port) as station:
            station.sendall(self.station())
            assert b"CN=9014" in station.recv(4096)

    def _tell_tls(self) -> None:
        self._tell_tcp("tls")

    def _tell_udp(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as station:
            station.settimeout(30)
            station.sendto(self.station(), ("127.0.0.1", self.ports["udp"]))
            assert b"CN=9014" in station.recv(4096)

    def _tell_http(self) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['http']}/in",
            self.station(),
            {"Authorization": f"Bearer {TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert b"CN=9014" in answer.read()

    def _tell_mllp(self) -> None:
        self._number += 1
        with self.connected("mllp") as hospital:
            hospital.sendall(b"\x0b" + admission(f"C{self._number}") + b"\x1c\r")
            assert f"MSA|AA|C{self._number}".encode() in hospital.recv(4096)

    def _tell_gateway(self) -> None:
        # Police is who besieges it, with a certificate that is good.
        self.listed("health")

    def listed(self, agency: str, *metadata: tuple[str, str]) -> list[str]:
        """Return the names of the records that a department sees."""
        pem, key = self.at.certificate(agency)
        files = (self.at.ca.read_bytes(), key.read_bytes(), pem.read_bytes())
        target = f"localhost:{self.ports['gateway']}"
        with grpc.secure_channel(target, grpc.ssl_channel_credentials(*files)) as channel:
            stub = rpc.SharedStateServiceStub(channel)
            request = api.ListRecordsRequest(page_size=1000)
            page = stub.ListRecords(request, metadata=metadata, timeout=30)
        return [record.name for record in page.records]

    def _tell_console(self) -> None:
        with self.connected("console", OPS) as operator:
            operator.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = operator.recv(4096)
            assert answer.startswith(b"HTTP/1.1 303 See Other\r\n")
            assert b"\r\nLocation: /\r\n" in answer

    def _tell_metrics(self) -> None:
        address = f"http://127.0.0.1:{self.ports['metrics']}/metrics"
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert b"liandong_gateway_records" in answer.read()

    def _tell_monitor(self) -> None:
        address = f"http://127.0.0.1:{self.ports['monitor']}/healthz"
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert json.load(answer) == {"status": "ok"}

    def _tell_nats(self) -> None:
        asyncio.run(self._counted("police"))

    async def _counted(self, agency: str) -> int:
        """Return how many messages a department's stream has."""
        settings = BusSettings.of(self.at, read_city(self.city).plan, agency)
        async with Bus(settings) as bus:
            told = await call(bus, agency.upper(), f"STREAM.INFO.{agency.upper()}")
        return int(told["state"]["messages"])

    def pid_of(self, port: str) -> int:
        """Return the process that listens at a port."""
        words = {
            "nats": (str(self.at.nats_config),),
            "monitor": (str(self.at.nats_config),),
            "gateway": ("gateway", "run"),
            "metrics": ("metrics", "run"),
            "console": ("console", "run"),
            "mllp": ("health.mllp",),
        }.get(port, (f"environment.{port}",))
        (pid,) = self.processes(*words)
        return pid

    def logged(self, since: Mapping[str, int] = {}) -> dict[str, str]:
        """Return what is logged, by file; since it was so long."""
        return {
            path.name: path.read_bytes()[since.get(path.name, 0) :].decode(errors="replace")
            for path in self.at.logs_dir.iterdir()
        }


def admission(control_id: str) -> bytes:
    """Return a message about a patient whom nobody else may know of."""
    at = f"{datetime.now(UTC):%Y%m%d%H%M%S}+0000"
    segments = (
        f"MSH|^~\\&|HIS|NJ1|BUS|CITY|{at}||ADT^A01|{control_id}|P|2.5.1||||||UNICODE UTF-8",
        f"PID|1||PATIENT-77^^^NJ1||{PATIENT}||19880707|F||||||||||ACC|{PATIENT_NUMBER}",
        "PV1|1|I|ICU^1^2^NJ1" + "|" * 16 + f"VISIT-{control_id}",
    )
    return "\r".join((*segments, "")).encode()
