"""`liandong up`: the whole system on one machine."""

import asyncio
import contextlib
import fcntl
import signal
from collections.abc import Iterator

import structlog
from rich.console import Console
from rich.table import Table

from broker.home import Home
from broker.server import EmbeddedServer
from broker.streams import reconcile
from ops.city import City
from ops.demo import play_evening
from ops.failure import Failure
from ops.processes import Child

_SERVER_PAUSE_S = 0.5
_log = structlog.get_logger()


class Supervisor:
    """Runs a city: the server, a process for each feed, and the gateway.

    Args:
        city: The city.
        home: Where keys, certificates, data and logs lie.
        console: Where the person is told what runs.
    """

    def __init__(self, city: City, home: Home, console: Console) -> None:
        self._city = city
        self._home = home
        self._console = console

    async def run(self, *, demo: bool) -> None:
        """Run until asked to stop.

        Args:
            demo: Whether to play the evening.

        Raises:
            Failure: If another runs on this home, or a part does not get ready.
            BrokerError: If the server does not start.
        """
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        with _alone(self._home):
            async with contextlib.AsyncExitStack() as stack:
                await self._start(stack)
                if demo:
                    stack.callback(asyncio.create_task(self._demo()).cancel)
                self._say_what_to_try(demo=demo)
                await stop.wait()
                self._console.print("\nstopping…")
        self._console.print("stopped; keys and data stay in", str(self._home.path))

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        """Start all parts, each after what it needs."""
        city, home = self._city, self._home
        with self._console.status("starting…"):
            server = EmbeddedServer(home, city.plan)
            await stack.enter_async_context(server)
            for change in await reconcile(home, city.plan):
                _log.debug("streams", change=change)
            stack.callback(asyncio.create_task(_keep(server)).cancel)
            options = ("--home", str(home.path), "--city", str(city.path))
            children = [
                Child("gateway", ("gateway", "run", *options), home.logs_dir / "gateway.log"),
                *(
                    Child(
                        feed.id,
                        ("adapter", "run", feed.id, *options),
                        home.logs_dir / f"adapter-{feed.id}.log",
                    )
                    for feed in city.feeds
                ),
            ]
            for child in children:
                stack.push_async_callback(child.stop)
            try:
                async with asyncio.TaskGroup() as group:
                    for child in children:
                        group.create_task(child.start())
            except* ChildProcessError as errors:
                raise Failure(str(errors.exceptions[0])) from errors
        self._say_what_runs(server.url, children)

    async def _demo(self) -> None:
        """Play the evening; its failure is told and stops nothing else."""
        try:
            await play_evening(self._city, self._home)
        except Exception:
            _log.exception("the demo broke off")
            raise

    def _say_what_runs(self, url: str, children: list[Child]) -> None:
        """Show each part and where it is reached."""
        table = Table(title=self._city.title or self._city.name, title_justify="left", box=None)
        table.add_column("runs", style="bold")
        table.add_column("at")
        table.add_row("nats-server", url)
        for child in children:
            table.add_row(child.name, child.address)
        self._console.print(table)

    def _say_what_to_try(self, *, demo: bool) -> None:
        """Show the next commands."""
        home = "" if self._home.path.name == ".liandong" else f" --home {self._home.path}"
        lines = [
            f"liandong list --as police{home}",
            f"liandong watch --as water --kind 'water.*'{home}",
            f"liandong feeds --audit{home}",
            f"liandong quarantine list{home}",
        ]
        self._console.print("\nin another terminal (after `source .venv/bin/activate`):")
        for line in lines:
            self._console.print(f"  [bold cyan]{line}[/]", highlight=False)
        if demo:
            self._console.print("\nIt rains in Nanjing. Ctrl-C stops all of it.")
        else:
            self._console.print("\nCtrl-C stops all of it.")


async def _keep(server: EmbeddedServer) -> None:
    """Start the server again when it ends."""
    while True:
        status = await server.wait()
        _log.warning("nats-server ended and is started again", status=status)
        await asyncio.sleep(_SERVER_PAUSE_S)
        await server.start()


@contextlib.contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Hold the home against a second supervisor.

    Raises:
        Failure: If there is one already.
    """
    home.path.mkdir(parents=True, exist_ok=True)
    with (home.path / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Failure(
                f"`liandong up` runs already on {home.path}: stop it, or name another --home"
            ) from error
        yield
