"""Time courses of the structures of a mask: the mean over the voxels of each, with counts and ranks.

Source   tribev2 7239908 plotting.subcortical.plot_subcortical(average_per_roi=True), which takes the same means
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tribe_np.cortex.regions.region_series import HEMISPHERE_CHOICES, RegionTable, highest
from tribe_np.cortex.subcortex.mask_files import MaskSource, load_mask
from tribe_np.cortex.subcortex.voxel_mask import VoxelMask
from tribe_np.cortex.voxel_series import VoxelSeries, as_voxel_series
from tribe_np.errors import ConfigError, ParcellationError
from tribe_np.shown import quoted

Entry = tuple[str, str]  # a structure without its side, and left, right or both


def structures_of(
    source: str | Path | VoxelSeries,
    mask: MaskSource | None = None,
    *,
    hemisphere: str = "both",
    top: int | None = None,
    structures: Sequence[str] | None = None,
) -> RegionTable:
    """An entry per structure, as `region_series.regions_of` gives one per region; counts are voxels.

    `hemisphere` "both" takes the two sides of a structure together, "separate" gives them one by one; a name with its
    side (`Left Thalamus`) is that side whatever `hemisphere` is. Entries of one side are ranked among those.
    A mean is over the voxels that were computed and are finite in every row; warnings say where these are not all.
    Raises   ConfigError, ParcellationError, OutputError, MissingDependencyError
    """
    if hemisphere not in HEMISPHERE_CHOICES:
        raise ConfigError(f"hemisphere {quoted(hemisphere)} is unknown; known are {', '.join(HEMISPHERE_CHOICES)}")
    if top is not None and (isinstance(top, bool) or not isinstance(top, (int, np.integer)) or top < 1):
        raise ConfigError(f"top must be a whole number from 1 on, got {quoted(top)}")
    series = as_voxel_series(source)
    found = load_mask(series.space, mask)
    if not found.structures:
        raise ParcellationError(f"{found.origin}: names no structures, so that there is no table of them")
    entries = _all_entries(found, hemisphere)
    wanted = entries if structures is None else [e for name in structures for e in _named(found, name, hemisphere)]
    if any(entry not in entries for entry in wanted):
        entries = [*entries, *(entry for entry in _all_entries(found, "separate") if entry not in entries)]
    table = _measured(series, found, entries)
    return _chosen(table, [entries.index(entry) for entry in dict.fromkeys(wanted)], top, structures is None)


def _all_entries(mask: VoxelMask, hemisphere: str) -> list[Entry]:
    """Every structure, one entry or two; one that has no side is of both."""
    found: dict[Entry, None] = {}
    for structure in mask.structures:
        side, name = mask.side_of(structure)
        if side is None or hemisphere == "both":
            found[name, "both"] = None
        elif hemisphere in ("separate", side):
            found[name, side] = None
    return list(found)


def _named(mask: VoxelMask, name: str, hemisphere: str) -> list[Entry]:
    """The entries that a name means: one for a name with its side, else as `hemisphere` says."""
    parts = [mask.side_of(structure) for structure in mask.matching(name)]
    if len(parts) == 1 and parts[0][0] is not None:
        return [(parts[0][1], parts[0][0])]
    names = {part[1] for part in parts}
    return [entry for entry in _all_entries(mask, hemisphere) if entry[0] in names]


def _measured(series: VoxelSeries, mask: VoxelMask, entries: list[Entry]) -> RegionTable:
    values = np.asarray(series.values, np.float64)
    is_finite = np.isfinite(values)
    used_rows = np.asarray(is_finite.any(axis=1))
    is_good = np.asarray(is_finite[used_rows].all(axis=0))
    means, counts = np.full((len(values), len(entries)), np.nan), np.zeros((3, len(entries)), int)
    for number, (name, side) in enumerate(entries):
        inside = mask.is_in(name, None if side == "both" else side)
        here = inside[series.columns]
        counts[:, number] = inside.sum(), here.sum(), (here & ~is_good).sum()
        if (here & is_good).any():
            means[used_rows, number] = values[used_rows][:, here & is_good].mean(axis=1)
    over_time = means[used_rows].mean(axis=0) if used_rows.any() else np.full(len(entries), np.nan)
    ranks = np.zeros(len(entries), int)
    for kind in (True, False):
        group = np.array([(side == "both") == kind for _, side in entries]) & np.isfinite(over_time)
        ranks[group] = 1 + np.searchsorted(np.sort(-over_time[group]), -over_time[group], side="left")
    return RegionTable(
        regions=tuple(name for name, _ in entries), hemispheres=tuple(side for _, side in entries),
        values=means, means=over_time, ranks=ranks, n_vertices=counts[0], n_computed=counts[1], n_left_out=counts[2],
        n_ranked=int((ranks > 0).sum()), series=series, parcellation=mask,
        warnings=_not_finite(series, used_rows, is_good),
    )  # fmt: skip


def _not_finite(series: VoxelSeries, used_rows: np.ndarray, is_good: np.ndarray) -> tuple[str, ...]:
    said = []
    if not used_rows.all():
        said.append(
            f"{series.origin}: {(~used_rows).sum()} of {len(used_rows)} rows are NaN or infinite at every voxel; they "
            "count in no mean over time"
        )
    if used_rows.any() and not is_good.all():
        said.append(
            f"{series.origin}: {(~is_good).sum()} of {len(is_good)} voxels are NaN or infinite in some row; they count "
            "in no structure's mean"
        )
    return tuple(said)


def _chosen(table: RegionTable, places: list[int], top: int | None, is_whole: bool) -> RegionTable:
    """The entries asked for; of a whole table, those that have a computed voxel."""
    kept, said = np.array(places, int), []
    if is_whole:
        absent = int((table.n_computed[kept] == 0).sum())
        kept = kept[table.n_computed[kept] > 0]
        if absent:
            said.append(
                f"{table.series.origin}: {absent} of {len(places)} structures were not computed and are left out"
            )
    chosen = table.take(kept)  # whichever are the highest
    partial = np.flatnonzero(chosen.n_computed < chosen.n_vertices)
    if len(partial):
        first = partial[0]
        said.append(
            f"{table.series.origin}: {len(partial)} of the {len(kept)} structures were not computed whole, such as "
            f"{chosen.names[first]} ({chosen.n_computed[first]} of {chosen.n_vertices[first]} voxels); their means are "
            "over the computed voxels"
        )
    return replace(table.take(highest(table, kept, top)), warnings=(*said, *table.warnings))
