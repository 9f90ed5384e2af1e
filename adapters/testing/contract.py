"""What every adapter keeps to, as a class of tests that an adapter's own tests subclass."""

import itertools
import re
import tracemalloc
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.sdk.adapter import Adapter, Outcome
from adapters.sdk.message import Message, Undecodable
from adapters.sdk.retrial import CUT
from adapters.sdk.translation import BUG
from adapters.testing.accounting import Gap, gaps_of
from adapters.testing.coverage import kind_of
from adapters.testing.trial import Trial, Tried, trial_of

_CHUNK = 1 << 16
_NOISE = (b"\x00", b"x", b"\n", b"\xff")
_ENDLESS = (b"\x00", b"x")
# One test runs for several adapters, which hypothesis would take for a mistake.
_property = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
)


class AdapterContract:
    r"""Holds an adapter to what the bus relies on.

    Subclass it in a test module, and say what is to be tried::

        class TestRiverStage(AdapterContract):
            adapter = "water/river_stage"
            good = (b"1001,2026-07-17T09:00:00Z,3.21\n", b"1002,2026-07-17T09:00:00Z,4.05\n")
            bad = {b"1001,yesterday,3.21\n": "time"}

    Attributes:
        adapter: Its name, if it is installed, or its class.
        agency: Whose records they are, if the adapter's name does not begin with it.
        options: Its options, as ``[feed.options]`` would give them.
        good: Messages that become records, each one whole and unlike the others; two at least.
        bad: Messages that cannot become records, each with a word that the reason must
            have: the field that is wrong, in the format's own words.
        prologue: What comes before them on each connection or in each file: a header, a login.
        filler: What may stand between messages and belong to none, as a regular expression.
        parts: Whether messages are parts of a document, each written anew, so that their
            bytes are not those of the file.
        held_bytes: The most that a decoder may hold of endless input that makes no message.
    """

    adapter: ClassVar[str | type[Adapter[Any, Any]]]
    agency: ClassVar[str] = ""
    options: ClassVar[Mapping[str, Any]] = {}
    good: ClassVar[Sequence[bytes]]
    bad: ClassVar[Mapping[bytes, str]]
    prologue: ClassVar[bytes] = b""
    filler: ClassVar[bytes] = rb"[\r\n]*"
    parts: ClassVar[bool] = False
    held_bytes: ClassVar[int] = 6 << 20

    def trial(self) -> Trial:
        """Put the adapter on trial, as after a restart."""
        return trial_of(self.adapter, agency=self.agency, **self.options)

    @_property
    @given(data=st.data())
    def test_every_byte_is_accounted_for(self, data: st.DataObject) -> None:
        """Each byte stands in a message, or in what is undecodable, or is filler."""
        stream = data.draw(self._streams())

        whole = self.prologue + stream
        pieces = self.trial().decode(whole)

        if self.parts:
            assert pieces or re.fullmatch(self.filler, stream), f"nothing became of {stream!r}"
            return
        raws = [piece.raw for piece in pieces]
        unread = self._unread(whole, raws)
        if unread and all(raw in stream for raw in raws):
            # Bytes of a message may stand in the prologue too.
            unread = self._unread(stream, raws)
        assert not unread, f"of {whole!r} {unread} is in no message and no filler"

    @_property
    @given(data=st.data())
    def test_how_bytes_are_cut_changes_nothing(self, data: st.DataObject) -> None:
        """A network cuts where it likes; the messages are the same."""
        stream = self.prologue + data.draw(self._streams())
        cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
        chunks = [stream[a:b] for a, b in itertools.pairwise([0, *cuts, len(stream)])]

        in_pieces, at_once = self.trial().decode(*chunks), self.trial().decode(stream)

        assert list(map(_told, in_pieces)) == list(map(_told, at_once))

    @_property
    @given(data=st.data())
    def test_any_bytes_become_records_or_a_reason(self, data: st.DataObject) -> None:
        """Neither the decoder nor the translation raises anything that it may not."""
        tried = self.trial().run(self.prologue, data.draw(self._streams()))

        for one in tried:
            assert one.records or one.refused, f"nothing became of {one.raw!r}"
            if one.refused is not None:
                assert one.refused.cause != BUG, f"{one.refused.reason}; it was {one.raw!r}"
                assert one.refused.cause, f"no cause for the refusal of {one.raw!r}"
                assert one.refused.reason, f"no reason for the refusal of {one.raw!r}"

    def test_good_samples_become_valid_records_of_the_agency(self) -> None:
        """What the schema says holds, and a name begins with the agency's."""
        for sample in self.good:
            trial = self.trial()
            feed = trial.adapter.feed
            for one in self._accepted(trial, sample):
                for record in one.records:
                    origin = record.provenance
                    assert record.name.startswith(f"{feed.agency}/"), record.name
                    body = record.WhichOneof("body")
                    assert body is not None, f"{record.name} has no body"
                    assert kind_of(record).startswith(body.replace("_", ".")), record.name
                    assert (origin.feed, origin.adapter) == (feed.id, trial.adapter.name)

    def test_a_resent_message_is_known_again(self) -> None:
        """The same bytes have the same names and ids, after a restart too."""
        for sample in self.good:
            trial = self.trial()
            first = _identities(self._accepted(trial, sample))
            again = self._accepted(trial, sample)
            restarted = _identities(self._accepted(self.trial(), sample))

            assert _identities(again) == first == restarted, f"new ids for {sample!r}"
            assert {one.outcome for one in again} == {Outcome.DUPLICATE}

    def test_different_messages_are_told_apart(self) -> None:
        """An id that two messages share would lose one of them."""
        assert len(self.good) > 1, "give two good samples at least"
        for one, other in itertools.combinations(self.good, 2):
            trial = self.trial()
            shared = _identities(self._accepted(trial, one)) & _identities(
                self._accepted(trial, other)
            )
            assert not shared, f"{one!r} and {other!r} have the same ids: {sorted(shared)}"

    def test_bad_samples_are_refused_with_the_field_named(self) -> None:
        """A person reads in the quarantine which field was wrong."""
        assert self.bad, "give one bad sample at least"
        for sample, field in self.bad.items():
            refused = [one.refused for one in self._tried(self.trial(), sample) if one.refused]
            assert refused, f"nothing of {sample!r} was refused"
            reasons = [one.reason for one in refused]
            assert BUG not in {one.cause for one in refused}, reasons
            assert any(field in reason for reason in reasons), f"{reasons} do not name {field!r}"

    def test_what_is_refused_can_be_tried_again_alone(self) -> None:
        """The quarantine gives a message's bytes, behind its opening, to a fresh decoder."""
        for sample, field in self.bad.items():
            trial = self.trial()
            for one in self._tried(trial, sample):
                why = one.refused
                if why is None or why.cause in CUT or field not in why.reason:
                    continue
                if trial.adapter.conceal(why.raw) != why.raw:
                    continue
                alone = self.trial().alone(why.opening, why.raw)
                told = [(again.cause, again.reason) for again in alone]
                assert any(why.cause == cause and field in reason for cause, reason in told), (
                    f"{why.raw!r} of {sample!r} was refused for {why.reason!r}; when it is tried "
                    f"again, alone, the decoder makes {told or 'nothing'} of it: let a message's "
                    "`raw` be what a decoder reads, and `opening` what it must have read before"
                )

    def test_answers_follow_what_became_of_the_message(self) -> None:
        """A resend is answered as the first was, also when that was never settled."""
        for sample in (*self.good, *self.bad):
            trial = self.trial()
            unsettled, settled = (trial.decode(self.prologue, sample) for _ in range(2))
            for piece in unsettled:
                trial.translate(piece)
            for piece in settled:
                trial.translate(piece)
                answers = {outcome: trial.answer(piece, outcome) for outcome in Outcome}
                assert all(isinstance(answer, bytes) for answer in answers.values()), answers
                assert bool(answers[Outcome.STORED]) == bool(answers[Outcome.DUPLICATE]), (
                    f"of {sample!r} a resend is answered otherwise than the first: {answers}"
                )

    def test_memory_stays_bounded_on_endless_input(self) -> None:
        """A sender that never ends its message takes up no more than the decoder's limit."""
        for opening, noise in itertools.product((b"", *_halves(self.good[0])[:1]), _ENDLESS):
            decoder = self.trial().adapter.decoder()
            tracemalloc.start()
            try:
                decoder.feed(self.prologue + opening)
                for _ in range(self.held_bytes * 3 // 2 // _CHUNK):
                    decoder.feed(noise * _CHUNK)
                held, _ = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert held <= self.held_bytes, (
                f"after {opening!r} and {noise!r} without end it holds {held} bytes"
            )

    def _streams(self) -> st.SearchStrategy[bytes]:
        """Return what a connection may bring: samples, whole and damaged, and noise."""
        samples = (*self.good, *self.bad)
        halves = (half for sample in samples for half in _halves(sample))
        damaged = (sample[:-2] + sample[-1:] for sample in samples)
        known = st.sampled_from((*samples, *halves, *damaged, *_NOISE))
        return st.lists(known | st.binary(max_size=64), max_size=7).map(b"".join)

    def _unread(self, data: bytes, raws: Sequence[bytes]) -> list[Gap]:
        """Return what stands in no message, less the prologue and what may stand between."""
        return [
            gap
            for gap in gaps_of(data, raws, self.filler)
            if not re.fullmatch(
                self.filler, gap.content if gap.at else gap.content.removeprefix(self.prologue)
            )
        ]

    def _tried(self, trial: Trial, sample: bytes) -> list[Tried]:
        """Run one sample as a connection or file of its own, less what the prologue makes."""
        before = len(trial.decode(self.prologue)) if self.prologue else 0
        tried = trial.run(self.prologue, sample)[before:]
        assert tried, f"nothing became of {sample!r}"
        return tried

    def _accepted(self, trial: Trial, sample: bytes) -> list[Tried]:
        """Run a good sample."""
        tried = self._tried(trial, sample)
        reasons = [one.refused.reason for one in tried if one.refused]
        assert not reasons, f"{sample!r} was refused: {reasons}"
        return tried


def _told(piece: Message | Undecodable) -> tuple[object, ...]:
    """Return what two decoders' pieces are compared by."""
    if isinstance(piece, Undecodable):
        return piece.raw, piece.cause, piece.reason, bool(piece.answer)
    return type(piece), piece.raw


def _identities(tried: Iterable[Tried]) -> frozenset[tuple[str, str]]:
    """Return by what the records of messages are known again."""
    return frozenset().union(*(one.identities for one in tried))


def _halves(sample: bytes) -> tuple[bytes, bytes]:
    """Cut a sample in the middle."""
    return sample[: len(sample) // 2], sample[len(sample) // 2 :]
