"""Adapters of frames keep to the contract that third parties are held to."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from adapters.water.sl651 import crc
from liandong.testing import AdapterContract
from ops.demo import frames
from tests.adapters.environment.hj212.hj212_frames import upload
from tests.adapters.health.hl7v2 import hl7_messages as hl7
from tests.adapters.police.gb28181.sip_camera import SipWriter
from tests.adapters.transport.jt808 import jt808_frames as jt808
from tests.adapters.transport.jt809 import jt809_frames as jt809

NOON = datetime(2024, 6, 1, 12, 0)  # noqa: DTZ001 - frames carry local time
HL7_TIME = "20240601120000+0800"


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
    return changed + crc(changed).to_bytes(2, "big")


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
    """Telemetry stations; line ends stand between frames."""

    adapter = "water/sl651"
    good = (river(8.123), river(8.124, serial=2))
    bad = {
        with_time(river(8.123), "2413011200"): "time of observation",
        damaged(river(8.123), 30): "checksum",
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


class TestHl7v2(AdapterContract):
    """Hospitals over MLLP."""

    adapter = "health/hl7v2"
    filler = rb"[\x00-\x20]*"
    good = (
        hl7.framed(hl7.adt(visit="V-1", time=HL7_TIME, at=HL7_TIME)),
        hl7.framed(hl7.adt(visit="V-2", time=HL7_TIME, at=HL7_TIME, control_id="C2")),
    )
    bad = {
        hl7.framed(hl7.adt(at="yesterday", time="yesterday")): "EVN-2",
        hl7.framed(b"PID|1||P-77\r"): "MSH",
    }


def notification(sn: int, time: str = "2024-06-01T12:00:00", kind: str = "Alarm") -> bytes:
    """Write an alarm of a camera."""
    return (
        f'<?xml version="1.0"?><Notify><CmdType>{kind}</CmdType><SN>{sn}</SN>'
        f"<DeviceID>32010200001320000007</DeviceID><AlarmPriority>2</AlarmPriority>"
        f"<AlarmMethod>5</AlarmMethod><AlarmTime>{time}</AlarmTime></Notify>\n"
    ).encode()


class TestGb28181(AdapterContract):
    """Video platforms; documents follow each other."""

    adapter = "police/gb28181"
    filler = rb"(?:[\s\0]|jaK\0)*"
    good = (notification(1), notification(2, "2024-06-01T12:00:01"))
    bad = {notification(3, "yesterday"): "AlarmTime", b"<Notify><SN></Notify>": "XML"}


_CAMERA = SipWriter()


class TestGb28181OverSip(AdapterContract):
    """Cameras; requests follow each other."""

    adapter = "police/gb28181"
    filler = rb"(?:[\s\0]|jaK\0)*"
    good = (
        _CAMERA.request("REGISTER"),
        _CAMERA.request("OPTIONS"),
        _CAMERA.request("MESSAGE", notification(4, kind="Keepalive")),
        _CAMERA.request("NOTIFY", notification(5)),
        _CAMERA.request("NOTIFY", Subscription_State="terminated"),
    )
    bad: ClassVar[Mapping[bytes, str]] = {
        _CAMERA.request("MESSAGE", notification(6, "yesterday")): "AlarmTime",
        _CAMERA.request("MESSAGE", b"hello"): "body",
        _CAMERA.request("INVITE", b"v=0\r\n"): "INVITE",
    }
