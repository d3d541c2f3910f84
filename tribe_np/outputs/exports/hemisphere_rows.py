"""Rows of one hemisphere, one at a time, for formats that hold a file a hemisphere."""

from collections.abc import Iterator

import numpy as np

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.outputs.exports.time_axis import TimeAxis

GZIP_LEVEL = 1  # predictions hardly shrink: level 6 takes half a percent more off them


def computed_columns(series: SurfaceSeries, side: str) -> tuple[slice, np.ndarray]:
    """The columns of one hemisphere, and the vertex of each counted within it."""
    first = 0 if side == "left" else series.per_hemisphere
    start, stop = np.searchsorted(series.columns, [first, first + series.per_hemisphere])
    return slice(int(start), int(stop)), series.columns[start:stop] - first


def computed_rows(series: SurfaceSeries, side: str, axis: TimeAxis) -> Iterator[np.ndarray]:
    """The computed vertices (n,) of each row in float32, NaN in rows that fill a gap."""
    columns, vertices = computed_columns(series, side)
    for row in axis.rows:
        if row < 0:
            yield np.full(len(vertices), np.nan, np.float32)
        else:
            yield np.array(series.values[row, columns], np.float32)


def full_rows(series: SurfaceSeries, side: str, axis: TimeAxis) -> Iterator[np.ndarray]:
    """Every vertex (V,) of each row in float32, NaN where none was computed."""
    _, vertices = computed_columns(series, side)
    for computed in computed_rows(series, side, axis):
        row = np.full(series.per_hemisphere, np.nan, np.float32)
        row[vertices] = computed
        yield row
