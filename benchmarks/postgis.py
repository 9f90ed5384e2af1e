"""The same records and queries in PostgreSQL with PostGIS, through asyncpg.

A cluster of its own in a folder of its own, with mutual TLS as the gateway has it, more
memory than the data, and indexes for every query: GiST on geometry and on geography, btrees
on name and time. What the filter looks at lies in columns, and in a JSONB as it would have
to for a filter of any field. The bytes of the record lie in a `bytea`. Debian's packages are
installed when they are missing and this is root.
"""

import asyncio
import contextlib
import getpass
import itertools
import json
import os
import shutil
import signal
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
from h3.api import basic_int as h3

from benchmarks.city import free_port
from benchmarks.generated import records
from liandong.record.v1.record_pb2 import Record

_BIN = Path("/usr/lib/postgresql/15/bin")
_PACKAGES = ("postgresql", "postgresql-15-postgis-3")
_SETTINGS = {
    "shared_buffers": "3GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "512MB",
    "effective_cache_size": "8GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "fsync": "off",
    "synchronous_commit": "off",
    "max_wal_size": "8GB",
    "autovacuum": "off",
}
_ACCESS = """
hostssl all all 127.0.0.1/32 trust clientcert=verify-ca
hostnossl all all 127.0.0.1/32 trust
"""
_TLS = {
    "ssl": "on",
    "ssl_min_protocol_version": "TLSv1.3",
    "ssl_cert_file": "server.pem",
    "ssl_key_file": "server.key",
    "ssl_ca_file": "ca.pem",
}
_TABLE = """
CREATE TABLE records (
  name text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  district text COLLATE "C" NOT NULL,
  status smallint NOT NULL,
  observed_at bigint NOT NULL,
  expires_at bigint,
  speed_m_s double precision,
  cell bigint,
  body jsonb NOT NULL,
  place text NOT NULL,
  payload bytea NOT NULL,
  geom geometry(Geometry, 4326),
  geog geography(Geometry, 4326))
"""
_INDEXES = (
    "UPDATE records SET geom = ST_GeomFromText(place, 4326)",
    "UPDATE records SET geog = geom::geography",
    "VACUUM FULL records",
    "CREATE UNIQUE INDEX ON records (name)",
    "CREATE INDEX ON records (kind, name)",
    "CREATE INDEX ON records (observed_at, name)",
    "CREATE INDEX ON records USING gist (geom)",
    "CREATE INDEX ON records USING gist (geog)",
    "VACUUM ANALYZE records",
)
_OPEN = "status = 1 AND (expires_at IS NULL OR expires_at > extract(epoch FROM now()))"
_ORDER = "ORDER BY name LIMIT 1000"
_BOX = "geom && {0} AND ST_Intersects(geom, {0})".format("ST_MakeEnvelope($1, $2, $3, $4, 4326)")
QUERIES = {
    "box": f"SELECT payload FROM records WHERE {_BOX} AND {_OPEN} {_ORDER}",
    "circle": (
        "SELECT payload FROM records WHERE "
        "ST_DWithin(geog, ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography, $3, false) "
        f"AND {_OPEN} {_ORDER}"
    ),
    "polygon": (
        "SELECT payload FROM records WHERE ST_Intersects(geom, ST_GeomFromText($1, 4326)) "
        f"AND {_OPEN} {_ORDER}"
    ),
    "filter": (
        f"SELECT payload FROM records WHERE {_BOX} AND {_OPEN} "
        f"AND speed_m_s > 16.0 AND district LIKE '3201%' {_ORDER}"
    ),
    "any": (
        f"SELECT payload FROM records WHERE {_BOX} AND {_OPEN} "
        "AND (body->'traffic_vehicle'->>'speed_m_s')::float8 > 16.0 "
        f"AND body->'location'->>'district' LIKE '3201%' {_ORDER}"
    ),
    "nearest": (
        "SELECT payload FROM records WHERE "
        f"{_OPEN} ORDER BY geog <-> ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography LIMIT 100"
    ),
}

_SPEEDS = "count(speed_m_s), sum(speed_m_s), avg(speed_m_s), min(speed_m_s), max(speed_m_s)"
SUMMARIES = {
    "district": f"SELECT left(district, 6), count(*) FROM records WHERE {_OPEN} GROUP BY 1",
    "cell": f"SELECT cell, count(*) FROM records WHERE {_OPEN} GROUP BY 1",
    "speeds": f"SELECT cell, count(*), {_SPEEDS} FROM records WHERE {_OPEN} GROUP BY 1",
    "box": f"SELECT cell, count(*), {_SPEEDS} FROM records WHERE {_BOX} AND {_OPEN} GROUP BY 1",
}


