"""Commands that put something in."""

import asyncio
import os
import shutil
import sys
import uuid
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import protovalidate
import typer
from google.protobuf.json_format import Parse, ParseError

from adapters.sdk.translation import describe
from broker.connection import Bus, BusSettings
from broker.errors import PublishError
from broker.home import Home
from broker.outgoing import Outgoing
from broker.plan import stream_name
from broker.provision import prepare
from broker.publisher import Publisher
from broker.subjects import share_subject
from liandong.record.v1.record_pb2 import Record
from ops.city import City
from ops.failure import Failure
from ops.options import CITY, HOME, AgencyOption, CityOption, HomeOption, open_home

_QUIET_S = 3.0
_HEX_FORMATS = frozenset({"sl651", "hex"})


def publish(
    file: Annotated[Path, typer.Argument(help="Records as JSON, one a line; - for input.")],
    agency: AgencyOption = "police",
    home: HomeOption = HOME,
    city: CityOption = CITY,
) -> None:
    """Publish records of a department's own."""
    folder, described = open_home(home, city)
    text = sys.stdin.read() if str(file) == "-" else _read(file).decode()
    records = [_record(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    asyncio.run(_publish(folder, described, agency, records))


def _record(number: int, line: str) -> Record:
    """Read a line as a valid record.

    Raises:
        Failure: If it is none; the sentence says which field.
    """
    try:
        record = Parse(line, Record())
    except ParseError as error:
        raise Failure(f"line {number} is no record: {error}") from error
    if not record.provenance.feed:
        record.provenance.feed = "publish"
    if not record.HasField("received_at"):
        record.received_at.GetCurrentTime()
    violations = protovalidate.collect_violations(record)
    if violations:
        raise Failure(f"line {number}: {describe(violations)}")
    return record


async def _publish(home: Home, city: City, agency: str, records: list[Record]) -> None:
    """Store records, and say what became of each."""
    settings = BusSettings.of(home, city.plan, agency)
    async with Bus(settings) as bus, Publisher(bus, stream_name(agency)) as publisher:
        results = await publisher.publish_all(
            [
                Outgoing(share_subject(record.name), record.SerializeToString(), uuid.uuid4().hex)
                for record in records
            ]
        )
    failed = 0
    for record, result in zip(records, results, strict=True):
        failed += isinstance(result, PublishError)
        typer.echo(f"{record.name}: {result if isinstance(result, PublishError) else 'stored'}")
    if failed:
        raise Failure(f"{failed} of {len(records)} records were not stored")


def play(
    format_name: Annotated[str, typer.Argument(metavar="FORMAT", help="hj212, sl651, hex, raw.")],
    file: Annotated[Path, typer.Argument(help="The file; sl651 and hex: one frame a line.")],
    to: Annotated[str, typer.Option("--to", help="tcp://host:port or drop:folder.")],
    rate: Annotated[float, typer.Option("--rate", help="Frames a second; 0: at once.")] = 0.0,
) -> None:
    """Send a file to an adapter as its senders would, and show the answers."""
    content = _read(file)
    if to.startswith("drop:"):
        folder = Path(to.removeprefix("drop:"))
        folder.mkdir(parents=True, exist_ok=True)
        hidden = folder / f".{file.name}"
        shutil.copyfile(file, hidden)
        os.replace(hidden, folder / file.name)  # noqa: PTH105 - the atomic rename is the point
        typer.echo(f"put {file.name} into {folder}")
        return
    address = urlsplit(to)
    if address.scheme != "tcp" or not address.hostname or not address.port:
        raise Failure(f"--to is {to!r}, expected tcp://host:port or drop:folder", status=2)
    frames = _frames(format_name, content)
    answers = asyncio.run(_send(address.hostname, address.port, frames, rate))
    typer.echo(f"sent {len(frames)} frames, {len(answers)} bytes of answers")
    if answers:
        typer.echo(
            answers.hex(" ") if format_name in _HEX_FORMATS else answers.decode(errors="replace")
        )


def _read(file: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        Failure: If it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}") from error


def _frames(format_name: str, content: bytes) -> list[bytes]:
    """Cut a file into what is sent at a time.

    Raises:
        Failure: If a line is no hexadecimal.
    """
    if format_name in _HEX_FORMATS:
        try:
            return [bytes.fromhex(line.decode()) for line in content.split()]
        except ValueError as error:
            raise Failure(f"a line is no hexadecimal: {error}") from error
    if format_name == "hj212":
        return content.splitlines(keepends=True)
    return [content]


async def _send(host: str, port: int, frames: list[bytes], rate: float) -> bytes:
    """Send frames, and return what was answered until it was quiet."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        raise Failure(f"nobody listens at {host}:{port}: is the feed running?") from error
    for frame in frames:
        writer.write(frame)
        await writer.drain()
        await asyncio.sleep(1 / rate if rate else 0)
    writer.write_eof()
    answers = bytearray()
    try:
        async with asyncio.timeout(_QUIET_S * 10):
            while chunk := await reader.read(65536):
                answers += chunk
    except TimeoutError:
        typer.echo("the adapter keeps the connection open; what came so far is shown", err=True)
    writer.close()
    return bytes(answers)


def keys(home: HomeOption = HOME, city: CityOption = CITY) -> None:
    """Make the keys and certificates that are missing, and say which."""
    folder, described = open_home(home, city)
    made = prepare(folder, described.plan)
    for line in made or ["all keys and certificates are there"]:
        typer.echo(line)
