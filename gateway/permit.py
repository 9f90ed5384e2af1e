"""What one caller may read now, by the agreements that hold."""

import functools
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from broker.ownership import KINDS
from broker.subjects import matches
from gateway.agreement import ANY
from gateway.disclosure import Disclosure
from gateway.entry import Entry
from gateway.errors import GatewayError, InvalidRequest, NoAgreement, NotFound
from gateway.hidden import hidden_by_all, of_kind
from gateway.identity import Caller
from gateway.key import Key
from gateway.known import no_agency, no_kind
from gateway.terms import Terms
from liandong.gateway.v1.shared_state_pb2 import Selection
from liandong.record.v1.record_pb2 import STATUS_ACTUAL

_PASSED = 256


_OWN = Disclosure(())


class Opening(NamedTuple):
    """An agreement that holds.

    Attributes:
        terms: The agreement.
        incidents: The incident that opens it, by status of the records; None: it needs none.
    """

    terms: Terms
    incidents: Mapping[int, str] | None


class Shut(NamedTuple):
    """An agreement for the caller that does not hold now.

    Attributes:
        terms: The agreement.
        why: What it asks for and what was found, one sentence.
        may_open: Whether it may hold later, for the same purpose.
    """

    terms: Terms
    why: str
    may_open: bool


