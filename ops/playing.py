"""The command that plays a file to an adapter, as the format's senders would."""

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from ops.failure import USAGE, Failure
from ops.files import read_file
from ops.options import JsonOption
from ops.screen import print_object

_QUIET_S = 5.0


def play(
    format_name: Annotated[str, typer.Argument(metavar="FORMAT", help="hj212, sl651, hex or raw.")],
    file: Annotated[
        Path, typer.Argument(help="hj212: a frame a line; sl651, hex: the same in hexadecimal.")
    ],
    to: Annotated[str, typer.Option("--to", help="tcp://host:port or drop:folder.")],
    rate: Annotated[float, typer.Option("--rate", min=0, help="Frames a second; 0: at once.")] = 0,
    *,
    as_json: JsonOption = False,
) -> None:
    """Send a file to an adapter as its senders would."""
    if format_name not in _CUTS:
        raise Failure(f"there is no format {format_name!r}; there are: {', '.join(_CUTS)}", USAGE)
    if to.startswith("drop:"):
        put = _drop(file, Path(to.removeprefix("drop:")))
        if as_json:
            print_object({"put": str(put)})
        else:
            typer.echo(f"put {put}")
        return
    host, port = _address(to)
    frames = _CUTS[format_name](read_file(file))
    answers, closed = asyncio.run(_send(host, port, frames, 1 / rate if rate else 0))
    is_hex = _CUTS[format_name] is _hexadecimal
    said = answers.hex(" ") if is_hex else answers.decode(errors="backslashreplace")
    if as_json:
        print_object({"frames": len(frames), "answers": said, "closed": closed})
        return
    typer.echo(f"sent {len(frames)} frames, got {len(answers)} bytes of answers")
    if said:
        typer.echo(said.rstrip("\r\n"))
    if not closed:
        typer.echo(f"the adapter keeps the connection open, and was quiet for {_QUIET_S:g} s")


def _lines(content: bytes) -> list[bytes]:
    """Cut after each line break, which belongs to the frame."""
    return content.splitlines(keepends=True)


def _hexadecimal(content: bytes) -> list[bytes]:
    """Read a frame of each line, blanks between bytes allowed.

    Raises:
        Failure: If a line is no hexadecimal.
    """
    frames = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            frames.append(bytes.fromhex(line.decode("ascii")))
        except ValueError as error:
            raise Failure(
                f"line {number} is no hexadecimal, expected a frame as 7E7E01...: use raw for bytes"
            ) from error
    return [frame for frame in frames if frame]


def _whole(content: bytes) -> list[bytes]:
    """Send everything at once."""
    return [content]


_CUTS: dict[str, Callable[[bytes], list[bytes]]] = {
    "hj212": _lines,
    "sl651": _hexadecimal,
    "hex": _hexadecimal,
    "raw": _whole,
}


def _drop(file: Path, folder: Path) -> Path:
    """Put a copy of a file into a drop folder whole; return where it is.

    Raises:
        Failure: If that cannot be done.
    """
    if not folder.is_dir():
        raise Failure(f"{file} cannot be put into {folder}: there is no such folder")
    put, hidden = folder / file.name, folder / f".{file.name}"
    try:
        shutil.copyfile(file, hidden)
        os.replace(hidden, put)  # noqa: PTH105 - the atomic rename is the point
    except OSError as error:
        raise Failure(f"{file} cannot be put into {folder}: {error.strerror or error}") from error
    return put


def _address(to: str) -> tuple[str, int]:
    """Return host and port.

    Raises:
        Failure: If it is no address.
    """
    try:
        url = urlsplit(to)
        host, port = url.hostname, url.port
    except ValueError:
        host = port = None
    if not host or not port or url.scheme != "tcp":
        raise Failure(f"--to is {to!r}, expected tcp://host:port or drop:folder", USAGE)
    return host, port


async def _send(host: str, port: int, frames: list[bytes], pause_s: float) -> tuple[bytes, bool]:
    """Send frames; return what was answered, and whether the other side hung up.

    Raises:
        Failure: If nobody listens, or the connection breaks.
    """
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        raise Failure(f"nobody listens at {host}:{port}: is the feed running?") from error
    answers = bytearray()
    # Answers are read meanwhile: an adapter whose answers nobody reads takes no more.
    reading = asyncio.create_task(_collect(reader, answers))
    try:
        for frame in frames:
            writer.write(frame)
            await writer.drain()
            await asyncio.sleep(pause_s)
        writer.write_eof()
        closed = await _until_quiet(reading, answers)
    except OSError as error:
        raise Failure(f"{host}:{port} broke the connection: {error.strerror or error}") from error
    finally:
        reading.cancel()
        writer.close()
    return bytes(answers), closed


async def _collect(reader: asyncio.StreamReader, answers: bytearray) -> None:
    """Keep what is answered until the other side hangs up."""
    while chunk := await reader.read(1 << 16):
        answers += chunk


async def _until_quiet(reading: asyncio.Task[None], answers: bytearray) -> bool:
    """Wait until the other side hangs up, or has been quiet for long; tell which."""
    known = -1
    while not reading.done() and len(answers) != known:
        known = len(answers)
        await asyncio.wait({reading}, timeout=_QUIET_S)
    if reading.done():
        reading.result()
    return reading.done()
