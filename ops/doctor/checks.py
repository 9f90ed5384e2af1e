"""All checks, in the order in which a person would look."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from ops.doctor.bus import (
    check_bus,
    check_limits,
    check_quarantines,
    check_sources,
    check_streams,
)
from ops.doctor.case import Case
from ops.doctor.feeds import check_feeds, check_journals, check_spools
from ops.doctor.files import check_agreements, check_city
from ops.doctor.finding import Finding, UncheckedError, Weight
from ops.doctor.machine import check_clock, check_disk, check_versions
from ops.doctor.ports import check_ports
from ops.doctor.replicas import check_replicas
from ops.doctor.secrets import check_certificates, check_keys
from ops.doctor.state_parts import check_state_parts

Check = Callable[[Case], Iterable[Finding]]

CHECKS: Final[Mapping[str, Check]] = {
    "city file": check_city,
    "versions": check_versions,
    "disk": check_disk,
    "ports": check_ports,
    "keys": check_keys,
    "certificates": check_certificates,
    "bus": check_bus,
    "clock": check_clock,
    "streams": check_streams,
    "replicas": check_replicas,
    "limits": check_limits,
    "sources": check_sources,
    "feeds": check_feeds,
    "spools": check_spools,
    "journals": check_journals,
    "quarantines": check_quarantines,
    "agreements": check_agreements,
    "state parts": check_state_parts,
}
"""Each check by its name; a new one is a function and a line here."""


def examine(case: Case, name: str) -> list[Finding]:
    """Make one check; one that cannot be made is a finding too."""
    found: list[Finding] = []
    try:
        for finding in CHECKS[name](case):
            found.append(finding)  # noqa: PERF402 - what was found before it broke off counts
    except UncheckedError as error:
        found.append(Finding("", str(error), weight=Weight.UNCHECKED))
    return found
