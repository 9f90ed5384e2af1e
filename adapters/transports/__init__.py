"""How bytes come in: sockets, folders, polls. A transport knows no format."""

from adapters.transports.openers import cannot_wait, keeps_place, open_transport
from adapters.transports.retry import Trouble
from adapters.transports.transport import BusCheckpoint, Checkpoint, ForgetfulCheckpoint, Transport

__all__ = [
    "BusCheckpoint",
    "Checkpoint",
    "ForgetfulCheckpoint",
    "Transport",
    "Trouble",
    "cannot_wait",
    "keeps_place",
    "open_transport",
]
