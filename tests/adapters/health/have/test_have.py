"""EDXL-HAVE documents become facilities; HAVE 1.0 is written here from the standard."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.health.have import Have, HaveDecoder, HaveFacility, HaveOptions
from adapters.sdk.adapter import Translated
from adapters.sdk.coordinates import CoordinateSystem
from adapters.sdk.errors import Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from liandong.health.v1 import health_pb2 as health
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT, QUALITY_LEVEL_VALID
from liandong.record.v1 import record_pb2 as record

HOSPITAL = """
<Hospital>
  <Organization>
    <OrganizationInformation xmlns:xnl="urn:oasis:names:tc:ciq:xnl:3"
        xmlns:xpil="urn:oasis:names:tc:ciq:xpil:3" xmlns:xal="urn:oasis:names:tc:ciq:xal:3">
      <xnl:OrganisationName xnl:ID="320102H01">
        <xnl:NameElement>鼓楼医院</xnl:NameElement>
      </xnl:OrganisationName>
      <xpil:ContactNumbers>
        <xpil:ContactNumber xpil:MediaType="Telephone" xpil:ContactNature="Business">
          <xpil:ContactNumberElement>025-83304616</xpil:ContactNumberElement>
        </xpil:ContactNumber>
        <xpil:ContactNumber xpil:MediaType="Telephone" xpil:ContactNature="Emergency">
          <xpil:ContactNumberElement>025-120</xpil:ContactNumberElement>
        </xpil:ContactNumber>
      </xpil:ContactNumbers>
      <xpil:Addresses><xpil:Address><xal:FreeTextAddress>
        <xal:AddressLine>中山路321号</xal:AddressLine>
      </xal:FreeTextAddress></xpil:Address></xpil:Addresses>
    </OrganizationInformation>
    <OrganizationGeoLocation><gml:Point xmlns:gml="http://www.opengis.net/gml">
      <gml:pos>32.0580 118.7820</gml:pos></gml:Point></OrganizationGeoLocation>
  </Organization>
  <EmergencyDepartmentStatus>
    <EMSTraffic><EMSTrafficStatus>Advisory</EMSTrafficStatus>
      <EMSTrafficReason>CT is down, call 13912345678</EMSTrafficReason></EMSTraffic>
    <EMSCapacity><TriageRed>2</TriageRed><TriageYellow>5</TriageYellow>
      <TriageGreen>9</TriageGreen><TriageBlack>0</TriageBlack></EMSCapacity>
    <EMSCensus><TriageRed>7</TriageRed></EMSCensus>
  </EmergencyDepartmentStatus>
  <HospitalBedCapacityStatus>
    <BedCapacity><BedType>AdultICU</BedType><Capacity>
      <CapacityStatus>VacantAvailable</CapacityStatus><AvailableCount>3</AvailableCount>
      <BaselineCount>20</BaselineCount>
      <AdditionalCapacityCount24Hr>4</AdditionalCapacityCount24Hr></Capacity></BedCapacity>
    <BedCapacity><BedType>PediatricICU</BedType><Capacity>
      <CapacityStatus>NotAvailable</CapacityStatus></Capacity></BedCapacity>
  </HospitalBedCapacityStatus>
  <ServiceCoverageStatus><Burn>true</Burn><Dialysis>false</Dialysis>
    <SurgeryIndicator><Surgery>true</Surgery></SurgeryIndicator></ServiceCoverageStatus>
  <HospitalFacilityStatus><ClinicalStatus>Full</ClinicalStatus>
    <FacilityStatus>Normal</FacilityStatus></HospitalFacilityStatus>
  <LastUpdateTime>2026-07-01T08:30:00+08:00</LastUpdateTime>
