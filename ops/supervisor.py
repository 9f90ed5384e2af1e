"""`liandong up`: the whole system on one machine."""

import asyncio
import contextlib
import fcntl
import signal
import time
from collections.abc import Coroutine, Iterable, Iterator
from typing import Any

import structlog
from rich.console import Console

from broker.errors import ServerFailed
from broker.home import Home
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.topology import Topology
from ops.city import City
from ops.console.signing import make_key
from ops.demo import missing, play_evening
from ops.failure import Failure
from ops.gateway_address import process_of
from ops.processes import Child
from ops.welcome import say_what_runs, say_what_to_try

_SERVER_PAUSE_S = 0.5
_log = structlog.get_logger()


class Supervisor:
    """Runs a city: the server, a process for each feed and responder, the gateway, the console.

    Args:
        city: The city.
        home: Where keys, certificates, data and logs lie.
        console: Where the person is told what runs.
    """

    def __init__(self, city: City, home: Home, console: Console) -> None:
        self._city = city
        self._home = home
        self._console = console
        options = ("--home", str(home.path), "--city", str(city.path))
        self._gateways = [
            Child(name, ("gateway", "run", "--name", name, *options), home.logs_dir)
            for name in city.gateway.processes
        ]
        self._parts = [
            Child(
                process_of(part), ("gateway", "run", "--part", part.name, *options), home.logs_dir
            )
            for part in city.gateway.parts
        ]
        self._pages = (
            [Child("console", ("console", "run", *options), home.logs_dir)] if city.console else []
        )
        self._feeds = {
            feed.id: Child(
                f"adapter-{feed.id}", ("adapter", "run", feed.id, *options), home.logs_dir
            )
            for feed in city.feeds
        }
        self._responders = {
            responder.id: Child(
                f"responder-{responder.id}",
                ("responder", "run", responder.id, *options),
                home.logs_dir,
            )
            for responder in city.responders
        }
        self._metrics = (
            [Child("metrics", ("metrics", "run", *options), home.logs_dir)]
            if city.metrics.port
            else []
        )

    async def run(self, *, demo: bool) -> None:
        """Run until asked to stop.

        Args:
            demo: Whether to play the evening.

        Raises:
            Failure: If another runs on this home, a part does not get ready, or the city is
                not one of one machine.
            BrokerError: If the server does not start.
        """
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        if self._city.grid.topology is not Topology.SINGLE:
            raise Failure(
                f"{self._city.path} describes servers on machines of their own "
                f"({self._city.grid.topology}): run its parts there, or name another --city"
            )
        with _alone(self._home):
            async with contextlib.AsyncExitStack() as stack:
                began = time.monotonic()
                with self._console.status("starting…"):
                    started = await _unless(stop, self._start(stack))
                if started:
                    parts = self._feeds | self._responders
                    core = (*self._gateways[:1], *self._parts, *self._pages)
                    say_what_runs(self._console, self._city, core, parts)
                    if demo:
                        self._play(stack)
                    say_what_to_try(self._console, self._city, self._home)
                    self._console.print(f"ready after {time.monotonic() - began:.1f} s")
                    await stop.wait()
                self._console.print("stopping…")
        self._console.print("stopped; keys and data stay in", self._home.path)

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        """Start all parts, each after what it needs."""
        if self._pages:
            make_key(self._home)
        server = EmbeddedServer(self._home, self._city.plan)
        await stack.enter_async_context(server)
        for change in await reconcile(self._home, self._city.plan):
            _log.debug("streams", change=change)
        stack.callback(asyncio.create_task(_keep(server)).cancel)
        parts = (*self._feeds.values(), *self._responders.values())
        children = [*self._gateways, *self._parts, *self._pages, *parts, *self._metrics]
        stack.push_async_callback(_stop, self._metrics)
        stack.push_async_callback(_stop, (*self._gateways, *self._parts))
        stack.push_async_callback(_stop, self._pages)
        # Feeds first, so that what is under way is stored and answered.
        stack.push_async_callback(self._stop_feeds)
        try:
            async with asyncio.TaskGroup() as group:
                for child in children:
                    group.create_task(child.start())
        except* ChildProcessError as errors:
            raise Failure(str(errors.exceptions[0])) from errors

    async def _stop_feeds(self) -> None:
        """Stop all adapters and responders at once."""
        await _stop((*self._feeds.values(), *self._responders.values()))

    def _play(self, stack: contextlib.AsyncExitStack) -> None:
        """Play the evening beside all else."""
        sources = {
            feed.adapter: self._feeds[feed.id].address for feed in reversed(self._city.feeds)
        }
        if lacks := missing(sources):
            self._console.print(
                f"the city has no feed for {', '.join(lacks)}: the evening is played without"
            )
        playing = asyncio.create_task(play_evening(sources))
        playing.add_done_callback(_tell_end)
        stack.callback(playing.cancel)


async def _stop(children: Iterable[Child]) -> None:
    """Stop parts at once."""
    await asyncio.gather(*(child.stop() for child in children))


async def _unless(stop: asyncio.Event, coroutine: Coroutine[Any, Any, None]) -> bool:
    """Run something unless asked to stop before it is done; tell whether it is done."""
    doing = asyncio.create_task(coroutine)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((doing, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not doing.done():
        doing.cancel()
        await asyncio.wait((doing,))
        return False
    await doing
    return True


def _tell_end(playing: asyncio.Task[None]) -> None:
    """Tell when the evening breaks off; all else goes on."""
    if not playing.cancelled() and playing.exception() is not None:
        _log.error("the demo broke off", exc_info=playing.exception())


async def _keep(server: EmbeddedServer) -> None:
    """Start the server again whenever it ends."""
    while True:
        status = await server.wait()
        _log.warning("nats-server ended and is started again", status=status)
        await asyncio.sleep(_SERVER_PAUSE_S)
        try:
            await server.start()
        except ServerFailed as error:
            _log.error("nats-server does not come back", error=str(error))


@contextlib.contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Hold the home against a second supervisor.

    Raises:
        Failure: If there is one already, or the folder cannot be written.
    """
    try:
        home.path.mkdir(parents=True, exist_ok=True)
        lock = (home.path / "up.lock").open("w")
    except OSError as error:
        raise Failure(
            f"the home folder {home.path} cannot be made ({error.strerror}): name another --home"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Failure(
                f"`liandong up` runs already on {home.path}: stop it, or name another --home"
            ) from error
        yield
