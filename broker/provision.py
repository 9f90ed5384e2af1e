"""Make what a home needs before the server starts: keys, certificates, configuration."""

from broker.accounts import render
from broker.home import GATEWAY, OPS, Home
from broker.nkey import new_seed, write_secret
from broker.plan import BusPlan
from broker.signing import make_signing_key
from broker.tls import Authority
from broker.users import users

SERVERS = ("nats", GATEWAY, "console")


def prepare(home: Home, plan: BusPlan) -> list[str]:
    """Make every key and certificate that is missing, and the server's configuration.

    What is there stays as it is. Returns one sentence for each thing made.

    Raises:
        HomeDamaged: If the authority in the home is not whole.
    """
    for folder in (home.keys_dir, home.tls_dir, home.nats_dir, home.logs_dir):
        folder.mkdir(parents=True, exist_ok=True)
    home.keys_dir.chmod(0o700)
    made = []
    authority = Authority(home)
    if authority.is_new:
        made.append(f"made the city's certificate authority, {home.ca}")
    made += _certificates(authority, plan)
    for user in users(plan):
        path = home.seed_path(user.name)
        if not path.exists():
            write_secret(path, new_seed() + b"\n")
            made.append(f"made the key of bus user {user.name}")
    if make_signing_key(*home.signing_key(GATEWAY)):
        made.append(f"made the key with which {GATEWAY} signs the record of accesses")
    write_secret(home.nats_config, render(home, plan).encode())
    return made


def _certificates(authority: Authority, plan: BusPlan) -> list[str]:
    """Make the certificates that are missing; return a sentence for each."""
    made = []
    for name in SERVERS:
        if authority.issue_server(name):
            made.append(f"made the certificate of server {name}")
    for agency in plan.agencies:
        if authority.issue_client(agency, agency, "client"):
            made.append(f"made the certificate of department {agency}")
    if authority.issue_client(OPS, OPS, "operator"):
        made.append("made the certificate of the operators")
    return made
