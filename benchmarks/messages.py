"""Messages of every format, made from their numbers; no two numbers make the same one.

A maker takes numbers and returns units: what a connection delivers at once, or a document.
Entities come back after `ENTITIES` messages with a later time, as they do in a city.
"""

import json
import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from google.transit import gtfs_realtime_pb2 as gtfs

from adapters.transport.jt808 import Frame as Terminal
from adapters.transport.jt808 import framed as terminal_frame
from adapters.transport.jt809.frame import Frame as Platform
from adapters.transport.jt809.frame import framed as platform_frame
from benchmarks import senders

ENTITIES = 200
_ZONE = ZoneInfo("Asia/Shanghai")
_START = datetime.now(_ZONE).replace(microsecond=0) - timedelta(hours=20)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NANJING = (32_041_500, 118_767_400)

Maker = Callable[[Sequence[int]], list[bytes]]


def at(number: int, step: timedelta = timedelta(seconds=1)) -> datetime:
    """Return the time of a message: all entities speak at one, then all at the next."""
    return _START + number // ENTITIES * step


def each(make: Callable[[int], bytes]) -> Maker:
    """Return what makes one unit for each number."""
    return lambda numbers: [make(number) for number in numbers]


def hj212(number: int) -> bytes:
    """Write an air station's six pollutants."""
    return senders.hj212(number, _START, ENTITIES)


def sl651(number: int) -> bytes:
    """Write a rain gauge's three elements."""
    return senders.sl651(number, _START, ENTITIES)


def jt808(number: int) -> bytes:
    """Write a vehicle's position with mileage, fuel and signal."""
    body = struct.pack(">IIIIHHH", 0, 0b11, *_NANJING, 12, number % 900, number % 360)
    body += bytes.fromhex(f"{at(number):%y%m%d%H%M%S}")
    body += bytes.fromhex("0104000186A0020201F430011F")
    phone = f"0138{number % ENTITIES:08d}"
    sender = Terminal(b"", 0, bytes.fromhex(phone), "", 0, b"", -1)
    return terminal_frame(sender, 0x0200, number % 65_536, body)


def jt809(number: int) -> bytes:
    """Write a vehicle's position of 2011, as a platform passes it on."""
    sent = at(number)
    data = struct.pack(">BBBHBBB", 0, sent.day, sent.month, sent.year, *sent.timetuple()[3:6])
    data += struct.pack(">IIHHIHH", *reversed(_NANJING), number % 90, 35, 1234, 90, 12)
    data += struct.pack(">II", 0b11, 0)
    owner = f"苏A{number % ENTITIES:05d}".encode("gbk").ljust(21, b"\0") + b"\x02"
    body = owner + struct.pack(">HI", 0x1202, len(data)) + data
    sender = Platform(b"", 0, 0x1200, 20180920, b"\x01\0\0", "2011", 0, None, b"")
    return platform_frame(sender, 0x1200, number, int(sent.timestamp()), body)


def cap(number: int) -> bytes:
    """Write a warning for one area."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
        f"<identifier>NJ-{number}</identifier><sender>observatory@weather.example</sender>"
        f"<sent>{at(number).isoformat()}</sent><status>Actual</status><msgType>Alert</msgType>"
        "<scope>Public</scope><info><language>zh-CN</language><category>Met</category>"
        "<event>暴雨</event><urgency>Immediate</urgency><severity>Severe</severity>"
        "<certainty>Observed</certainty><headline>暴雨橙色预警</headline>"
        "<description>预计未来三小时雨量将达五十毫米以上</description><area>"
        "<areaDesc>南京市</areaDesc><polygon>32.0,118.7 32.1,118.7 32.1,118.8 32.0,118.7</polygon>"
        "</area></info></alert>"
    ).encode()


def incident_csv(numbers: Sequence[int]) -> list[bytes]:
    """Write a dispatch system's export."""
    lines = ["接警编号,报警时间,事件类型,经度,纬度"]
    lines += [
        f"A-{number},{at(number):%Y-%m-%d %H:%M:%S},道路积水,118.7{number % 900 + 100},32.0436"
        for number in numbers
    ]
    return ["\n".join(lines).encode()]


def hl7v2(number: int) -> bytes:
    """Write an admission with all that a hospital sends along, in its MLLP frame."""
    sent = f"{at(number):%Y%m%d%H%M%S}+0800"
    segments = (
        f"MSH|^~\\&|HIS|NJ1|BUS|CITY|{sent}||ADT^A01|C{number}|P|2.5.1",
        f"EVN|A01|{sent}",
        f"PID|1||P-{number}^^^NJ1^MR||欧阳^娜娜||19880707|F|||珠江路1号^^南京||13912345678",
        "NK1|1|欧阳^父亲|FTH|珠江路1号|13912345678",
        f"PV1|1|I|ICU^12^3^NJ1|||^^^NJ1{'|' * 13}V-{number}",
        "IN1|1|A|B|C||||||||||||欧阳^娜娜|SEL|19880707",
    )
    return b"\x0b" + "\r".join((*segments, "")).encode() + b"\x1c\r"


