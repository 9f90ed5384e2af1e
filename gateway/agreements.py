"""Agreements in force: who lets whom read what, now. Whatever none opens stays closed."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from broker.toml import FileWrong
from gateway.agreement import ANY
from gateway.agreements_file import read_agreements
from gateway.identity import Caller
from gateway.incidents import Incident, Incidents, concerns
from gateway.permit import Opening, Permit, Shut
from gateway.terms import unmet

_PERMITS = 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_log = structlog.get_logger()


class Agreements:
    """The agreements in force; a changed file takes effect without a restart.

    Args:
        path: The file; None: no agreements.
        agencies: The city's departments; none: any.

    Raises:
        FileWrong: If the file is not right.

    Attributes:
        terms: The agreements, as the file has them.
        agencies: The city's departments; none: they are not known.
        incidents: The incidents by which some of them open; give it each change of the
            shared state.
    """

    def __init__(self, path: Path | None, agencies: Collection[str] = ()) -> None:
        self.incidents = Incidents(self._on_incident)
        self._path = path
        self.agencies = agencies
        self._stamp = self._read_stamp()
        self.terms = read_agreements(path, agencies) if path else ()
        self._permits: dict[Caller, Permit] = {}
        self._is_forgetful = False
        self._next_turn = self._turn_after(datetime.now(UTC))
        self._listeners: set[Callable[[], None]] = set()

    def permit(self, caller: Caller) -> Permit:
        """Return what a caller may read now."""
        permit = self._permits.get(caller)
        if permit is None:
            if len(self._permits) >= _PERMITS:
                # Callers choose their purposes: what is remembered of them has bounds.
                self._permits.clear()
                self._is_forgetful = True
            permit = self._permits[caller] = self.granted(caller)
        return permit

    def granted(self, caller: Caller) -> Permit:
        """Return what anyone may read now, without remembering it."""
        now = datetime.now(UTC)
        openings, shut = [], []
        for terms in self.terms:
            if terms.agreement.consumer not in {caller.agency, ANY}:
                continue
            opening = dict[int, str]()
            if terms.level:
                opening = self.incidents.opening(terms, caller.agency, nanoseconds(now))
            who = unmet(terms.for_caller(caller.agency, caller.purpose))
            when = unmet(terms.for_moment(now, next(iter(opening.values()), "")))
            if not who and not when:
                openings.append(Opening(terms, opening if terms.level else None))
            else:
                is_over = any(condition.field == "valid_until" for condition in when)
                why = (*who, *when)[0].sentence
                shut.append(Shut(terms, why, may_open=not who and not is_over))
        return Permit(caller, tuple(openings), tuple(shut), self.agencies)

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call back when others hold than before; returns a function that ends it."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def refresh(self) -> None:
        """Read the file again if it has changed, and notice agreements that begin or end.

        A wrong file changes nothing and is logged.
        """
        now = datetime.now(UTC)
        if self._read_again():
            _log.info("agreements changed", count=len(self.terms))
        elif self._next_turn is None or now < self._next_turn:
            return
        self.incidents.forget(nanoseconds(now))
        self._reconsider()

    def _on_incident(self, incidents: Sequence[Incident]) -> None:
        """Decide anew if an agreement speaks of an incident."""
        if any(concerns(terms, one) for terms in self.terms for one in incidents):
            self._reconsider()

    def _reconsider(self) -> None:
        """Decide anew for each caller; tell listeners if it makes a difference to any.

        A caller to whom it makes none keeps the permit, and so all that was decided by it.
        """
        self._next_turn = self._turn_after(datetime.now(UTC))
        changed, self._is_forgetful = self._is_forgetful, False
        for caller, held in self._permits.items():
            granted = self.granted(caller)
            if granted.openings != held.openings or granted.shut != held.shut:
                self._permits[caller] = granted
                changed = True
        if changed:
            for listener in tuple(self._listeners):
                listener()

    def _read_again(self) -> bool:
        """Read the file if it has changed; tell whether there are new agreements."""
        stamp = self._read_stamp()
        if self._path is None or stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            self.terms = read_agreements(self._path, self.agencies)
        except FileWrong as error:
            _log.error("agreements stay as they were", error=str(error))
            return False
        return True

    def _turn_after(self, now: datetime) -> datetime | None:
        """Return when the next agreement begins or ends."""
        fixed = [
            turn
            for terms in self.terms
            for turn in (terms.agreement.starts, terms.agreement.ends)
            if turn is not None
        ]
        moving = [
            # The microsecond after it, for then it has come by either way of counting.
            _EPOCH + (turn // 1000 + 1) * _MICROSECOND
            for terms in self.terms
            if terms.level
            for turn in self.incidents.turns(terms)
        ]
        return min((turn for turn in (*fixed, *moving) if turn > now), default=None)

    def _read_stamp(self) -> tuple[int, int]:
        """Return what changes when the file does."""
        try:
            status = self._path.stat() if self._path is not None else None
        except OSError:
            # Reading it says what is wrong with it.
            status = None
        return (status.st_mtime_ns, status.st_size) if status is not None else (0, 0)


def nanoseconds(moment: datetime) -> int:
    """Return a moment as nanoseconds since 1970 UTC."""
    return (moment - _EPOCH) // _MICROSECOND * 1000
