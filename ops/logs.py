"""Logs: JSON lines in a file, readable lines in a terminal, one event one line."""

import logging
import sys

import structlog
import structlog.tracebacks

# Without the values of variables: they hold what feeds send, also what must stay secret.
_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def configure(*, json_lines: bool, level: str = "info") -> None:
    """Set up logging once, to standard error.

    Args:
        json_lines: Whether to write JSON, for machines.
        level: The least level that is written.
    """
    # TLS of asyncio warns on each connection of the client library, and means nothing.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    render: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json_lines
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _TRACEBACKS if json_lines else structlog.processors.StackInfoRenderer(),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
