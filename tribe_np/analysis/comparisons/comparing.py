"""Stimuli compared on the raw values that one model predicts for them; `tribe-np compare` prints and writes it.

Values are as predicted: no stimulus is z-scored or centred for itself, since a level that is taken out cannot be
compared. Only the correlations take means out, of the two things they relate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tribe_np.analysis.comparisons.compared_courses import compared_courses, on_common_vertices
from tribe_np.analysis.comparisons.compared_items import (
    ComparedItem,
    mean_map,
    read_items,
    read_source,
    without_blank_rows,
)
from tribe_np.analysis.comparisons.similarities import (
    FEWEST_MOMENTS,
    METRICS,
    correlation_over_time,
    map_similarity,
    moment_dissimilarity,
    nearest_items,
    rsa_matrix,
    rsa_points,
)
from tribe_np.analysis.comparisons.time_alignment import COURSE_ALIGNMENTS, SharedGrid, shared_grid
from tribe_np.analysis.comparisons.window_padding import WindowPadding, padding_of, padding_warnings
from tribe_np.analysis.one_model import check_one_model
from tribe_np.cortex.random_weights import RANDOM, is_of_random_weights
from tribe_np.errors import ConfigError
from tribe_np.shown import quoted, some_of

OF_THE_SET = "mean"
NEAREST = 3


@dataclass(frozen=True, eq=False)
class Comparison:
    """N stimuli beside each other; `tables` and `record` are what `tribe-np compare` writes.

    Shapes   maps (N, n): the mean over time at each of `vertices` (n,), less the baseline; baseline_map (n,) or None;
             means, lows, highs (N, K): mean, lowest and highest value over time of each entry: the cortex, its
             hemispheres, its regions; n_vertices (K,) of each; correlations (K, N, N) over time on `grid`;
             similarity (N, N) of the maps; rsa (N, N) or None. NaN where a likeness is not defined; warnings say why
    Units    those of the predictions: z-scored BOLD without a physical unit
    """

    items: tuple[ComparedItem, ...]
    paddings: tuple[WindowPadding | None, ...]
    vertices: np.ndarray
    maps: np.ndarray
    baseline: str | None  # in words
    baseline_item: ComparedItem | None  # where it is a prediction
    baseline_map: np.ndarray | None
    entries: tuple[str, ...]
    n_vertices: np.ndarray
    parcellation: str | None
    means: np.ndarray
    lows: np.ndarray
    highs: np.ndarray
    grid: SharedGrid
    correlations: np.ndarray
    metric: str
    similarity: np.ndarray
    rsa: np.ndarray | None
    n_rsa_points: int | None
    nearest: tuple[tuple[int, ...], ...]
    warnings: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """A short name for each stimulus."""
        return tuple(item.name for item in self.items)

    def differences(self, one: int, other: int) -> np.ndarray:
        """The mean of one stimulus less that of another, (K,), over all rows of each."""
        return np.asarray(self.means[one] - self.means[other])


def compare(
    sources: Sequence[Any] | Mapping[str, Any],
    *,
    names: Sequence[str] | None = None,
    baseline: Any = None,
    align: str = "seconds",
    metric: str = "pearson",
    rsa: bool = False,
    nearest: int = NEAREST,
    parcellation: Any = None,
    anyway: bool = False,
) -> Comparison:
    """Predictions of different stimuli by one model: levels, courses over time, similarities, neighbours.

    sources       two or more of: a folder, DIR::TIMELINE, a .npy file, an array (R, V) or (V,), a SurfaceSeries; or a
                  mapping from names to them. A folder of several timelines gives an item for each
    baseline      None; "mean", the mean of the items' mean maps, each item as much as the others; or a source whose
                  mean map is taken from every row of every item. A map and not a series: a baseline shows something
                  else at each second, and to take its course away would add that to all
    align         "seconds": row by row from each first row on, as far as the shortest goes; "share": of each duration,
                  linearly interpolated, at as many points as the shortest has rows. Levels are of all rows
    metric        of the mean maps: "pearson" or "cosine"
    rsa           Spearman's correlation of the dissimilarities (1 - Pearson) between the moments of each stimulus
    parcellation  as for `roi`; None: the default one, if there is one; False: the cortex and its hemispheres alone
    anyway        also where the predictions differ in more than their stimulus
    Raises        ConfigError for items that cannot be compared, unknown words; ShapeError for different meshes;
                  ParcellationError; as `as_series`
    """
    _check_words(align, metric, nearest)
    items, base, told, said = _on_one_ground(sources, names, baseline, anyway)
    flat = None if baseline is None else _flat(items, base)
    if flat is not None and base is None and len(items) == 2:
        said.append("less their own mean, one map of two is the other's negative: their similarity is -1 by arithmetic")
    courses, more = compared_courses(items, parcellation, flat)
    grid, of_grid = shared_grid(items, align)
    n_points, alike, of_rsa = _rsa(items, grid, flat) if rsa else (None, None, [])
    every = items if base is None else [*items, base]
    paddings = [padding_of(one) for one in every]
    said += [*more, *of_grid, *_short_courses(items, grid), *of_rsa, *padding_warnings(every, paddings)]
    aligned = np.stack([grid.aligned(item, one) for item, one in zip(items, courses.courses, strict=True)])
    levels = [one if courses.baseline is None else one - courses.baseline for one in courses.courses]
    maps = np.stack([mean_map(item.series.values) for item in items])
    maps = maps if flat is None else maps - flat
    similarity, correlations = map_similarity(maps, metric), correlation_over_time(aligned)
    said += _flat_items(items, similarity, "the mean map of {}" + ("" if flat is None else ", less the baseline,"))
    if len(grid.points) >= FEWEST_MOMENTS:
        said += _flat_items(items, correlations[0], "the course of the cortex's mean in {}")
    return Comparison(
        tuple(items), tuple(paddings[: len(items)]), items[0].series.columns, maps, told, base, flat, courses.entries,
        courses.n_vertices, courses.parcellation, np.stack([one.mean(axis=0) for one in levels]),
        np.stack([one.min(axis=0) for one in levels]), np.stack([one.max(axis=0) for one in levels]), grid,
        correlations, metric, similarity, alike, n_points, tuple(map(tuple, nearest_items(similarity, nearest))),
        tuple(dict.fromkeys(said)),
    )  # fmt: skip


def _on_one_ground(
    sources: Any, names: Sequence[str] | None, baseline: Any, anyway: bool
) -> tuple[list[ComparedItem], ComparedItem | None, str | None, list[str]]:
    """The items and the baseline, of one model and on the same vertices; the baseline in words; what was odd."""
    items, said = read_items(sources, names)
    base, told, more = _with_baseline(baseline)
    every = [*items, *base]
    said += [RANDOM] if any(is_of_random_weights(one.series) for one in every) else []
    said += more + check_one_model([(one.name, one.series) for one in every], anyway=anyway)
    every, more = on_common_vertices(every)
    return every[: len(items)], every[-1] if base else None, told, said + more


def _flat(items: Sequence[ComparedItem], base: ComparedItem | None) -> np.ndarray:
    """The map that is subtracted: of the baseline, or the mean of the items' own."""
    if base is not None:
        return mean_map(base.series.values)
    return np.asarray(np.mean([mean_map(item.series.values) for item in items], axis=0))


