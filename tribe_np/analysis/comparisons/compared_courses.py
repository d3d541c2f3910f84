"""The courses over time of the cortex, its hemispheres and its regions, of every item over the same vertices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tribe_np.analysis.comparisons.compared_items import ComparedItem, finite_parts
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.cortex.regions.region_series import parcellation_of, regions_of
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError, ParcellationError

CORTEX = "cortex"
SIDES = ("left hemisphere", "right hemisphere")


@dataclass(frozen=True, eq=False)
class ComparedCourses:
    """A course over time for each item and entry.

    Shapes   courses: for each item (R, K) float64; n_vertices (K,) that each entry is a mean of
    """

    entries: tuple[str, ...]
    n_vertices: np.ndarray
    courses: tuple[np.ndarray, ...]
    parcellation: str | None  # None: without regions
    baseline: np.ndarray | None  # (K,) the mean of a baseline's map in each entry


def on_common_vertices(items: Sequence[ComparedItem]) -> tuple[list[ComparedItem], list[str]]:
    """The items with the vertices that all have and that are finite in every row of all, so that means are of the same.

    Raises   ConfigError where no vertex is left
    """
    size = 2 * items[0].series.per_hemisphere
    has, finite = np.ones(size, bool), np.ones(size, bool)
    for item in items:
        columns = item.series.columns
        mine = np.zeros(size, bool)
        mine[columns] = True
        has &= mine
        finite[columns[~finite_parts(item.series.values)[1]]] = False
    common = np.flatnonzero(has & finite)
    n_bad = int((has & ~finite).sum())
    if not len(common):
        why = "finite in all of them" if has.any() else "computed in all of them"
        raise ConfigError(f"the {len(items)} predictions have no vertex that was {why}; there is nothing to compare")
    said = []
    if n_bad:
        said.append(
            f"{n_bad} of {has.sum()} vertices are NaN or infinite in some row of some stimulus; they count in none"
        )
    return [replace(item, series=_cut(item.series, common)) for item in items], said


def _cut(series: SurfaceSeries, vertices: np.ndarray) -> SurfaceSeries:
    if np.array_equal(series.columns, vertices):
        return series
    kept = np.searchsorted(series.columns, vertices)
    return replace(series, values=np.asarray(series.values)[:, kept], vertices=vertices)


def compared_courses(
    items: Sequence[ComparedItem], parcellation: Any, baseline: np.ndarray | None
) -> tuple[ComparedCourses, list[str]]:
    """The courses of all items, and what was odd of the regions.

    `parcellation` is as for `roi`; None takes the default, and leaves regions out where there is none; False leaves
    them out. `baseline` (n,) is a map on the items' vertices.
    Raises   ParcellationError, ConfigError, ShapeError for a parcellation that was given
    """
    first = items[0].series
    tables, more = _wholes(first), None
    said: list[str] = []
    names: list[str] = []
    counts = []
    if parcellation is not False:
        more, said = _regions(first, parcellation)
        tables += [] if more is None else [more]
    for parcels in tables:
        table = regions_of(first, parcels)
        names += [name if name not in names else f"{name} ({parcels.name})" for name in table.regions]
        counts.append(table.n_computed)
        said += list(table.warnings) if parcels is more else []  # of a selection, that the cortex is not whole is known
    courses = tuple(_courses(item.series, tables) for item in items)
    flat = None if baseline is None else _courses(replace(first, values=baseline[None], starts=np.zeros(1)), tables)[0]
    of_regions = None if more is None else more.name
    return ComparedCourses(tuple(names), np.concatenate(counts), courses, of_regions, flat), said


def _courses(series: SurfaceSeries, tables: Sequence[Parcellation]) -> np.ndarray:
    return np.concatenate([regions_of(series, parcels).values for parcels in tables], axis=1)


def _wholes(series: SurfaceSeries) -> list[Parcellation]:
    """The cortex and its hemispheres as regions."""
    one = series.per_hemisphere
    return [
        Parcellation(CORTEX, (CORTEX,), np.zeros(2 * one, int)),
        Parcellation("hemispheres", SIDES, np.repeat([0, 1], one)),
    ]


def _regions(series: SurfaceSeries, given: Any) -> tuple[Parcellation | None, list[str]]:
    """The regions asked for; without a word about them the default, or None and a line how to get one."""
    try:
        parcels = parcellation_of(given, 2 * series.per_hemisphere, series.mesh)
        if given is None:
            regions_of(series, parcels)
        return parcels, []
    except ParcellationError as error:
        if given is not None:
            raise
        return None, [f"regions are left out, the cortex and its hemispheres are compared: {error}"]
