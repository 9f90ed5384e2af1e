"""Handshakes with our own TLS servers that fail for a certificate: nobody else tells of them."""

import ssl
import time

import structlog

_A_MINUTE = 10
_MINUTE_S = 60.0
_NONE = "PEER_DID_NOT_RETURN_A_CERTIFICATE"
_log = structlog.get_logger()


def tell_refused(context: ssl.SSLContext, port: str) -> None:
    """Have a server's context log why it refuses a client's certificate.

    Anybody may come with any, and must not fill the log: the first ten of a minute are told,
    and with the next one how many were not.

    Args:
        context: How the server speaks TLS; asyncio makes each connection of it.
        port: What is served there, for the log.
    """
    pace = _Pace()

    class Told(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except ssl.SSLCertVerificationError as error:
                pace.tell(port, error.verify_message)
                raise
            except ssl.SSLError as error:
                if error.reason == _NONE:
                    pace.tell(port, "it brought none")
                raise

    context.sslobject_class = Told


class _Pace:
    """Tells the first of each minute."""

    def __init__(self) -> None:
        self._since = -_MINUTE_S
        self._told = self._untold = 0

    def tell(self, port: str, why: str) -> None:
        """Tell of a certificate, unless that is too often."""
        now = time.monotonic()
        if now - self._since >= _MINUTE_S:
            self._since, self._told = now, 0
        if self._told >= _A_MINUTE:
            self._untold += 1
            return
        self._told += 1
        more = {"not_told_before": self._untold} if self._untold else {}
        self._untold = 0
        _log.warning("a client's certificate was refused", port=port, why=why, **more)
