"""How fast a mapping reads a table, beside a program written by hand for the same table.

No bus and no validation: decoding and translating alone. The hand-written program parses with
the same libraries and does no more than it must: it tells no columns apart, hashes nothing and
refuses nothing.
"""

import csv
import io
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from adapters.mapping import MappedTable, MappingOptions
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from liandong.record.v1.record_pb2 import Record
from liandong.safety.v1.safety_pb2 import GRADE_MAJOR, GRADE_ORDINARY

ROWS = 20_000
ROUNDS = 5
COLUMNS = 8
CHUNK = 1 << 18
MAPPING = {
    "kind": "safety.hazard",
    "entity": "{编号}",
    "format": {"type": "csv"},
    "fields": {
        "observed_at": {"column": "时间", "format": "%Y-%m-%d %H:%M:%S"},
        "body.number": "编号",
        "body.description": "描述",
        "body.grade": {"column": "等级", "values": {"重大": "MAJOR", "一般": "ORDINARY"}},
        "body.owner": "单位",
        "location.point": {"latitude": "纬度", "longitude": "经度"},
        "location.address": "地址",
    },
}


def table() -> bytes:
    """Return a table of eight columns in GB 18030."""
    lines = ["编号,时间,描述,等级,单位,纬度,经度,地址"]
    lines += [
        f"NJ-{n:06d},2025-07-01 {n % 24:02d}:{n % 60:02d}:{n // 7 % 60:02d},楼道堆放杂物,"
        f"{'重大' if n % 3 else '一般'},某某公司,"
        f"32.0{n % 900 + 100},118.7{n % 900 + 100},中山东路{n}号"
        for n in range(ROWS)
    ]
    return "\n".join(lines).encode("gb18030")


def mapped(content: bytes) -> None:
    """Read the table by its mapping."""
    feed = FeedConfig(id="safety.bench", adapter="mapping", agency="safety", source="drop:x")
    adapter = MappedTable(feed, MappingOptions(mapping=MAPPING))
    decoder = adapter.decoder()
    rows = []
    for at in range(0, len(content), CHUNK):
        rows += decoder.feed(content[at : at + CHUNK])
    rows += decoder.close()
    for row in rows:
        assert not isinstance(row, Undecodable)
        for translated in adapter.translate(row):
            translated.record.SerializeToString()


def by_hand(content: bytes) -> None:
    """Read the table by a program for it alone."""
    rows = csv.reader(io.StringIO(content.decode("gb18030")))
    next(rows)
    for number, at, description, grade, owner, north, east, address in rows:
        record = Record(name=f"safety/safety.hazard/{number}")
        record.observed_at.FromDatetime(datetime.fromisoformat(f"{at}+08:00"))
        record.received_at.FromDatetime(datetime.now(UTC))
        record.location.address = address
        record.location.point.latitude_deg = float(north)
        record.location.point.longitude_deg = float(east)
        body = record.safety_hazard
        body.number, body.description, body.owner = number, description, owner
        body.grade = GRADE_MAJOR if grade == "重大" else GRADE_ORDINARY
        record.SerializeToString()


def best(read: Callable[[bytes], None], content: bytes) -> float:
    """Return the seconds that a row takes, at best."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        read(content)
        times.append(time.perf_counter() - begin)
    return min(times) / ROWS


def main() -> None:
    """Print both, and their ratio."""
    content = table()
    ours, ceiling = best(mapped, content), best(by_hand, content)
    print(f"{Path(__file__).stem}: {ROWS:,} rows of {COLUMNS} columns")
    print(f"  mapping  {ours * 1e6:6.1f} us a row  {1 / ours:10,.0f} rows/s")
    print(f"  by hand  {ceiling * 1e6:6.1f} us a row  {1 / ceiling:10,.0f} rows/s")
    print(f"  ratio    {ceiling / ours:6.2f}")


if __name__ == "__main__":
    main()
