"""The `liandong` command."""

import io
import sys

import structlog
import typer

from adapters.sdk.errors import AdapterError
from broker.errors import BrokerError
from ops import (
    feeds,
    keys,
    logs,
    playing,
    publishing,
    quarantine,
    records,
    running,
    status,
    watching,
)
from ops.failure import Failure

_STOPPED = 130
_log = structlog.get_logger()

app = typer.Typer(
    name="liandong",
    help="The message bus over which a city's departments share what they know.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_adapter = typer.Typer(help="Adapters.", no_args_is_help=True)
_gateway = typer.Typer(help="The gateway.", no_args_is_help=True)
_quarantine = typer.Typer(help="What could not be translated.", no_args_is_help=True)
app.add_typer(_adapter, name="adapter")
app.add_typer(_gateway, name="gateway")
app.add_typer(_quarantine, name="quarantine")

app.command("up")(running.up)
_adapter.command("run")(running.adapter_run)
_gateway.command("run")(running.gateway_run)
app.command("get")(records.get)
app.command("list")(records.list_records)
app.command("watch")(watching.watch)
app.command("feeds")(feeds.feeds)
app.command("status")(status.status)
_quarantine.command("list")(quarantine.quarantine_list)
_quarantine.command("show")(quarantine.quarantine_show)
app.command("publish")(publishing.publish)
app.command("play")(playing.play)
app.command("keys")(keys.keys)


def main() -> None:
    """Run the command: one sentence and a status when it cannot do what was asked."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a sign is shown its number.
            stream.reconfigure(errors="backslashreplace")
    logs.configure("error")
    try:
        app()
    except (Failure, BrokerError, AdapterError) as error:
        _say(str(error))
        sys.exit(getattr(error, "status", 1))
    except KeyboardInterrupt:
        sys.exit(_STOPPED)
    except Exception as error:  # noqa: BLE001 - the outermost place, where all that is left is told
        _log.debug("unexpected", exc_info=True)
        _say(f"unexpected {type(error).__name__}: {error} ({logs.LEVEL}=debug shows where)")
        sys.exit(1)


def _say(sentence: str) -> None:
    """Say why it could not be done: to a person, or as an event for the log."""
    if logs.is_json():
        _log.error(sentence)
    else:
        sys.stderr.write(f"liandong: {sentence}\n")


if __name__ == "__main__":
    main()
