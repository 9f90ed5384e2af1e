"""Rows within the schema's bounds have a shape; times are read alike by either way."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import protovalidate
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.police.incident_csv import IncidentCsv
from adapters.police.incident_csv.options import TIME_FORMATS
from adapters.police.incident_csv.times import Moments, parse_time
from adapters.sdk.adapter import Translated
from adapters.sdk.errors import Untranslatable
from adapters.sdk.times import in_utc

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, tzinfo=UTC)
HEADER = "接警编号,报警时间,事件类型,地址,经度,纬度,出动单位\n"
BOUNDS = {"number": 128, "type": 256, "address": 1024}


@settings(deadline=None)
@given(
    st.from_regex(
        r"20[0-3][0-9][-/.][01]?[0-9][-/.][0-3]?[0-9] [0-2]?[0-9]:[0-5][0-9]:[0-6][0-9]",
        fullmatch=True,
    ),
    st.sampled_from(
        [
            TIME_FORMATS,
            ("%Y/%m/%d %H:%M:%S", "%Y-%d-%m %H:%M:%S"),
            ("%Y-%m-%d %H:%S:%M",),
            ("%Y.%m.%d", "%Y.%m.%d %H:%M:%S"),
        ]
    ),
)
@example("2026-07-01 24:00:00", TIME_FORMATS)
@example("1986-05-04 00:30:00", TIME_FORMATS)
@example("2026-07-01 12:34:56", ("%Y-%m-%d %H:%S:%M",))
def test_a_plain_time_is_what_the_formats_make_of_it(
    written: str, formats: tuple[str, ...]
) -> None:
    """The minute that is remembered changes nothing, neither a time nor why there is none."""

    def told(read: Callable[[], datetime]) -> datetime | str:
        try:
            return read()
        except Untranslatable as error:
            return str(error)

    moments = Moments(formats, ZONE)

    for _ in range(2):
        assert told(lambda: moments.utc("reported_at", written, NOW)) == told(
            lambda: in_utc("reported_at", parse_time("reported_at", written, formats), ZONE, NOW)
        )


@pytest.mark.parametrize("excess", [0, 1])
@pytest.mark.parametrize("field", BOUNDS)
def test_a_row_has_a_shape_while_its_texts_are_within_the_bounds(
    make: Callable[..., IncidentCsv],
    read: Callable[[IncidentCsv, bytes], list[Translated]],
    field: str,
    excess: int,
) -> None:
    """What has a shape holds the schema; what is too long has none, and the schema refuses it."""
    cells = {"number": "A1", "type": "火灾", "address": "中山路"}
    cells[field] = "字" * (BOUNDS[field] + excess)
    row = f"{cells['number']},2026-07-01 12:00:00,{cells['type']},{cells['address']},118.7,32.0,\n"

    (found,) = read(make(), (HEADER + row).encode())

    assert (found.shape is not None) is not bool(excess)
    assert bool(protovalidate.collect_violations(found.record)) is bool(excess)


def test_a_row_with_units_has_no_shape(
    make: Callable[..., IncidentCsv], read: Callable[[IncidentCsv, bytes], list[Translated]]
) -> None:
    """A list of any length, of names of any length, is left to the schema."""
    adapter = make(fields={"number": "接警编号", "reported_at": "报警时间", "units": "出动单位"})

    (found,) = read(adapter, (HEADER + "A1,2026-07-01 12:00:00,火灾,,,,消防一站\n").encode())

    assert found.shape is None
