"""Frames as the demo's loggers and stations send them, written from the standards.

HJ 212-2017 (clause 6.3) for air stations and outlets, SL 651-2014 (clause 6.2, HEX/BCD)
for rivers and rain gauges. All times are Beijing time, as both standards have it.
"""

from collections.abc import Sequence
from datetime import datetime

from adapters.environment.hj212 import checksum
from adapters.water.sl651 import crc

_CENTRE = "01"
_PASSWORD_HJ212 = "123456"  # noqa: S105 - the field of the frame; the demo's loggers all say this
_PASSWORD_SL651 = "0000"  # noqa: S105 - as above
_HOURLY = "34"


def hj212(
    *,
    station: str,
    station_type: str,
    command: str,
    sent: datetime,
    observed: datetime,
    values: Sequence[tuple[str, float]],
) -> bytes:
    """Write an upload that asks for its answer (Flag 5).

    Args:
        station: The logger's MN.
        station_type: ST, for example ``22`` (air quality), ``32`` (waste water).
        command: CN, for example ``2011`` (readings of the moment).
        sent: The request's number QN, to the millisecond.
        observed: DataTime.
        values: Factor code and value, in the order to be sent.
    """
    data = ";".join(
        [
            f"DataTime={observed:%Y%m%d%H%M%S}",
            *(f"{code}-Rtd={value:.3f},{code}-Flag=N" for code, value in values),
        ]
    )
    number = f"{sent:%Y%m%d%H%M%S}{sent.microsecond // 1000:03d}"
    segment = (
        f"QN={number};ST={station_type};CN={command};PW={_PASSWORD_HJ212};"
        f"MN={station};Flag=5;CP=&&{data}&&"
    ).encode("ascii")
    return b"##%04d%b%04X\r\n" % (len(segment), segment, checksum(segment))


def sl651(
    *,
    station: str,
    station_class: str,
    serial: int,
    sent: datetime,
    observed: datetime,
    elements: Sequence[tuple[str, float, int, int]],
) -> bytes:
    """Write an hourly report (34H).

    Args:
        station: The station's 10 digits.
        station_class: Class in hexadecimal, ``48`` river, ``50`` rain.
        serial: The station's running number, 1 to 65535.
        sent: When it is sent.
        observed: When it was observed, to the minute.
        elements: Element id in hexadecimal, value, bytes and decimals.
    """
    body = (
        f"{serial:04X}{sent:%y%m%d%H%M%S}F1F1{station}{station_class}"
        f"F0F0{observed:%y%m%d%H%M}" + "".join(_element(*element) for element in elements)
    )
    head = f"7E7E{_CENTRE}{station}{_PASSWORD_SL651}{_HOURLY}{len(body) // 2:04X}02"
    frame = bytes.fromhex(head + body + "03")
    return frame + crc(frame).to_bytes(2, "big")


def _element(code: str, value: float, size: int, decimals: int) -> str:
    """Return one element: id, definition (bytes and decimals), digits."""
    digits = f"{round(value * 10**decimals):0{2 * size}d}"
    return f"{code}{size << 3 | decimals:02X}{digits}"
