"""A night on the Yangtze: what there is, and what stations, hospitals, boats, offices send.

Everything bears a number of its own, for the bus of the tests is shared.
"""

import struct
import uuid
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from adapters.transport.jt808 import Frame, framed
from liandong.incident.v1 import incident_pb2 as incident
from liandong.place.v1.place_pb2 import Location, Point
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_VALID, Quality
from liandong.record.v1 import record_pb2 as records
from liandong.record.v1.record_pb2 import Record
from liandong.response.v1 import response_pb2 as response
from ops.demo import frames

LATITUDE, LONGITUDE = 32.168, 118.865
DISTRICT: Final = "320113"
POINT: Final = Point(latitude_deg=LATITUDE, longitude_deg=LONGITUDE)
_ZONE: Final = ZoneInfo("Asia/Shanghai")


class Scene:
    """What there is that night, and what it sends.

    Attributes:
        now: When the night is at its worst, UTC.
    """

    def __init__(self) -> None:
        self._number = f"{uuid.uuid4().int % 10**8:08d}"
        self._serial = 0
        self.now = datetime.now(UTC).replace(microsecond=0)
        number = self._number
        self.station, self.upper_station = f"61{number}", f"62{number}"
        self.logger = f"NJ{number:0>22}"
        self.phone = f"138{number}"
        self.warning = f"weather/weather.warning/NJ-{number}"
        self.gauge = f"water/water.level/{self.station}"
        self.rain = f"water/water.rainfall/{self.station}"
        self.outlet = f"environment/environment.discharge/{self.logger}"
        self.hospital = f"health/health.facility/H{number}"
        self.boat = f"police/traffic.vehicle/{self.phone}"
        self.distress = f"police/incident.report/110-{number}"
        self.incident = f"emergency/incident.report/{number}"
        self.drill = f"emergency/incident.report/{number}-drill"
        self.team = f"emergency/response.team/{number}"

    @property
    def names(self) -> dict[str, str]:
        """Return by name what to call it; patients' movements have names that nobody foresees."""
        return {value: word for word, value in vars(self).items() if str(value).count("/") == 2}

    def local(self, minutes: float = 0) -> datetime:
        """Return a time so many minutes from the worst, as Nanjing's clocks have it."""
        return (self.now + timedelta(minutes=minutes)).astimezone(_ZONE)

    def rainstorm(self) -> bytes:
        """Write the observatory's warning over the river."""
        box = "32.1,118.8 32.2,118.8 32.2,118.9 32.1,118.9 32.1,118.8"
        return (
            '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
            f"<identifier>NJ-{self._number}</identifier><sender>observatory@weather.example"
            f"</sender><sent>{self.local().isoformat()}</sent><status>Actual</status>"
            "<msgType>Alert</msgType><scope>Public</scope><info><language>zh-CN</language>"
            "<category>Met</category><event>暴雨</event><urgency>Immediate</urgency>"
            "<severity>Severe</severity><certainty>Observed</certainty>"
            f"<expires>{self.local(360).isoformat()}</expires>"
            "<headline>暴雨橙色预警</headline><area><areaDesc>长江南京段</areaDesc>"
            f"<polygon>{box}</polygon></area></info></alert>"
        ).encode()

    def river(self, level_m: float, minutes: float) -> bytes:
        """Write the gauge's report: rain, level, flow."""
        self._serial += 1
        return frames.sl651(
            station=self.station,
            station_class="48",
            serial=self._serial,
            sent=self.local(),
            observed=self.local(minutes),
            elements=[("20", 38.5, 3, 1), ("39", level_m, 4, 3), ("27", 31_200.0, 5, 3)],
        )

    def discharge(self, cod_mg_l: float, minutes: float) -> bytes:
        """Write the outlet's reading."""
        return frames.hj212(
            station=self.logger,
            station_type="32",
            command="2011",
            sent=self.local(minutes),
            observed=self.local(minutes),
            values=[("w01018", cod_mg_l)],
        )

    def call(self) -> bytes:
        """Write the police's export with the call for help."""
        row = f"110-{self._number},{self.local():%Y-%m-%d %H:%M:%S},船舶遇险,{LONGITUDE},{LATITUDE}"
        return f"接警编号,报警时间,事件类型,经度,纬度\n{row}\n".encode()

    def position(self, north: float, minutes: float) -> bytes:
        """Write where the patrol boat is, so many degrees north of the place."""
        self._serial += 1
        place = (round((LATITUDE + north) * 1e6), round(LONGITUDE * 1e6))
        body = struct.pack(">IIIIHHH", 0, 0b11, *place, 3, 210, 45)
        body += bytes.fromhex(f"{self.local(minutes):%y%m%d%H%M%S}")
        sender = Frame(b"", 0, bytes.fromhex(f"0{self.phone}"), "", 0, b"")
        return framed(sender, 0x0200, self._serial, body)

    def beds(self, free: int, minutes: float) -> bytes:
        """Write how the hospital fares."""
        return (
            '<HospitalStatus xmlns="urn:oasis:names:tc:emergency:EDXL:HAVE:1.0"><Hospital>'
            "<Organization><OrganizationInformation "
            'xmlns:xnl="urn:oasis:names:tc:ciq:xnl:3" xmlns:xpil="urn:oasis:names:tc:ciq:xpil:3">'
            f'<xnl:OrganisationName xnl:ID="H{self._number}"><xnl:NameElement>江畔医院'
            "</xnl:NameElement></xnl:OrganisationName><xpil:ContactNumbers>"
            '<xpil:ContactNumber xpil:ContactNature="Emergency"><xpil:ContactNumberElement>'
            "025-55550120</xpil:ContactNumberElement></xpil:ContactNumber></xpil:ContactNumbers>"
            "</OrganizationInformation><OrganizationGeoLocation>"
            '<Point xmlns="http://www.opengis.net/gml">'
            f"<pos>{LATITUDE + 0.02} {LONGITUDE}</pos></Point></OrganizationGeoLocation>"
            "</Organization><HospitalBedCapacityStatus><BedCapacity><BedType>AdultICU</BedType>"
            f"<Capacity><AvailableCount>{free}</AvailableCount><BaselineCount>12</BaselineCount>"
            "</Capacity></BedCapacity></HospitalBedCapacityStatus>"
            f"<LastUpdateTime>{self.local(minutes).isoformat()}</LastUpdateTime>"
            "</Hospital></HospitalStatus>"
        ).encode()

    def admission(self) -> bytes:
        """Write the hospital's message that it took a patient."""
        sent = f"{self.local():%Y%m%d%H%M%S}+0800"
        segments = (
            f"MSH|^~\\&|HIS|NJ1|BUS|CITY|{sent}||ADT^A01|C{self._number}|P|2.5.1",
            f"EVN|A01|{sent}",
            f"PID|1||P-{self._number}^^^NJ1^MR||欧阳^娜娜||19880707|F",
            f"PV1|1|I|ICU^12^3^NJ1|||^^^NJ1{'|' * 13}V-{self._number}",
        )
        return b"\x0b" + "\r".join((*segments, "")).encode() + b"\x1c\r"

    def declaration(
        self, seconds: float, lifecycle: "incident.Lifecycle.ValueType", *, drill: bool = False
    ) -> Record:
        """Return the emergency office's word on the vessel, as its own software says it."""
        record = self._office(self.drill if drill else self.incident, seconds)
        record.status = records.STATUS_EXERCISE if drill else records.STATUS_ACTUAL
        record.incident.CopyFrom(
            incident.Incident(
                number=record.name.rpartition("/")[2],
                category=incident.CATEGORY_ACCIDENT,
                type="vessel in distress",
                level=incident.LEVEL_I if drill else incident.LEVEL_II,
                lifecycle=lifecycle,
                description="listing to port, nine people on board",
                related_records=[self.distress],
            )
        )
        return record

    def rescuers(self, seconds: float) -> Record:
        """Return the team that is sent."""
        record = self._office(self.team, seconds)
        record.response_team.CopyFrom(
            response.Team(
                team_id=self._number,
                title="水上救援一队",
                skills=["water rescue"],
                readiness=response.READINESS_DEPLOYED,
                assigned_to=self.incident,
                duty_phone="025-55550119",
            )
        )
        return record

    def _office(self, name: str, seconds: float) -> Record:
        """Return a record of the emergency office's without its body."""
        record = Record(
            name=name,
            classification=records.CLASSIFICATION_INTERNAL,
            status=records.STATUS_ACTUAL,
            quality=Quality(level=QUALITY_LEVEL_VALID),
            location=Location(district=DISTRICT, point=POINT),
        )
        record.observed_at.FromDatetime(self.now + timedelta(seconds=seconds))
        return record
