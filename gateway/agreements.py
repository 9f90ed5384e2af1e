"""Agreements: who lets whom read what. Whatever none opens stays closed."""

import functools
import hashlib
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from broker.toml import FileWrong, read_toml
from gateway.entry import Entry
from gateway.identity import Caller
from gateway.key import Key
from liandong.record.v1.record_pb2 import Classification

ANY = "*"
_log = structlog.get_logger()


class Agreement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One department lets another read.

    Attributes:
        id: Its own name, for the record of accesses.
        provider: Who lets read; ``*``: everyone.
        consumer: Who may read; ``*``: everyone.
        kinds: What, for example ``water.level``, ``water.*`` or ``*``.
        classification: The ceiling: public, internal, restricted or confidential.
        purposes: For what; empty: for anything.
        districts: Where, as GB/T 2260 codes; empty: everywhere.
        valid_from: From when, UTC unless it says otherwise.
        valid_until: Until when; that moment no longer belongs to it.
    """

    id: str
    provider: str
    consumer: str
    kinds: tuple[str, ...]
    classification: str = "internal"
    purposes: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        """Tell whether it holds now."""
        start, end = _moment(self.valid_from), _moment(self.valid_until)
        return (start is None or start <= now) and (end is None or now < end)


class AgreementFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of agreements."""

    agreement: tuple[Agreement, ...] = ()


def read_agreements(path: Path, agencies: Collection[str] = ()) -> tuple[Agreement, ...]:
    """Read a file of agreements.

    Args:
        path: The file.
        agencies: The city's departments, of which agreements may speak; none: of any.

    Raises:
        FileWrong: If it is not right; the sentence names the line.
    """
    agreements = read_toml(path, AgreementFile).agreement
    seen = set()
    for agreement in agreements:
        if agreement.id in seen:
            raise FileWrong(f"{path}: two agreements are called {agreement.id!r}; rename one")
        seen.add(agreement.id)
        _ceiling(agreement, path)
        for role in ("provider", "consumer"):
            named = getattr(agreement, role)
            if agencies and named not in {*agencies, ANY}:
                raise FileWrong(
                    f"{path}, agreement {agreement.id}: {role} is {named!r}, which the city does "
                    f"not have; expected one of {', '.join(sorted(agencies))}, or {ANY!r} for all"
                )
    return agreements


def _ceiling(agreement: Agreement, path: Path | str = "") -> int:
    """Return the highest classification that an agreement opens."""
    label = f"CLASSIFICATION_{agreement.classification.upper()}"
    if label not in Classification.keys():  # noqa: SIM118 - no dictionary
        raise FileWrong(
            f"{path}, agreement {agreement.id}: classification is {agreement.classification!r}, "
            "expected public, internal, restricted or confidential"
        )
    return int(Classification.Value(label))


def _moment(value: datetime | None) -> datetime | None:
    """Return a moment with its zone."""
    return value.replace(tzinfo=UTC) if value is not None and not value.tzinfo else value


class Disclosure:
    """How records of one key leave for one caller.

    Attributes:
        agreements: Ids of the agreements that open them; empty: they are the caller's own.
        hidden: Paths of the fields that stay behind; empty: records leave as published.
    """

    __slots__ = ("agreements", "hidden")

    def __init__(self, agreements: tuple[str, ...], hidden: tuple[str, ...] = ()) -> None:
        self.agreements = agreements
        self.hidden = hidden

    def show(self, entry: Entry) -> Entry:
        """Return what the caller sees of an entry."""
        return entry

    def key(self, key: Key) -> Key:
        """Return what the caller sees of a key."""
        return key


_OWN = Disclosure(())