</Hospital>"""


class _Have(Have):
    """The adapter at a time that the test sets."""

    at = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def _adapter(system: CoordinateSystem = CoordinateSystem.WGS84) -> _Have:
    """Return an adapter as a city configures it."""
    feed = FeedConfig(id="health.have", adapter="health/have", agency="health", source="drop:x")
    return _Have(feed, HaveOptions(coordinate_system=system))


def _status(*hospitals: str) -> bytes:
    """Return a HAVE 1.0 document."""
    inside = "".join(hospitals)
    return (
        f'<HospitalStatus xmlns="urn:oasis:names:tc:emergency:EDXL:HAVE:1.0">{inside}'
        "</HospitalStatus>"
    ).encode()


def _decode(raw: bytes) -> list[HaveFacility | Undecodable]:
    """Decode a document at once."""
    decoder = HaveDecoder()
    return [*decoder.feed(raw), *decoder.close()]


def _read(raw: bytes, adapter: Have | None = None) -> list[Translated]:
    """Return the records of a good document."""
    reader = adapter or _adapter()
    found: list[Translated] = []
    for item in _decode(raw):
        assert isinstance(item, HaveFacility), item
        found += reader.translate(item)
    return found


def test_a_hospital_of_have_1_0_is_read_whole() -> None:
    """What the schema has no field for is an attribute; nothing is dropped."""
    (found,) = _read(_status(HOSPITAL))
    facility = found.record.health_facility

    assert found.record.name == "health/health.facility/320102H01"
    assert found.record.observed_at.ToJsonString() == "2026-07-01T00:30:00Z"
    assert found.record.quality.level == QUALITY_LEVEL_VALID
    assert found.record.provenance.format_version == "1.0"
    assert (facility.title, facility.duty_phone) == ("鼓楼医院", "025-120")
    assert facility.ambulance_status == health.AMBULANCE_STATUS_ADVISORY
    assert facility.facility_status == "Normal"
    capacity = facility.emergency_capacity
    assert (capacity.red, capacity.yellow, capacity.green, capacity.black) == (2, 5, 9, 0)
    assert capacity.HasField("black")
    assert list(facility.services) == ["Burn", "Surgery"]
    icu, children = facility.beds
    assert (icu.bed_type, icu.available, icu.baseline) == ("AdultICU", 3, 20)
    assert icu.status == "VacantAvailable"
    assert (children.bed_type, children.status) == ("PediatricICU", "NotAvailable")
    assert not children.HasField("available")
    point = found.record.location.point
    assert (point.latitude_deg, point.longitude_deg) == (32.0580, 118.7820)
    assert found.record.location.address == "中山路321号"
    assert {each.key: each.value for each in facility.attributes} == {
        "EmergencyDepartmentStatus.EMSTraffic.EMSTrafficReason": "CT is down, call ***",
        "EmergencyDepartmentStatus.EMSCensus.TriageRed": "7",
        "HospitalBedCapacityStatus.BedCapacity.Capacity.AdditionalCapacityCount24Hr": "4",
        "ServiceCoverageStatus.Dialysis": "false",
        "HospitalFacilityStatus.ClinicalStatus": "Full",
    }


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Normal", health.AMBULANCE_STATUS_NORMAL),
        ("Closed", health.AMBULANCE_STATUS_CLOSED),
        ("NotApplicable", health.AMBULANCE_STATUS_NOT_APPLICABLE),
    ],
)
def test_the_standard_s_words_for_ambulances(
    word: str, status: "health.AmbulanceStatus.ValueType"
) -> None:
    """EMSTrafficStatus has four."""
    (found,) = _read(_status(HOSPITAL.replace("Advisory", word)))

    assert found.record.health_facility.ambulance_status == status


def test_what_cannot_be_read_is_told_and_kept() -> None:
    """A wrong count costs itself; the hospital's other beds stand."""
    wrong = HOSPITAL.replace(">3<", ">many<").replace("Advisory", "Divert")
    wrong = wrong.replace("32.0580 118.7820", "north of the river")

    (found,) = _read(_status(wrong))

    assert found.record.quality.level == QUALITY_LEVEL_SUSPECT
    note = found.record.quality.note
    assert "AvailableCount is 'many'" in note
    assert "'Divert'" in note
    assert "pos is" in note
    facility = found.record.health_facility
    assert facility.ambulance_status == health.AMBULANCE_STATUS_UNSPECIFIED
    assert facility.beds[0].baseline == 20
    values = {each.value for each in facility.attributes}
    assert {"many", "Divert"} <= values


