"""What is known of the groups of some records, and how such knowledge is put together."""

import itertools
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gateway.summary.grouping import NO_TIME, Common, Group

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Tally(NamedTuple):
    """The groups of some records by their cells; all arrays are parallel.

    Attributes:
        cells: Numbers of the cells, each once, in order.
        counts: How many records.
        value_counts: How many of them state the value.
        totals: Sums of the values.
        least: The least; infinite where none states it.
        most: The greatest, likewise.
    """

    cells: Numbers
    counts: Numbers
    value_counts: Numbers
    totals: Floats
    least: Floats
    most: Floats


def tally(cells: npt.NDArray[np.int32], values: Floats | None) -> Tally:
    """Return the tally of records.

    Args:
        cells: The number of each one's cell.
        values: Each one's value, NaN if it states none; None: there are none.
    """
    counts = np.bincount(cells)
    present = np.flatnonzero(counts)
    least, most = np.full(len(counts), np.inf), np.full(len(counts), -np.inf)
    totals: Floats = np.zeros(len(counts))
    value_counts: Numbers = np.zeros(len(counts), np.int64)
    if values is not None:
        stated = ~np.isnan(values)
        if not stated.all():
            cells, values = cells[stated], values[stated]
        value_counts = np.bincount(cells, minlength=len(counts))
        totals = np.bincount(cells, values, minlength=len(counts)).astype(np.float64, copy=False)
        np.minimum.at(least, cells, values)
        np.maximum.at(most, cells, values)
    return Tally(
        present,
        counts[present],
        value_counts[present],
        totals[present],
        least[present],
        most[present],
    )


def whole(count: int, values: Floats | None) -> Tally:
    """Return the tally of records that are one group.

    Args:
        count: How many they are.
        values: As for `tally`.
    """
    stated = values[~np.isnan(values)] if values is not None else np.empty(0)
    some, one = len(stated) > 0, slice(min(count, 1))
    return Tally(
        np.zeros(1, np.int64)[one],
        np.array([count])[one],
        np.array([len(stated)])[one],
        np.array([stated.sum()])[one],
        np.array([stated.min() if some else np.inf])[one],
        np.array([stated.max() if some else -np.inf])[one],
    )


def together(common: Common, tallies: Iterable[Tally], ids: Numbers) -> list[Group]:
    """Return the groups of records that have the same in common.

    Args:
        common: What they have in common.
        tallies: Those of disjoint parts of them.
        ids: The cell of each number.
    """
    counts, value_counts = np.zeros(len(ids), np.int64), np.zeros(len(ids), np.int64)
    totals = np.zeros(len(ids))
    least, most = np.full(len(ids), np.inf), np.full(len(ids), -np.inf)
    for one in tallies:
        cells = one.cells
        # Each cell is in a tally once, so that nothing is lost by adding at once.
        counts[cells] += one.counts
        value_counts[cells] += one.value_counts
        totals[cells] += one.totals
        least[cells] = np.minimum(least[cells], one.least)
        most[cells] = np.maximum(most[cells], one.most)
    present = np.flatnonzero(counts)
    columns = (counts, value_counts, totals, least, most)
    return list(
        zip(
            ids[present].tolist(),
            itertools.repeat(common),
            itertools.repeat(NO_TIME),
            *[column[present].tolist() for column in columns],
            strict=False,
        )
    )
