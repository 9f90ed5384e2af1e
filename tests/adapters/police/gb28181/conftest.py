"""Notifications of our own making, and the adapter that reads them."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.police.gb28181 import Gb28181, Gb28181Options, Notification
from adapters.sdk.adapter import Translated
from adapters.sdk.feed import FeedConfig, options_of

CAMERA = "32010200001320000007"
Make = Callable[..., Gb28181]
Read = Callable[[Gb28181, bytes], list[Translated]]
Write = Callable[..., bytes]


@pytest.fixture
def make() -> Make:
    """Return a maker of adapters with options, as a city file gives them."""

    def adapter(**options: Any) -> Gb28181:
        feed = FeedConfig(
            id="police.alarms",
            adapter="police/gb28181",
            agency="police",
            source="tcp://127.0.0.1:0",
            district="320100",
            options=options,
        )
        return Gb28181(feed, options_of(feed, "options", Gb28181Options))

    return adapter


@pytest.fixture
def read() -> Read:
    """Return a reader of documents that are all good: their records, in order."""

    def records(adapter: Gb28181, content: bytes) -> list[Translated]:
        decoder = adapter.decoder()
        found: list[Translated] = []
        for message in [*decoder.feed(content), *decoder.close()]:
            assert isinstance(message, Notification), message
            found += adapter.translate(message)
        return found

    return records


@pytest.fixture
def alarm() -> Write:
    """Return a writer of alarms; named elements replace the usual ones, None leaves one out."""

    def write(*, info: str = "", encoding: str = "gb2312", **elements: str | None) -> bytes:
        usual: dict[str, str | None] = {
            "CmdType": "Alarm",
            "SN": "17",
            "DeviceID": CAMERA,
            "AlarmPriority": "2",
            "AlarmMethod": "5",
            "AlarmTime": "2026-07-01T20:15:30",
            "AlarmDescription": "翻越围墙",
            "Longitude": "118.7970",
            "Latitude": "32.0717",
            **elements,
        }
        body = "".join(
            f"<{name}>{text}</{name}>\r\n" for name, text in usual.items() if text is not None
        )
        text = (
            f'<?xml version="1.0" encoding="{encoding}"?>\r\n<Notify>\r\n{body}{info}</Notify>\r\n'
        )
        return text.encode(encoding)

    return write
