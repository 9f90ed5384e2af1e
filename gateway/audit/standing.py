"""Where a chain stands when its gateway starts again, and that nobody else goes on with it."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.message import DecodeError

from broker.errors import BrokerError
from gateway.audit.chain import Head, head_of


class JournalUnusable(BrokerError):
    """What a gateway records cannot go on where it stood."""


def head_in(payload: bytes, where: str) -> Head:
    """Return where a chain stands behind a group.

    Raises:
        JournalUnusable: If it is none.
    """
    try:
        return head_of(payload)
    except (DecodeError, IndexError) as error:
        raise JournalUnusable(
            f"the last entry in {where} is none of a gateway's: verify the log with "
            "`liandong audit verify`, and move what is damaged away"
        ) from error


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a journal for this process alone.

    Raises:
        JournalUnusable: If another has it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise JournalUnusable(
            f"another gateway has the journal {path} open: stop it, or give this one a name of "
            "its own"
        ) from error
    finally:
        os.close(handle)