def test_have_2_0_is_read_by_its_own_names() -> None:
    """Services carry the beds, a colour the state of the house."""
    raw = """<HAVE xmlns="urn:oasis:names:tc:emergency:edxl:have:2.0"
        xmlns:ct="urn:oasis:names:tc:emergency:edxl:ct:1.0"><facility>
      <facilityInformation><facilityID>H1</facilityID><facilityName>First</facilityName>
      <emergencyDepartmentStatus><emsCapacity><triageCode><triageCodeValue>Yellow</triageCodeValue>
      <triageCountQuantity>4</triageCountQuantity></triageCode></emsCapacity>
      </emergencyDepartmentStatus></facilityInformation>
      <serviceList><serviceListItem>
        <serviceTaxonomyKeyValue>icu.adult</serviceTaxonomyKeyValue><serviceName>ICU</serviceName>
        <serviceStatus><isAvailable>false</isAvailable><colourStatus><colourCodeDefault>
        <ct:Value>red</ct:Value></colourCodeDefault></colourStatus></serviceStatus>
        <serviceBedCapacity><availableCount>0</availableCount><baselineCount>8</baselineCount>
        </serviceBedCapacity></serviceListItem>
        <serviceListItem><serviceName>Dialysis</serviceName></serviceListItem></serviceList>
      <facilityColourStatus><colourCode><ct:Value>yellow</ct:Value></colourCode>
      </facilityColourStatus>
      <lastUpdateTime>2026-07-01T00:00:00Z</lastUpdateTime></facility></HAVE>"""
    (found,) = _read(raw.encode())
    facility = found.record.health_facility

    assert found.record.provenance.format_version == "2.0"
    assert (facility.facility_id, facility.title) == ("H1", "First")
    assert facility.facility_status == "yellow"
    assert facility.emergency_capacity.yellow == 4
    (bed,) = facility.beds
    assert (bed.bed_type, bed.available, bed.baseline, bed.status) == ("icu.adult", 0, 8, "red")
    assert bed.HasField("available")
    assert list(facility.services) == ["Dialysis"]
    assert found.record.quality.level == QUALITY_LEVEL_VALID


def test_coordinates_of_chinese_maps_are_turned_into_wgs_84() -> None:
    """HAVE demands WGS-84; where a source writes GCJ-02 the configuration says so."""
    (found,) = _read(_status(HOSPITAL), _adapter(CoordinateSystem.GCJ02))

    point = found.record.location.point
    assert point.latitude_deg == pytest.approx(32.0601, abs=1e-3)
    assert point.longitude_deg == pytest.approx(118.7768, abs=1e-3)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Actual", record.STATUS_ACTUAL),
        ("Exercise", record.STATUS_EXERCISE),
        ("System", record.STATUS_TEST),
        ("Test", record.STATUS_TEST),
        ("<StatusKindDefault>Exercise</StatusKindDefault>", record.STATUS_EXERCISE),
    ],
)
def test_the_envelope_says_whether_it_is_a_drill(
    word: str, status: "record.Status.ValueType"
) -> None:
    """EDXL-DE's distributionStatus goes for all that it carries."""
    raw = (
        '<EDXLDistribution xmlns="urn:oasis:names:tc:emergency:EDXL:DE:1.0">'
        f"<distributionStatus>{word}</distributionStatus><contentObject><xmlContent>"
        f"{_status(HOSPITAL).decode()}</xmlContent></contentObject></EDXLDistribution>"
    )
    (found,) = _read(raw.encode())

    assert found.record.status == status


