"""The server's configuration: accounts, users with exact permissions, TLS, JetStream.

Each agency's account exports to the hub what sourcing needs: making a consumer on its streams,
flow control, and the delivery subject; and what asking needs: the subjects of its questions,
and which responders are there. It exports nothing else, and nothing to anybody else, so that
a question can come from the hub only, and an answer from the agency only that was asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from broker.held import held_bytes
from broker.home import Home
from broker.nkey import public_key
from broker.plan import MEBIBYTE, BusPlan, stream_name
from broker.questions import DISCOVERY, answering_subject
from broker.users import HUB, MIRROR_LINK, SYSTEM, User, feeds_stream, link, users

_MARGIN = 512 * MEBIBYTE
# Streams lie on disk; memory is for consumers. What accounts may have is set aside for them
# at the start, so that more would keep a server with many agencies from starting.
_MEMORY = 8 * MEBIBYTE
_AGENCY_CONSUMERS = 200
_NOTHING: Mapping[str, int] = {}
# A subscription takes the server 700 bytes, a connection some 30 kB: without a limit one
# department could take all of its memory. Each feed has a few of both.
_CONNECTIONS = "limits: { max_connections: 1000, max_subscriptions: 500 }"


def render(home: Home, plan: BusPlan) -> str:
    """Return ``nats.conf`` for one server; every user's seed must exist.

    Raises:
        HomeDamaged: If a user's seed is missing.
    """
    certificate, key = home.certificate("nats")
    data = home.nats_dir / "data"
    held = held_bytes(data)
    # Plain, and for whoever comes: on this machine only, wherever clients come from.
    monitor = f'http: "127.0.0.1:{plan.monitor_port}"\n' if plan.monitor_port else ""
    return (
        f'server_name: "liandong"\nlisten: "{plan.host}:{plan.port}"\n{monitor}'
        f"{limits(plan)}"
        f"pid_file: {quoted(home.nats_dir / 'nats.pid')}\n"
        f"tls {{\n  cert_file: {quoted(certificate)}\n  key_file: {quoted(key)}\n"
        f'  ca_file: {quoted(home.ca)}\n  min_version: "1.3"\n}}\n'
        f"{jetstream(data, hub_room(plan, held))}"
        f"{hub_accounts(home, plan, held)}"
    )


@dataclass(frozen=True, slots=True)
class Room:
    """What JetStream may have on one server.

    Attributes:
        disk: Bytes on disk.
        accounts: How many accounts have streams there.
    """

    disk: int
    accounts: int


def hub_room(plan: BusPlan, held: Mapping[str, int] = _NOTHING) -> Room:
    """Return what each server of the hub needs.

    Args:
        plan: The bus.
        held: What each account's streams have been promised already, bytes.
    """
    here = [stream_name(name) for name in plan.agencies if name not in plan.leaves]
    agencies = sum(_at_least(_agency(plan), held.get(account, 0)) for account in here)
    return Room(_at_least(_city(plan), held.get(HUB, 0)) + agencies + _MARGIN, len(here) + 1)


def leaf_room(plan: BusPlan) -> Room:
    """Return what an agency's own server needs."""
    return Room(_agency(plan) + _MARGIN, 1)


def mirror_room(plan: BusPlan) -> Room:
    """Return what each server of the other region needs."""
    return Room(_city(plan) + _MARGIN, 1)


def _city(plan: BusPlan) -> int:
    """Return the room of the hub's streams, bytes."""
    return plan.city_bytes + plan.audit_bytes + _MARGIN


def _agency(plan: BusPlan) -> int:
    """Return the room of an agency's streams, bytes."""
    return plan.agency_bytes + plan.quarantine_bytes + _MARGIN


def _at_least(planned: int, held: int) -> int:
    """Return the room of streams that have been promised some, bytes.

    They take what is planned once the server runs: it does not start with less than they have.
    """
    return planned if held <= planned else held + _MARGIN


def limits(plan: BusPlan) -> str:
    """Return what a server takes from its clients."""
    return f"max_payload: {plan.max_payload}\nmax_pending: {64 * MEBIBYTE}\n"


def jetstream(store: Path, room: Room, domain: str = "") -> str:
    """Return where and how a server stores, and how much."""
    named = f'  domain: "{domain}"\n' if domain else ""
    return (
        f"jetstream {{\n  store_dir: {quoted(store)}\n{named}"
        f"  max_file_store: {room.disk}\n"
        f"  max_memory_store: {_MEMORY * room.accounts}\n"
        # An acknowledgement then means on disk; with atomic batches it costs next to nothing.
        f"  sync_interval: always\n}}\n"
    )


def hub_accounts(home: Home, plan: BusPlan, held: Mapping[str, int] = _NOTHING) -> str:
    """Return the accounts of the hub's servers: every agency's, and the hub's own.

    Of an agency with servers of its own only its link comes here.

    Args:
        home: Where the seeds of bus users lie.
        plan: The bus.
        held: What each account's streams have been promised already, bytes.
    """
    lines = [line for name in plan.agencies for line in _imports(plan, name)]
    quota = _quota(_at_least(_city(plan) * plan.replicas, held.get(HUB, 0)), 1000)
    accounts = [_system(home, plan), _hub(home, _of(plan, HUB), quota, lines)]
    for name in plan.agencies:
        account, exports = stream_name(name), _exports(plan, name)
        if name in plan.leaves:
            links = _users(home, [user for user in users(plan) if user.name == link(name)])
            accounts.append(_account(account, _CONNECTIONS, links, exports, []))
        else:
            disk = _at_least(_agency(plan) * plan.replicas, held.get(account, 0))
            quota = _agency_quota(disk)
            accounts.append(_account(account, quota, _users(home, _of(plan, account)), exports, []))
    return _accounts(accounts)


