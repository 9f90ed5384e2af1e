"""What is not there for a caller, or not here."""

from collections.abc import Mapping

from google.protobuf.message import Message
from google.rpc import error_details_pb2

from gateway.errors.root import FACT, GatewayError, bounded


class NotFound(GatewayError):
    """No such record, or none that the caller may see."""

    def __init__(self, name: str, hint: str = "") -> None:
        why = f": {hint}" if hint else ""
        super().__init__(f"there is no record {name!r} that this caller may see{why}")
        self.name = name

    def details(self) -> list[Message]:
        """Return what was not found."""
        return [
            error_details_pb2.ResourceInfo(
                resource_type="liandong.record.v1.Record",
                resource_name=bounded(self.name, FACT),
            )
        ]


class NoAgreement(GatewayError):
    """No agreement opens anything of what is asked for; whether there is any is not told.

    Args:
        consumer: Who asks.
        provider: Whose records are asked for.
        kind: Of which kind; empty: of any.
        hint: An agreement that would open them if something else held; empty: none would.
    """

    def __init__(self, consumer: str, provider: str, kind: str, hint: str = "") -> None:
        what = f"{kind} of {provider}" if kind else f"anything of {provider}"
        remedy = hint or f"ask {provider} for one"
        super().__init__(f"no agreement lets {consumer} read {what}: {remedy}")
        self._facts = {"consumer": consumer, "provider": provider, "kind": kind}

    def metadata(self) -> dict[str, str]:
        """Return between whom, and on what, an agreement is missing."""
        return self._facts


class NotInvolved(GatewayError):
    """A department asks to have a decision explained that is between others."""

    def __init__(self, caller: str) -> None:
        super().__init__(
            f"{caller} is neither consumer nor provider here: decisions are explained to "
            "departments that they concern, and to the operators"
        )


class NobodyAnswers(GatewayError):
    """No department answers a question."""

    def __init__(self, question: str) -> None:
        super().__init__(
            f"no department has a responder for {question}: "
            "ListDepartments tells what each department answers"
        )


class BeyondPart(GatewayError):
    """What is asked for reaches beyond the part of the state that this gateway holds.

    Args:
        part: The part.
        holds: What it holds, in words.
        asked: What reaches beyond.
        holders: The parts that hold all that is asked for, and where each is asked; an empty
            address: that is not told.
    """

    def __init__(self, part: str, holds: str, asked: str, holders: Mapping[str, str]) -> None:
        self._facts = {
            "part": part,
            "asked": asked,
            "holders": ",".join(holders),
            "addresses": ",".join(filter(None, holders.values())),
        }
        told = [f"{name} at {at}" if at else f"{name}" for name, at in holders.items()]
        remedy = (
            f"ask a gateway of part {' or '.join(told)}"
            if told
            else "select kinds and agencies that lie in one part, and ask each part for its own "
            "(CatalogService.ListParts tells them)"
        )
        super().__init__(
            f"this gateway holds part {part} of the state ({bounded(holds, FACT)}), and "
            f"{bounded(asked, FACT)} reaches beyond it: {remedy}"
        )

    def metadata(self) -> dict[str, str]:
        """Return which part this is, and who holds what is asked for."""
        return self._facts


class NoHand(GatewayError):
    """The gateway cannot publish for the caller."""

    def __init__(self, agency: str) -> None:
        super().__init__(
            f"the gateway has no key to publish for {agency}: its operators make one with "
            "`liandong keys`, if the city file has the department"
        )
