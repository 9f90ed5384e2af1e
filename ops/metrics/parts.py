"""The parts that run on a home, and what each of them tells, as one page."""

import asyncio
import re
from collections.abc import Iterable
from typing import Final

import aiohttp

from broker.home import GATEWAY, Home
from ops.metrics.endpoint import PART_HEADER, note_of

_PATIENCE_S: Final = 2.0
_SUFFIX: Final = ".metrics"
# A line of a series: its name, its labels, and what it tells.
_SERIES: Final = re.compile(rb"^(\w+)(?:\{(.*)\})? ", re.MULTILINE)


async def told_by_parts(home: Home) -> dict[str, bytes | None]:
    """Return what each part tells; None: it says that it runs, and does not answer."""
    notes = sorted(note_of(home, "x").parent.glob(f"*{_SUFFIX}"))
    parts = [note.name.removesuffix(_SUFFIX) for note in notes]
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(_PATIENCE_S)) as session:
        told = await asyncio.gather(*(_ask(session, home, part) for part in parts))
    return {part: page and _named(part, page) for part, page in zip(parts, told, strict=True)}


def _named(part: str, page: bytes) -> bytes:
    """Return a page whose series say of which gateway they are: several would tell the same."""
    if part.partition("-")[0] != GATEWAY:
        return page
    own = f'part="{part}"'.encode()

    def label(series: re.Match[bytes]) -> bytes:
        labels = series[2] or b""
        told = labels if own in labels else b",".join(filter(None, (own, labels)))
        return b"%s{%s} " % (series[1], told)

    return _SERIES.sub(label, page)


async def _ask(session: aiohttp.ClientSession, home: Home, part: str) -> bytes | None:
    """Return what a part tells; None: it does not answer."""
    try:
        address = note_of(home, part).read_text()
        async with session.get(f"http://{address}/metrics") as answer:
            # A killed part leaves its note, and somebody else may have taken its port.
            is_it = answer.status == 200 and answer.headers.get(PART_HEADER) == part  # noqa: PLR2004
            return await answer.read() if is_it else None
    except (aiohttp.ClientError, OSError, ValueError):
        return None


def joined(pages: Iterable[bytes]) -> bytes:
    """Join pages of metrics: each metric is described once, and all its series follow.

    Args:
        pages: In Prometheus's text format, as `prometheus_client` writes it.
    """
    described: dict[bytes, list[bytes]] = {}
    series: dict[bytes, list[bytes]] = {}
    for page in pages:
        name = b""
        for line in page.splitlines():
            if line.startswith((b"# HELP ", b"# TYPE ")):
                found = line.split(b" ", 3)[2]
                if found != name:
                    name, is_new = found, found not in described
                if is_new:
                    described.setdefault(name, []).append(line)
            elif line:
                series.setdefault(name, []).append(line)
    lines = [line for name in described for line in (*described[name], *series.get(name, ()))]
    return b"\n".join(lines) + b"\n"
