"""The command that checks everything."""

from broker.home import Home
from ops.doctor.case import Case
from ops.doctor.checks import CHECKS, examine
from ops.doctor.finding import Finding, Weight
from ops.failure import Failure
from ops.options import CITY, HOME, CityOption, GatewayOption, HomeOption, JsonOption
from ops.screen import cell, console, print_object, table

_WELL = "well"
_STYLES = {Weight.WRONG: "red", Weight.UNCHECKED: "yellow", Weight.NOTE: "cyan"}


def doctor(
    home: HomeOption = HOME,
    city: CityOption = CITY,
    gateway: GatewayOption = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Check everything that a person would check, and say what to do."""
    case = Case(Home(home), city, gateway)
    wrong: list[str] = []
    shown = table(show_header=False)
    for name in CHECKS:
        findings = examine(case, name)
        if any(finding.weight is not Weight.NOTE for finding in findings):
            wrong.append(name)
        if as_json:
            _print(name, findings)
        for finding in findings:
            style = _STYLES[finding.weight]
            shown.add_row(name, cell(finding.weight, style), cell(finding.sentence))
        if not findings:
            shown.add_row(name, cell(_WELL, "green"), "")
    if not as_json:
        console.print(shown)
    if wrong:
        raise Failure(f"{len(wrong)} of {len(CHECKS)} checks complain: {', '.join(wrong)}")


def _print(name: str, findings: list[Finding]) -> None:
    """Print what a check found, an object a finding; one that found nothing is well."""
    if not findings:
        print_object({"check": name, "state": _WELL})
    for finding in findings:
        print_object(
            {
                "check": name,
                "state": finding.weight.value,
                "about": finding.about,
                "problem": finding.problem,
                "remedy": finding.remedy,
            }
        )
