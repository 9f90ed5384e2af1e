"""The `liandong` command.

Each subcommand is imported when it is named: an adapter's process needs no gateway, and
whoever lists records need not wait until both are loaded.
"""

import io
import pkgutil
import sys
from collections.abc import Sequence

import structlog
import typer

from adapters.sdk.errors import AdapterError
from broker.errors import BrokerError
from ops import logs
from ops.failure import Failure

_STOPPED = 130
_GROUPS = {
    "adapter": "Adapters.",
    "agreements": "Who lets whom read what.",
    "audit": "The record of accesses.",
    "console": "The web page.",
    "deploy": "Many machines.",
    "gateway": "The gateway.",
    "responder": "What answers live questions.",
    "metrics": "What Prometheus scrapes.",
    "quarantine": "What could not be translated.",
}
_COMMANDS = {
    "up": "ops.up:up",
    "adapter run": "ops.run_adapter:adapter_run",
    "adapter check": "ops.adapter_check:adapter_check",
    "adapter new": "ops.adapter_new:adapter_new",
    "responder run": "ops.run_responder:responder_run",
    "gateway run": "ops.run_gateway:gateway_run",
    "console run": "ops.run_console:console_run",
    "console token": "ops.console_token:console_token",
    "metrics run": "ops.run_metrics:metrics_run",
    "gateway probe": "ops.probe_gateway:gateway_probe",
    "deploy render": "ops.deploy:deploy_render",
    "deploy streams": "ops.deploy:deploy_streams",
    "get": "ops.records:get",
    "list": "ops.records:list_records",
    "watch": "ops.watching:watch",
    "summarize": "ops.summarizing:summarize",
    "ask": "ops.asking:ask",
    "feeds": "ops.feeds:feeds",
    "status": "ops.status:status",
    "doctor": "ops.doctor.command:doctor",
    "quarantine list": "ops.quarantine:quarantine_list",
    "quarantine show": "ops.quarantine:quarantine_show",
    "quarantine redrive": "ops.redriving:quarantine_redrive",
    "quarantine discard": "ops.discarding:quarantine_discard",
    "quarantine discarded": "ops.discarding:quarantine_discarded",
    "agreements list": "ops.agreements:agreements_list",
    "agreements explain": "ops.agreements:agreements_explain",
    "agreements rehearse": "ops.rehearsing:agreements_rehearse",
    "audit list": "ops.audit:audit_list",
    "audit verify": "ops.audit_verify:audit_verify",
    "publish": "ops.publishing:publish",
    "play": "ops.playing:play",
    "keys": "ops.keys:keys",
    "backup": "ops.backup.commands:backup",
    "restore": "ops.backup.commands:restore",
}
# A question's own fields are options that only the question knows.
_SETTINGS = {"ask": {"ignore_unknown_options": True, "allow_extra_args": True}}
_log = structlog.get_logger()


def main() -> None:
    """Run the command: one sentence and a status when it cannot do what was asked."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a sign is shown its number.
            stream.reconfigure(errors="backslashreplace")
    logs.configure("error")
    try:
        _command(sys.argv[1:])()
    except (Failure, BrokerError, AdapterError) as error:
        _say(str(error))
        sys.exit(getattr(error, "status", 1))
    except KeyboardInterrupt:
        sys.exit(_STOPPED)
    except Exception as error:  # noqa: BLE001 - the outermost place, where all that is left is told
        _log.debug("unexpected", exc_info=True)
        # Of an error that nobody foresaw nobody knows whom or what it quotes.
        words = "" if logs.is_json() and not logs.may_be_told(error) else f": {error}"
        _say(f"unexpected {type(error).__name__}{words} ({logs.LEVEL}=debug shows where)")
        sys.exit(1)


def _command(words: Sequence[str]) -> typer.Typer:
    """Return the command with the subcommand that the words begin with; with all if none is."""
    app = typer.Typer(
        name="liandong",
        help="The message bus over which a city's departments share what they know.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    # With a callback it stays a command of subcommands, also when there is only one.
    app.callback()(lambda: None)
    groups = {name: typer.Typer(help=text, no_args_is_help=True) for name, text in _GROUPS.items()}
    named = [name for name in _COMMANDS if name.split() == list(words[: len(name.split())])]
    for name in named or _COMMANDS:
        *group, command = name.split()
        owner = groups[group[0]] if group else app
        owner.command(command, context_settings=_SETTINGS.get(name))(
            pkgutil.resolve_name(_COMMANDS[name])
        )
    for name, group_app in groups.items():
        app.add_typer(group_app, name=name)
    return app


def _say(sentence: str) -> None:
    """Say why it could not be done: to a person, or as an event for the log."""
    if logs.is_json():
        _log.error("the command failed", reason=sentence)
    else:
        sys.stderr.write(f"liandong: {sentence}\n")


if __name__ == "__main__":
    main()