def test_what_a_poll_repeats_is_the_same_and_a_change_back_is_not() -> None:
    """Without times in the document, the beds of 8:00, 8:01 and 8:02 are three reports."""
    reader = _adapter()
    timeless = HOSPITAL.replace("<LastUpdateTime>2026-07-01T08:30:00+08:00</LastUpdateTime>", "")
    fewer = timeless.replace(">3<", ">2<")
    ids = []
    for minute, document in enumerate((timeless, timeless, fewer, timeless, timeless)):
        reader.at = datetime(2026, 7, 1, 0, minute, tzinfo=UTC)
        (found,) = _read(_status(document), reader)
        ids.append((found.message_id, found.record.observed_at.ToJsonString()))
        assert "LastUpdateTime" in found.record.quality.note

    assert ids[0] == ids[1]
    assert ids[3] == ids[4]
    assert len(set(ids)) == 3
    assert ids[3][1] == "2026-07-01T00:03:00Z"


def test_hospitals_are_settled_one_by_one() -> None:
    """One without a name does not cost the others."""
    nameless = "<Hospital><LastUpdateTime>2026-07-01T00:00:00Z</LastUpdateTime></Hospital>"
    items = _decode(_status(HOSPITAL, nameless))
    reader = _adapter()
    good, bad = (item for item in items if isinstance(item, HaveFacility))
    assert len(items) == 2

    assert list(reader.translate(good))
    with pytest.raises(Untranslatable, match="OrganisationName"):
        list(reader.translate(bad))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (("2026-07-01T08:30:00+08:00", "yesterday"), "LastUpdateTime"),
        (("2026-07-01T08:30:00+08:00", "2099-01-01T00:00:00Z"), "LastUpdateTime"),
    ],
)
def test_a_time_that_cannot_be_true_is_refused(change: tuple[str, str], field: str) -> None:
    """An old state must not look like a new one."""
    (item,) = _decode(_status(HOSPITAL.replace(*change)))
    assert isinstance(item, HaveFacility)

    with pytest.raises(Untranslatable, match=field):
        list(_adapter().translate(item))


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        (b"<HospitalStatus>", "xml"),
        (b"<other/>", "not_have"),
        (b"<Hospital>no namespace</Hospital>", "not_have"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "xml_attack"),
        (b"<a>" * 100 + b"</a>" * 100, "xml_attack"),
    ],
)
def test_what_is_no_have_is_refused_in_words(document: bytes, cause: str) -> None:
    """Attacks on the parser too."""
    (item,) = _decode(document)

    assert isinstance(item, Undecodable)
    assert item.cause == cause
    assert "expected" in item.reason


def test_a_document_that_is_too_large_is_cut() -> None:
    """Memory is bounded."""
    decoder = HaveDecoder(100)

    (item,) = [*decoder.feed(b"<a>" * 100), *decoder.close()]

    assert isinstance(item, Undecodable)
    assert (item.cause, len(item.raw)) == ("oversize", 100)


NAMES = st.sampled_from(
    [
        "BedCapacity", "BedType", "Capacity", "AvailableCount", "EMSCapacity", "TriageRed",
        "EMSTrafficStatus", "OrganisationName", "NameElement", "Organization", "pos", "Address",
        "serviceListItem", "serviceBedCapacity", "colourCode", "Value", "LastUpdateTime",
        "facilityID", "ContactNumber", "ContactNumberElement", "triageCode", "isAvailable",
    ]
)  # fmt: skip
TREES = st.recursive(
    st.tuples(NAMES, st.text(alphabet="a1. -T:Z真", max_size=20)),
    lambda inner: st.tuples(NAMES, st.lists(inner, max_size=4)),
    max_leaves=20,
)


def _written(tree: tuple[str, object]) -> str:
    """Return a tree as XML."""
    name, inside = tree
    text = inside if isinstance(inside, str) else "".join(map(_written, inside))  # type: ignore[call-overload]
    return f"<{name}>{text}</{name}>"