class Permit:
    """What one caller may read, decided once for each kind of record and remembered."""

    def __init__(self, caller: Caller, agreements: tuple[Agreement, ...]) -> None:
        self._agency = caller.agency
        now = datetime.now(UTC)
        self._agreements = [
            (agreement, _ceiling(agreement))
            for agreement in agreements
            if agreement.consumer in {caller.agency, ANY}
            and (not agreement.purposes or caller.purpose in agreement.purposes)
            and agreement.is_valid(now)
        ]
        self._decisions: dict[Key, Disclosure | None] = {}

    @functools.cached_property
    def digest(self) -> str:
        """Return what is the same, on any gateway, while the same is opened: 12 digits."""
        opening = [self._agency, *(msgspec.json.encode(one) for one, _ in self._agreements)]
        return hashlib.sha256(repr(sorted(map(str, opening))).encode()).hexdigest()[:12]

    def disclosure(self, key: Key) -> Disclosure | None:
        """Return how records of this key leave; None: they do not."""
        try:
            return self._decisions[key]
        except KeyError:
            decision = self._decisions[key] = self._decide(key)
            return decision

    def show(self, entry: Entry) -> Entry | None:
        """Return what the caller sees of an entry; None: nothing."""
        disclosure = self.disclosure(entry.key)
        return None if disclosure is None else disclosure.show(entry)

    def opens(self, agency: str) -> bool:
        """Tell whether anything of an agency may be read."""
        return agency == self._agency or any(
            agreement.provider in {agency, ANY} for agreement, _ in self._agreements
        )

    def _decide(self, key: Key) -> Disclosure | None:
        """Decide: its own always, else what an agreement opens."""
        if key.agency == self._agency:
            return _OWN
        opening = tuple(
            agreement.id
            for agreement, ceiling in self._agreements
            if agreement.provider in {key.agency, ANY}
            and key.classification <= ceiling
            and any(matches(pattern, key.kind) for pattern in agreement.kinds)
            and in_districts(key.district, agreement.districts)
        )
        return Disclosure(opening) if opening else None


class Agreements:
    """The agreements in force; a changed file takes effect without a restart.

    Args:
        path: The file; None: no agreements.
        agencies: The city's departments; none: any.

    Raises:
        FileWrong: If the file is not right.
    """

    def __init__(self, path: Path | None, agencies: Collection[str] = ()) -> None:
        self._path = path
        self._agencies = agencies
        self._stamp = self._read_stamp()
        self._agreements = read_agreements(path, agencies) if path else ()
        self._permits: dict[Caller, Permit] = {}
        self._next_turn = self._turn_after(datetime.now(UTC))
        self._listeners: set[Callable[[], None]] = set()

    def permit(self, caller: Caller) -> Permit:
        """Return what a caller may read now."""
        permit = self._permits.get(caller)
        if permit is None:
            if len(self._permits) >= _PERMITS:
                # Callers choose their purposes: what is remembered of them has bounds.
                self._permits.clear()
            permit = self._permits[caller] = Permit(caller, self._agreements)
        return permit

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call back when others hold than before; returns a function that ends it."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def refresh(self) -> None:
        """Read the file again if it has changed, and notice agreements that begin or end.

        A wrong file changes nothing and is logged.
        """
        now = datetime.now(UTC)
        if not self._read_again() and (self._next_turn is None or now < self._next_turn):
            return
        self._next_turn = self._turn_after(now)
        self._permits.clear()
        _log.info("agreements changed", count=len(self._agreements))
        for listener in tuple(self._listeners):
            listener()

    def _read_again(self) -> bool:
        """Read the file if it has changed; tell whether there are new agreements."""
        stamp = self._read_stamp()
        if self._path is None or stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            self._agreements = read_agreements(self._path, self._agencies)
        except FileWrong as error:
            _log.error("agreements stay as they were", error=str(error))
            return False
        return True

    def _turn_after(self, now: datetime) -> datetime | None:
        """Return when the next agreement begins or ends."""
        turns = (
            _moment(turn)
            for agreement in self._agreements
            for turn in (agreement.valid_from, agreement.valid_until)
        )
        return min((turn for turn in turns if turn is not None and turn > now), default=None)

    def _read_stamp(self) -> tuple[int, int]:
        """Return what changes when the file does."""
        if self._path is None or not self._path.exists():
            return (0, 0)
        status = self._path.stat()
        return (status.st_mtime_ns, status.st_size)


_PERMITS = 4096


def matches(pattern: str, kind: str) -> bool:
    """Tell whether a kind is meant by ``*``, ``domain.*`` or the kind itself."""
    return pattern in {ANY, kind} or (pattern.endswith(".*") and kind.startswith(pattern[:-1]))


def in_districts(district: str, codes: tuple[str, ...]) -> bool:
    """Tell whether a district lies in one of the districts, or none are named."""
    return not codes or any(district.startswith(district_prefix(code)) for code in codes)


def district_prefix(code: str) -> str:
    """Return what all codes below a GB/T 2260 code begin with: ``320100`` gives ``3201``."""
    while len(code) > _PROVINCE_DIGITS and len(code) <= _COUNTY_DIGITS and code.endswith("00"):
        code = code[:-2]
    return code


_PROVINCE_DIGITS = 2
_COUNTY_DIGITS = 6
