"""How bytes come in: sockets, folders, polls. A transport knows no format."""

from adapters.transports.openers import open_transport
from adapters.transports.retry import Trouble
from adapters.transports.transport import Checkpoint, ForgetfulCheckpoint, Transport

__all__ = ["Checkpoint", "ForgetfulCheckpoint", "Transport", "Trouble", "open_transport"]