class Permit:
    """What one caller may read, decided once for each kind of record and remembered.

    Args:
        caller: Who.
        openings: The agreements that hold for the caller.
        shut: Those for the caller that do not hold.
        agencies: The city's departments; none: they are not known.

    Attributes:
        openings: The agreements that hold.
        shut: Those that do not.
    """

    def __init__(
        self,
        caller: Caller,
        openings: tuple[Opening, ...],
        shut: Sequence[Shut] = (),
        agencies: Collection[str] = (),
    ) -> None:
        self.openings = openings
        self._agencies = agencies
        self._agency = caller.agency
        self.shut = tuple(shut)
        self._passed: set[tuple[object, ...]] = set()
        self._decisions: dict[Key, Disclosure | None] = {}

    @functools.cached_property
    def digest(self) -> str:
        """Return what is the same, on any gateway, while the same is opened: 12 digits."""
        opening = [
            (msgspec.json.encode(terms.agreement), sorted(incidents or ()))
            for terms, incidents in self.openings
        ]
        told = repr((self._agency, sorted(opening)))
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    def disclosure(self, key: Key) -> Disclosure | None:
        """Return how records of this key leave; None: they do not."""
        try:
            return self._decisions[key]
        except KeyError:
            decision = self._decisions[key] = self._decide(key.stands_for or key)
            return decision

    def show(self, entry: Entry) -> Entry | None:
        """Return what the caller sees of an entry; None: nothing."""
        disclosure = self.disclosure(entry.key)
        return None if disclosure is None else disclosure.show(entry)

    def may_ask(self, agency: str, question: str) -> tuple[str, ...] | None:
        """Return the ids of agreements that let a question be put to a department.

        Only kinds that begin with ``ask.`` open questions: ``*`` was agreed for records. An
        agreement that is limited to districts opens none, for nothing limits an answer.

        Returns:
            Ids; empty: it is the caller's own department; None: no agreement does.
        """
        if agency == self._agency:
            return ()
        opening = tuple(
            terms.agreement.id
            for terms, incidents in self.openings
            if terms.lets_ask(agency, question)
            and (incidents is None or STATUS_ACTUAL in incidents)
        )
        return opening or None

    def opens(self, agency: str) -> bool:
        """Tell whether anything of an agency may be read."""
        return agency == self._agency or any(
            terms.agreement.provider in {agency, ANY} for terms, _ in self.openings
        )

    def missing(self, name: str) -> GatewayError:
        """Return what a caller is told of a record that is not shown.

        It depends on the name and the agreements alone, never on what there is.
        """
        agency, kind, *_ = (*name.split("/"), "")
        if not name.count("/") or self._has(self._held(), (agency,), (kind,)):
            return NotFound(name)
        if no := no_agency(agency, self._agencies):
            return NotFound(name, f"its department {no}")
        if no := no_kind(kind):
            return NotFound(name, f"its kind {no}")
        return self._missing(agency, kind)

    def require_selection(self, selection: Selection, *, later: bool = False) -> None:
        """Check that something of what a selection names may be read.

        Args:
            selection: What is selected.
            later: Whether it is enough that an agreement may open it later.

        Raises:
            InvalidRequest: If it names a department that the city does not have.
            NoAgreement: If it names departments, and nothing of theirs that is selected may.
        """
        if not selection.agencies:
            return
        asked = (later, *selection.agencies, "", *selection.kinds)
        if asked in self._passed:
            return
        self.require_known("selection.agencies", selection.agencies)
        kinds = _meant(selection.kinds)
        held = [*self._held(), *(shut.terms for shut in self.shut if later and shut.may_open)]
        if kinds and not self._has(held, selection.agencies, kinds):
            named = selection.kinds[0] if selection.kinds else ""
            raise self._missing(selection.agencies[0], named)
        if len(self._passed) >= _PASSED:
            self._passed.clear()
        self._passed.add(asked)

    def require_known(self, field: str, agencies: Iterable[str]) -> None:
        """Check that the city has the departments that a request names.

        Raises:
            InvalidRequest: If it has not; the sentence says which come near.
        """
        wrong = [
            (f"{field}[{number}]", no)
            for number, agency in enumerate(agencies)
            if (no := no_agency(agency, self._agencies))
        ]
        if wrong:
            raise InvalidRequest(wrong)

    def _held(self) -> list[Terms]:
        """Return the agreements that hold."""
        return [opening.terms for opening in self.openings]

    def _has(self, held: Sequence[Terms], agencies: Iterable[str], kinds: Sequence[str]) -> bool:
        """Tell whether agreements speak of any kind of any agency, or it is the caller's own."""
        return any(
            agency == self._agency or any(one.names(agency, kind) for one in held for kind in kinds)
            for agency in agencies
        )

    def _missing(self, agency: str, kind: str) -> NoAgreement:
        """Return what to say of an agreement that is missing."""
        kinds = _meant([kind] if kind else [])
        shut = next(
            (one for one in self.shut if any(one.terms.names(agency, each) for each in kinds)),
            None,
        )
        hint = f"{shut.terms.agreement.id} would, but holds {shut.why}" if shut else ""
        return NoAgreement(self._agency, agency, kind, hint)

    def _decide(self, key: Key) -> Disclosure | None:
        """Decide: its own always, else what agreements open.

        A field is hidden if all that open a record hide it. An emergency is named only
        where without it less would leave.
        """
        if key.agency == self._agency:
            return _OWN
        opening = [
            (terms, incidents)
            for terms, incidents in self.openings
            if terms.opens(key) and (incidents is None or key.status in incidents)
        ]
        always = [terms for terms, incidents in opening if incidents is None]
        calm = _joint(always, key.kind)
        whole = _joint([terms for terms, _ in opening], key.kind)
        if not opening or (always and calm == whole):
            return Disclosure(tuple(one.agreement.id for one in always), calm) if always else None
        incident = next(incidents[key.status] for _, incidents in opening if incidents is not None)
        return Disclosure(tuple(one.agreement.id for one, _ in opening), whole, incident)


def _joint(terms: Sequence[Terms], kind: str) -> tuple[str, ...]:
    """Return what all of several agreements hide of a kind."""
    return hidden_by_all([of_kind(one.hidden, kind) for one in terms])


def _meant(patterns: Sequence[str]) -> list[str]:
    """Return the kinds that patterns mean, and what is named outright; none: all."""
    named = {pattern for pattern in patterns if not pattern.endswith("*")}
    meant = (kind for kind in KINDS if any(matches(pattern, kind) for pattern in patterns))
    return sorted(named.union(meant)) if patterns else list(KINDS)
