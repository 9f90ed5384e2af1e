"""What a city configures about a feed of HL7 messages."""

from datetime import datetime

import msgspec

from adapters.health.hl7v2.decoder import MAX_MESSAGE_BYTES

_LEAST_BYTES = 1024


class Ward(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A ward whose beds are counted.

    Attributes:
        baseline: Beds that are staffed in normal times.
        occupied: Beds that were taken at ``census_at``.
        bed_type: EDXL-HAVE's word for its beds, for example ``AdultICU``; empty: the ward's
            own name. Wards of one facility with the same word are added up.
    """

    baseline: int
    occupied: int = 0
    bed_type: str = ""

    def __post_init__(self) -> None:
        """Refuse numbers that no ward has.

        Raises:
            ValueError: A number is negative.
        """
        if self.baseline < 0 or self.occupied < 0:
            raise ValueError("`baseline` and `occupied` count beds, expected 0 or more")


class Hl7v2Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of a feed of HL7 version 2 messages.

    Attributes:
        pseudonym_key_file: File with the key of the pseudonyms, at least 16 bytes, relative
            to the home folder; empty: ``keys/pseudonyms.key``, made at the first start.
        max_message_bytes: Longer messages go to quarantine.
        wards: Wards whose beds are counted, by ``<facility>/<point of care>`` as PV1-3
            names them (the facility is MSH-4 where PV1-3 names none).
        census_at: When ``occupied`` of the wards was counted; what happened before is not
            counted again.
        notifiable: Codes of OBX-3 or OBX-5 whose results may leave the hospital, coded or
            numeric, without the patient.
    """

    pseudonym_key_file: str = ""
    max_message_bytes: int = MAX_MESSAGE_BYTES
    wards: dict[str, Ward] = {}
    census_at: datetime | None = None
    notifiable: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check what types cannot say.

        Raises:
            ValueError: An option is not right; the sentence names it.
        """
        if self.max_message_bytes < _LEAST_BYTES:
            raise ValueError(
                f"`max_message_bytes` is {self.max_message_bytes}, expected {_LEAST_BYTES} or more"
            )
        for name in self.wards:
            if "/" not in name.strip("/"):
                raise ValueError(f"`wards.{name}` is no ward, expected <facility>/<point of care>")
        if self.wards and (self.census_at is None or self.census_at.tzinfo is None):
            raise ValueError(
                "`census_at` must say when the occupied beds of `wards` were counted, with its "
                "zone: 2026-07-01T08:00:00+08:00"
            )
