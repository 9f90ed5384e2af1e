"""Make what a home needs before the server starts: keys, certificates, configuration."""

from collections.abc import Sequence

from broker.accounts import render
from broker.errors import KeyUnknown
from broker.home import GATEWAY, OPS, Home
from broker.nkey import new_seed, read_seed, write_secret
from broker.plan import BusPlan
from broker.signing import make_signing_key
from broker.tls import Authority, uris_of
from broker.users import users

SERVERS = ("nats", GATEWAY, "console")
PROBE = "probe"


def prepare(home: Home, plan: BusPlan, gateway_names: Sequence[str] = ()) -> list[str]:
    """Make every key and certificate that is missing, and the server's configuration.

    What is there stays as it is. Returns one sentence for each thing made.

    Args:
        home: The home.
        plan: The bus.
        gateway_names: By what names and addresses clients reach the gateway, beside loopback.

    Raises:
        HomeDamaged: If the authority in the home is not whole.
    """
    home.logs_dir.mkdir(parents=True, exist_ok=True)
    for folder in home.private_dirs:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    made = []
    authority = Authority(home)
    if authority.is_new:
        made.append(f"made the city's certificate authority, {home.ca}")
    made += _certificates(authority, plan, gateway_names)
    for user in users(plan):
        path = home.seed_path(user.name)
        if not path.exists():
            write_secret(path, new_seed() + b"\n")
            made.append(f"made the key of bus user {user.name}")
    made += [
        f"made the key with which {name} signs the record of accesses"
        for name in (GATEWAY, OPS)
        if make_signing_key(*home.signing_key(name))
    ]
    write_secret(home.nats_config, render(home, plan).encode())
    return made


def _certificates(authority: Authority, plan: BusPlan, gateway_names: Sequence[str]) -> list[str]:
    """Make every certificate that is missing; return one sentence for each made."""
    made = []
    for name in SERVERS:
        if authority.issue_server(name, gateway_names if name == GATEWAY else ()):
            made.append(f"made the certificate of server {name}")
    for agency in plan.agencies:
        if authority.issue_client(agency, agency, "client"):
            made.append(f"made the certificate of department {agency}")
    if authority.issue_probe(PROBE):
        made.append("made the certificate of the probe")
    if authority.issue_client(OPS, OPS, "operator"):
        made.append("made the certificate of the operators")
    return made


def departed(home: Home, plan: BusPlan) -> list[str]:
    """Return the departments that have a certificate in the home and none on the bus any more."""
    named = (
        path.stem
        for path in sorted(home.tls_dir.glob("*.pem"))
        if f"liandong://agency/{path.stem}/client" in uris_of(path)
    )
    return [name for name in named if name not in plan.agencies]


def rotate_key(home: Home, plan: BusPlan, user: str) -> str:
    """Give a bus user another key; the one before is accepted beside it until it is retired.

    Servers take both when they have read their configuration again.

    Returns:
        One sentence.

    Raises:
        KeyUnknown: If there is no such user, or its former key is not retired yet.
        HomeDamaged: If its key cannot be read.
    """
    _require_user(plan, user)
    former = home.former_seed_path(user)
    if former.exists():
        raise KeyUnknown(user, "has a former key already: retire that first, with --retire")
    write_secret(former, read_seed(home.seed_path(user)) + b"\n")
    write_secret(home.seed_path(user), new_seed() + b"\n")
    return f"made another key of bus user {user}"


def retire_key(home: Home, plan: BusPlan, user: str) -> str:
    """Take back the key that a user had before its last rotation; return one sentence.

    Servers refuse it, and end the connections that came with it, when they have read their
    configuration again.

    Raises:
        KeyUnknown: If there is no such user, or no former key of it.
    """
    _require_user(plan, user)
    former = home.former_seed_path(user)
    if not former.exists():
        raise KeyUnknown(user, "has no former key: there is nothing to retire")
    former.unlink()
    return f"retired the former key of bus user {user}"


def _require_user(plan: BusPlan, user: str) -> None:
    """Check that the bus has a user.

    Raises:
        KeyUnknown: If it has not.
    """
    if user not in {known.name for known in users(plan)}:
        raise KeyUnknown(user, "is no bus user; departments have the names of the city file")
