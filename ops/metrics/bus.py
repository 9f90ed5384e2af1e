"""What is told of the bus: servers, streams, and the feeds as the bus knows them."""

import time
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.freshness import age_of
from liandong.feed.v1.feed_pb2 import (
    FEED_STATE_RUNNING,
    FRESHNESS_FRESH,
    FRESHNESS_INCOMPLETE,
    FRESHNESS_LATE,
    FRESHNESS_SILENT,
    Feed,
)
from ops.city import City
from ops.metrics.bus_watch import BusWatch

_FRESHNESS = {
    "fresh": FRESHNESS_FRESH,
    "incomplete": FRESHNESS_INCOMPLETE,
    "late": FRESHNESS_LATE,
    "silent": FRESHNESS_SILENT,
}


class ServerCollector(Collector):
    """Tells how the servers are.

    Args:
        watch: Knows it.
    """

    def __init__(self, watch: BusWatch) -> None:
        self._watch = watch

    def collect(self) -> Iterator[Metric]:
        """Tell what they said when they were last asked."""
        servers = self._watch.state.servers
        count = GaugeMetricFamily("liandong_servers", "Servers of the bus that answer.")
        count.add_metric([], len(servers))
        yield count
        healthy = _gauge("liandong_server_healthy", "Whether it says that it is well.", "server")
        memory = _gauge("liandong_server_memory_bytes", "Memory that it holds.", "server")
        clients = _gauge("liandong_server_connections", "Clients that are connected.", "server")
        stored = _gauge("liandong_server_storage_bytes", "What its streams take.", "server")
        limit = _gauge("liandong_server_storage_limit_bytes", "What they may take.", "server")
        slow = CounterMetricFamily(
            "liandong_server_slow_consumers_total",
            "Connections that it cut, for they did not read.",
            labels=["server"],
        )
        for server in servers:
            name = [server.name]
            healthy.add_metric(name, server.healthy)
            memory.add_metric(name, server.memory_bytes)
            clients.add_metric(name, server.connections)
            stored.add_metric(name, server.storage_bytes)
            limit.add_metric(name, server.storage_limit_bytes)
            slow.add_metric(name, server.slow_consumers)
        yield from (healthy, memory, clients, stored, limit, slow)


class StreamCollector(Collector):
    """Tells how the streams are.

    Args:
        watch: Knows it.
    """

    def __init__(self, watch: BusWatch) -> None:
        self._watch = watch

    def collect(self) -> Iterator[Metric]:
        """Tell what their leaders said when they were last asked."""
        both = ("account", "stream")
        messages = _gauge("liandong_stream_messages", "Messages that a stream holds.", *both)
        size = _gauge("liandong_stream_bytes", "What they take.", *both)
        limit = _gauge(
            "liandong_stream_limit_bytes",
            "What they may take; when full a stream refuses (new) or drops its oldest (old).",
            *both,
            "discard",
        )
        replicas = _gauge("liandong_stream_replicas", "Copies that there should be.", *both)
        current = _gauge("liandong_stream_replicas_current", "Copies that have all of it.", *both)
        readers = _gauge("liandong_stream_consumers", "Consumers that read it.", *both)
        behind = _gauge(
            "liandong_stream_consumer_lag_messages",
            "Messages that the slowest of its consumers has not been sent.",
            *both,
        )
        lag = _gauge(
            "liandong_stream_source_lag_messages",
            "Messages that a stream has still to take from one that it sources.",
            *both,
            "source",
        )
        for stream in self._watch.state.streams:
            names = [stream.account, stream.name]
            messages.add_metric(names, stream.messages)
            size.add_metric(names, stream.bytes)
            limit.add_metric([*names, "new" if stream.refuses else "old"], stream.limit_bytes)
            replicas.add_metric(names, stream.replicas)
            current.add_metric(names, stream.current)
            readers.add_metric(names, stream.consumers)
            behind.add_metric(names, stream.consumer_lag)
            for source, count in stream.source_lag.items():
                lag.add_metric([*names, source], count)
        yield from (messages, size, limit, replicas, current, readers, behind, lag)


class ReplicaCollector(Collector):
    """Tells what copies of streams lack.

    Args:
        watch: Knows it.
    """

    def __init__(self, watch: BusWatch) -> None:
        self._watch = watch

    def collect(self) -> Iterator[Metric]:
        """Tell of each copy that could be compared with another, or is the only one."""
        lacking = _gauge(
            "liandong_stream_replica_missing_messages",
            "Messages that a server's copy of a stream lacks and another's, as far on, has.",
            "account",
            "stream",
            "server",
        )
        for labels, count in sorted(self._watch.missing.items()):
            lacking.add_metric(labels, count)
        yield lacking


class HearingCollector(Collector):
    """Tells how the city's feeds are heard, also when their adapters have died.

    Args:
        watch: Knows what adapters told.
        city: Whose feeds.
    """

    def __init__(self, watch: BusWatch, city: City) -> None:
        self._watch = watch
        self._feeds = city.feeds

    def collect(self) -> Iterator[Metric]:
        """Tell how each feed is heard now."""
        both = ("agency", "feed")
        running = _gauge("liandong_feed_running", "Whether its adapter says that it runs.", *both)
        hindered = _gauge(
            "liandong_feed_hindered", "Whether something keeps it from reading its source.", *both
        )
        freshness = _gauge(
            "liandong_feed_freshness",
            "1 for the state in which it is, by its own cadence, 0 for the others.",
            *both,
            "freshness",
        )
        age = _gauge("liandong_feed_age_seconds", "Since something was last received.", *both)
        observed = _gauge(
            "liandong_feed_observed_age_seconds", "Since its latest observation was made.", *both
        )
        usual = _gauge(
            "liandong_feed_usual_interval_seconds", "How often an entity usually speaks.", *both
        )
        expected = _gauge("liandong_feed_entities_expected", "Entities that should speak.", *both)
        heard = _gauge("liandong_feed_entities_heard", "Entities that are heard.", *both)
        now_ns = time.time_ns()
        for feed in self._feeds:
            names = [feed.agency, feed.id]
            told = self._watch.feeds.get(feed.id, Feed())
            aged = age_of(told, now_ns)
            running.add_metric(names, aged.state == FEED_STATE_RUNNING)
            hindered.add_metric(names, bool(told.trouble))
            for word, value in _FRESHNESS.items():
                freshness.add_metric([*names, word], aged.freshness == value)
            if aged.HasField("age"):
                age.add_metric(names, aged.age.ToNanoseconds() / 1e9)
            if aged.HasField("last_observed_at"):
                since_ns = now_ns - aged.last_observed_at.ToNanoseconds()
                observed.add_metric(names, max(since_ns, 0) / 1e9)
            if aged.HasField("usual_interval"):
                usual.add_metric(names, aged.usual_interval.ToNanoseconds() / 1e9)
            expected.add_metric(names, aged.entities_expected)
            heard.add_metric(names, aged.entities_heard)
        yield from (running, hindered, freshness, age, observed, usual, expected, heard)


def _gauge(name: str, told: str, *labels: str) -> GaugeMetricFamily:
    """Return a gauge without series yet."""
    return GaugeMetricFamily(name, told, labels=labels)
