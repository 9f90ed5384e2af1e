"""The hospitals of the evening: beds that fill as the storm goes on, told in EDXL-HAVE 1.0."""

from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape


@dataclass(frozen=True, slots=True)
class Hospital:
    """A hospital, with what it has free when the evening begins.

    Attributes:
        number: Its number.
        title: Its name.
        latitude: Degrees north, WGS-84.
        longitude: Degrees east.
        intensive: Free beds in adult intensive care.
        surgical: Free beds in surgery.
    """

    number: str
    title: str
    latitude: float
    longitude: float
    intensive: int
    surgical: int


HOSPITALS = (
    Hospital("320106H01", "鼓楼医院 Drum Tower Hospital", 32.0580, 118.7770, 6, 21),
    Hospital("320102H02", "军区总医院 General Hospital", 32.0390, 118.8030, 4, 17),
    Hospital("320115H03", "江宁医院 Jiangning Hospital", 31.9530, 118.8400, 2, 9),
)
_MINUTES_A_PATIENT = 12.0


def document(at: datetime, minute: float) -> bytes:
    """Return the status of all hospitals.

    Args:
        at: When they tell it.
        minute: Minutes of storm since it began: the nearest to the flood fills first.
    """
    taken = int(max(minute, 0.0) / _MINUTES_A_PATIENT)
    inside = "".join(
        _hospital(hospital, max(hospital.intensive - taken * share // 2, 0), at)
        for share, hospital in enumerate(HOSPITALS)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<HospitalStatus xmlns="urn:oasis:names:tc:emergency:EDXL:HAVE:1.0">{inside}'
        "</HospitalStatus>"
    ).encode()


def _hospital(hospital: Hospital, intensive: int, at: datetime) -> str:
    """Return one hospital's status."""
    beds = _beds("AdultICU", intensive) + _beds("MedicalSurgical", hospital.surgical)
    return (
        '<Hospital><Organization><OrganizationInformation xmlns:xnl="urn:oasis:names:tc:ciq:xnl:3">'
        f'<xnl:OrganisationName xnl:ID="{hospital.number}">'
        f"<xnl:NameElement>{escape(hospital.title)}</xnl:NameElement></xnl:OrganisationName>"
        "</OrganizationInformation><OrganizationGeoLocation>"
        '<gml:Point xmlns:gml="http://www.opengis.net/gml">'
        f"<gml:pos>{hospital.latitude:.4f} {hospital.longitude:.4f}</gml:pos></gml:Point>"
        "</OrganizationGeoLocation></Organization>"
        f"<HospitalBedCapacityStatus>{beds}</HospitalBedCapacityStatus>"
        f"<LastUpdateTime>{at.isoformat(timespec='seconds')}</LastUpdateTime></Hospital>"
    )


def _beds(kind: str, free: int) -> str:
    """Return the beds of a type."""
    status = "VacantAvailable" if free else "NotAvailable"
    return (
        f"<BedCapacity><BedType>{kind}</BedType><Capacity><CapacityStatus>{status}"
        f"</CapacityStatus><AvailableCount>{free}</AvailableCount></Capacity></BedCapacity>"
    )
