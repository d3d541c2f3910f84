"""Time courses of regions: the mean over the vertices of each, with how many vertices it is a mean of, and ranks.

Source   tribev2 7239908 utils.summarize_by_roi and get_topk_rois do it for one row, without counts
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from tribe_np.cortex.meshes.numbering import check_cut
from tribe_np.cortex.parcellations.parcellation import NO_REGION, Parcellation
from tribe_np.cortex.parcellations.parcellation_files import load_parcellation
from tribe_np.cortex.regions.networks import by_network
from tribe_np.cortex.series import SurfaceSeries, as_series
from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.cortex.subcortex.voxel_mask import SIDE_PREFIXES, VoxelMask
from tribe_np.cortex.voxel_series import VoxelSeries
from tribe_np.errors import ConfigError, ParcellationError, ShapeError
from tribe_np.shown import quoted

HEMISPHERE_CHOICES = {"both": ("both",), "left": ("left",), "right": ("right",), "separate": HEMISPHERES}
ENDING = {"both": "", "left": "-lh", "right": "-rh"}  # of a column's name, as upstream's get_topk_rois
BLOCK_VALUES = 1 << 23  # read at a time: 64 MiB in float64


@dataclass(frozen=True, eq=False)
class RegionTable:
    """Time courses of regions, one entry a region, or one a region and hemisphere.

    Shapes   values (R, n) float64, the mean over the vertices of an entry; means (n,) of that over time;
             ranks (n,), 1 for the highest mean of all regions on these hemispheres, ties with one number, 0 for none;
             n_vertices (n,) on the mesh; n_computed (n,) of them in the source; n_left_out (n,) of those not finite
    Units    those of the source; row r describes the stimulus from starts[r] on, and estimates BOLD
             hemodynamic_offset seconds later
    """

    regions: tuple[str, ...]
    hemispheres: tuple[str, ...]
    values: np.ndarray
    means: np.ndarray
    ranks: np.ndarray
    n_vertices: np.ndarray
    n_computed: np.ndarray
    n_left_out: np.ndarray
    n_ranked: int  # entries that have a rank, before any are left out by `top` or `regions`
    series: SurfaceSeries | VoxelSeries
    parcellation: Parcellation | VoxelMask
    warnings: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each entry: V1 of both hemispheres, V1-lh or V1-rh of one, Left Thalamus of a structure's side."""
        if isinstance(self.parcellation, VoxelMask):
            sides = [SIDE_PREFIXES.get(side, "") for side in self.hemispheres]
            return tuple(f"{side}{region}" for side, region in zip(sides, self.regions, strict=True))
        return tuple(f"{region}{ENDING[side]}" for region, side in zip(self.regions, self.hemispheres, strict=True))

    @property
    def starts(self) -> np.ndarray:
        """Start of each row in seconds of the stimulus, (R,)."""
        return self.series.starts

    @property
    def hemodynamic_offset(self) -> float:
        """Seconds from a row's start to the BOLD that it estimates."""
        return self.series.hemodynamic_offset

    def take(self, entries: np.ndarray) -> "RegionTable":
        """Some entries, in the order given."""
        kept = {
            name: getattr(self, name)[entries] for name in ("means", "ranks", "n_vertices", "n_computed", "n_left_out")
        }
        regions, sides = (tuple(np.array(names, object)[entries]) for names in (self.regions, self.hemispheres))
        return replace(self, regions=regions, hemispheres=sides, values=self.values[:, entries], **kept)


def regions_of(
    source: Any,
    parcellation: str | Path | Sequence[str | Path] | Parcellation | None = None,
    *,
    hemisphere: str = "both",
    top: int | None = None,
    networks: bool | str | Path = False,
    regions: str | Sequence[str] | None = None,
) -> RegionTable:
    """The time courses of regions, their means over time, and the ranks of these.

    `source` is a predictions folder or an array; `hemisphere` is both, left, right, or separate: two entries a region.
    `top` keeps the highest means, in that order. `networks` takes the means over the networks that the parcellation's
    names tell, or that a table of regions and networks tells. `regions` keeps some, by name or wildcard.
    A mean is over the vertices that were computed and are finite in every row; warnings say where these are not all.
    Raises   ConfigError for an unknown region or hemisphere; ShapeError where sizes differ; ParcellationError; as
             `as_series`
    """
    if hemisphere not in HEMISPHERE_CHOICES:
        raise ConfigError(f"hemisphere {quoted(hemisphere)} is unknown; known are {', '.join(HEMISPHERE_CHOICES)}")
    if top is not None and (isinstance(top, bool) or not isinstance(top, (int, np.integer)) or top < 1):
        raise ConfigError(f"top must be a whole number from 1 on, got {quoted(top)}")
    series = as_series(source)
    parcels = parcellation_of(parcellation, 2 * series.per_hemisphere, series.mesh)
    said: tuple[str, ...] = tuple(check_cut(series, parcels))
    if networks:
        parcels, more = by_network(parcels, None if networks is True else Path(networks))
        said += more
    names = [regions] if isinstance(regions, str) else regions
    wanted = None if names is None else [region for name in names for region in parcels.matching(name)]
    if wanted == []:
        raise ConfigError("regions must name a region such as V1, got none")
    table = _chosen(_ranked(_measured(series, parcels, HEMISPHERE_CHOICES[hemisphere])), wanted, top)
    return replace(table, warnings=(*said, *table.warnings))


