"""What a city configures about a feed of alarms."""

from typing import Annotated

import msgspec

from adapters.police.gb28181.decoder import MAX_DOCUMENT_BYTES
from adapters.police.gb28181.subscriptions import SubscribeOptions
from adapters.sdk.coordinates import CoordinateSystem
from adapters.sdk.places import District, Latitude, Longitude


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is known of a device (``devices.<DeviceID>``): most send no position.

    Attributes:
        title: What people call it; shown as the record's address.
        latitude: Degrees north, WGS-84.
        longitude: Degrees east, WGS-84.
        district: GB/T 2260 code; that of the device's number when empty.
    """

    title: str = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    district: District = ""


class Gb28181Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of a feed of alarms.

    Attributes:
        devices: The devices that are known, by DeviceID.
        coordinate_system: The system of the positions that devices send; the standard says
            WGS-84.
        district_of_device: Whether the first six digits of a device's number are its
            district.
        max_document_bytes: Documents beyond this go to quarantine, cut.
        password_file: File whose first line is the password by which devices and platforms
            register, relative to the home folder; empty: there is none.
        passwords_file: File of lines ``<number> <password>`` for those that have one of
            their own, relative to the home folder. Without either nobody needs to register.
        subscribe: How devices are asked for their alarms; without it they are not: most send
            them unasked.
    """

    devices: dict[str, Device] = {}
    coordinate_system: CoordinateSystem = CoordinateSystem.WGS84
    district_of_device: bool = True
    max_document_bytes: Annotated[int, msgspec.Meta(ge=256, le=1 << 20)] = MAX_DOCUMENT_BYTES
    password_file: str = ""
    passwords_file: str = ""
    subscribe: SubscribeOptions | None = None
