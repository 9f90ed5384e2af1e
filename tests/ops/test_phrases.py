"""What a record says, in a phrase."""

import pytest

from liandong.record.v1.record_pb2 import Record
from liandong.water.v1.water_pb2 import Rainfall
from ops.phrases import phrase


@pytest.mark.parametrize(
    ("said", "phrased"),
    [
        (Rainfall(last_5min_mm=0.5), "0.5 mm in 5 min"),
        (Rainfall(station_title="Zijin", last_6h_mm=12), "Zijin, 12 mm in 6 h"),
        (Rainfall(last_1h_mm=3, current_mm=8, last_5min_mm=0.5), "3 mm in 1 h, 8 mm today"),
        (Rainfall(station_title="Zijin"), "Zijin"),
        (Rainfall(), "no rain reading"),
    ],
)
def test_rain_is_told_over_whatever_time_it_was_measured(said: Rainfall, phrased: str) -> None:
    """The hour and the day before all else, where they are stated."""
    assert phrase(Record(water_rainfall=said)) == phrased
