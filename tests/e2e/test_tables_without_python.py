"""A table of a real database comes onto the bus by a mapping file alone."""

from pathlib import Path

import sqlalchemy

from adapters.runner import FeedRunner
from adapters.sdk.feed import FeedConfig
from adapters.sdk.stamp import FEED_HEADER
from broker.home import Home
from broker.plan import BusPlan
from broker.subscriber import scan
from liandong.incident.v1.incident_pb2 import LEVEL_III
from liandong.record.v1.record_pb2 import Record
from tests.adapters.transports.running import until
from tests.adapters.transports.servers import postgresql
from tests.conftest import Books
from tests.e2e.samples import Connect

MAPPINGS = Path(__file__).parents[2] / "docs" / "examples" / "mappings"
TABLE = """
CREATE TABLE calls (
  id bigserial PRIMARY KEY, "CALL_ID" text, "SERVICE" text, "TYPE_NAME" text, "TYPE_CODE" text,
  "CATEGORY" text, "LEVEL_CODE" text, "STATUS" text, "CALL_TIME" timestamptz,
  "UPDATE_TIME" timestamptz, "CLOSE_TIME" timestamptz, "REMARK" text, "DEAD" int, "INJURED" int,
  "TRAPPED" int, "UNITS" text, "LON" numeric(10, 6), "LAT" numeric(10, 6), "ADDRESS" text,
  "AREA_CODE" text, "IS_DRILL" int, "DISPATCH_CENTER" text)
"""
ROW = """
INSERT INTO calls ("CALL_ID", "SERVICE", "TYPE_NAME", "CATEGORY", "LEVEL_CODE", "STATUS",
  "CALL_TIME", "UPDATE_TIME", "INJURED", "LON", "LAT", "ADDRESS", "AREA_CODE", "IS_DRILL")
VALUES (:call, '119', '道路积水', '1', '3', '20', '2026-06-15 18:00:00+08',
  '2026-06-15 18:05:00+08',
  2, 118.772619, 32.039461, '中山路1号', '320102', 0)
"""


async def test_rows_of_postgresql_are_incidents_by_a_mapping_alone(
    city_home: Home,
    plan: BusPlan,
    bus_of: Connect,
    books: Books,
) -> None:
    """Rows that are there and rows that come later, each once, moved from GCJ-02 to WGS-84."""
    async with postgresql() as database:
        engine = sqlalchemy.create_engine(database.url)

        def add(*calls: str) -> None:
            with engine.begin() as connection:
                for call in calls:
                    connection.execute(sqlalchemy.text(ROW), {"call": call})

        with engine.begin() as connection:
            connection.execute(sqlalchemy.text(TABLE))
        add("NJ-1", "NJ-2")
        feed = FeedConfig(
            id="police.calls-by-sql",
            adapter="mapping",
            agency="police",
            source=f"sql+{database.url}",
            options={"file": str(MAPPINGS / "dispatch.mapping.toml")},
            transport={"query": "SELECT * FROM calls", "key": "id", "interval_s": 0.1},
        )
        async with FeedRunner(feed, city_home, plan) as runner:
            add("NJ-3")
            ledger = runner.ledger
            assert ledger is not None
            await until(lambda: ledger.stored + ledger.quarantined == 3)
        engine.dispose()

    async with bus_of("police") as bus:
        records = [
            Record.FromString(delivery.payload)
            async for delivery in scan(bus, "POLICE", "share.police.incident.report.>")
            if delivery.headers.get(FEED_HEADER) == feed.id
        ]
    books("postgresql by mapping", ledger)
    assert [record.incident.number for record in records] == ["NJ-1", "NJ-2", "NJ-3"]
    for record in records:
        assert record.incident.level == LEVEL_III
        assert record.incident.casualties.injured == 2
        assert round(record.location.point.latitude_deg, 4) == 32.0415
        assert round(record.location.point.longitude_deg, 4) == 118.7674
