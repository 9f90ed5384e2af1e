"""A folder on an SFTP server."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator

import asyncssh
import msgspec
from asyncssh.constants import FILEXFER_TYPE_REGULAR

from adapters.transports.folder import DONE, FAILED, Entry, FileChanged, FileGone, numbered
from adapters.transports.retry import Trouble

_CONNECT_S = 15.0
_KEEPALIVE_S = 15.0


class SftpLogin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a server is, and who we are there.

    Attributes:
        host: The server.
        port: Its port.
        user: Our name there.
        known_hosts: File with the server's key.
        key_file: File with our private key; empty: none.
        password: Our password; empty: none.
    """

    host: str
    port: int
    user: str
    known_hosts: str
    key_file: str = ""
    password: str = ""


class SftpFolder:
    """A folder on an SFTP server; connects when it is needed, and again when it must.

    Args:
        login: The server.
        path: The folder there.
    """

    def __init__(self, login: SftpLogin, path: str) -> None:
        self._login = login
        self._path = path.rstrip("/")
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    @property
    def address(self) -> str:
        """Return the folder, as a source is written."""
        return f"sftp://{self._login.host}:{self._login.port}{self._path}"

    async def prepare(self) -> None:
        """Leave all to the first look: a server that is away must not keep a feed from starting."""

    async def entries(self) -> list[Entry]:
        """Return its regular files.

        Raises:
            Trouble: If it cannot be listed.
        """
        with self._trouble(f"the folder {self.address} cannot be read"):
            client = await self._connected()
            return [
                _entry(str(item.filename), item.attrs)
                async for item in client.scandir(self._path or "/")
                if item.attrs.type == FILEXFER_TYPE_REGULAR
            ]

    async def read(self, entry: Entry, chunk: int) -> AsyncGenerator[bytes, None]:
        """Yield a file's bytes.

        Raises:
            FileGone: If it is not there any more.
            FileChanged: Once all is read, if it was written to meanwhile.
            Trouble: If it cannot be read.
        """
        what = f"{entry.name} cannot be read"
        with self._trouble(what):
            client = await self._connected()
            file = await client.open(f"{self._path}/{entry.name}", "rb")
        try:
            while True:
                with self._trouble(what):
                    data = await file.read(chunk)
                if not data:
                    break
                assert isinstance(data, bytes)
                yield data
            with self._trouble(what):
                attributes = await file.stat()
            if _entry(entry.name, attributes) != entry:
                raise FileChanged(f"{entry.name} was written to while it was read")
        finally:
            with contextlib.suppress(asyncssh.Error, OSError):
                await file.close()

    async def move(self, entry: Entry, to: str) -> None:
        """Move a file; one of the same name that is there already is not overwritten.

        Raises:
            FileGone: If it is not there any more.
            FileChanged: If another has its name now, which stays where it is.
            Trouble: If it cannot be moved.
        """
        source = f"{self._path}/{entry.name}"
        with self._trouble(f"{entry.name} cannot be moved to {self._path}/{to}"):
            client = await self._connected()
            if _entry(entry.name, await client.stat(source)) != entry:
                raise FileChanged(f"{entry.name} was replaced while it was read")
            number = 0
            while await client.lexists(
                target := f"{self._path}/{to}/{numbered(entry.name, number)}"
            ):
                number += 1
            await client.rename(source, target)

    async def close(self) -> None:
        """Hang up."""
        self._client = None
        if self._connection is not None:
            self._connection.close()
            await self._connection.wait_closed()
            self._connection = None

    async def _connected(self) -> asyncssh.SFTPClient:
        """Return the client, connected."""
        if self._client is None:
            login = self._login
            await self.close()
            async with asyncio.timeout(_CONNECT_S):
                self._connection = await asyncssh.connect(
                    login.host,
                    login.port,
                    username=login.user,
                    known_hosts=login.known_hosts,
                    client_keys=[login.key_file] if login.key_file else None,
                    password=login.password or None,
                    agent_path=None,
                    config=None,
                    keepalive_interval=_KEEPALIVE_S,
                )
                self._client = await self._connection.start_sftp_client()
                for folder in (DONE, FAILED):
                    await self._client.makedirs(f"{self._path}/{folder}", exist_ok=True)
        return self._client

    @contextlib.contextmanager
    def _trouble(self, what: str) -> Iterator[None]:
        """Say what could not be done, in place of an error of the library or system."""
        try:
            yield
        except asyncssh.SFTPNoSuchFile as error:
            raise FileGone(f"{what}: it is not there") from error
        except asyncssh.SFTPError as error:
            if isinstance(error, asyncssh.SFTPConnectionLost | asyncssh.SFTPNoConnection):
                self._client = None
            raise Trouble(f"{what} ({error.reason})") from error
        except (asyncssh.Error, OSError, ValueError) as error:
            self._client = None
            raise Trouble(f"{what} ({error or type(error).__name__})") from error


def _entry(name: str, attributes: asyncssh.SFTPAttrs) -> Entry:
    """Return a file as the server describes it."""
    size, modified = attributes.size or 0, float(attributes.mtime or 0)
    return Entry(name, size, modified, (size, modified))
