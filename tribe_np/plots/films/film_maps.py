"""The maps of a film: the rows of a prediction, or of the difference of two, a row at a time."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError
from tribe_np.plots.colours.colour_scale import MOST_VALUES
from tribe_np.plots.surface_sources import check_same_rows, distinct_names, read_surface

BLOCK = 128  # rows that are read at once


@dataclass(frozen=True, eq=False)
class FilmMap:
    """A prediction, less another where there is one, and what it is called."""

    series: SurfaceSeries
    label: str
    minus: SurfaceSeries | None = None

    def row(self, number: int) -> np.ndarray:
        """The values of a row at every vertex, (2 V,) float32; NaN where none was computed.

        Numerics the difference is taken in float32
        """
        values = _whole_row(self.series, number)
        return values if self.minus is None else values - _whole_row(self.minus, number)

    def at(self, found: tuple[int, int, float]) -> np.ndarray:
        """The values between two rows (row, next, weight of the next), (2 V,) float32."""
        row, following, weight = found
        values = self.row(row)
        if weight == 0:
            return values
        share = np.float32(weight)
        return np.asarray((1 - share) * values + share * self.row(following))

    def some_rows(self, rows: np.ndarray) -> np.ndarray:
        """Values of as many of these rows as limits are taken from, (n, columns): evenly spread where they are many."""
        step = max(1, -(-len(rows) * self.series.values.shape[1] // MOST_VALUES))
        chosen = rows[::step]
        if self.minus is None:
            return np.concatenate([rows_read(self.series.values, part) for part in in_blocks(chosen)])
        return np.stack([self.row(int(row)) for row in chosen])


def film_maps(
    prediction: Any, *, beside: Any = None, minus: Any = None, names: tuple[str, ...] | None = None
) -> tuple[FilmMap, ...]:
    """One map, or two beside each other.

    Raises   ConfigError for contradictory wishes; ShapeError for predictions of different meshes or rows; OutputError
             for folders that are none
    """
    if beside is not None and minus is not None:
        raise ConfigError("two predictions are shown beside each other or as their difference; give one of the two")
    series = read_surface(prediction)
    if minus is not None:
        other = read_surface(minus)
        check_same_rows(series, other)
        (label,) = _labels(names, [" \u2212 ".join(_told_apart(series, other))])
        return (FilmMap(series, label, other),)
    if beside is None:
        (label,) = _labels(names, [""])
        return (FilmMap(series, label),)
    other = read_surface(beside)
    check_same_rows(series, other)
    called = _labels(names, _told_apart(series, other))
    return FilmMap(series, called[0]), FilmMap(other, called[1])


def rows_read(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """A copy of some rows (n, columns). Of a file they are read through a map of their own, which goes at once: what
    was read of a long prediction does not add up in memory."""
    mapped = _map_under(values)
    if mapped is not None and mapped.filename is not None and values.flags.c_contiguous:
        # numpy's offset of a part of a map is that of the whole
        offset = mapped.offset + values.ctypes.data - mapped.ctypes.data
        values = np.memmap(mapped.filename, values.dtype, "r", offset, values.shape)
    return np.array(values[rows])


def _map_under(values: np.ndarray) -> np.memmap | None:
    """The map of a file that an array is a view of, if it is one."""
    under: Any = values
    while isinstance(under, np.ndarray) and isinstance(under.base, np.ndarray):
        under = under.base
    return under if isinstance(under, np.memmap) else None


def in_blocks(rows: np.ndarray) -> list[np.ndarray]:
    """The same rows in blocks of BLOCK."""
    return [rows[first : first + BLOCK] for first in range(0, len(rows), BLOCK)]


def _whole_row(series: SurfaceSeries, number: int) -> np.ndarray:
    values: np.ndarray = rows_read(series.values, np.array([number]))[0].astype(np.float32, copy=False)
    if series.vertices is None:
        return values
    whole = np.full(2 * series.per_hemisphere, np.nan, np.float32)
    whole[series.vertices] = values
    return whole


def _labels(given: tuple[str, ...] | None, own: list[str]) -> list[str]:
    if given is None:
        return own
    if len(given) != len(own):
        raise ConfigError(f"expected {len(own)} name{'s' if len(own) > 1 else ''}, one a map, got {len(given)}")
    return list(given)


def _told_apart(one: SurfaceSeries, other: SurfaceSeries) -> list[str]:
    """Names of two predictions."""
    names = distinct_names([one.origin, other.origin])
    return names if names[0] != names[1] else ["first", "second"]
