"""Warnings of our own making, and the adapter that reads them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from adapters.sdk.adapter import Translated
from adapters.sdk.feed import FeedConfig
from adapters.weather.cap import Cap, CapDocument, CapOptions

SENDER = "observatory@weather.nanjing.example"
SENT = "2026-07-01T17:30:00+08:00"
Write = Callable[..., bytes]
Read = Callable[[bytes], list[Translated]]


class _Cap(Cap):
    """The adapter on the evening of the warnings."""

    def now(self) -> datetime:
        return datetime(2026, 7, 1, 12, 0, tzinfo=UTC) + timedelta(days=200)


@pytest.fixture
def cap() -> Cap:
    """Return an adapter as the city configures it."""
    feed = FeedConfig(
        id="weather.cap",
        adapter="weather/cap",
        agency="weather",
        source="drop:inbox/weather",
        district="320100",
        classification="public",
    )
    return _Cap(feed, CapOptions())


@pytest.fixture
def read(cap: Cap) -> Read:
    """Return a reader of documents that hold good alerts: all their records, in order."""

    def records(document: bytes) -> list[Translated]:
        decoder = cap.decoder()
        found: list[Translated] = []
        for message in [*decoder.feed(document), *decoder.close()]:
            assert isinstance(message, CapDocument), message
            found += cap.translate(message)
        return found

    return records


@pytest.fixture
def rainstorm() -> Write:
    """Return a writer of CAP rainstorm warnings; named elements replace the usual ones."""

    def write(
        identifier: str = "NJ-RAIN-1",
        *,
        info: str | None = None,
        area: str = "<areaDesc>南京市</areaDesc>",
        encoding: str = "UTF-8",
        without: str = "",
        namespace: str = "urn:oasis:names:tc:emergency:cap:1.2",
        **elements: str,
    ) -> bytes:
        usual = {
            "identifier": identifier,
            "sender": SENDER,
            "sent": SENT,
            "status": "Actual",
            "msgType": "Alert",
            "scope": "Public",
        } | elements
        usual.pop(without, None)
        head = "".join(f"<{name}>{text}</{name}>" for name, text in usual.items())
        part = (
            "<info><language>zh-CN</language><category>Met</category><event>暴雨</event>"
            "<urgency>Immediate</urgency><severity>Severe</severity>"
            "<certainty>Observed</certainty><expires>2026-07-01T23:30:00+08:00</expires>"
            "<headline>南京市气象台发布暴雨橙色预警信号</headline>"
            f"<area>{area}</area></info>"
        )
        text = (
            f'<?xml version="1.0" encoding="{encoding}"?>\n'
            f'<alert xmlns="{namespace}">{head}{part if info is None else info}</alert>'
        )
        return text.encode(encoding)

    return write


@pytest.fixture
def chinese() -> Write:
    """Return a writer of messages in the Chinese national profile."""

    def write(
        identifier: str = "32010041600000_20260701173000",
        *,
        severity: str = "Orange",
        geocode: str = "320102000000,320104000000",
        references: str = "",
        msg_type: str = "Alert",
        sent: str = "2026-07-01 17:30:00",
        extra: str = "",
    ) -> bytes:
        return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert>
  <identifier>{identifier}</identifier><sender>南京市气象局</sender>
  <senderCode>32010041600000</senderCode><sendTime>{sent}</sendTime>
  <status>Actual</status><msgType>{msg_type}</msgType><scope>Public</scope>
  <code><method><methodName>SMS</methodName><message>请注意\\n防范</message>
  <audienceGrp>6d5c,</audienceGrp></method></code>
  <secClassification>None</secClassification><note/>
  <references>{references}</references>{extra}
  <info><language>zh-CN</language><eventType>11B03</eventType><urgency>Unknown</urgency>
    <severity>{severity}</severity><certainty>Unknown</certainty>
    <effective>2026-07-01 17:35:00+08:00</effective><onset/><expires/>
    <senderName>张三</senderName>
    <headline>南京市气象局发布暴雨橙色预警[II级/严重]</headline>
    <description>预计未来3小时降雨量将达50毫米以上。</description><instruction/>
    <area><areaDesc>玄武区,秦淮区,玄武区</areaDesc><polygon/><circle/>
    <geocode>{geocode}</geocode></area></info>
</alert>""".encode()

    return write
