"""What a part's process takes of the machine."""

import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_STATUS: Final = Path("/proc/self/statm")


class ProcessCollector(Collector):
    """Tells a process's memory, processor time and start.

    Args:
        part: The part that the process runs.
    """

    def __init__(self, part: str) -> None:
        self._part = part
        self._began = time.time()

    def collect(self) -> Iterator[Metric]:
        """Tell how the process fares now."""
        memory = GaugeMetricFamily(
            "liandong_process_memory_bytes", "Memory that a part's process holds.", labels=["part"]
        )
        pages = int(_STATUS.read_text().split()[1])
        memory.add_metric([self._part], pages * os.sysconf("SC_PAGE_SIZE"))
        yield memory
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu = CounterMetricFamily(
            "liandong_process_cpu_seconds_total", "Processor time of a part.", labels=["part"]
        )
        cpu.add_metric([self._part], used.ru_utime + used.ru_stime)
        yield cpu
        began = GaugeMetricFamily(
            "liandong_process_start_time_seconds", "When a part started.", labels=["part"]
        )
        began.add_metric([self._part], self._began)
        yield began
