"""What is compared: each prediction folder, or each timeline of one, as rows of vertices with a short, unique name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries, as_series
from tribe_np.errors import ConfigError, OutputError, reason_of
from tribe_np.files.npy_files import mapped_npy
from tribe_np.formats.prediction_folder import MEASURED, read_prediction
from tribe_np.shown import did_you_mean, quoted, shown, some_of

TIMELINE_SIGN = "::"  # DIR::run-1 is one timeline of a folder
MOST_ITEMS = 1000
BLOCK_ROWS = 256  # read at a time: 40 MiB of fsaverage5 in float64


@dataclass(frozen=True, eq=False)
class ComparedItem:
    """One stimulus: its rows, all of one timeline, by time."""

    name: str
    series: SurfaceSeries

    @property
    def times(self) -> np.ndarray:
        """Seconds from the start of the first row to that of each, (R,)."""
        starts = self.series.starts
        return np.asarray(np.round(starts - starts[0], 6))

    @property
    def seconds(self) -> float:
        """From the start of the first row to the end of the last."""
        return float(self.times[-1]) + self.series.tr


def read_items(sources: Any, names: Sequence[str] | None = None) -> tuple[list[ComparedItem], list[str]]:
    """The items that sources stand for, and what was odd.

    A source is a folder, one timeline of it as DIR::NAME, a .npy file, an array (R, V) or (V,), or a series; a mapping
    names them. A folder of several timelines gives an item for each.
    Raises   ConfigError for fewer than two items, names that do not fit, no rows; as `as_series`
    """
    if isinstance(sources, Mapping):
        names = [str(name) for name in sources] if names is None else names
        sources = list(sources.values())
    if not isinstance(sources, (list, tuple)):
        raise ConfigError("compare needs a list of predictions, or a mapping from names to them")
    found = [(place, one) for place, source in enumerate(sources) for one in timelines_of(read_source(source))]
    if len(found) < 2:
        raise ConfigError(f"compare needs at least two stimuli, beside a baseline, got {len(found)}")
    if len(found) > MOST_ITEMS:
        raise ConfigError(f"compare takes up to {MOST_ITEMS} stimuli, got {len(found)}")
    called = _given_names(names, len(sources), found) if names is not None else _names_of(sources, found)
    items, said = [], []
    for name, (_, series) in zip(called, found, strict=True):
        if series.origin == SurfaceSeries.origin:
            series = replace(series, origin=name)
        kept, more = without_blank_rows(in_time_order(series))
        items.append(ComparedItem(name, kept))
        said += more
    return items, [*_split_up(found), *_given_twice(sources, found), *said]


def read_source(source: Any) -> SurfaceSeries:
    """A source as one series, still with all of its timelines.

    Raises   ConfigError for a timeline that is not there; as `as_series`
    """
    if not isinstance(source, (str, Path)):
        return _with_rows(as_series(source))
    path = Path(source)
    if path.suffix.lower() == ".npy" and not path.is_dir():
        return _with_rows(replace(as_series(_array(path)), origin=str(path)))
    folder, sign, timeline = str(source).rpartition(TIMELINE_SIGN)
    if not sign or path.exists():
        return _with_rows(as_series(path))
    return _with_rows(_one_timeline(Path(folder), timeline))


def _array(path: Path) -> np.ndarray:
    try:
        return mapped_npy(path)
    except (OSError, ValueError, EOFError) as error:
        told = reason_of(error) if isinstance(error, OSError) else error
        raise OutputError(f"{path}: cannot be read as an array: {told}") from error


def _with_rows(series: SurfaceSeries) -> SurfaceSeries:
    if not len(series.values):
        raise ConfigError(f"{series.origin}: has no rows; there is nothing to compare")
    return series


def _one_timeline(folder: Path, timeline: str) -> SurfaceSeries:
    series = as_series(folder)
    if (folder / MEASURED).is_file():
        raise ConfigError(f"{folder}: holds measured data, which have no timelines; name the folder alone")
    names = [str(row.get("timeline")) for row in read_prediction(folder)[1]]
    if timeline not in names:
        known = list(dict.fromkeys(names))
        raise ConfigError(
            f"{folder}: has no timeline {quoted(timeline)}; it has {some_of(known, 5)}{did_you_mean(timeline, known)}"
        )
    return _rows_of(series, np.array(names) == timeline, timeline)


def timelines_of(series: SurfaceSeries) -> list[SurfaceSeries]:
    """One series for each timeline: each has times of its own."""
    if series.timelines is None:
        return [series]
    names = dict.fromkeys(series.timelines.tolist())
    return [_rows_of(series, series.timelines == name, name) for name in names]


def _rows_of(series: SurfaceSeries, mine: np.ndarray, timeline: str) -> SurfaceSeries:
    rows = np.flatnonzero(mine)
    is_block = rows[-1] - rows[0] + 1 == len(rows)  # then no row is copied
    values = series.values[rows[0] : rows[-1] + 1] if is_block else series.values[rows]
    origin = f"{series.origin}{TIMELINE_SIGN}{timeline}"
    return replace(series, values=values, starts=series.starts[rows], timelines=None, origin=origin)


def in_time_order(series: SurfaceSeries) -> SurfaceSeries:
    """The rows by start; of rows with one start, which windows that overlap give, the first."""
    starts, rows = np.unique(np.round(series.starts, 6), return_index=True)
    if len(starts) == len(series.starts) and (np.diff(rows) > 0).all():
        return series
    return replace(series, values=series.values[rows], starts=series.starts[rows])


def without_blank_rows(series: SurfaceSeries) -> tuple[SurfaceSeries, list[str]]:
    """The rows that have a finite value, and what to say of the others.

    Raises   ConfigError where none has
    """
    rows, _ = finite_parts(series.values)
    if rows.all():
        return series, []
    if not rows.any():
        raise ConfigError(f"{series.origin}: every value is NaN or infinite; there is nothing to compare")
    kept = replace(series, values=series.values[rows], starts=series.starts[rows])
    return kept, [
        f"{series.origin}: {(~rows).sum()} of {len(rows)} rows are NaN or infinite at every vertex; they count in no "
        "mean, and courses over time are interpolated across them"
    ]


def finite_parts(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which rows (R,) have a finite value, and which columns (n,) are finite in all of those rows."""
    rows, columns = np.zeros(len(values), bool), np.ones(values.shape[1], bool)
    for first in range(0, len(values), BLOCK_ROWS):
        block = slice(first, first + BLOCK_ROWS)
        finite = np.isfinite(values[block])
        rows[block] = finite.any(axis=1)
        columns &= (finite | ~rows[block, None]).all(axis=0)
    return rows, columns


