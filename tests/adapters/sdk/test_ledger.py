"""The books of a feed, through every order of events and every kill."""

import operator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from adapters.sdk.hours import HOUR_S, Counts, Hours
from adapters.sdk.ledger import Ledger, Settling
from liandong.feed.v1.feed_pb2 import Feed

START = 500_000
NOW = datetime(2026, 6, 15, tzinfo=UTC)
HOURS = st.integers(START, START + 5)


@dataclass
class Bus:
    """What is on the bus and survives: sequences by hour, and the state told last."""

    stored: dict[int, list[int]] = field(default_factory=dict)
    quarantined: dict[int, list[int]] = field(default_factory=dict)
    told: Feed | None = None
    last: int = 0

    def store(self, kept: dict[int, list[int]], hour: int) -> int:
        """Store one; return its sequence."""
        self.last += 1
        kept.setdefault(hour, []).append(self.last)
        return self.last


def after(kept: dict[int, list[int]], sequence: int) -> dict[int, list[int]]:
    """Return what is stored after a sequence, as a stream tells it."""
    return {
        hour: found for hour, all_ in kept.items() if (found := [s for s in all_ if s > sequence])
    }


def total(kept: dict[int, list[int]]) -> int:
    """Return how many are stored."""
    return sum(map(len, kept.values()))


