"""The command that verifies the record of accesses, without the gateway's help."""

import asyncio
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict, MessageToJson, Parse, ParseError

from broker.errors import SpoolDamaged
from broker.home import OPS, Home
from broker.nkey import write_secret
from broker.signing import read_public_keys
from broker.spool import waiting
from broker.users import AUDIT
from gateway.audit import Verifier
from gateway.audit.chain import head_of
from gateway.audit.service import verify
from liandong.gateway.v1.audit_pb2 import Finding, VerifyLogResponse
from ops.bus import bus_of
from ops.city import City
from ops.failure import USAGE, Failure
from ops.options import CITY, HOME, CityOption, HomeOption, JsonOption, open_home
from ops.screen import counted, plain, print_object

NotedOption = Annotated[
    Path | None,
    typer.Option(
        "--noted",
        help="File of heads noted the last time: what it has must still be there, and only what "
        "follows is verified. Written anew when all is well; keep it off the bus's machines.",
    ),
]
KeysOption = Annotated[
    Path | None,
    typer.Option("--keys", help="Folder of the gateways' public keys; default: the home's."),
]


@dataclass(slots=True)
class _Kept:
    """What lies in the journals of this machine: entries that the bus has not, and troubles."""

    entries: int
    unreadable: list[str]


def audit_verify(
    home: HomeOption = HOME,
    city: CityOption = CITY,
    noted: NotedOption = None,
    keys: KeysOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Verify the record of accesses from the bus itself, by the gateways' public keys."""
    folder, described = open_home(home, city)
    found, kept = asyncio.run(_verify(folder, described, keys or folder.keys_dir, noted))
    chains = {head.gateway for head in found.heads if head.sequence}
    if as_json:
        for finding in found.findings:
            print_object(MessageToDict(finding, preserving_proto_field_name=True))
        print_object(
            {
                "entries": found.entries,
                "gateways": len(chains - {OPS}),
                "operators": OPS in chains,
                "in_journals": kept.entries,
                "unreadable_journals": kept.unreadable,
                "whole": not found.findings,
            }
        )
    else:
        for finding in found.findings:
            typer.echo(plain(_sentence(finding)))
        typer.echo(
            f"verified {counted(found.entries)} of {_who(chains)}; "
            f"{counted(kept.entries)} more in journals of this machine"
        )
        for problem in kept.unreadable:
            typer.echo(plain(problem))
    if found.findings:
        first = found.findings[0]
        raise Failure(f"the record of accesses is not whole: {plain(first.sentence)}")
    if noted is not None:
        _note(noted, found)


async def _verify(
    home: Home, city: City, keys: Path, noted: Path | None
) -> tuple[VerifyLogResponse, _Kept]:
    """Verify the log's stream, then what lies in journals behind it."""
    # Read before the log: what is forwarded meanwhile is in both.
    kept, unreadable = _journals(home)
    verifier = Verifier(read_public_keys(keys), _noted(noted).heads)
    async with bus_of(home, city, OPS) as bus:
        end = await verify(bus, verifier)
    entries, heads = verifier.entries, verifier.heads(end)
    for gateway, payload in kept:
        head = verifier.head(gateway)
        if head is None or head_of(payload).sequence > head.sequence:
            verifier.take(gateway, 0, payload)
    found = VerifyLogResponse(entries=entries, heads=heads, findings=verifier.findings())
    return found, _Kept(verifier.entries - entries, unreadable)


def _journals(home: Home) -> tuple[list[tuple[str, bytes]], list[str]]:
    """Return the groups in the journals of this machine, and why a journal cannot be read."""
    kept, unreadable = [], []
    for path in sorted(home.journals_dir.glob("*.sqlite")):
        try:
            kept += [(path.stem, message.payload) for message in waiting(path, AUDIT)]
        except SpoolDamaged as error:
            unreadable.append(str(error))
    return kept, unreadable


def _who(chains: AbstractSet[str]) -> str:
    """Return whose chains these are: gateways', and the operators' own."""
    gateways = len(chains - {OPS})
    who = "1 gateway" if gateways == 1 else f"{gateways} gateways"
    if OPS not in chains:
        return who
    return f"{who} and of the operators" if gateways else "the operators"


def _sentence(finding: Finding) -> str:
    """Return what is wrong, and where."""
    where = f"place {finding.position} of stream {AUDIT}" if finding.position else "the journal"
    return f"{finding.sentence} ({where})"


def _noted(path: Path | None) -> VerifyLogResponse:
    """Return what was noted the last time; nothing if there is no such file.

    Raises:
        Failure: If it cannot be read.
    """
    try:
        if path is None or not path.exists():
            return VerifyLogResponse()
        return Parse(path.read_text(), VerifyLogResponse())
    except (OSError, ValueError, ParseError) as error:
        raise Failure(
            f"{path} is no file that `liandong audit verify --noted` has written ({error})", USAGE
        ) from error


def _note(path: Path, found: VerifyLogResponse) -> None:
    """Note where the chains stand."""
    heads = VerifyLogResponse(heads=found.heads)
    write_secret(path, f"{MessageToJson(heads)}\n".encode())
