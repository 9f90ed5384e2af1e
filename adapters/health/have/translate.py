"""Turn a facility of EDXL-HAVE into liandong's words."""

import math
import re
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from adapters.health.have.leaves import Leaves
from adapters.sdk.coordinates import CoordinateSystem, to_wgs84
from adapters.sdk.elements import name_of
from adapters.sdk.errors import Untranslatable
from adapters.sdk.limits import attributes_fit, most
from adapters.sdk.privacy import masked
from liandong.health.v1 import health_pb2 as health
from liandong.place.v1 import place_pb2 as place
from liandong.quantity.v1.quantity_pb2 import Attribute

_TRAFFIC: Final = {
    "normal": health.AMBULANCE_STATUS_NORMAL,
    "advisory": health.AMBULANCE_STATUS_ADVISORY,
    "closed": health.AMBULANCE_STATUS_CLOSED,
    "notapplicable": health.AMBULANCE_STATUS_NOT_APPLICABLE,
}
_SYSTEMS: Final = {
    CoordinateSystem.WGS84: place.COORDINATE_SYSTEM_WGS84,
    CoordinateSystem.GCJ02: place.COORDINATE_SYSTEM_GCJ02,
    CoordinateSystem.BD09: place.COORDINATE_SYSTEM_BD09,
}
_COLOURS: Final = ("red", "yellow", "green", "black")
_POSITION: Final = re.compile(r"(-?\d{1,3}(?:\.\d+)?)[\s,]+(-?\d{1,3}(?:\.\d+)?)(?:[\s,]+\S+)?")
_IDENTIFIERS: Final = frozenset({"OrganisationID", "OrganizationID", "ID"})
_COUNT: Final = re.compile(r"(\d{1,9})(?:\.0{1,9})?")
_POLE: Final = 90.0
_HALF_TURN: Final = 180.0
_MOST: Final = 512
_MOST_BEDS: Final = most(health.Facility, "beds")
_MOST_SERVICES: Final = most(health.Facility, "services")


