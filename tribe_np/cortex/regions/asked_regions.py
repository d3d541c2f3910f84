"""Regions as they are asked for by name and hemisphere, and the columns of a prediction that lie in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.cortex.meshes.numbering import check_cut
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.cortex.regions.region_series import ENDING, HEMISPHERE_CHOICES, parcellation_of
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError, ParcellationError
from tribe_np.shown import quoted, some_of

ALL = "all"


@dataclass(frozen=True, eq=False)
class AskedRegions:
    """Regions, or regions of one hemisphere, that each have a column.

    Fields   columns: of each region, ascending; n_vertices: of each on the mesh, whether it has a column or not;
             is_all: no names were given, so that the regions make a map
    """

    series: SurfaceSeries
    regions: tuple[str, ...]
    hemispheres: tuple[str, ...]
    columns: tuple[np.ndarray, ...]
    n_vertices: tuple[int, ...]
    parcellation: Parcellation
    is_all: bool
    warnings: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """V1 of both hemispheres, V1-lh or V1-rh of one."""
        return tuple(f"{region}{ENDING[side]}" for region, side in zip(self.regions, self.hemispheres, strict=True))

    def painted(self, values: np.ndarray) -> np.ndarray:
        """A number a region on its columns, (n,) -> (V,); NaN where no region is."""
        whole = np.full(len(self.series.columns), np.nan)
        for value, columns in zip(values, self.columns, strict=True):
            whole[columns] = value
        return whole

    def facts(self) -> dict[str, Any]:
        """The name and the files of the parcellation."""
        return {"name": self.parcellation.name, "files": [file.as_dict() for file in self.parcellation.files]}


def asked_regions(
    series: SurfaceSeries, names: Sequence[str] | None, parcellation: Any = None, *, hemisphere: str = "both"
) -> AskedRegions:
    """Regions by name or wildcard, each once and in the order given; None, or "all" alone, for every one.

    `hemisphere` is both, left, right, or separate: each region twice.
    Raises   ConfigError for an unknown region or hemisphere; ParcellationError for a region without a vertex there, or
             where no region has one; ShapeError for a parcellation of another mesh
    """
    if hemisphere not in HEMISPHERE_CHOICES:
        raise ConfigError(f"hemisphere {quoted(hemisphere)} is unknown; known are {', '.join(HEMISPHERE_CHOICES)}")
    parcels = parcellation_of(parcellation, 2 * series.per_hemisphere, series.mesh)
    said = check_cut(series, parcels)
    is_all = names is None or list(names) == [ALL]
    wanted = parcels.regions if is_all else [region for name in names or () for region in parcels.matching(name)]
    place = np.full(2 * series.per_hemisphere, -1)
    place[series.columns] = np.arange(len(series.columns))
    entries: list[tuple[str, str, np.ndarray, int]] = []
    missing: list[str] = []
    partial: list[str] = []
    for side in HEMISPHERE_CHOICES[hemisphere]:
        for region in dict.fromkeys(wanted):
            vertices = parcels.vertices(region, side)
            columns = place[vertices][place[vertices] >= 0]
            name = f"{region}{ENDING[side]}"
            if len(columns):
                entries.append((region, side, columns, len(vertices)))
            else:
                missing.append(name)
            if 0 < len(columns) < len(vertices):
                partial.append(f"{name} ({len(columns)} of {len(vertices)} vertices)")
    if not entries or (missing and not is_all):
        what = some_of(missing) if missing else "no region"
        raise ParcellationError(f"{parcels.name}: {what} has no vertex among those of {series.origin}")
    if missing:
        said.append(f"{parcels.name}: {len(missing)} regions have no vertex among those predicted: {some_of(missing)}")
    if partial:
        said.append(f"{len(partial)} regions were not computed whole, such as {partial[0]}")
    regions, sides, columns, sizes = zip(*entries, strict=True)
    return AskedRegions(series, regions, sides, columns, sizes, parcels, is_all, tuple(said))