def have(number: int) -> bytes:
    """Write a hospital's state, EDXL-HAVE 1.0."""
    name = f"H{number % ENTITIES}"
    return (
        '<HospitalStatus xmlns="urn:oasis:names:tc:emergency:EDXL:HAVE:1.0"><Hospital>'
        "<Organization><OrganizationInformation "
        f'xmlns:xnl="urn:oasis:names:tc:ciq:xnl:3"><xnl:OrganisationName xnl:ID="{name}">'
        f"<xnl:NameElement>{name}</xnl:NameElement></xnl:OrganisationName>"
        "</OrganizationInformation></Organization>"
        f"<LastUpdateTime>{at(number).isoformat()}</LastUpdateTime></Hospital></HospitalStatus>"
    ).encode()


def gtfs_rt(numbers: Sequence[int]) -> list[bytes]:
    """Write a dataset of buses."""
    message = gtfs.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    message.header.timestamp = int(at(numbers[-1]).timestamp())
    for number in numbers:
        entity = message.entity.add(id=f"v{number}")
        seen = entity.vehicle
        seen.vehicle.id, seen.vehicle.label = f"{number}", "Line 1"
        seen.trip.trip_id, seen.trip.route_id = f"T{number}", "R1"
        seen.position.latitude, seen.position.longitude = 32.05, 118.78
        seen.position.speed, seen.position.bearing = number % 20, 90.0
        seen.stop_id, seen.timestamp = "S7", int(at(number).timestamp())
    return [message.SerializeToString()]


def metar(number: int) -> bytes:
    """Write an aerodrome's report; reports are so few that each is another aerodrome's."""
    code = "".join(_LETTERS[number // 26**place % 26] for place in (2, 1, 0))
    when = datetime.now(UTC).replace(minute=number // 26**3 % 60) - timedelta(hours=2)
    wind = f"{number * 7 % 36 * 10:03d}{number % 15 + 1:02d}MPS"
    sight, cloud = number * 3 % 90 * 100 + 1000, f"FEW{number % 60:03d}"
    air = f"{number * 11 % 35:02d}/{number * 5 % 20:02d} Q{980 + number * 13 % 60:04d}"
    return f"METAR Z{code} {when:%d%H%M}Z {wind} {sight:04d} {cloud} {air}=\n".encode()


def synop(number: int) -> bytes:
    """Write a station's report."""
    when = datetime.now(UTC) - timedelta(hours=3 + number // ENTITIES % 600)
    station = 58_000 + number % ENTITIES
    sky = f"114{number * 7 % 34 + 56} 6{number * 5 % 36 + 1:02d}{number % 15:02d}"
    air = f"10{number * 11 % 300:03d} 20{number * 13 % 200:03d}"
    pressure = f"30{number * 17 % 400:03d} 40{number * 19 % 400:03d}"
    return f"AAXX {when:%d%H}1 {station:05d} {sky} {air} {pressure}=\n".encode()


def cma_json(number: int) -> bytes:
    """Write a station's page."""
    now = {"temperature": 24.6, "humidity": 96.0, "pressure": 1003.0, "windSpeed": number % 20 / 2}
    data = {
        "location": {"id": f"58{number % ENTITIES:03d}"},
        "now": now,
        "alarm": [],
        "lastUpdate": f"{at(number, timedelta(minutes=1)):%Y/%m/%d %H:%M}",
    }
    return json.dumps({"msg": "success", "code": 0, "data": data}).encode()


def nwis(numbers: Sequence[int]) -> list[bytes]:
    """Write the levels of sites as the USGS serves them."""
    series = [
        {
            "sourceInfo": {
                "siteName": f"RIVER {number % ENTITIES}",
                "siteCode": [{"value": f"{number % ENTITIES:08d}", "agencyCode": "USGS"}],
            },
            "variable": {"variableCode": [{"value": "00065"}], "unit": {"unitCode": "ft"}},
            "values": [
                {
                    "value": [
                        {
                            "value": f"{number % 100 / 10}",
                            "dateTime": at(number).isoformat(timespec="milliseconds"),
                            "qualifiers": ["P"],
                        }
                    ]
                }
            ],
        }
        for number in numbers
    ]
    return [json.dumps({"value": {"timeSeries": series}}).encode()]


def gb28181(number: int) -> bytes:
    """Write a camera's alarm."""
    return (
        f'<?xml version="1.0"?><Notify><CmdType>Alarm</CmdType><SN>{number}</SN>'
        f"<DeviceID>32010200001320{number % ENTITIES:06d}</DeviceID>"
        "<AlarmPriority>2</AlarmPriority><AlarmMethod>5</AlarmMethod>"
        f"<AlarmTime>{at(number):%Y-%m-%dT%H:%M:%S}</AlarmTime></Notify>\n"
    ).encode()


def mapping(numbers: Sequence[int]) -> list[bytes]:
    """Write a table of eight columns in GB 18030."""
    lines = ["编号,时间,描述,等级,单位,纬度,经度,地址"]
    lines += [
        f"NJ-{number:06d},{at(number):%Y-%m-%d %H:%M:%S},楼道堆放杂物,"
        f"{'重大' if number % 3 else '一般'},某某公司,"
        f"32.0{number % 900 + 100},118.7{number % 900 + 100},中山东路{number}号"
        for number in numbers
    ]
    return ["\n".join(lines).encode("gb18030")]