def parcellation_of(given: Any, n_vertices: int, mesh: str) -> Parcellation:
    """A parcellation as it is, or the one that a name, a folder or files mean, on a mesh of so many vertices.

    Raises   ShapeError, ParcellationError
    """
    parcels = given if isinstance(given, Parcellation) else load_parcellation(given, n_vertices)
    if len(parcels.region_of) != n_vertices:
        raise ShapeError(
            f"the parcellation {parcels.name} has {len(parcels.region_of)} vertices, but {mesh} has {n_vertices}"
        )
    return parcels


def _measured(series: SurfaceSeries, parcels: Parcellation, sides: Sequence[str]) -> RegionTable:
    """Every region on each of the sides, without ranks."""
    n = len(parcels.regions)
    entry_of = np.stack([_entries(parcels, side, i * n) for i, side in enumerate(sides)])  # (sides, 2 V)
    entry_of = entry_of.max(axis=0)  # a vertex is on one side only
    n_entries = n * len(sides)
    used_rows, is_finite = _finite(series.values)
    here = entry_of[series.columns]
    used = np.where(is_finite, here, NO_REGION)
    members, n_used = _members(used, n_entries), _counts(used, n_entries)
    values = np.full((len(series.values), n_entries), np.nan)
    for rows in _blocks(series.values):
        sums = (members @ np.asarray(series.values[rows], np.float64).T).T
        np.divide(sums, n_used, out=values[rows], where=(n_used > 0) & used_rows[rows, None])
    n_computed = _counts(here, n_entries)
    return RegionTable(
        regions=parcels.regions * len(sides),
        hemispheres=tuple(np.repeat(sides, n).tolist()),
        values=values,
        means=values[used_rows].mean(axis=0) if used_rows.any() else np.full(n_entries, np.nan),
        ranks=np.zeros(n_entries, int),
        n_vertices=_counts(entry_of, n_entries),
        n_computed=n_computed,
        n_left_out=n_computed - n_used,
        n_ranked=0,
        series=series,
        parcellation=parcels,
        warnings=_not_finite(series, ~used_rows, ~is_finite & (here != NO_REGION)),
    )


def _entries(parcels: Parcellation, side: str, first: int) -> np.ndarray:
    """The entry of each vertex, (2 V,), counted from `first`; NO_REGION on the other side."""
    is_right = np.arange(len(parcels.region_of)) >= parcels.per_hemisphere
    on_side = np.full(len(is_right), True) if side == "both" else is_right == (side == "right")
    return np.where(on_side & (parcels.region_of != NO_REGION), parcels.region_of + first, NO_REGION)


def _counts(entry_of: np.ndarray, n_entries: int) -> np.ndarray:
    return np.bincount(entry_of[entry_of != NO_REGION], minlength=n_entries)


def _members(entry_of: np.ndarray, n_entries: int) -> csr_matrix:
    """The matrix (n_entries, n) of ones that adds up the columns of each entry."""
    columns = np.flatnonzero(entry_of != NO_REGION)
    return csr_matrix((np.ones(len(columns)), (entry_of[columns], columns)), (n_entries, len(entry_of)))


