"""Parts on one machine: how they are found, and joined into one page."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from broker.home import Home
from ops.city import read_city
from ops.failure import Failure
from ops.metrics import MetricsAddress, place_of, registry_of, serve
from ops.metrics.endpoint import note_of
from ops.metrics.families import counter, gauge
from ops.metrics.parts import joined, told_by_parts
from tests.conftest import free_port
from tests.ops.metrics.pages import series_of


class Fixed(Collector):
    """Tells the same each time."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> Iterator[Metric]:
        """Tell it."""
        yield self._metric


ANYWHERE = MetricsAddress("127.0.0.1", 0)


async def test_parts_are_found_by_what_they_leave_in_the_home(tmp_path: Path) -> None:
    """While they run; afterwards nothing of them is left."""
    home = Home(tmp_path)
    async with (
        serve("gateway", registry_of(), home, ANYWHERE),
        serve("adapter-a.b", registry_of(), home, ANYWHERE),
    ):
        told = await told_by_parts(home)

    assert set(told) == {"gateway", "adapter-a.b"}
    pages = [page for page in told.values() if page is not None]
    assert b'liandong_process_memory_bytes{part="gateway"}' in joined(pages)
    assert await told_by_parts(home) == {}


async def test_several_gateways_tell_each_series_under_their_names(tmp_path: Path) -> None:
    """Prometheus refuses a page on which a series stands twice."""
    home = Home(tmp_path)
    records = gauge("records", "R.", {}, 3)
    calls = counter("calls", "C.", {"code": "{OK} 1"}, 2)
    async with AsyncExitStack() as stack:
        for name in ("gateway", "gateway-2", "gateway-water"):
            told = registry_of(Fixed(records), Fixed(calls))
            await stack.enter_async_context(serve(name, told, home, ANYWHERE))
        pages = (await told_by_parts(home)).values()

    lines = joined(page for page in pages if page is not None).splitlines()
    series = [line.rpartition(b" ")[0] for line in lines if not line.startswith(b"#")]
    assert len(series) == len(set(series))
    assert b'records{part="gateway-water"}' in series
    assert b'calls_total{part="gateway-2",code="{OK} 1"}' in series
    assert b'liandong_process_memory_bytes{part="gateway"}' in series


async def test_a_part_that_does_not_answer_is_told_from_one_that_was_stopped(
    tmp_path: Path,
) -> None:
    """A killed one leaves its note: to a closed port, or to one that somebody else has taken."""
    home = Home(tmp_path)
    async with serve("gateway", registry_of(), home, ANYWHERE) as other:
        note_of(home, "adapter-a").write_text(f"127.0.0.1:{free_port()}")
        note_of(home, "adapter-b").write_text(other)
        note_of(home, "adapter-c").write_text("no address")

        told = await told_by_parts(home)

    assert {part for part, page in told.items() if page is None} == {
        "adapter-a",
        "adapter-b",
        "adapter-c",
    }


def test_a_metric_of_several_parts_is_described_once() -> None:
    """All its series follow; nothing is lost, and nothing mixed up."""
    one = b"# HELP a A.\n# TYPE a gauge\na 1.0\n# HELP b B.\n# TYPE b gauge\n"
    other = (
        b'# HELP b B.\n# TYPE b gauge\nb{x="1"} 2.0\n# HELP a A.\n# TYPE a gauge\na{x="2"} 3.0\n'
    )

    page = joined([one, other])

    assert page.splitlines() == [
        b"# HELP a A.",
        b"# TYPE a gauge",
        b"a 1.0",
        b'a{x="2"} 3.0',
        b"# HELP b B.",
        b"# TYPE b gauge",
        b'b{x="1"} 2.0',
    ]
    assert len(series_of(page.decode())) == 3


async def test_nothing_is_served_without_a_port(tmp_path: Path) -> None:
    """The default of a city's file; a part that is told an address serves all the same."""
    file = tmp_path / "city.toml"
    file.write_text('[city]\nname = "t"\n[[agency]]\nname = "water"\n')
    silent = read_city(file)

    async with serve("gateway", CollectorRegistry(), Home(tmp_path), place_of(silent, "")) as where:
        assert where == ""
    assert not (tmp_path / "run").exists()
    assert place_of(silent, "[::1]:7490") == MetricsAddress("::1", 7490)


@pytest.mark.parametrize("text", ["7490", "here:", "here:99999", "a:b:1", "here:-1"])
def test_an_address_that_is_none_is_refused(text: str) -> None:
    """The sentence says what to write."""
    with pytest.raises(Failure, match="is no address of metrics: write host:port"):
        MetricsAddress.of(text)


async def test_a_port_that_is_taken_is_said_to_be(tmp_path: Path) -> None:
    """With what to do about it."""
    home = Home(tmp_path)
    async with serve("gateway", registry_of(), home, ANYWHERE) as where:
        taken = MetricsAddress.of(where)
        with pytest.raises(Failure, match=r"cannot be served at .* \(Address already in use\)"):
            async with serve("other", registry_of(), home, taken):
                pass
