"""Named regions of the page: which vertex lies in which, and the few whose curves are drawn at first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.cortex.meshes.numbering import check_cut
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.cortex.regions.region_series import parcellation_of, regions_of
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError, ParcellationError
from tribe_np.plots.pages.packing import blob

OF_NO_REGION = 65535
KNOWN_REGIONS = ("V1", "MT", "FFC", "A1", "STSdp", "45")  # HCP-MMP1: seeing, motion, faces, hearing, speech, language
N_AT_FIRST = 5
MOST_DRAWN = 12
NOT_FOUND = (
    "no named regions: hcp-mmp1 was not found (`tribe-np download hcp-mmp1` fetches it, --parcellation names another); "
    "curves are those of vertices"
)


@dataclass(frozen=True, eq=False)
class PackedRegions:
    """Facts of a parcellation or None, its blob, and what was odd."""

    facts: Mapping[str, Any] | None
    blob: str = ""
    notes: tuple[str, ...] = ()
    parcels: Parcellation | None = None


def packed_regions(series: SurfaceSeries, parcellation: Any, wanted: Sequence[str] | None) -> PackedRegions:
    """The regions of `parcellation`, or of the default one; without it, the page has none and says so.

    `wanted` are the regions whose curves are drawn at first, by name or wildcard.
    Raises   ParcellationError for a named one that is missing; ConfigError for an unknown region; ShapeError
    """
    try:
        parcels = parcellation_of(parcellation, 2 * series.per_hemisphere, series.mesh)
    except ParcellationError:
        if parcellation is not None or wanted:
            raise
        return PackedRegions(None, notes=(NOT_FOUND,))
    if len(parcels.regions) >= OF_NO_REGION:
        raise ParcellationError(f"{parcels.name}: has {len(parcels.regions)} regions, a page can hold {OF_NO_REGION}")
    notes = list(check_cut(series, parcels))
    drawn = _wanted(parcels, wanted) if wanted else _strongest(series, parcels)
    if len(drawn) > MOST_DRAWN:
        notes.append(f"{len(drawn)} regions are asked for; the curves of the first {MOST_DRAWN} are drawn at first")
        drawn = drawn[:MOST_DRAWN]
    region_of = np.where(parcels.region_of < 0, OF_NO_REGION, parcels.region_of).astype(np.uint16)
    facts = {"name": parcels.name, "regions": list(parcels.regions), "default_regions": drawn}
    return PackedRegions(facts, blob(region_of), tuple(notes), parcels)


def _wanted(parcels: Parcellation, names: Sequence[str]) -> list[str]:
    if not all(isinstance(name, str) for name in names):
        raise ConfigError(f"regions are named by texts such as 'V1', got {names!r}")
    return list(dict.fromkeys(region for name in names for region in parcels.matching(name)))


def _strongest(series: SurfaceSeries, parcels: Parcellation) -> list[str]:
    """A few that readers know, where they are there and computed; else those that vary most over time."""
    computed = set(np.unique(parcels.region_of[series.columns]).tolist())
    known = [name for name in KNOWN_REGIONS if name in parcels.regions and parcels.regions.index(name) in computed]
    if len(known) >= N_AT_FIRST:
        return known[:N_AT_FIRST]
    table = regions_of(series, parcels)
    spread = np.nan_to_num(np.nanstd(table.values, axis=0) if len(table.values) > 1 else np.abs(table.means), nan=-1.0)
    order = [number for number in np.argsort(-spread, kind="stable") if table.n_computed[number] > 0]
    return [table.regions[number] for number in order[:N_AT_FIRST]]
