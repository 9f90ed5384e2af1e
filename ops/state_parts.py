"""The parts of the state in the city file, checked against its departments and the kinds."""

import difflib
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec

from broker.districts import in_districts
from broker.ownership import KINDS
from broker.state_part import StatePart
from broker.subjects import matches
from broker.toml import FileWrong
from ops.gateway_address import GatewayAddress

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
_ADDRESS: Final = re.compile(r"(?:\[[0-9a-fA-F:]+\]|[^:\[\]\s,]+):[0-9]{1,5}")


class Agency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A department: its name on the bus, what people call it, and whose it is.

    Attributes:
        name: Its name.
        title: What people call it.
        district: The GB/T 2260 code of the district whose department it is; empty: the city's.
    """

    name: str
    title: str = ""
    district: Annotated[str, msgspec.Meta(pattern="^([0-9]{6}([0-9]{3})?)?$")] = ""


def with_parts(path: Path, gateway: GatewayAddress, agencies: Collection[Agency]) -> GatewayAddress:
    """Return the gateway with the departments of each part's districts among its agencies.

    Args:
        path: The city file.
        gateway: The gateway, as the file has it.
        agencies: The departments.

    Raises:
        FileWrong: If a part is not right.
    """
    if not gateway.workers and not gateway.parts:
        raise FileWrong(
            f"{path}: [gateway] workers is 0 and there is no [[gateway.part]], so nobody would "
            "answer: let one run, or name the parts"
        )
    names = [part.name for part in gateway.parts]
    for part in gateway.parts:
        for sentence in _objections(part, agencies):
            raise FileWrong(f"{path}: [[gateway.part]] {part.name!r} {sentence}")
        if names.count(part.name) > 1:
            raise FileWrong(f"{path}: two parts are called {part.name!r}: give each its own name")
    return msgspec.structs.replace(
        gateway, parts=tuple(_resolved(part, gateway, agencies) for part in gateway.parts)
    )


def _resolved(part: StatePart, gateway: GatewayAddress, agencies: Collection[Agency]) -> StatePart:
    """Return a part with the departments of its districts, and its address where that is known.

    Who listens for this machine only is reached by it only.
    """
    there = [one.name for one in agencies if part.districts and _lies_in(one, part.districts)]
    here = f"localhost:{part.port}" if part.port and gateway.host in _LOOPBACK else ""
    return msgspec.structs.replace(
        part,
        agencies=tuple(dict.fromkeys((*part.agencies, *there))),
        address=part.address or here,
    )


def _lies_in(agency: Agency, districts: Collection[str]) -> bool:
    """Tell whether a department is one of some districts'."""
    return bool(agency.district) and in_districts(agency.district, districts)


def _objections(part: StatePart, agencies: Collection[Agency]) -> Iterator[str]:
    """Yield what is wrong with a part."""
    if not _NAME.fullmatch(part.name):
        yield "has a name that is none: write small letters, digits and hyphens, up to 32"
    if not (part.kinds or part.agencies or part.districts):
        yield (
            "would hold everything: name its kinds, agencies or districts; a gateway without "
            "--part holds the whole state"
        )
    for kind in part.kinds:
        if not any(matches(kind, known) for known in KINDS):
            yield f"holds {kind!r}, which is no kind{_near(kind, KINDS)}"
    known_agencies = [one.name for one in agencies]
    for agency in part.agencies:
        if agency not in known_agencies:
            yield f"holds {agency!r}, which is no [[agency]] here{_near(agency, known_agencies)}"
    for district in part.districts:
        if not any(_lies_in(one, (district,)) for one in agencies):
            yield (
                f"holds district {district!r}, of which there is no department: give each "
                "[[agency]] of it its `district`"
            )
    if part.address and not _ADDRESS.fullmatch(part.address):
        yield f"has the address {part.address!r}: write host:port, as clients reach it"


def _near(word: str, known: Collection[str]) -> str:
    """Return the words that come near one that is none, or all that there are."""
    near = difflib.get_close_matches(word, known, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}" if near else f"; there are {', '.join(known)}"
