"""Every adapter that comes with the bus keeps to the contract that third parties are held to."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import entry_points
from typing import Any, ClassVar

from adapters.sdk.registry import GROUP, adapter_names
from liandong.testing import AdapterContract
from ops.demo import frames
from tests.adapters.environment.hj212.hj212_frames import upload
from tests.adapters.transport.jt808 import jt808_frames as jt808
from tests.adapters.transport.jt809 import jt809_frames as jt809

NOON = datetime(2024, 6, 1, 12, 0)  # noqa: DTZ001 - frames carry local time
ALERT = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier>'
    "<sender>observatory@weather.example</sender><sent>{sent}</sent><status>Actual</status>"
    "<msgType>Alert</msgType><scope>Public</scope><info><category>Met</category>"
    "<event>暴雨</event><urgency>Immediate</urgency><severity>Severe</severity>"
    "<certainty>Observed</certainty><area><areaDesc>南京市</areaDesc></area></info></alert>"
)
SENT = "2024-06-01T12:00:00+08:00"


def river(level_m: float, *, observed: datetime = NOON, serial: int = 1) -> bytes:
    """Write an hourly report of a river station."""
    return frames.sl651(
        station="0012345678",
        station_class="48",
        serial=serial,
        sent=NOON,
        observed=observed,
        elements=[("39", level_m, 4, 3)],
    )


def with_time(frame: bytes, digits: str) -> bytes:
    """Put an impossible time of observation into a report, and the check value right."""
    changed = frame[:-2].replace(bytes.fromhex("F0F02406011200"), bytes.fromhex("F0F0" + digits))
    return changed + frames.crc(changed).to_bytes(2, "big")


def alert(identifier: str, sent: str = SENT) -> bytes:
    """Write a warning."""
    return ALERT.format(identifier=identifier, sent=sent).encode()


def damaged(frame: bytes, at: int) -> bytes:
    """Change one byte of a frame."""
    return frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1 :]


class TestHj212(AdapterContract):
    """Data loggers; line ends may stand between frames."""

    adapter = "environment/hj212"
    good = (upload("a34004-Rtd=31.5"), upload("a34004-Rtd=32.5"), upload("w01018-Rtd=9.1", st="32"))
    bad = {
        upload("a34004-Rtd=31.5", at="20241301120000"): "DataTime",
        upload("a34004-Rtd=31.5", mn=""): "MN",
        upload("a34004-Rtd=31.5", cn="9999"): "CN",
        damaged(upload("a34004-Rtd=31.5"), 90): "check value",
    }


class TestSl651(AdapterContract):
    """Telemetry stations; each byte is told of."""

    adapter = "water/sl651"
    filler = b""
    good = (river(8.123), river(8.124, serial=2))
    bad = {
        with_time(river(8.123), "2413011200"): "time of observation",
        damaged(river(8.123), 30): "checksum",
    }


class TestCap(AdapterContract):
    """Warnings, one document each."""

    adapter = "weather/cap"
    filler = b""
    good = (alert("NJ-1"), alert("NJ-2"))
    bad = {
        alert("NJ-3", "yesterday"): "sent",
        alert(""): "identifier",
        b"<alert>": "XML",
    }


class TestIncidentCsv(AdapterContract):
    """Exports of dispatch systems; empty rows hold nothing."""

    adapter = "police/incident_csv"
    prologue = "接警编号,报警时间,事件类型,经度,纬度\n".encode()
    filler = rb'(?:[\s,"\x1c-\x1f]|\xc2[\x85\xa0]|\xe3\x80\x80|\xa1\xa1)*'
    good = (
        "A-1,2024-06-01 12:00:00,道路积水,118.7886,32.0436\n".encode(),
        "A-2,2024-06-01 12:00:00,道路积水,118.7886,32.0436\n".encode(),
    )
    bad = {
        "A-3,昨天,道路积水,118.7886,32.0436\n".encode(): "reported_at",
        b"A-4,2024-06-01 12:00:00,fire\n": "columns",
    }


class TestJt808(AdapterContract):
    """Vehicle terminals; neighbours may share a flag."""

    adapter = "transport/jt808"
    filler = rb"\x7e*"
    good = (
        jt808.message(0x0200, jt808.position()),
        jt808.message(0x0200, jt808.position(speed=361), serial=8),
        jt808.message(0x0002, serial=9, version=1),
    )
    bad = {
        jt808.message(0x0200, jt808.position()[:20]): "position",
        jt808.message(0x8001, bytes(5)): "message ID",
        damaged(jt808.message(0x0200, jt808.position()), 20): "check code",
    }


class TestJt809(AdapterContract):
    """Other platforms, which must log in first when the options say so."""

    adapter = "transport/jt809"
    filler = b""
    good = (
        jt809.exchange(0x1202, jt809.own_position()),
        jt809.exchange(0x1202, jt809.own_position(speed=37), serial=8),
    )
    bad = {
        jt809.message(0x9001): "type",
        jt809.exchange(0x1202, jt809.own_position()[:20]): "position",
        damaged(jt809.exchange(0x1202, jt809.own_position()), 40): "CRC",
    }


class TestJt809WithLogins(TestJt809):
    """The same of a platform that must log in, and does."""

    prologue = jt809.login()
    options: ClassVar[Mapping[str, Any]] = {
        "logins": {
            str(jt809.ACCESS): {
                "user": 42,
                "password_sha256": hashlib.sha256(b"secret").hexdigest(),
            }
        }
    }


def test_every_adapter_is_held_to_it() -> None:
    """An adapter that is added is added here too."""
    contracts = [one for one in globals().values() if isinstance(one, type)]
    held = {one.adapter for one in contracts if one.__name__.startswith("Test")}
    ours = {name for name in adapter_names() if is_ours(name)}

    assert ours - held == set()


def is_ours(name: str) -> bool:
    """Tell whether an adapter comes with the bus."""
    found = entry_points(group=GROUP, name=name)
    return all(entry.module.startswith("adapters.") for entry in found)
