"""Do the parts of the state make up the whole, and does each serve what it should?"""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence

from broker.ownership import KINDS
from broker.state_part import told
from ops.city import City
from ops.doctor.case import Case
from ops.doctor.finding import Finding, Weight, note
from ops.part_gateways import look_at_parts


def check_state_parts(case: Case) -> Iterator[Finding]:
    """Find what is in no part, and parts that do not serve or are not what they should be."""
    city = case.city
    if not city.gateway.parts:
        return
    for agencies, kinds in holes(city):
        what = f"{told(agencies, kinds)}, which is in no part,"
        if city.gateway.workers:
            yield note(what, "is answered by gateways of the whole state only")
        else:
            yield Finding(
                what,
                "is answered by nobody",
                "add it to a [[gateway.part]], or let a gateway of the whole state run",
            )
    for one in look_at_parts(case.home, city, case.agency):
        about = f"part {one.part.name} ({one.part.told})"
        if one.well is None:
            yield Finding(about, one.sentence, "add one of them", Weight.UNCHECKED)
        elif not one.well:
            yield Finding(
                about,
                f"is answered by nobody: {one.sentence}",
                f"`liandong gateway run --part {one.part.name}` where the city file says, or "
                "correct its port and address",
            )


def holes(city: City) -> list[tuple[Sequence[str], Sequence[str]]]:
    """Return what no part holds: of which departments, none for all, which kinds or domains."""
    lacking: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for agency in city.agencies:
        missing = [
            kind
            for kind in KINDS
            if not any(part.holds([agency.name], [kind]) for part in city.gateway.parts)
        ]
        if missing:
            lacking[tuple(missing)].append(agency.name)
    everyone = len(city.agencies)
    return [
        (agencies if len(agencies) < everyone else (), list(_joined(kinds)))
        for kinds, agencies in lacking.items()
    ]


def _joined(kinds: Sequence[str]) -> Iterator[str]:
    """Yield kinds, or their domain where all of it is meant."""
    for domain, grouped in itertools.groupby(kinds, _domain):
        of_domain = list(grouped)
        is_all = of_domain == [kind for kind in KINDS if _domain(kind) == domain]
        yield from [f"{domain}.*"] if is_all else of_domain


def _domain(kind: str) -> str:
    """Return the domain of a kind."""
    return kind.partition(".")[0]
