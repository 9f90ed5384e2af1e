"""Frames made for the tests, and what turns them into records."""

from typing import Any

from adapters.environment.hj212 import Frame, Hj212, Hj212Options, framed
from adapters.sdk.feed import FeedConfig, options_of
from adapters.sdk.message import Undecodable
from liandong.record.v1.record_pb2 import Record

MN = "320102000000A00000000001"
NOON = "20240601120000"


def feed(**options: Any) -> FeedConfig:
    """Return a feed of the environment department."""
    return FeedConfig(
        id="environment.hj212",
        adapter="environment/hj212",
        agency="environment",
        source="tcp://127.0.0.1:0",
        district="320100",
        options=options,
    )


def adapter(**options: Any) -> Hj212:
    """Return an adapter with these options."""
    config = feed(**options)
    return Hj212(config, options_of(config, "options", Hj212Options))


def segment(
    items: str,
    *,
    st: str = "22",
    cn: str = "2011",
    mn: str = MN,
    qn: str = "20240601120001000",
    flag: int = 5,
    packet: str = "",
) -> str:
    """Write a data segment as the standard has it."""
    return f"QN={qn};ST={st};CN={cn};PW=123456;MN={mn};Flag={flag};{packet}CP=&&{items}&&"


def upload(*readings: str, at: str = NOON, **head: Any) -> bytes:
    """Write a frame that carries readings, each as ``code-Sub=value,...``."""
    return framed(segment(";".join((f"DataTime={at}", *readings)), **head))


def only_frame(raw: bytes) -> Frame:
    """Decode what holds one good frame."""
    (piece,) = whole(raw)
    assert isinstance(piece, Frame), piece
    return piece


def whole(raw: bytes, **limits: int) -> list[Frame | Undecodable]:
    """Decode all of a connection's bytes at once."""
    decoder = adapter(**limits).decoder()
    return decoder.feed(raw) + decoder.close()


def translated(raw: bytes, hj212: Hj212 | None = None) -> Record:
    """Return the record of a good frame."""
    (one,) = (hj212 or adapter()).translate(only_frame(raw))
    return one.record