def install() -> None:
    """Install what is missing.

    Raises:
        SystemExit: If it is missing and this is not root.
    """
    if Path("/usr/share/postgresql/15/extension/postgis.control").exists():
        return
    if os.geteuid() or shutil.which("apt-get") is None:
        raise SystemExit(f"install {' and '.join(_PACKAGES)} first")
    subprocess.run(("apt-get", "update", "-qq"), check=True)
    subprocess.run(
        ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *_PACKAGES),
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[int]:
    """Run a cluster in a folder; yield its port on loopback."""
    install()
    data, port = folder / "postgres", free_port()
    data.mkdir()
    if os.geteuid() == 0:
        folder.chmod(0o755)
        shutil.chown(data, "postgres")
    user = {"user": "postgres" if os.geteuid() == 0 else getpass.getuser()}
    run_as: dict[str, Any] = user if os.geteuid() == 0 else {}
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    initdb = (str(_BIN / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "-E", "UTF8")
    subprocess.run((*initdb, "--locale=C.UTF-8"), check=True, cwd="/", **run_as, **quiet)
    (data / "pg_hba.conf").write_text(_ACCESS)
    for name in ("ca.pem", "server.pem", "server.key"):
        shutil.copyfile(folder / name, data / name)
        shutil.chown(data / name, **user)
        (data / name).chmod(0o600)
    options = [f"-c{name}={value}" for name, value in (_SETTINGS | _TLS).items()]
    listening = ("-p", str(port), "-h", "127.0.0.1", "-k", str(data))
    # PostgreSQL does not run as root.
    command = (str(_BIN / "postgres"), "-D", str(data), *listening, *options)
    process = subprocess.Popen(command, cwd="/", **run_as, **quiet)
    try:
        yield port
    finally:
        # Its word for: end now, and do not wait for clients.
        process.send_signal(signal.SIGINT)
        process.wait()


async def connect(folder: Path, port: int, *, secured: bool) -> "asyncpg.Connection[Any]":
    """Connect, with the client's certificate or in plain, as soon as it answers."""
    tls = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    tls.load_cert_chain(folder / "client.pem", folder / "client.key")
    for _ in range(100):
        try:
            return await asyncpg.connect(
                host="localhost",
                port=port,
                user="postgres",
                database="postgres",
                ssl=tls if secured else False,
            )
        except (OSError, asyncpg.CannotConnectNowError):
            await asyncio.sleep(0.1)
    raise SystemExit("PostgreSQL does not answer")


async def fill(connection: "asyncpg.Connection[Any]", count: int) -> None:
    """Make the table anew with generated records."""
    await connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    await connection.execute("DROP TABLE IF EXISTS records")
    await connection.execute(_TABLE)
    columns = ("name", "kind", "district", "status", "observed_at", "expires_at")
    rows = (_row(record) for record in records(count))
    while lot := list(itertools.islice(rows, 50_000)):
        await connection.copy_records_to_table(
            "records",
            records=lot,
            columns=(*columns, "speed_m_s", "cell", "body", "place", "payload"),
        )
    for statement in _INDEXES:
        await connection.execute(statement, timeout=600)


def _row(record: Record) -> tuple[Any, ...]:
    """Return a record as a row."""
    speed = record.traffic_vehicle.speed_m_s if record.HasField("traffic_vehicle") else None
    body: dict[str, Any] = {"location": {"district": record.location.district}}
    if speed is not None:
        vehicle = {"vehicle_id": record.traffic_vehicle.vehicle_id, "speed_m_s": speed}
        body["traffic_vehicle"] = vehicle
    return (
        record.name,
        record.name.split("/")[1],
        record.location.district,
        record.status,
        record.observed_at.seconds,
        None,
        speed,
        _cell(record),
        json.dumps(body),
        " ".join(_place(record)),
        record.SerializeToString(),
    )


def _cell(record: Record) -> int | None:
    """Return the H3 cell of a record's point: PostgreSQL is given what it would have to find."""
    if not record.location.HasField("point"):
        return None
    point = record.location.point
    return int(h3.latlng_to_cell(point.latitude_deg, point.longitude_deg, 7))


def _place(record: Record) -> Iterator[str]:
    """Yield a record's place in the words of PostGIS."""
    if record.location.HasField("point"):
        point = record.location.point
        yield f"POINT({point.longitude_deg!r} {point.latitude_deg!r})"
        return
    points = record.location.areas[0].polygons[0].points
    yield f"POLYGON(({','.join(f'{p.longitude_deg!r} {p.latitude_deg!r}' for p in points)}))"
