"""Logs: JSON lines in a file, readable lines in a terminal, one event one line.

At ``info`` and above nothing of a person is in them, and nothing of what feeds send. So of an
exception the type and the place are told; its words only when they are ours or the operating
system's, for those of others quote the value that they did not like.
"""

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from typing import Any, TextIO

import structlog
import structlog.tracebacks
from structlog.typing import ExcInfo

from adapters.sdk.errors import AdapterError, Untranslatable
from broker.errors import BrokerError
from ops.failure import Failure

JSON = "json"
FORM = "LIANDONG_LOG"
LEVEL = "LIANDONG_LOG_LEVEL"
_NO_HTTP = frozenset({"HttpProcessingError", "RequestPayloadError"})
_MEANS_NOTHING = "returning true from eof_received() has no effect when using ssl"

# Without the values of variables: they hold what feeds send, also what must stay secret.
_TRACEBACK = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
_OURS = (OSError, BrokerError, AdapterError, Failure)
_UNTOLD = "its words are told at level debug"


def configure(level: str, *, tells_all: bool = False) -> None:
    """Set up logging to standard error, of this program and of its libraries alike.

    ``LIANDONG_LOG=json`` asks for JSON, ``LIANDONG_LOG_LEVEL`` for another level.

    Args:
        level: The least level that is written unless the environment names one.
        tells_all: Whether exceptions are told with their words at any level: where what they may
            quote is shown anyway.
    """
    least = logging.getLevelNamesMapping().get(os.environ.get(LEVEL, level).upper(), logging.INFO)
    last = _renderers(sys.stderr, tells_all=tells_all or least <= logging.DEBUG)
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                *shared,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    # Libraries are heard when something is wrong; their progress is not ours.
    logging.basicConfig(handlers=[handler], level=max(least, logging.WARNING), force=True)
    logging.captureWarnings(capture=True)
    logging.getLogger("asyncio").addFilter(_means_something)
    logging.getLogger("aiohttp.server").addFilter(_shortened)


def is_json() -> bool:
    """Tell whether logs are for machines."""
    return os.environ.get(FORM) == JSON


def may_be_told(error: BaseException) -> bool:
    """Tell whether an exception's own words quote nothing of what feeds send."""
    return isinstance(error, _OURS) and not isinstance(error, Untranslatable | UnicodeError)


def _renderers(stream: TextIO, *, tells_all: bool) -> list[structlog.types.Processor]:
    """Return what makes a line of an event.

    Args:
        stream: Where it is written.
        tells_all: Whether exceptions are told with their words, whatever these quote.
    """
    if is_json():
        transform = _TRACEBACK if tells_all else _discreet
        return [
            structlog.processors.ExceptionRenderer(transform),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    plain = structlog.dev.plain_traceback if tells_all else _plain_and_discreet
    return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)]


def _discreet(exc_info: ExcInfo) -> list[dict[str, Any]]:
    """Return an exception as JSON has it, without words that may quote."""
    told = {str(error) for error in _all_of(exc_info[1]) if may_be_told(error)}
    stacks = _TRACEBACK(exc_info)
    waiting = [*stacks]
    while waiting:
        stack = waiting.pop()
        if stack["exc_value"] not in told:
            stack["exc_value"] = _UNTOLD
        stack["exc_notes"] = []
        waiting += [one for group in stack["exceptions"] for one in group]
    return stacks


def _plain_and_discreet(stream: TextIO, exc_info: ExcInfo) -> None:
    """Write an exception as a terminal shows it, without words that may quote."""
    for error in reversed([*_all_of(exc_info[1])]):
        words = str(error) if may_be_told(error) else _UNTOLD
        place = "".join(traceback.format_tb(error.__traceback__))
        stream.write(f"\n{place}{type(error).__name__}: {words}")


def _all_of(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception, what it came of, and those that it holds."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from _all_of(one)
        error = error.__cause__ or error.__context__


def _shortened(record: logging.LogRecord) -> bool:
    """Tell of bytes that are no HTTP in a line, not where in the parser they were found.

    Anybody can send such, and must not fill the log with it.
    """
    error = record.exc_info[1] if record.exc_info else None
    # By name: commands that serve nothing start without all that HTTP takes.
    if any(kind.__name__ in _NO_HTTP for kind in type(error).__mro__):
        record.exc_info = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg = f"{record.getMessage()}: it was no HTTP ({type(error).__name__})"
        record.args = ()
    return True


def _means_something(record: logging.LogRecord) -> bool:
    """Keep out the one warning that TLS of asyncio gives for every client that hangs up."""
    return record.getMessage() != _MEANS_NOTHING
