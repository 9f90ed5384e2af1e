"""Homes that hold no more than one part of the system needs: what is copied to its machine.

The home in which keys and certificates are made can do anything; it stays where it is.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from broker.home import GATEWAY, OPS, Home
from broker.nkey import write_secret
from broker.plan import BusPlan
from broker.provision import PROBE
from broker.users import hand, users

STREAMS = "streams"


def write_parts(
    home: Home, plan: BusPlan, out: Path, gateways: Iterable[str] = (GATEWAY,)
) -> list[Path]:
    """Write a home for the gateways, one for each agency's adapters, one to lay out streams.

    Args:
        home: The home with every key and certificate.
        plan: The bus.
        out: Where the homes go, each in a folder of the part's name.
        gateways: Names of gateways, each of which signs what it records.

    Raises:
        HomeDamaged: If a key is missing.
    """
    signers = tuple(gateways)
    admins = [user.name for user in users(plan) if user.publish is None]
    hands = map(hand, plan.agencies)
    return [
        _write(home, Home(out / GATEWAY), (GATEWAY, *hands), (GATEWAY, PROBE), signers),
        _write(home, Home(out / STREAMS), admins),
        *(_write(home, Home(out / agency), (agency,)) for agency in plan.agencies),
    ]


def _write(
    home: Home,
    part: Home,
    users_of: Iterable[str],
    certificates: Iterable[str] = (),
    signers: Iterable[str] = (),
) -> Path:
    """Write one home."""
    for folder in (part.tls_dir, part.keys_dir):
        folder.mkdir(parents=True, exist_ok=True)
    part.path.chmod(0o700)
    shutil.copyfile(home.ca, part.ca)
    for name in signers:
        for mine, theirs in zip(home.signing_key(name), part.signing_key(name), strict=True):
            write_secret(theirs, mine.read_bytes())
    if signers:
        # The gateway verifies what operators did; it cannot sign for them.
        mine, theirs = home.signing_key(OPS)[1], part.signing_key(OPS)[1]
        if mine.exists():
            write_secret(theirs, mine.read_bytes())
        if home.revoked.exists():
            shutil.copyfile(home.revoked, part.revoked)
    for user in users_of:
        write_secret(part.seed_path(user), home.seed(user) + b"\n")
    for name in certificates:
        for mine, theirs in zip(home.certificate(name), part.certificate(name), strict=True):
            write_secret(theirs, mine.read_bytes())
    return part.path
