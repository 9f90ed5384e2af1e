"""What the files under deploy/ say, as the tests read them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ops.city import City, read_city

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose"
KUBERNETES = DEPLOY / "kubernetes"


def documents(file: Path) -> list[dict[str, Any]]:
    """Return the documents of a YAML file."""
    return list(yaml.safe_load_all(file.read_text()))


def compose() -> dict[str, Any]:
    """Return the Compose file."""
    (found,) = documents(COMPOSE / "compose.yaml")
    return found


def compose_city() -> City:
    """Return the city that runs in containers on one machine."""
    return read_city(COMPOSE / "city.toml")


def kubernetes_city() -> City:
    """Return the city that runs in Kubernetes."""
    return read_city(KUBERNETES / "base" / "city.toml")


def port_of(city: City, feed: str) -> int:
    """Return the port of a feed."""
    return int(city.feed(feed).source.rpartition(":")[2])


def locked_version(package: str) -> str:
    """Return the version of a package that the lock names."""
    found = re.search(rf"^{package}==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert found is not None, package
    return found[1]


def strings(value: Any) -> Iterator[str]:
    """Yield every string in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in (*value.keys(), *value.values()):
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)
