"""The `liandong` command."""

import os
import sys

import typer

from adapters.sdk.errors import AdapterError
from broker.errors import BrokerError
from ops import adapter_check, adapter_new, reading, running, writing
from ops.failure import Failure
from ops.logs import configure

app = typer.Typer(
    name="liandong",
    help="The message bus over which a city's departments share what they know.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
adapter = typer.Typer(help="Adapters.", no_args_is_help=True)
gateway = typer.Typer(help="The gateway.", no_args_is_help=True)
quarantine = typer.Typer(help="What could not be translated.", no_args_is_help=True)
app.add_typer(adapter, name="adapter")
app.add_typer(gateway, name="gateway")
app.add_typer(quarantine, name="quarantine")

app.command("up")(running.up)
adapter.command("run")(running.adapter_run)
adapter.command("check")(adapter_check.adapter_check)
adapter.command("new")(adapter_new.adapter_new)
gateway.command("run")(running.gateway_run)
app.command("get")(reading.get)
app.command("list")(reading.list_records)
app.command("watch")(reading.watch)
app.command("feeds")(reading.feeds)
app.command("status")(reading.status)
quarantine.command("list")(reading.quarantine_list)
quarantine.command("show")(reading.quarantine_show)
app.command("publish")(writing.publish)
app.command("play")(writing.play)
app.command("keys")(writing.keys)


def main() -> None:
    """Run the command: one sentence and a status when it cannot do what was asked."""
    configure(
        json_lines=os.environ.get("LIANDONG_LOG") == "json",
        level=os.environ.get("LIANDONG_LOG_LEVEL", "info"),
    )
    try:
        app()
    except (Failure, BrokerError, AdapterError) as error:
        sys.stderr.write(f"liandong: {error}\n")
        sys.exit(getattr(error, "status", 1))
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(130)


if __name__ == "__main__":
    main()
