"""Reading what weather bulletins say, whichever code they are written in."""

from collections.abc import Callable

import pytest

from adapters.sdk.adapter import Translated
from liandong.record.v1.record_pb2 import Record


@pytest.fixture
def record(translated: Callable[[bytes], list[Translated]]) -> Callable[[str], Record]:
    """Return a reader of one report."""

    def read(report: str) -> Record:
        (one,) = translated(report.encode())
        return one.record

    return read
