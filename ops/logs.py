"""Logs: JSON lines in a file, readable lines in a terminal, one event one line."""

import logging
import os
import sys
from typing import TextIO

import structlog
import structlog.tracebacks

JSON = "json"
FORM = "LIANDONG_LOG"
LEVEL = "LIANDONG_LOG_LEVEL"
_MEANS_NOTHING = "returning true from eof_received() has no effect when using ssl"

# Without the values of variables: they hold what feeds send, also what must stay secret.
_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def configure(level: str) -> None:
    """Set up logging to standard error, of this program and of its libraries alike.

    ``LIANDONG_LOG=json`` asks for JSON, ``LIANDONG_LOG_LEVEL`` for another level.

    Args:
        level: The least level that is written unless the environment names one.
    """
    least = logging.getLevelNamesMapping().get(os.environ.get(LEVEL, level).upper(), logging.INFO)
    last = _renderers(sys.stderr)
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


def is_json() -> bool:
    """Tell whether logs are for machines."""
    return os.environ.get(FORM) == JSON


def _renderers(stream: TextIO) -> list[structlog.types.Processor]:
    """Return what makes a line of an event."""
    if is_json():
        return [
            _TRACEBACKS,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)]


def _means_something(record: logging.LogRecord) -> bool:
    """Keep out the one warning that TLS of asyncio gives for every client that hangs up."""
    return record.getMessage() != _MEANS_NOTHING
