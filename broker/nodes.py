"""The folders from which the servers of a bus run, each with its configuration and certificates.

A folder is whole by itself: paths in it are relative to it, so that it can be copied to its
machine. ``accounts.conf`` is a file of its own, and the same for all servers of the hub.
"""

import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from broker.accounts import (
    hub_accounts,
    hub_room,
    jetstream,
    leaf_accounts,
    leaf_room,
    limits,
    mirror_accounts,
    mirror_room,
    quoted,
)
from broker.home import Home
from broker.nkey import write_secret
from broker.plan import BusPlan, stream_name
from broker.tls import Authority
from broker.topology import Grid, Leaf, Node
from broker.users import HUB, HUB_DOMAIN, MIRROR_DOMAIN, MIRROR_LINK, link

CONFIG = "nats.conf"
ACCOUNTS = "accounts.conf"
ALONE = "nats"
DATA = Path("data")
_TLS = (
    'cert_file: "tls/nats.pem", key_file: "tls/nats.key", ca_file: "tls/ca.pem", '
    'min_version: "1.3", timeout: 5'
)
_ROUTES = "routes"


def write_servers(
    home: Home, plan: BusPlan, grid: Grid, out: Path, data: Path = DATA
) -> list[Path]:
    """Write a folder for each server of a bus; return the folders.

    Args:
        home: The home with every key; what is missing in it must have been made.
        plan: The bus.
        grid: Its servers.
        out: Where the folders go.
        data: Where each server keeps its streams, seen from its folder.

    Raises:
        HomeDamaged: If a key is missing.
    """
    alone = Node(name=ALONE, host=plan.host, port=plan.port, monitor_port=plan.monitor_port)
    hub = grid.hub or (alone,)
    made = []
    listens = bool(grid.leaves or grid.mirror)
    domain = HUB_DOMAIN if grid.mirror else ""
    accounts = hub_accounts(home, plan)
    for node in hub:
        store = jetstream(data / "jetstream", hub_room(plan), domain)
        config = _node(home, plan, node, hub, store)
        config += _listen_for_links(node) if listens else ""
        made.append(_write(home, out, node, data, (config, accounts)))
    for node in grid.mirror:
        store = jetstream(data / "jetstream", mirror_room(plan), MIRROR_DOMAIN)
        config = _node(home, plan, node, grid.mirror, store) + _link(home, hub, MIRROR_LINK, HUB)
        parts = (config, mirror_accounts(home, plan))
        made.append(_write(home, out, node, data, parts))
    for leaf in grid.leaves:
        store = jetstream(data / "jetstream", leaf_room(plan), leaf.agency)
        config = _server(plan, leaf, store)
        config += _link(home, hub, link(leaf.agency), stream_name(leaf.agency))
        parts = (config, leaf_accounts(home, plan, leaf.agency))
        made.append(_write(home, out, leaf, data, parts))
    return made


def certificate_of(server: str) -> str:
    """Return the name of a server's certificate; no department's can be like it."""
    return f"server.{server}"


def _write(home: Home, out: Path, server: Node | Leaf, data: Path, parts: tuple[str, str]) -> Path:
    """Write the folder of one server: its configuration and its accounts."""
    folder = out / server.name
    for part in (folder / "tls", folder / data):
        if part.is_relative_to(folder):
            part.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    Authority(home).issue_node(certificate_of(server.name), (server.host, *server.names))
    pem, key = home.certificate(certificate_of(server.name))
    shutil.copyfile(home.ca, folder / "tls" / "ca.pem")
    shutil.copyfile(pem, folder / "tls" / "nats.pem")
    write_secret(folder / "tls" / "nats.key", key.read_bytes())
    config, accounts = parts
    config += f'pid_file: {quoted(data / "nats.pid")}\ninclude "{ACCOUNTS}"\n'
    write_secret(folder / CONFIG, config.encode())
    write_secret(folder / ACCOUNTS, accounts.encode())
    return folder


def _server(plan: BusPlan, server: Node | Leaf, store: str) -> str:
    """Return what every server is told."""
    monitor = f'http: "127.0.0.1:{server.monitor_port}"\n' if server.monitor_port else ""
    return (
        f'server_name: "{server.name}"\nlisten: "{_listen(server)}:{server.port}"\n{monitor}'
        f"{limits(plan)}tls {{ {_TLS} }}\n{store}"
    )


def _node(home: Home, plan: BusPlan, node: Node, region: Sequence[Node], store: str) -> str:
    """Return what a server of the hub or of the other region is told."""
    config = _server(plan, node, store)
    if len(region) == 1:
        return config
    # Without it any certificate of the city's authority would do, and departments have such.
    secret = _route_secret(home)
    routes = "\n".join(
        f'    "nats-route://{_ROUTES}:{secret}@{other.host}:{other.cluster_port}"'
        for other in region
    )
    return (
        f"{config}cluster {{\n"
        f'  name: "liandong{f"-{node.region}" if node.region else ""}"\n'
        f'  listen: "{_listen(node)}:{node.cluster_port}"\n'
        f'  authorization {{ user: "{_ROUTES}", password: "{secret}", timeout: 5 }}\n'
        f"  tls {{ {_TLS}, verify: true }}\n"
        # Clients know all servers by the names that certificates are for.
        f"  no_advertise: true\n"
        f"  routes: [\n{routes}\n  ]\n}}\n"
    )


def _listen_for_links(node: Node) -> str:
    """Return where a server of the hub takes links."""
    return (
        f'leafnodes {{\n  listen: "{_listen(node)}:{node.leaf_port}"\n'
        f"  no_advertise: true\n  tls {{ {_TLS}, verify: true }}\n}}\n"
    )


def _link(home: Home, hub: Sequence[Node], user: str, account: str) -> str:
    """Return how a server joins the hub for an account."""
    urls = ", ".join(f'"tls://{node.host}:{node.leaf_port}"' for node in hub)
    return (
        f'leafnodes {{\n  reconnect: "1s"\n  remotes: [\n    {{\n      urls: [{urls}]\n'
        f'      account: {account}\n      nkey: "{home.seed(user).decode()}"\n'
        f"      tls {{ {_TLS} }}\n    }}\n  ]\n}}\n"
    )


def _listen(server: Node | Leaf) -> str:
    """Return the address on which a server listens."""
    return server.listen or server.host


def _route_secret(home: Home) -> str:
    """Return what the servers of a cluster know each other by; made when missing."""
    if not home.route_secret.exists():
        write_secret(home.route_secret, f"{secrets.token_hex(24)}\n".encode())
    return home.route_secret.read_text().strip()
