"""The adapter for warnings in CAP and in the Chinese national profile."""

from collections.abc import Iterator
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec

from adapters.sdk.adapter import Adapter, Translated
from adapters.sdk.distribution import status_of
from adapters.sdk.elements import Children
from adapters.sdk.feed import FeedConfig
from adapters.sdk.times import require_plausible
from adapters.weather.cap.alert import Alert, parse_cap
from adapters.weather.cap.china import is_chinese, parse_china
from adapters.weather.cap.document import MAX_DOCUMENT_BYTES, CapDecoder, CapDocument
from adapters.weather.cap.earlier import REMEMBERED
from adapters.weather.cap.records import WarningRecords

_CHINA: Final = ZoneInfo("Asia/Shanghai")


class CapOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of a feed of warnings.

    Attributes:
        max_document_bytes: Documents beyond this go to quarantine, cut to this length.
        remembered_warnings: How many earlier warnings are kept whole in memory, so that an
            update or a cancellation can repeat them with their new state.
    """

    max_document_bytes: int = msgspec.field(default=MAX_DOCUMENT_BYTES)
    remembered_warnings: int = msgspec.field(default=REMEMBERED)


class Cap(Adapter[CapDocument, CapOptions]):
    """Warnings as CAP 1.0, 1.1 and 1.2 (OASIS) and GB/T 35965.1 write them.

    An alert becomes the record ``<agency>/weather.warning/<identifier>``. An update or a
    cancellation also makes a record of each warning that it refers to, superseded or
    cancelled from the moment at which it was sent.
    """

    name: ClassVar[str] = "weather/cap"
    options_type: ClassVar[type[msgspec.Struct]] = CapOptions

    def __init__(self, feed: FeedConfig, options: CapOptions) -> None:
        super().__init__(feed, options)
        self._records = WarningRecords(self, options.remembered_warnings)

    def decoder(self) -> CapDecoder:
        """Return a decoder for one file or response."""
        return CapDecoder(self.options.max_document_bytes)

    def translate(self, message: CapDocument) -> Iterator[Translated]:
        """Yield the warning, then those that it replaces or cancels.

        Raises:
            Untranslatable: An element that the profile demands is missing or wrong.
        """
        alert = self._parse(message)
        message_id = f"{alert.identifier}|{alert.sender}|{alert.sent.isoformat()}"
        for record, shape in self._records.of(alert, message.raw):
            yield Translated(record, message_id, shape)

    def _parse(self, message: CapDocument) -> Alert:
        """Read the alert by its profile."""
        inside = Children(message.alert)
        namespace = message.alert.tag.rpartition("}")[0].lstrip("{")
        if is_chinese(inside, namespace):
            alert = parse_china(inside, _CHINA)
        else:
            alert = parse_cap(inside, namespace, self.zone)
        require_plausible("alert.sent", alert.sent, self.now())
        # An envelope can make a drill of what it carries; it cannot make it real.
        status = max(alert.status, status_of(message.distribution_status))
        return alert if status == alert.status else msgspec.structs.replace(alert, status=status)
