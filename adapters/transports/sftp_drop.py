"""A folder on an SFTP server, taken as a folder on this machine is."""

from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from adapters.sdk.adapter import Adapter
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.pipeline import Pipeline
from adapters.transports.address import host_and_port
from adapters.transports.file_drop import FileDrop, FileDropOptions
from adapters.transports.folder import Folder
from adapters.transports.secret import secret_of
from adapters.transports.sftp_folder import SftpFolder, SftpLogin

_PORT = 22


class SftpDropOptions(FileDropOptions, frozen=True, forbid_unknown_fields=True):
    """How a server is spoken to, and its folder watched.

    Attributes:
        scan_s: How often the folder is looked at, seconds.
        settle_s: How long a file must not have changed before it is taken, seconds.
        known_hosts: File with the server's key, as OpenSSH writes it; needed, for without
            it anyone could be the server.
        key_file: File with our private key.
        password_file: File with our password, where a key will not do.
    """

    scan_s: float = 10.0
    settle_s: float = 5.0
    known_hosts: str = ""
    key_file: str = ""
    password_file: str = ""


class SftpDrop(FileDrop):
    """Watches ``sftp://user@host:port/folder``; arguments as those of `FileDrop`.

    Raises:
        FeedMisconfigured: If the address lacks host or user, or the server's key is
            nowhere.
    """

    options_type: ClassVar = SftpDropOptions

    def __init__(
        self, adapter: Adapter[Any, Any], pipeline: Pipeline, url: str, options: SftpDropOptions
    ) -> None:
        self._sftp = options
        super().__init__(adapter, pipeline, url, options)

    def _open(self, url: str) -> Folder:
        """Return the folder; nothing is connected yet."""
        feed = self._adapter.feed.id
        host, port = host_and_port(feed, url, _PORT)
        parts = urlsplit(url)
        if not parts.username or not self._sftp.known_hosts:
            raise FeedMisconfigured(
                feed,
                "the SFTP server is given without a user or without its key",
                "write the source as sftp://user@host/folder, and put known_hosts under "
                "[feed.transport]",
            )
        login = SftpLogin(
            host=host,
            port=port,
            user=unquote(parts.username),
            known_hosts=self._sftp.known_hosts,
            key_file=self._sftp.key_file,
            password=secret_of(feed, "password_file", self._sftp.password_file),
        )
        return SftpFolder(login, unquote(parts.path) or "/")