class Books(RuleBasedStateMachine):
    """A feed that receives, settles, spools, tells, and is killed at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.bus = Bus()
        self.ledger = Ledger(Feed())
        self.joined = True
        self.in_air: list[int] = []
        self.spool: list[int] = []
        self.watched = self.ledger
        self.since = Counts()

    @rule(hour=HOURS, count=st.integers(1, 5))
    def receive(self, hour: int, count: int) -> None:
        """Records arrive."""
        self.ledger.receive(count, NOW, hour)
        self.in_air += [hour] * count

    @precondition(lambda self: self.in_air and self.joined)
    @rule(fate=st.sampled_from(["stored", "duplicate", "quarantined", "withdrawn"]))
    def settle(self, fate: str) -> None:
        """One that is in the air is settled."""
        self._settle(self.in_air.pop(0), fate)

    @precondition(lambda self: self.in_air)
    @rule()
    def put_aside(self) -> None:
        """One that is in the air goes into the spool, and stays in flight."""
        self.spool.append(self.in_air.pop(0))

    @precondition(lambda self: self.spool and self.joined)
    @rule(fate=st.sampled_from(["stored", "duplicate", "quarantined"]), is_killed=st.booleans())
    def drain(self, fate: str, is_killed: bool) -> None:
        """The oldest that is spooled goes out; a kill may come before it is dropped."""
        self._settle(self.spool[0], fate)
        if is_killed:
            self.kill(is_away=False)
        else:
            self.spool.pop(0)

    @precondition(lambda self: self.in_air and self.joined)
    @rule(fate=st.sampled_from(["stored", "quarantined"]))
    def store_unheard(self, fate: str) -> None:
        """The bus has it, and the adapter is killed before it knows."""
        self.bus.store(getattr(self.bus, fate), self.in_air.pop(0))
        self.kill(is_away=False)

    @precondition(lambda self: self.joined)
    @rule()
    def tell(self) -> None:
        """The journal publishes the state."""
        self.bus.told = Feed.FromString(self.ledger.snapshot(NOW).SerializeToString())

    @rule(is_away=st.booleans())
    def kill(self, is_away: bool) -> None:
        """The adapter is killed; the next one finds its spool, and the bus or not."""
        self.ledger = Ledger(Feed())
        self.in_air = []
        for hour in self.spool:
            self.ledger.restore(1, hour)
        self.joined = False
        if not is_away:
            self.take_up()

    @precondition(lambda self: not self.joined)
    @rule()
    def take_up(self) -> None:
        """The bus is there: the books are taken up."""
        told = self.bus.told or Feed()
        self.joined = True
        if self.bus.told is not None:
            self.ledger.resume(told)
        self.ledger.find(
            after(self.bus.stored, told.settled.stream_sequence),
            after(self.bus.quarantined, told.settled.quarantine_sequence),
        )

    def _settle(self, hour: int, fate: str) -> None:
        stored = (self.bus.store(self.bus.stored, hour),) if fate == "stored" else ()
        held = (self.bus.store(self.bus.quarantined, hour),) if fate == "quarantined" else ()
        self.ledger.settle(
            Settling(
                hour,
                stored=stored,
                duplicates=int(fate == "duplicate"),
                quarantined=held,
                withdrawn=int(fate == "withdrawn"),
            )
        )

    @invariant()
    def the_books_balance(self) -> None:
        """Received is what was settled and what is in flight."""
        ledger = self.ledger
        assert ledger.in_flight == len(self.in_air) + len(self.spool)
        settled = ledger.stored + ledger.duplicates + ledger.quarantined
        assert ledger.received == settled + ledger.in_flight

    @invariant()
    def the_hours_sum_to_the_totals(self) -> None:
        """Each record is in the hour in which it arrived."""
        ledger = self.ledger
        sums = Counts(
            *map(sum, zip(*(ledger._hours.counts or {0: Counts()}).values(), strict=True))
        )
        assert sums == (ledger.received, ledger.stored, ledger.duplicates, ledger.quarantined)

    @invariant()
    def what_the_bus_holds_is_what_was_counted(self) -> None:
        """In all, and hour by hour, once the books are taken up."""
        if not self.joined:
            return
        ledger = self.ledger
        assert (ledger.stored, ledger.quarantined) == (
            total(self.bus.stored),
            total(self.bus.quarantined),
        )
        for hour, counts in ledger._hours.counts.items():
            assert counts.stored == len(self.bus.stored.get(hour, ()))
            assert counts.quarantined == len(self.bus.quarantined.get(hour, ()))

    @invariant()
    def what_was_counted_since_the_start_never_shrinks(self) -> None:
        """Whatever is taken up or taken back: a counter that shrinks would look like a restart."""
        since = self.ledger.since_start
        if self.ledger is self.watched:
            assert all(map(operator.ge, since, self.since))
        else:
            assert since == Counts()
        self.watched, self.since = self.ledger, since

    @invariant()
    def the_quiet_moment_is_whole(self) -> None:
        """What the next adapter goes on from has nothing in flight, and its hours sum up."""
        settled = self.ledger.snapshot(NOW).settled
        assert settled.received == settled.stored + settled.duplicates + settled.quarantined
        for word in ("received", "stored", "duplicates", "quarantined"):
            assert getattr(settled, word) == sum(getattr(hour, word) for hour in settled.hours)


Books.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestBooks = Books.TestCase


def test_two_days_of_hours_are_kept() -> None:
    """The oldest go; what is still settled of an hour that went brings nothing back."""
    hours = Hours()
    for hour in range(60):
        hours.add(START + hour, Counts(received=1))
    hours.add(START, Counts(stored=1))

    assert sorted(hours.counts) == [START + hour for hour in range(12, 60)]
    assert Hours.of(hours.told()).counts == hours.counts
    assert hours.told()[0].start_at.seconds == (START + 12) * HOUR_S


def test_what_was_said_of_a_feed_before_stays_said() -> None:
    """Taking up the books keeps the last error and observation, and tells the new adapter."""
    told = Feed(name="water/a", adapter_version="1", last_error="it broke")
    told.last_observed_at.FromSeconds(1000)
    told.counting_since.FromSeconds(10)
    ledger = Ledger(Feed(name="water/a", adapter_version="2", address="tcp://here:1"))
    ledger.resume(told)

    state = ledger.snapshot(NOW)

    assert (state.last_error, state.adapter_version) == ("it broke", "2")
    assert (state.last_observed_at.seconds, state.counting_since.seconds) == (1000, 10)
    assert state.address == "tcp://here:1"


def test_what_hinders_a_feed_is_told_until_its_source_is_read() -> None:
    """Since when is that of the first try; what was told before a restart is over."""
    told = Feed(name="water/a", trouble="the broker cannot be reached")
    told.trouble_since.FromSeconds(10)
    ledger = Ledger(Feed(name="water/a"))
    ledger.resume(told)
    assert not ledger.snapshot(NOW).trouble

    ledger.hinder("no such table", NOW)
    ledger.hinder("no such column", NOW + timedelta(minutes=1))
    state = ledger.snapshot(NOW)
    assert (state.trouble, state.last_error) == ("no such column", "no such column")
    assert state.trouble_since.ToDatetime(UTC) == NOW

    version = ledger.version
    ledger.hinder("no such column", NOW + timedelta(minutes=2))
    assert ledger.version == version

    ledger.recover()
    state = ledger.snapshot(NOW)
    assert (state.trouble, state.last_error) == ("", "no such column")
    assert not state.HasField("trouble_since")


def test_restored_records_are_not_told_as_arrived_now() -> None:
    """What was in the spool came long ago: neither rate nor last arrival say otherwise."""
    ledger = Ledger(Feed())
    ledger.restore(500, START)

    state = ledger.snapshot(NOW)

    assert (state.received, state.in_flight, state.rate_per_min) == (500, 500, 0)
    assert not state.HasField("last_received_at")


def test_the_rate_is_that_of_the_last_minute_and_takes_no_room() -> None:
    """However many arrive in a second, they are one count."""
    now = 0.25
    ledger = Ledger(Feed(), lambda: now)
    rates = []
    for tick in range(18_000):
        now = 0.25 + tick / 100
        if now < 120:
            ledger.receive(2, NOW, START)
        if tick % 3_000 == 2_900:
            rates.append(ledger.snapshot(NOW).rate_per_min)
            assert len(ledger._recent) <= 60

    # At 29, 59, 89, 119, 149 and 179 s; 60 seconds are counted, of which one has just begun.
    assert rates[2] == rates[3] == 2 * (5_925 + 1)
    assert rates[0] < rates[1] < rates[2] > rates[4] > rates[5]
