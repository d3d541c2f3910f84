"""Maps out of what was read: rows at moments, means, differences, each with its name, its unit and what was odd."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tribe_np.cortex.random_weights import RANDOM, is_of_random_weights
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.plots.stimulus.row_clock import RowClock
from tribe_np.plots.surface_sources import check_same_rows, read_surface, unit_of

BLOCK = 256  # rows read at once


@dataclass(frozen=True, eq=False)
class ShownSeries:
    """A series of rows, all vertices of it, and what it is called.

    Shapes   whole (R, 2 V); NaN where nothing was computed
    """

    series: SurfaceSeries
    whole: np.ndarray
    name: str
    unit: str
    warnings: tuple[str, ...] = ()


def shown_series(source: Any, name: str | None = None) -> ShownSeries:
    """The rows of a prediction folder, one that project wrote, a .npy file, an array or a SurfaceSeries.

    Raises   OutputError, ShapeError
    """
    series = read_surface(source)
    if not len(series.values):
        raise ShapeError(f"{series.origin}: has no rows")
    said = [f"{series.origin}: {RANDOM}"] if is_of_random_weights(series) else []
    if n_bare := 2 * series.per_hemisphere - len(series.columns):
        said.append(f"{series.origin}: {n_bare} of {2 * series.per_hemisphere} vertices were not computed; drawn bare")
    return ShownSeries(series, series.full(), name or series.origin, unit_of(series), tuple(said))


def difference(one: ShownSeries, other: ShownSeries) -> ShownSeries:
    """Row by row, the first minus the second.

    Raises   ShapeError where meshes or the times of rows differ
    """
    a, b = one.series, other.series
    check_same_rows(a, b)
    whole = np.subtract(one.whole, other.whole, dtype=np.float32)
    series = replace(a, values=whole, vertices=None)
    warnings = tuple(dict.fromkeys((*one.warnings, *other.warnings)))
    return ShownSeries(series, whole, f"{one.name} {chr(0x2212)} {other.name}", difference_unit(one.unit), warnings)


def difference_unit(unit: str) -> str:
    """The unit of a difference of two maps in `unit`."""
    return f"Difference in {unit}" if unit else "Difference"


def mean_of_rows(whole: np.ndarray) -> np.ndarray:
    """The mean of all rows, (2 V,) float32; NaN does not count, and stays where a vertex has nothing else."""
    total, count = np.zeros(whole.shape[1]), np.zeros(whole.shape[1], np.int64)
    for first in range(0, len(whole), BLOCK):
        rows = np.asarray(whole[first : first + BLOCK], np.float64)
        known = np.isfinite(rows)
        total += np.where(known, rows, 0).sum(axis=0)
        count += known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def left_out_of_mean(shown: ShownSeries) -> list[str]:
    """What a mean over all rows leaves out; vertices without any number are bare, and said elsewhere."""
    known, n_empty = np.zeros(shown.whole.shape[1], np.int64), 0
    for first in range(0, len(shown.whole), BLOCK):
        finite = np.isfinite(shown.whole[first : first + BLOCK])
        known += finite.sum(axis=0)
        n_empty += int((~finite.any(axis=1)).sum())
    n_values = int((len(shown.whole) - n_empty - known[known > 0]).sum())
    found = [f"{n_empty} of {len(shown.whole)} rows hold no number"] if n_empty else []
    found += [f"{n_values} values of other rows are not finite"] if n_values and n_empty else []
    found += [f"{n_values} values are not finite"] if n_values and not n_empty else []
    return [f"{shown.series.origin}: {' and '.join(found)}; left out of the mean"] if found else []


def rows_at(
    whole: np.ndarray, clock: RowClock, moments: Sequence[float], origin: str
) -> tuple[list[np.ndarray], list[str]]:
    """A map for each moment of the clock, all NaN where nothing is predicted, and what to say of it.

    Shapes   whole (R, n) -> (n,) each
    Raises   ConfigError for a moment outside of all rows
    """
    maps, warnings = [], []
    for moment in moments:
        if not clock.first - 1e-5 <= moment <= clock.stop:
            raise ConfigError(
                f"--at {moment:g}: rows of {origin} are shown from {round(clock.first, 3) + 0.0:g} s to "
                f"{clock.stop:g} s (--align {clock.align})"
            )
        values = clock.values_at(whole, moment)
        if values is None:
            warnings.append(f"{origin}: nothing is predicted at {moment:g} s; drawn bare")
            values = np.full(whole.shape[1], np.nan, np.float32)
        elif not np.isfinite(values).any():
            warnings.append(f"{origin}: every value at {moment:g} s is NaN; drawn bare")
        maps.append(values)
    return maps, warnings


def whose_times(clock: RowClock) -> str:
    """Whose clock the times of moments are of; no text where the BOLD has the stimulus's."""
    offset = clock.hemodynamic_offset
    if not offset:
        return ""
    if clock.align == "bold":
        return f"Times of the BOLD, which follows the stimulus by {offset:g} s"
    return f"Times of the stimulus; its BOLD follows {offset:g} s later"


def bare_vertices(maps: Sequence[np.ndarray], n_counted: int) -> list[str]:
    """What to say of NaN in maps beyond the vertices that were not computed."""
    n = max(int((~np.isfinite(values)).sum()) for values in maps if np.isfinite(values).any()) - n_counted
    return [f"{n} of {len(maps[0])} vertices hold no number (NaN); drawn bare"] if n > 0 else []
