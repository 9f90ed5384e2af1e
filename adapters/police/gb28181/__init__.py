"""Alarms of video surveillance: the XML notifications of GB/T 28181 (MANSCDP)."""

from adapters.police.gb28181.adapter import Gb28181
from adapters.police.gb28181.decoder import ManscdpDecoder
from adapters.police.gb28181.document import Notification
from adapters.police.gb28181.options import Gb28181Options

__all__ = ["Gb28181", "Gb28181Options", "ManscdpDecoder", "Notification"]