@given(st.lists(TREES, max_size=5), st.sampled_from(["Hospital", "facility"]))
@settings(max_examples=200)
def test_only_untranslatable_comes_out_of_any_facility(
    trees: list[tuple[str, object]], root: str
) -> None:
    """Whatever stands where, there is a record or a sentence."""
    inside = "".join(map(_written, trees))
    (item,) = _decode(_status(f"<{root}>{inside}</{root}>"))
    assert isinstance(item, HaveFacility)

    with contextlib.suppress(Untranslatable):
        (found,) = _adapter().translate(item)
        assert found.record.health_facility.facility_id


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_no_bytes_break_the_decoder(pieces: list[bytes]) -> None:
    """Whatever comes, there is an entry for the quarantine, or nothing came."""
    decoder = HaveDecoder()
    for piece in pieces:
        assert decoder.feed(piece) == []

    items = decoder.close()

    assert bool(items) == bool(b"".join(pieces).strip())


def test_no_hospital_lies_at_nought_and_nought() -> None:
    """Exports write 0, 0 for a place that they do not know."""
    (found,) = _read(_status(HOSPITAL.replace("32.0580 118.7820", "0.0 0.0")))

    assert not found.record.location.HasField("point")
    assert found.record.quality.note == "pos is '0.0 0.0', where no hospital is"


def test_documents_without_a_namespace_are_read() -> None:
    """A root of HAVE's own name is enough; other documents are not."""
    plain = f"<HospitalStatus>{HOSPITAL}</HospitalStatus>"

    (found,) = _read(plain.encode())
    (refused,) = _decode(f"<hospitals>{HOSPITAL}</hospitals>".encode())

    assert found.record.provenance.format_version == "1.0"
    assert found.record.health_facility.beds[0].available == 3
    assert isinstance(refused, Undecodable)


def test_a_facility_within_another_is_a_part_of_it() -> None:
    """Each element is gone through once, and what it says is kept with the outer one."""
    inner = "<Hospital><Organization><Note>ward</Note></Organization></Hospital>"

    (found,) = _read(_status(HOSPITAL.replace("</Hospital>", f"{inner}</Hospital>")))

    attributes = {one.key: one.value for one in found.record.health_facility.attributes}
    assert attributes["Hospital.Organization.Note"] == "ward"


def test_several_types_of_beds_may_share_an_element() -> None:
    """Each count belongs to the type that stands before it."""
    shared = (
        "<BedCapacity><BedType>AdultICU</BedType>"
        "<Capacity><AvailableCount>3.0</AvailableCount></Capacity>"
        "<SubCategoryBedType>CCU</SubCategoryBedType>"
        "<Capacity><AvailableCount>1</AvailableCount></Capacity>"
        "<BedType>Burn</BedType><Capacity><AvailableCount>5</AvailableCount></Capacity>"
        "</BedCapacity>"
    )
    start, end = HOSPITAL.index("<BedCapacity>"), HOSPITAL.index("</HospitalBedCapacityStatus>")

    (found,) = _read(_status(HOSPITAL[:start] + shared + HOSPITAL[end:]))

    beds = found.record.health_facility.beds
    assert [(bed.bed_type, bed.available) for bed in beds] == [
        ("AdultICU", 3),
        ("AdultICU CCU", 1),
        ("Burn", 5),
    ]
    assert found.record.quality.level == QUALITY_LEVEL_VALID


def test_a_position_with_longitude_first_is_turned_round_and_told() -> None:
    """Of 118 degrees there is no other reading."""
    (found,) = _read(_status(HOSPITAL.replace("32.0580 118.7820", "118.7820 32.0580")))

    point = found.record.location.point
    assert (point.latitude_deg, point.longitude_deg) == (32.0580, 118.7820)
    assert "pos has longitude first" in found.record.quality.note


def test_a_traffic_status_may_be_written_with_blanks() -> None:
    """The word is the same."""
    (found,) = _read(_status(HOSPITAL.replace(">Advisory<", ">Not Applicable<")))

    status = found.record.health_facility.ambulance_status
    assert status == health.AMBULANCE_STATUS_NOT_APPLICABLE
