"""The server's configuration: accounts, users with exact permissions, TLS, JetStream.

Each agency's account exports to the hub what sourcing needs: making a consumer on its streams,
flow control, and the delivery subject; and what asking needs: the subjects of its questions,
and which responders are there. It exports nothing else, and nothing to anybody else, so that
a question can come from the hub only, and an answer from the agency only that was asked.
"""

from pathlib import Path

from broker.home import Home
from broker.nkey import public_key
from broker.plan import MEBIBYTE, BusPlan, stream_name
from broker.questions import DISCOVERY, answering_subject
from broker.users import HUB, SYSTEM, User, feeds_stream, users

_MARGIN = 512 * MEBIBYTE
# Streams lie on disk; memory is for consumers. What accounts may have is set aside for them
# at the start, so that more would keep a server with many agencies from starting.
_MEMORY = 8 * MEBIBYTE


def render(home: Home, plan: BusPlan) -> str:
    """Return ``nats.conf`` for one server; every user's seed must exist.

    Raises:
        HomeDamaged: If a user's seed is missing.
    """
    everyone = users(plan)
    city = plan.city_bytes + plan.audit_bytes + _MARGIN
    agency = plan.agency_bytes + plan.quarantine_bytes + _MARGIN
    certificate, key = home.certificate("nats")
    monitor = f'http: "{plan.host}:{plan.monitor_port}"\n' if plan.monitor_port else ""
    accounts = [
        _account(SYSTEM, "", _users(home, everyone, SYSTEM), [], []),
        _account(
            HUB,
            f"jetstream: {{ max_file: {city}, max_mem: {_MEMORY}, max_consumers: 1000 }}",
            _users(home, everyone, HUB),
            [],
            [line for name in plan.agencies for line in _imports(name)],
        ),
        *(
            _account(
                stream_name(name),
                f"jetstream: {{ max_file: {agency}, max_mem: {_MEMORY}, max_consumers: 200 }}",
                _users(home, everyone, stream_name(name)),
                _exports(name),
                [],
            )
            for name in plan.agencies
        ),
    ]
    return (
        f'server_name: "liandong"\nlisten: "{plan.host}:{plan.port}"\n{monitor}'
        f"max_payload: {plan.max_payload}\nmax_pending: {64 * MEBIBYTE}\n"
        f"pid_file: {_quoted(home.nats_dir / 'nats.pid')}\n"
        f"tls {{\n  cert_file: {_quoted(certificate)}\n  key_file: {_quoted(key)}\n"
        f'  ca_file: {_quoted(home.ca)}\n  min_version: "1.3"\n}}\n'
        f"jetstream {{\n  store_dir: {_quoted(home.nats_dir / 'data')}\n"
        f"  max_file_store: {city + agency * len(plan.agencies) + _MARGIN}\n"
        f"  max_memory_store: {_MEMORY * (len(plan.agencies) + 1)}\n"
        # An acknowledgement then means on disk; with atomic batches it costs next to nothing.
        f"  sync_interval: always\n}}\n"
        f"system_account: {SYSTEM}\naccounts {{\n" + "\n".join(accounts) + "\n}\n"
    )


def _account(
    name: str, jetstream: str, members: list[str], exports: list[str], imports: list[str]
) -> str:
    """Return one account."""
    parts = [f"    users: [\n{_lines(members)}\n    ]"]
    if jetstream:
        parts.insert(0, f"    {jetstream}")
    if exports:
        parts.append(f"    exports: [\n{_lines(exports)}\n    ]")
    if imports:
        parts.append(f"    imports: [\n{_lines(imports)}\n    ]")
    return f"  {name}: {{\n" + "\n".join(parts) + "\n  }"


def _users(home: Home, everyone: list[User], account: str) -> list[str]:
    """Return the users of an account."""
    return [_user(home, user) for user in everyone if user.account == account]


def _user(home: Home, user: User) -> str:
    """Return one user."""
    parts = []
    if user.publish is not None:
        parts.append(f"publish: {{ allow: [{_strings(user.publish)}] }}")
    if user.subscribe is not None:
        parts.append(f"subscribe: {{ allow: [{_strings(user.subscribe)}] }}")
    if user.answers:
        parts.append("allow_responses: true")
    permissions = f", permissions: {{ {', '.join(parts)} }}" if parts else ""
    return f"{{ nkey: {public_key(home.seed(user.name))}{permissions} }}"


def _sourced(agency: str) -> tuple[str, str]:
    """Return the streams of an agency that the hub sources."""
    return stream_name(agency), feeds_stream(agency)


def _exports(agency: str) -> list[str]:
    """Return what an agency's account opens to the hub."""
    lines = [
        f'{{ stream: "deliver.{agency}.>", accounts: [{HUB}] }}',
        f'{{ service: "ask.{agency}.>", accounts: [{HUB}] }}',
        # Each of an agency's responders tells of itself.
        f'{{ service: "{DISCOVERY}", response_type: "stream", accounts: [{HUB}] }}',
    ]
    for stream in _sourced(agency):
        lines += [
            f'{{ service: "$JS.API.CONSUMER.CREATE.{stream}.>", accounts: [{HUB}] }}',
            f'{{ service: "$JS.FC.{stream}.>", accounts: [{HUB}] }}',
        ]
    return lines


def _imports(agency: str) -> list[str]:
    """Return what the hub takes from an agency's account."""
    account = stream_name(agency)
    responders = answering_subject(agency)
    lines = [
        f'{{ stream: {{ account: {account}, subject: "deliver.{agency}.>" }} }}',
        f'{{ service: {{ account: {account}, subject: "ask.{agency}.>" }} }}',
        f'{{ service: {{ account: {account}, subject: "{DISCOVERY}" }}, to: "{responders}" }}',
    ]
    for stream in _sourced(agency):
        create = f"CONSUMER.CREATE.{stream}.>"
        to = f"{source_api(agency)}.{create}"
        lines += [
            f'{{ service: {{ account: {account}, subject: "$JS.API.{create}" }}, to: "{to}" }}',
            f'{{ service: {{ account: {account}, subject: "$JS.FC.{stream}.>" }} }}',
        ]
    return lines


def source_api(agency: str) -> str:
    """Return the prefix under which the hub reaches the JetStream API of an agency."""
    return f"JS.{stream_name(agency)}.API"


def _lines(entries: list[str]) -> str:
    """Return array elements, one a line; on lines of their own they need no commas."""
    return "\n".join(f"      {entry}" for entry in entries)


def _strings(values: tuple[str, ...]) -> str:
    """Return quoted strings, parted by commas."""
    return ", ".join(f'"{value}"' for value in values)


def _quoted(path: Path) -> str:
    """Return a path as a string of the configuration."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
