"""Maps out of what a person gives: prediction and measured folders, .npy files, arrays; rows, means, differences."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries, as_series
from tribe_np.cortex.voxel_series import is_voxel_folder
from tribe_np.errors import ConfigError, OutputError, ShapeError, reason_of
from tribe_np.formats.prediction_folder import MEASURED
from tribe_np.plots.stimulus.row_clock import RowClock, row_clock

BLOCK = 256  # rows read at once
SAME_TIME = 1e-3  # seconds by which rows of two predictions may differ
PREDICTED_UNIT, MEASURED_UNIT = "z-scored BOLD", "BOLD"


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
    """The rows of a folder that predict, resample or project wrote, of a .npy file, of an array or a SurfaceSeries.

    Raises   OutputError, ShapeError; ConfigError for voxels of the subcortex
    """
    if is_voxel_folder(source):
        raise ConfigError(f"{source}: holds voxels of the subcortex, not a cortical surface")
    is_file = isinstance(source, (str, Path)) and not Path(source).is_dir()
    try:
        series = as_series(_array(Path(source)) if is_file else source)
    except ShapeError as error:
        what = str(error).removeprefix("the array: ")
        raise (ShapeError(f"{source}: {what}") if is_file else error) from error
    if is_file:
        series = replace(series, origin=str(source))
    if not len(series.values):
        raise ShapeError(f"{series.origin}: has no rows")
    is_measured = not is_file and isinstance(source, (str, Path)) and (Path(source) / MEASURED).is_file()
    unit = MEASURED_UNIT if is_measured else (PREDICTED_UNIT if series.run else "")
    n_bare = 2 * series.per_hemisphere - len(series.columns)
    bare = [f"{series.origin}: {n_bare} of {2 * series.per_hemisphere} vertices were not computed; drawn bare"]
    return ShownSeries(series, series.full(), name or series.origin, unit, tuple(bare) if n_bare else ())


def difference(one: ShownSeries, other: ShownSeries) -> ShownSeries:
    """Row by row, the first minus the second.

    Raises   ShapeError where meshes or the times of rows differ
    """
    a, b = one.series, other.series
    if a.mesh != b.mesh:
        raise ShapeError(f"{a.origin} is on {a.mesh}, but {b.origin} on {b.mesh}; tribe-np resample brings one over")
    if len(a.values) != len(b.values) or np.abs(a.starts - b.starts).max() > SAME_TIME:
        raise ShapeError(
            f"rows of {a.origin} ({len(a.values)} from {a.starts[0]:g} s) and of {b.origin} ({len(b.values)} from "
            f"{b.starts[0]:g} s) are not of the same times; a difference needs the same rows"
        )
    whole = np.subtract(one.whole, other.whole, dtype=np.float32)
    series = replace(a, values=whole, vertices=None)
    warnings = tuple(dict.fromkeys((*one.warnings, *other.warnings)))
    return ShownSeries(series, whole, f"{one.name} {chr(0x2212)} {other.name}", _unit_of_difference(one.unit), warnings)


def _unit_of_difference(unit: str) -> str:
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


def rows_at(shown: ShownSeries, clock: RowClock, moments: Sequence[float]) -> tuple[list[np.ndarray], list[str]]:
    """A map for each moment of the clock, all NaN where nothing is predicted, and what to say of it.

    Raises   ConfigError for a moment outside of all rows
    """
    maps, warnings = [], []
    for moment in moments:
        if not clock.first - 1e-5 <= moment <= clock.stop:
            raise ConfigError(
                f"--at {moment:g}: rows of {shown.series.origin} are shown from "
                f"{round(clock.first, 3) + 0.0:g} s to {clock.stop:g} s "
                f"(--align {clock.align})"
            )
        values = clock.values_at(shown.whole, moment)
        if values is None:
            warnings.append(f"{shown.series.origin}: nothing is predicted at {moment:g} s; drawn bare")
            values = np.full(shown.whole.shape[1], np.nan, np.float32)
        elif not np.isfinite(values).any():
            warnings.append(f"{shown.series.origin}: every value at {moment:g} s is NaN; drawn bare")
        maps.append(values)
    return maps, warnings


def clock_of(shown: ShownSeries, align: str, timeline: str | None) -> RowClock:
    """The clock of the rows.

    Raises   ConfigError
    """
    return row_clock(shown.series, align=align, timeline=timeline)


def bare_vertices(maps: Sequence[np.ndarray], n_counted: int) -> list[str]:
    """What to say of NaN in maps beyond the vertices that were not computed."""
    n = max(int((~np.isfinite(values)).sum()) for values in maps if np.isfinite(values).any()) - n_counted
    return [f"{n} of {len(maps[0])} vertices hold no number (NaN); drawn bare"] if n > 0 else []


def distinct_names(sources: Sequence[Any]) -> list[str]:
    """Short names of several sources: the last part of each path, with as many parts before it as tell them apart.

    >>> distinct_names(["a/predictions", "b/predictions"])
    ['a/predictions', 'b/predictions']
    >>> distinct_names(["runs/faces", "runs/places"])
    ['faces', 'places']
    """
    paths = [Path(source).absolute() if isinstance(source, (str, Path)) else None for source in sources]
    longest = max((len(path.parts) for path in paths if path is not None), default=1)
    for n in range(1, longest + 1):
        names = [f"map {i + 1}" if path is None else "/".join(path.parts[-n:]) for i, path in enumerate(paths)]
        if len(set(names)) == len(names):
            break
    return [name.removesuffix(".npy") for name in names]


def _array(path: Path) -> np.ndarray:
    expected = "expected a folder that predict, resample or project wrote, or a .npy file"
    if not path.exists():
        raise OutputError(f"{path}: is not there; {expected}")
    if path.suffix.lower() != ".npy":
        raise OutputError(f"{path}: is no folder and no .npy file; {expected}")
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {reason_of(error)}") from error
    except (ValueError, EOFError) as error:
        raise OutputError(f"{path}: is no .npy file of numbers, or a part of one") from error
    if not isinstance(found, np.ndarray):
        raise OutputError(f"{path}: is no .npy file of numbers")
    return np.asarray(found)