def leaf_accounts(home: Home, plan: BusPlan, agency: str) -> str:
    """Return the accounts of an agency's own server."""
    members = [user for user in _of(plan, stream_name(agency)) if user.name != link(agency)]
    quota = _agency_quota(_agency(plan))
    own = _account(stream_name(agency), quota, _users(home, members), [], [])
    return _accounts([_system(home, plan), own])


def mirror_accounts(home: Home, plan: BusPlan) -> str:
    """Return the accounts of the other region's servers."""
    members = [user for user in _of(plan, HUB) if user.name != MIRROR_LINK]
    quota = _quota(_city(plan) * plan.mirror_replicas, 1000)
    return _accounts([_system(home, plan), _hub(home, members, quota, [])])


def _accounts(accounts: list[str]) -> str:
    """Return accounts, and which of them is the system's."""
    return f"system_account: {SYSTEM}\naccounts {{\n" + "\n".join(accounts) + "\n}\n"


def _system(home: Home, plan: BusPlan) -> str:
    """Return the account in which servers tell of themselves."""
    return _account(SYSTEM, "", _users(home, _of(plan, SYSTEM)), [], [])


def _hub(home: Home, members: list[User], quota: str, imports: list[str]) -> str:
    """Return the hub's account."""
    return _account(HUB, quota, _users(home, members), [], imports)


def _quota(disk: int, consumers: int) -> str:
    """Return what an account may have; each replica counts against its bytes on disk."""
    return f"jetstream: {{ max_file: {disk}, max_mem: {_MEMORY}, max_consumers: {consumers} }}"


def _agency_quota(disk: int) -> str:
    """Return what an agency's account may have."""
    return f"{_CONNECTIONS}\n    {_quota(disk, _AGENCY_CONSUMERS)}"


def _of(plan: BusPlan, account: str) -> list[User]:
    """Return the users of an account."""
    return [user for user in users(plan) if user.account == account]


def _account(
    name: str, quota: str, members: list[str], exports: list[str], imports: list[str]
) -> str:
    """Return one account."""
    parts = [f"    users: [\n{_lines(members)}\n    ]"]
    if quota:
        parts.insert(0, f"    {quota}")
    if exports:
        parts.append(f"    exports: [\n{_lines(exports)}\n    ]")
    if imports:
        parts.append(f"    imports: [\n{_lines(imports)}\n    ]")
    return f"  {name}: {{\n" + "\n".join(parts) + "\n  }"


def _users(home: Home, members: list[User]) -> list[str]:
    """Return users, each once for every key of its that is accepted."""
    return [_user(user, seed) for user in members for seed in home.accepted_seeds(user.name)]


def _user(user: User, seed: bytes) -> str:
    """Return one user with one of its keys."""
    parts = []
    if user.publish is not None:
        parts.append(f"publish: {{ allow: [{_strings(user.publish)}] }}")
    if user.subscribe is not None:
        parts.append(f"subscribe: {{ allow: [{_strings(user.subscribe)}] }}")
    if user.answers:
        parts.append("allow_responses: true")
    permissions = f", permissions: {{ {', '.join(parts)} }}" if parts else ""
    return f"{{ nkey: {public_key(seed)}{permissions} }}"


def _api(plan: BusPlan, agency: str) -> str:
    """Return where an agency's account is asked for its streams: here, or at its own server."""
    return f"$JS.{agency}.API" if agency in plan.leaves else "$JS.API"


def _sourced(agency: str) -> tuple[str, str]:
    """Return the streams of an agency that the hub sources."""
    return stream_name(agency), feeds_stream(agency)


def _exports(plan: BusPlan, agency: str) -> list[str]:
    """Return what an agency's account opens to the hub."""
    lines = [
        f'{{ stream: "deliver.{agency}.>", accounts: [{HUB}] }}',
        f'{{ service: "ask.{agency}.>", accounts: [{HUB}] }}',
        # Each of an agency's responders tells of itself.
        f'{{ service: "{DISCOVERY}", response_type: "stream", accounts: [{HUB}] }}',
    ]
    for stream in _sourced(agency):
        lines += [
            f'{{ service: "{_api(plan, agency)}.CONSUMER.CREATE.{stream}.>", accounts: [{HUB}] }}',
            f'{{ service: "$JS.FC.{stream}.>", accounts: [{HUB}] }}',
        ]
    return lines


def _imports(plan: BusPlan, agency: str) -> list[str]:
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
        asked, to = f"{_api(plan, agency)}.{create}", f"{source_api(agency)}.{create}"
        lines += [
            f'{{ service: {{ account: {account}, subject: "{asked}" }}, to: "{to}" }}',
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


def quoted(path: Path) -> str:
    """Return a path as a string of the configuration."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