def mean_map(values: np.ndarray) -> np.ndarray:
    """The mean over rows, (n,) in float64, as all rows weigh the same."""
    total = np.zeros(values.shape[1])
    for first in range(0, len(values), BLOCK_ROWS):
        total += np.asarray(values[first : first + BLOCK_ROWS], np.float64).sum(axis=0)
    return total / len(values)


Found = Sequence[tuple[int, SurfaceSeries]]  # the place of its source, and the series


def _given_names(names: Sequence[str], n_sources: int, found: Found) -> list[str]:
    if len(names) != n_sources:
        raise ConfigError(f"{len(names)} names are given for {n_sources} predictions")
    of_source = [place for place, _ in found]
    named = [
        names[place] if of_source.count(place) == 1 else f"{names[place]}{TIMELINE_SIGN}{_timeline(series)}"
        for place, series in found
    ]
    if len(set(named)) < len(named) or not all(name.strip() for name in named):
        raise ConfigError(f"each name must be there once, and not be empty, got {', '.join(map(quoted, names))}")
    return named


def _timeline(series: SurfaceSeries) -> str:
    return series.origin.rpartition(TIMELINE_SIGN)[2]


def _names_of(sources: Sequence[Any], found: Found) -> list[str]:
    labels = short_names(
        [series.origin if isinstance(sources[place], (str, Path)) else f"array {place + 1}" for place, series in found]
    )
    unique: list[str] = []
    for label in map(shown, labels):  # a line break in a name would break tables, and the figure
        name, number = label, 1
        while name in unique:
            number += 1
            name = f"{label} ({number})"
        unique.append(name)
    return unique


def short_names(origins: Sequence[str]) -> list[str]:
    """Names by which paths are told apart: without the folders that all share at the end, and as short as can be.

    >>> short_names(["runs/faces/predictions", "runs/places/predictions"])
    ['faces', 'places']
    >>> short_names(["a/one", "b/one", "c/two"])
    ['a/one', 'b/one', 'c/two']
    """
    parts = [Path(origin).absolute().parts if "/" in origin or Path(origin).exists() else (origin,)
             for origin in origins]  # fmt: skip
    distinct = list(dict.fromkeys(parts))
    if len(distinct) > 1:
        while len({part[-1] for part in distinct}) == 1 and all(len(part) > 1 for part in distinct):
            distinct = [part[:-1] for part in distinct]
    cut = dict(zip(dict.fromkeys(parts), distinct, strict=True))
    for n in range(1, max(map(len, distinct)) + 1):
        if len({part[-n:] for part in distinct}) == len(distinct):
            break
    return ["/".join(cut[part][-n:]).removesuffix(".npy") for part in parts]


def _split_up(found: Found) -> list[str]:
    places = [place for place, _ in found]
    return [
        f"{series.origin.rpartition(TIMELINE_SIGN)[0]}: has {places.count(place)} timelines, each compared as a "
        f"stimulus of its own; DIR{TIMELINE_SIGN}NAME takes one of them"
        for number, (place, series) in enumerate(found)
        if places.count(place) > 1 and places.index(place) == number
    ]


def _given_twice(sources: Sequence[Any], found: Found) -> list[str]:
    real = [str(Path(series.origin).resolve()) for place, series in found if isinstance(sources[place], (str, Path))]
    return [f"{name}: is given {real.count(name)} times" for name in dict.fromkeys(real) if real.count(name) > 1]
