"""A city on a terminal, anew each second, until q."""

import contextlib
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ops.doctor.finding import UncheckedError
from ops.failure import USAGE, Failure
from ops.overview import Overview
from ops.screen import cell, console, local, print_object, table

_EACH_S = 1.0
_LOOK_S = 0.1
_LEAST_ROWS = 3
_AROUND = 6
Look = Callable[[], Overview]
Wait = Callable[[float], bool]


def watch_city(look: Look, *, as_json: bool) -> None:
    """Show a city each second until q or Ctrl-C; as JSON an object each time.

    Args:
        look: Looks at the city.
        as_json: Whether programs read it.

    Raises:
        Failure: If there is no terminal to show it on, or the city file is not right.
    """
    if not as_json and not console.is_terminal:
        raise Failure("--watch shows on a terminal: add --json to read it in a pipe", USAGE)
    with contextlib.suppress(KeyboardInterrupt):
        try:
            if as_json:
                _each_second(look, _pause, lambda seen: print_object(seen.as_object()))
                return
            with _keys() as wait, Live(console=console, screen=True, auto_refresh=False) as live:
                _each_second(look, wait, lambda seen: live.update(screen(seen), refresh=True))
        except UncheckedError as error:
            raise Failure(str(error)) from error


def _each_second(look: Look, wait: Wait, show: Callable[[Overview], None]) -> None:
    """Look and show until told to end; looking may last, and is not waited for then."""
    with ThreadPoolExecutor(1) as beside:
        while True:
            began = time.monotonic()
            looking = beside.submit(look)
            while not looking.done():
                if wait(_LOOK_S):
                    return
            show(looking.result())
            if wait(max(0.0, began + _EACH_S - time.monotonic())):
                return


def _pause(seconds: float) -> bool:
    """Wait; nobody presses a key."""
    time.sleep(seconds)
    return False


@contextlib.contextmanager
def _keys() -> Iterator[Wait]:
    """Read keys as they are pressed; return what waits for q and tells whether it came."""
    if not sys.stdin.isatty():
        yield _pause
        return
    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)

    def wait(seconds: float) -> bool:
        ready, _, _ = select.select([handle], [], [], seconds)
        # Nothing read: the terminal is gone.
        return bool(ready) and os.read(handle, 1) in {b"q", b"Q", b""}

    try:
        tty.setcbreak(handle)
        yield wait
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def screen(seen: Overview) -> RenderableType:
    """Return what is shown of a city: what wants somebody first, as much as there is room for."""
    # Feeds have two thirds of the lines, streams the rest.
    room = max(2 * _LEAST_ROWS, console.height - _AROUND - len(seen.trouble))
    of_streams = max(_LEAST_ROWS, min(len(seen.streams), room // 3))
    of_feeds = max(_LEAST_ROWS, room - of_streams)
    head = Text(f"{seen.city.title or seen.city.name}  ", style="bold", no_wrap=True)
    head.append(local(seen.at.astimezone(UTC), seen.city), "")
    head.append(f"  nats-server {seen.server or 'away'}", "" if seen.server else "red")
    head.append("  all is well" if seen.well else "  not all is well", _style(well=seen.well))
    head.append("  q ends", "dim")
    return Group(
        head,
        *(Text(f"{why}", style="red", no_wrap=True, overflow="ellipsis") for why in seen.trouble),
        "",
        _feeds(seen, of_feeds),
        "",
        _streams(seen, of_streams),
    )


def _feeds(seen: Overview, rows: int) -> Table:
    """Return the table of feeds."""
    shown = _table("feed", "state", "a min", "received", "quar.", "spool", "last")
    for feed in seen.feeds[:rows]:
        told = feed.told
        counts: list[Any] = [""] * 5
        if told is not None:
            last = told.last_received_at.ToDatetime(UTC)
            counts = [
                f"{told.rate_per_min:.0f}",
                f"{told.received:,}",
                f"{told.quarantined:,}",
                f"{told.spooled:,}",
                local(last, seen.city) if told.HasField("last_received_at") else "never",
            ]
        shown.add_row(cell(feed.id), cell(feed.fares.word, _style(well=feed.fares.well)), *counts)
    _tell_more(shown, len(seen.feeds) - rows)
    return shown


def _streams(seen: Overview, rows: int) -> Table:
    """Return the table of streams."""
    shown = _table("stream", "full", "messages", "MB", "of MB")
    for stream in seen.streams[:rows]:
        share = stream.bytes / stream.limit if stream.limit > 0 else 0.0
        shown.add_row(
            cell(stream.name),
            cell(f"{share:.0%}", _style(well=stream.well)),
            f"{stream.messages:,}",
            f"{stream.bytes / 1e6:,.1f}",
            f"{stream.limit / 1e6:,.0f}" if stream.limit > 0 else "any",
        )
    _tell_more(shown, len(seen.streams) - rows)
    return shown


def _table(*columns: str) -> Table:
    """Return an empty table of which every row is one line; numbers stand right."""
    shown = table(*columns)
    for column in shown.columns:
        column.no_wrap = True
    for column in shown.columns[2:]:
        column.justify = "right"
    return shown


def _tell_more(shown: Table, left: int) -> None:
    """Tell of rows for which there is no room."""
    if left > 0:
        shown.add_row(Text(f"and {left} more", style="dim"))


def _style(*, well: bool) -> str:
    """Return the colour of what is well, or not."""
    return "green" if well else "red"
