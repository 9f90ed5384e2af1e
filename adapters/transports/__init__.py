"""How bytes come in: sockets, folders, polls. A transport knows no format."""

from adapters.transports.file_drop import FileDrop
from adapters.transports.http_poll import HttpPoll
from adapters.transports.tcp_server import TcpServer

__all__ = ["FileDrop", "HttpPoll", "TcpServer"]