def _check_words(align: str, metric: str, nearest: int) -> None:
    for name, given, known in (("align", align, COURSE_ALIGNMENTS), ("metric", metric, METRICS)):
        if given not in known:
            raise ConfigError(f"{name} must be one of {', '.join(known)}, got {quoted(given)}")
    if isinstance(nearest, bool) or not isinstance(nearest, (int, np.integer)) or nearest < 1:
        raise ConfigError(f"nearest must be a whole number from 1 on, got {quoted(nearest)}")


def _with_baseline(given: Any) -> tuple[list[ComparedItem], str | None, list[str]]:
    """The baseline as one more item, where it is a prediction; what it is in words; and what was odd."""
    if given is None:
        return [], None, []
    if isinstance(given, str) and given == OF_THE_SET:
        return [], "the mean of all mean maps, each stimulus as much as the others", []
    series, said = without_blank_rows(replace(read_source(given), timelines=None))
    return [ComparedItem("the baseline", series)], f"the mean map of {series.origin}", said


def _short_courses(items: Sequence[ComparedItem], grid: SharedGrid) -> list[str]:
    n_points = len(grid.points)
    if n_points >= FEWEST_MOMENTS:
        return []
    shortest = min(items, key=lambda item: item.seconds)
    return [
        f"{shortest.name} has {n_points} row{'s' * (n_points > 1)} to compare over time: a correlation over time needs "
        f"{FEWEST_MOMENTS}, and is not given"
    ]


def _flat_items(items: Sequence[ComparedItem], alike: np.ndarray, what: str) -> list[str]:
    """Which items are not even like themselves by (N, N) similarities, since what is related has no spread."""
    flat = [item.name for item, own in zip(items, np.diag(alike), strict=True) if np.isnan(own)]
    return [f"{what.format(some_of(flat))} is flat: how like others it is cannot be said"] if flat else []


def _rsa(items: Sequence[ComparedItem], grid: SharedGrid, flat: np.ndarray | None) -> tuple[int, np.ndarray, list[str]]:
    """How many moments were used, the matrix, and what was odd."""
    kept, said = rsa_points(len(grid.points)), []
    if len(kept) < len(grid.points):
        said.append(f"rsa: {len(kept)} of {len(grid.points)} moments are used, evenly spread")
    if len(kept) < FEWEST_MOMENTS:
        raise ConfigError(f"rsa needs {FEWEST_MOMENTS} moments that all stimuli have, got {len(kept)}; leave it out")
    thin = replace(grid, points=grid.points[kept])
    found = []
    for item in items:
        values = thin.aligned(item, item.series.values)
        found.append(moment_dissimilarity(values if flat is None else values - flat))
    return len(kept), rsa_matrix(np.stack(found)), said