class Translation:
    """One facility's way into the schema.

    Args:
        element: ``Hospital`` or ``facility``.

    Attributes:
        doubts: A sentence for each thing that could not be read.
    """

    def __init__(self, element: Element) -> None:
        self._element = element
        self._leaves = Leaves(element)
        self.doubts: list[str] = []

    def time(self) -> str:
        """Return when the facility was last changed, as it is written."""
        return self._leaves.text("LastUpdateTime")

    def facility(self) -> tuple[health.Facility, bool]:
        """Return the facility, and whether it is in bounds; to be called once, after all else.

        Raises:
            Untranslatable: It has neither a number nor a name.
        """
        title = self._leaves.text("facilityName") or self._organisation()
        number = self._leaves.text("facilityID") or self._identifier() or title
        if not number:
            raise Untranslatable(
                f"{name_of(self._element)}.Organization",
                "",
                expected="a facilityID or an OrganisationName, by which the facility is known",
                cause="missing",
            )
        traffic, phone, capacity = self._traffic(), self._phone(), self._capacity()
        beds, services, status = self._beds(), self._services(), self._status()
        rest = [(key, masked(value)) for key, value in self._leaves.rest()]
        body = health.Facility(
            facility_id=number[:128],
            title=title[:256],
            ambulance_status=traffic,
            duty_phone=phone[:64],
            emergency_capacity=capacity,
            beds=beds,
            services=services,
            facility_status=status[:64],
            attributes=[Attribute(key=key, value=value) for key, value in rest[:_MOST]],
        )
        if len(rest) > _MOST:
            self.doubts.append(f"{len(rest) - _MOST} further values are left out")
        is_within = len(beds) <= _MOST_BEDS and len(services) <= _MOST_SERVICES
        return body, is_within and attributes_fit(rest)

    def location(self, system: CoordinateSystem) -> place.Location:
        """Return where it is.

        Args:
            system: The system of its coordinates; HAVE demands WGS-84.
        """
        location = place.Location()
        for name in ("pos", "coordinates"):
            written = self._leaves.text(name)
            if not written:
                continue
            shape = _POSITION.fullmatch(written)
            north, east = (float(shape[1]), float(shape[2])) if shape else (math.nan, math.nan)
            if _POLE < abs(north) <= _HALF_TURN and abs(east) <= _POLE:
                north, east = east, north
                self.doubts.append(f"{name} has longitude first, and was turned round")
            if not (abs(north) <= _POLE and abs(east) <= _HALF_TURN):
                self.doubts.append(f"{name} is {written[:60]!r}, expected latitude and longitude")
                continue
            if not (north or east):
                self.doubts.append(f"{name} is {written[:60]!r}, where no hospital is")
                continue
            point = location.point
            point.latitude_deg, point.longitude_deg = to_wgs84(north, east, system)
            point.source_coordinate_system = _SYSTEMS[system]
            break
        location.address = self._address()[:1024]
        return location

    def _organisation(self) -> str:
        """Return the organisation's name (CIQ)."""
        name = self._leaves.text("OrganisationName", "NameElement")
        return name or self._leaves.text("OrganisationName")

    def _identifier(self) -> str:
        """Return the organisation's number (CIQ): an identifier, or an attribute of its name."""
        written = self._leaves.text("IdentifierElement")
        if written:
            return written
        for element in self._leaves.under(self._element, "OrganisationName"):
            for name, value in element.attrib.items():
                if name.rpartition("}")[2] in _IDENTIFIERS and value.strip():
                    return value.strip()
        return ""

    def _address(self) -> str:
        """Return the first address, from the largest division to the smallest as written."""
        for address in self._leaves.under(self._element, "Address"):
            parts = (" ".join((each.text or "").split()) for each in address.iter())
            return " ".join(part for part in parts if part)
        return ""

    def _phone(self) -> str:
        """Return the number of the emergency desk, else the first of the organisation."""
        found = ""
        for number in self._leaves.under(self._element, "ContactNumber"):
            kinds = {name.rpartition("}")[2]: value for name, value in number.attrib.items()}
            if kinds.get("MediaType", "Telephone") in {"Telephone", "Phone"}:
                written = self._leaves.text("ContactNumberElement", of=number)
                if kinds.get("ContactNature") == "Emergency":
                    return written
                found = found or written
        return found

    def _traffic(self) -> "health.AmbulanceStatus.ValueType":
        """Return whether ambulances may come."""
        element = self._leaves.first("EMSTrafficStatus")
        if element is None:
            return health.AMBULANCE_STATUS_UNSPECIFIED
        written = self._leaves.peek(element)
        known = _TRAFFIC.get("".join(written.split()).casefold())
        if known is None:
            self.doubts.append(f"EMSTrafficStatus is {written[:40]!r}, which HAVE does not know")
            return health.AMBULANCE_STATUS_UNSPECIFIED
        self._leaves.take(element)
        return known

    def _capacity(self) -> health.EmergencyCapacity | None:
        """Return how many patients can be taken, by triage colour."""
        for element in self._leaves.under(self._element, "EMSCapacity"):
            capacity = health.EmergencyCapacity()
            for colour in _COLOURS:
                self._put_count(element, capacity, colour, f"Triage{colour}")
            for code in self._leaves.under(element, "triageCode"):
                colour = self._leaves.text("triageCodeValue", of=code).casefold()
                if colour in _COLOURS:
                    self._put_count(code, capacity, colour, "triageCountQuantity")
            return capacity if capacity.ListFields() else None
        return None

    def _beds(self) -> list[health.BedCapacity]:
        """Return the beds by type; a type with sub-categories has one entry for each."""
        beds = []
        for element in self._leaves.under(self._element, "BedCapacity"):
            beds += [
                self._bed(counts, label, "CapacityStatus") for label, counts in self._typed(element)
            ]
        for item in self._leaves.under(self._element, "serviceListItem"):
            for counts in self._leaves.under(item, "serviceBedCapacity"):
                beds.append(self._bed(counts, self._service(item), ""))
                beds[-1].status = self._colour(item)
        return [bed for bed in beds if bed.bed_type]

    def _typed(self, element: Element) -> Iterator[tuple[str, Element]]:
        """Yield the types of beds that one element speaks of, and where each is counted.

        Some senders put all types into one element, one after the other.
        """
        bed_type, finer, is_counted = "", list[str](), False
        for child in element:
            name = name_of(child).casefold().removesuffix("default")
            if name == "bedtype":
                bed_type, finer, is_counted = self._leaves.take(child), [], False
            elif name == "subcategorybedtype":
                finer = [*([] if is_counted else finer), self._leaves.take(child)]
                is_counted = False
            elif name == "capacity":
                is_counted = True
                yield " ".join((bed_type, *finer)).strip(), child
        if not is_counted:
            yield " ".join((bed_type, *finer)).strip(), element

    def _bed(self, element: Element, label: str, status: str) -> health.BedCapacity:
        """Return the beds that an element counts."""
        bed = health.BedCapacity(bed_type=label[:64])
        if status:
            bed.status = self._leaves.text(status, of=element)[:64]
        self._put_count(element, bed, "available", "AvailableCount")
        self._put_count(element, bed, "baseline", "BaselineCount")
        return bed

    def _services(self) -> list[str]:
        """Return what a facility offers: HAVE 1.0 names it true, 2.0 lists it."""
        services = []
        for coverage in self._leaves.under(self._element, "ServiceCoverageStatus"):
            for each in coverage.iter():
                if self._leaves.peek(each).casefold() in {"true", "1"} and not len(each):
                    self._leaves.take(each)
                    services.append(name_of(each))
        for item in self._leaves.under(self._element, "serviceListItem"):
            available = self._leaves.first("isAvailable", of=item)
            label = self._service(item)
            if available is None or self._leaves.peek(available).casefold() != "false":
                services.append(label)
            if available is not None:
                self._leaves.take(available)
        return [label for label in dict.fromkeys(services) if label]

    def _service(self, item: Element) -> str:
        """Return a service's code, else its name."""
        code = self._leaves.text("serviceTaxonomyKeyValue", of=item)
        return code or self._leaves.text("serviceName", of=item)

    def _colour(self, item: Element) -> str:
        """Return the colour of a service."""
        return self._leaves.text("serviceStatus", "colourCode", of=item)[:64]

    def _status(self) -> str:
        """Return whether a facility works: in HAVE 1.0 a word, in 2.0 a colour."""
        word = self._leaves.text("FacilityStatus")
        return word or self._leaves.text("facilityColourStatus", "colourCode")

    def _put_count(self, element: Element, into: object, field: str, name: str) -> None:
        """Put a count into a field; one that is none is told and stays an attribute."""
        found = self._leaves.first(name, of=element)
        if found is None:
            return
        written = self._leaves.peek(found)
        if count := _COUNT.fullmatch(written):
            self._leaves.take(found)
            setattr(into, field, int(count[1]))
        else:
            self.doubts.append(f"{name} is {written[:40]!r}, expected a whole number")
