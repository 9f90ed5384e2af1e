"""What all that a caller is told has in common, and how much of a text fits into it."""

from google.protobuf.message import Message

# A client drops a status whose metadata goes beyond 8 KiB: the sentence travels in it twice,
# once with three characters for what is no ASCII, the details once, both as base64.
_SENTENCE = 1800
FACT = 480
"""How many octets a fact takes that is quoted in a detail, at most."""
_CUT = "…"


def bounded(text: str, octets: int) -> str:
    """Return the beginning of a text that takes so many octets at most as a gRPC message."""
    taken = 0
    for number, sign in enumerate(text):
        taken += octets_of(sign)
        if taken > octets:
            return f"{text[: max(number - octets_of(_CUT), 0)]}{_CUT}"
    return text


def octets_of(sign: str) -> int:
    """Return how many octets a sign takes in a gRPC message."""
    return 1 if " " <= sign <= "~" and sign != "%" else 3 * len(sign.encode(errors="replace"))


class GatewayError(Exception):
    """Anything that a caller is told.

    Args:
        sentence: What; of a long one, which quotes what the caller wrote, the beginning.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(bounded(sentence, _SENTENCE))

    def details(self) -> list[Message]:
        """Return the details for programs, besides the reason."""
        return []

    def metadata(self) -> dict[str, str]:
        """Return the facts that go with the reason, for programs."""
        return {}
