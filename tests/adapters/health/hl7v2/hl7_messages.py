"""HL7 messages of our own making, and the adapter that reads them."""

from datetime import UTC, datetime
from typing import Any

from adapters.health.hl7v2 import Hl7Message, Hl7v2, Hl7v2Options
from adapters.sdk.adapter import Translated
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable

NOW = datetime(2026, 7, 2, tzinfo=UTC)
AT = "20260701083000+0800"
SECRETS = (
    "欧阳",
    "娜娜",
    "OUYANG",
    "320102198807072345",
    "19880707",
    "13912345678",
    "珠江路",
    "P-77",
)
"""What the patient of every message here can be known by."""


class Hl7(Hl7v2):
    """The adapter on a day in July."""

    def now(self) -> datetime:
        """Return that day."""
        return NOW


def adapter(source: str = "tcp://127.0.0.1:0", **options: Any) -> Hl7:
    """Return an adapter as a city configures it."""
    feed = FeedConfig(
        id="health.hl7", adapter="health/hl7v2", agency="health", source=source, district="320100"
    )
    return Hl7(feed, Hl7v2Options(**options))


def message(*segments: str, kind: str = "ADT^A01", control_id: str = "C1", **header: str) -> bytes:
    """Return a message of segments under an MSH.

    Args:
        segments: All but MSH.
        kind: MSH-9.
        control_id: MSH-10.
        header: ``time``, ``processing``, ``version``, ``ack`` (MSH-15|MSH-16), ``charset``.
    """
    msh = (
        f"MSH|^~\\&|HIS|NJ1|BUS|CITY|{header.get('time', '20260701083100+0800')}||{kind}|"
        f"{control_id}|{header.get('processing', 'P')}|{header.get('version', '2.5.1')}|||"
        f"{header.get('ack', '|')}||{header.get('charset', '')}"
    )
    text = "\r".join((msh, *segments, ""))
    return text.encode("gb18030" if "GB" in header.get("charset", "") else "utf-8")


def adt(
    event: str = "A01",
    *,
    visit: str = "V-1",
    ward: str = "ICU",
    from_ward: str = "",
    at: str = AT,
    account: str = "",
    **header: str,
) -> bytes:
    """Return an ADT message of a patient with everything by which she can be known."""
    return message(
        f"EVN|{event}|{at}",
        f"PID|1||P-77^^^NJ1^MR||欧阳^娜娜^^^^OUYANG||19880707|F|||珠江路1号^^南京||13912345678"
        f"|||||{account}|320102198807072345",
        "NK1|1|欧阳^父亲|FTH|珠江路1号|13912345678",
        # PV1-3 is the place, PV1-6 the place before, PV1-19 the visit.
        f"PV1|1|I|{ward}^12^3^NJ1|||{from_ward}^^^NJ1{'|' * 13}{visit}",
        "IN1|1|A|B|C||||||||||||欧阳^娜娜|SEL|19880707",
        kind=f"ADT^{event}",
        **header,
    )


def decoded(reader: Hl7v2, raw: bytes) -> list[Hl7Message | Undecodable]:
    """Decode bytes at once."""
    decoder = reader.decoder()
    return [*decoder.feed(raw), *decoder.close()]


def one(reader: Hl7, raw: bytes) -> Hl7Message:
    """Decode bytes that are one message."""
    (item,) = decoded(reader, raw)
    assert isinstance(item, Hl7Message), item
    return item


def translated(reader: Hl7, raw: bytes) -> list[Translated]:
    """Translate bytes that are one message."""
    return list(reader.translate(one(reader, raw)))


def framed(raw: bytes) -> bytes:
    """Return a message in its MLLP frame."""
    return b"\x0b" + raw + b"\x1c\r"