def _blocks(values: np.ndarray) -> Iterator[slice]:
    """Rows to read at a time: a prediction may be a file larger than memory."""
    n_rows = max(1, BLOCK_VALUES // max(1, values.shape[1]))
    for first in range(0, len(values), n_rows):
        yield slice(first, first + n_rows)


def _finite(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which rows (R,) have a finite value, and which columns (n,) are finite in all of those."""
    rows, columns = np.zeros(len(values), bool), np.ones(values.shape[1], bool)
    for block in _blocks(values):
        finite = np.isfinite(values[block])
        rows[block] = finite.any(axis=1)
        columns &= (finite | ~rows[block, None]).all(axis=0)
    return rows, columns


def _not_finite(series: SurfaceSeries, blank_rows: np.ndarray, left_out: np.ndarray) -> tuple[str, ...]:
    said = []
    if blank_rows.any():
        said.append(
            f"{series.origin}: {blank_rows.sum()} of {len(blank_rows)} rows are NaN or infinite at every vertex; they "
            "count in no mean over time"
        )
    if left_out.any():
        said.append(
            f"{series.origin}: {left_out.sum()} of {len(left_out)} vertices are NaN or infinite in some row; they "
            "count in no region's mean"
        )
    return tuple(said)


def _ranked(table: RegionTable) -> RegionTable:
    """The same table with ranks: 1 for the highest mean, one number for equal ones, 0 where there is no mean."""
    has_mean = np.isfinite(table.means)
    means = -table.means[has_mean]
    ranks = np.zeros(len(table.means), int)
    ranks[has_mean] = 1 + np.searchsorted(np.sort(means), means, side="left")
    return replace(table, ranks=ranks, n_ranked=int(has_mean.sum()))


def _chosen(table: RegionTable, wanted: Sequence[str] | None, top: int | None) -> RegionTable:
    """The entries asked for. Without names: those that have a computed vertex; warnings count the others."""
    if wanted is None:
        entries, said = np.flatnonzero(table.n_computed), _absent(table)
        if not len(entries):
            raise ParcellationError(
                f"{table.series.origin}: none of its {len(table.series.columns)} vertices lies in a region of "
                f"{table.parcellation.name}"
            )
    else:
        places = {name: np.flatnonzero(np.array(table.regions, object) == name) for name in dict.fromkeys(wanted)}
        entries, said = np.concatenate([places[name] for name in places]), []
        entries = entries[np.argsort([table.hemispheres[e] for e in entries], kind="stable")]
    said += _partial(table.take(entries))  # of all that were asked for, whichever are the highest
    return replace(table.take(highest(table, entries, top)), warnings=(*said, *table.warnings))


def highest(table: RegionTable, entries: np.ndarray, top: int | None) -> np.ndarray:
    """The `top` entries with the highest means, highest first; all of them, as they are, for None.

    Raises   ParcellationError where none has a mean
    """
    if top is None:
        return entries
    ranked = entries[table.ranks[entries] > 0]
    if not len(ranked):
        raise ParcellationError(
            f"{table.series.origin}: none of the {len(entries)} means is a number, so none is the highest"
        )
    order = np.argsort(table.ranks[ranked], kind="stable")
    return np.asarray(ranked[order][:top])


def _absent(table: RegionTable) -> list[str]:
    """What to say of entries that have vertices, but none that was computed, and of regions too small for the mesh."""
    parcels, said = table.parcellation, []
    assert isinstance(parcels, Parcellation)
    assert isinstance(table.series, SurfaceSeries)
    on_mesh = np.flatnonzero(table.n_vertices)
    absent = on_mesh[table.n_computed[on_mesh] == 0]
    if len(absent):
        said.append(
            f"{table.series.origin}: {len(absent)} of the {len(on_mesh)} regions of {parcels.name} have no computed "
            f"vertex and are left out, such as {table.names[absent[0]]}"
        )
    tiny = np.flatnonzero(_counts(parcels.region_of, len(parcels.regions)) == 0)
    if len(tiny):
        name = quoted(parcels.regions[tiny[0]])
        said.append(f"{parcels.name}: {len(tiny)} regions have no vertex on {table.series.mesh}, such as {name}")
    return said


def _partial(table: RegionTable) -> list[str]:
    """What to say of entries of which not every vertex was computed, or that have none."""
    said = []
    nowhere = np.flatnonzero(table.n_vertices == 0)
    if len(nowhere):
        names = ", ".join(table.names[entry] for entry in nowhere[:3])
        said.append(f"{table.parcellation.name}: {len(nowhere)} regions have no vertex there: {names}")
    partial = np.flatnonzero(table.n_computed < table.n_vertices)
    if len(partial):
        first = partial[0]
        said.append(
            f"{table.series.origin}: {len(partial)} of {len(table.names)} regions were not computed whole, such as "
            f"{table.names[first]} ({table.n_computed[first]} of {table.n_vertices[first]} vertices); a mean is over "
            "the computed vertices"
        )
    return said
