"""Which servers make up which shape of a bus."""

import pytest

from broker.errors import TopologyWrong
from broker.plan import BusPlan
from broker.topology import Grid, Leaf, Node, Topology, arrange, plan_of
from broker.users import servers_of

NODES = [Node(name=f"n{number}", host=f"n{number}.example") for number in range(3)]
FAR = [Node(name="far", host="far.example", region="south")]
LEAF = Leaf(agency="water", host="leaf.example")
PLAN = BusPlan(agencies=("police", "water"))


@pytest.mark.parametrize(
    ("topology", "nodes", "leaves", "problem"),
    [
        ("cluster", [], [], "cluster of 0 servers"),
        ("cluster", NODES[:2], [], "cluster of 2 servers"),
        ("leaf", NODES[:1], [], "no department has a server"),
        ("leaf", [], [LEAF], "the hub has no server"),
        ("leaf", NODES[:2], [LEAF], "cluster of 2 servers"),
        ("two-regions", NODES, [], "its regions are: none"),
        ("two-regions", [*NODES[:2], *FAR], [], "cluster of 2 servers"),
        ("cluster", [NODES[0]] * 3, [], "the same name"),
        ("cluster", [*NODES[:2], Node(name="../ca", host="x")], [], r"called '\.\./ca'"),
        ("cluster", [*NODES[:2], Node(name="parts", host="x")], [], "called 'parts'"),
    ],
)
def test_servers_that_make_no_such_shape_are_refused(
    topology: str, nodes: list[Node], leaves: list[Leaf], problem: str
) -> None:
    """The sentence says what is lacking, and where it is written."""
    with pytest.raises(TopologyWrong, match=rf"shape {topology}: .*{problem}.*; "):
        arrange(Topology(topology), nodes, leaves)


@pytest.mark.parametrize(
    ("topology", "grid", "replicas"),
    [
        ("single", Grid(), 1),
        ("cluster", Grid(topology=Topology.CLUSTER, hub=tuple(NODES)), 3),
        ("leaf", Grid(topology=Topology.LEAF, hub=tuple(NODES), leaves=(LEAF,)), 3),
    ],
)
def test_a_shape_takes_what_it_needs_of_the_servers_that_are_there(
    topology: str, grid: Grid, replicas: int
) -> None:
    """One city file can tell of all of its servers, and its shape chooses."""
    arranged = arrange(Topology(topology), NODES, [LEAF])

    assert arranged == grid
    assert plan_of(PLAN, arranged).replicas == replicas


def test_a_department_goes_to_its_own_server_and_everybody_else_to_the_hub() -> None:
    """So do its administrator, the operators who read it, and the gateway's hand for it."""
    plan = plan_of(PLAN, arrange(Topology.LEAF, NODES[:1], [LEAF]))

    leaf, hub = ("tls://leaf.example:7222",), ("tls://n0.example:7222",)
    of_water = ("water", "admin.water", "ops.water", "gateway.water")
    assert {servers_of(plan, user) for user in of_water} == {leaf}
    assert {servers_of(plan, user) for user in ("police", "gateway", "ops", "admin.hub")} == {hub}


def test_another_region_is_reached_at_servers_of_its_own() -> None:
    """The region that comes first is the hub's."""
    plan = plan_of(PLAN, arrange(Topology.TWO_REGIONS, [*NODES, *FAR], []))

    assert servers_of(plan, "gateway") == tuple(
        f"tls://n{number}.example:7222" for number in (0, 1, 2)
    )
    assert servers_of(plan.at_mirror(), "gateway") == ("tls://far.example:7222",)
    assert (plan.replicas, plan.mirror_replicas) == (3, 1)


def test_one_machine_is_as_it_was() -> None:
    """Without a word on servers the plan's own host and port hold."""
    assert plan_of(PLAN, Grid()) == PLAN
    assert servers_of(PLAN, "water") == ("tls://127.0.0.1:7222",)
