"""The client library, where it would end a connection that can go on."""

from pathlib import Path
from typing import Final

import structlog
from nats.aio.client import Client
from nats.errors import AuthorizationError

from broker.errors import HomeDamaged
from broker.nkey import read_seed

REFUSED: Final = "authorization violation"
"""What the server says of a key that it does not know, in small letters."""
_log = structlog.get_logger()


class BusClient(Client):
    """A connection that outlives other people's headers, and its own key.

    Args:
        seed_path: Where the user's seed lies; it is read anew at each connecting, so that a
            key can be exchanged while connections are open.
    """

    def __init__(self, seed_path: Path) -> None:
        super().__init__()
        self._seed_path = seed_path

    def _connect_command(self) -> bytes:
        """Return the command that presents the user, with the seed as it lies there now."""
        try:
            self._nkeys_seed_str = read_seed(self._seed_path).decode()
        except HomeDamaged as error:
            _log.warning("the bus key stays as it was", error=str(error))
        self._setup_nkeys_connect()
        command: bytes = super()._connect_command()
        return command

    async def _process_err(self, err_msg: str) -> None:
        """Connect again, where the client would end for good, if there is another key now."""
        if REFUSED in err_msg.lower() and self.is_connected and self._has_another_key():
            await self._process_op_err(AuthorizationError())
            return
        await super()._process_err(err_msg)

    def _has_another_key(self) -> bool:
        """Tell whether the seed is not the one that the server was shown."""
        try:
            return bool(read_seed(self._seed_path).decode() != self._nkeys_seed_str)
        except HomeDamaged:
            return False

    async def _process_headers(self, headers: bytes) -> dict[str, str] | None:
        """Return headers; none when they are malformed, which the server lets pass."""
        try:
            parsed: dict[str, str] | None = await super()._process_headers(headers)
        except (LookupError, ValueError):
            return None
        return parsed
