"""A contrast by region: the test on the mean over the vertices of each, trial by trial or row by row."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tribe_np.analysis.statistics.contrast_tests import StatisticMaps
from tribe_np.analysis.statistics.multiplicity import fdr
from tribe_np.cortex.parcellations.parcellation import NO_REGION, Parcellation
from tribe_np.cortex.regions.region_series import RegionTable
from tribe_np.cortex.regions.roi_tables import roi
from tribe_np.cortex.voxel_series import AnySeries
from tribe_np.errors import MissingDependencyError, ParcellationError

HOW_TO_GET = "--parcellation takes other ones: a name such as destrieux, a folder or files"
Test = Callable[[np.ndarray], StatisticMaps]  # of rows (n, regions): trials, or the rows of a GLM


@dataclass(frozen=True, eq=False)
class RegionEffects:
    """The test of each region and hemisphere, or of each structure and side.

    Shapes   n_vertices, n_used, q, share (n,): n_used vertices are in the mean, a share of them has a q below the
             threshold; q is over regions. maps: a value a region
    """

    regions: tuple[str, ...]
    hemispheres: tuple[str, ...]
    n_vertices: np.ndarray
    n_used: np.ndarray
    maps: StatisticMaps
    q: np.ndarray | None
    share: np.ndarray | None

    def by_strength(self) -> list[int]:
        """The entries that have a number, the largest |t| first (|effect| where nothing has a t)."""
        strength = np.abs(self.maps.effect if self.maps.t is None else self.maps.t)
        order = np.argsort(np.where(np.isfinite(strength), -strength, np.inf), kind="stable")
        return [int(entry) for entry in order if np.isfinite(strength[entry])]

    def name(self, entry: int) -> str:
        """A region with its hemisphere."""
        side = self.hemispheres[entry]
        return self.regions[entry] + (f" ({side})" if side in ("left", "right") else "")


@dataclass(frozen=True, eq=False)
class RegionMeans:
    """Where the regions of a series lie, and the means of any rows of its vertices in them."""

    template: AnySeries
    table: RegionTable  # of one row
    parcellation: Any  # as it was read: given again, nothing is read twice

    def of(self, rows: np.ndarray) -> np.ndarray:
        """The mean in each region and hemisphere, (n, V) -> (n, regions)."""
        return self._table(rows).values

    def count(self, values: np.ndarray) -> np.ndarray:
        """How many vertices of each region have a number in a map (V,)."""
        table = self._table(values[None])
        return np.asarray(table.n_computed - table.n_left_out)

    def _table(self, rows: np.ndarray) -> RegionTable:
        return roi(with_rows(self.template, rows), self.parcellation, hemisphere="separate")

    def effects(self, rows: np.ndarray, test: Test, significant: np.ndarray | None) -> RegionEffects:
        """The test of each region; `significant` (V,) is 1 or 0, or NaN for a vertex without a q."""
        table = self._table(rows)
        maps = test(table.values)
        share = None if significant is None else self.of(significant[None])[0]
        q = None if maps.p is None else fdr(maps.p)
        n_used = table.n_computed - table.n_left_out
        return RegionEffects(table.regions, table.hemispheres, table.n_vertices, n_used, maps, q, share)

    def facts(self) -> dict[str, Any]:
        """The name and the files of the parcellation, or of the mask."""
        parcels = self.table.parcellation
        return {"name": parcels.name, "files": [file.as_dict() for file in parcels.files]}

    def region_names(self) -> list[str] | None:
        """The region of every vertex of the mesh; None for the voxels of a mask."""
        parcels = self.table.parcellation
        if not isinstance(parcels, Parcellation):
            return None
        return [parcels.regions[i] if i != NO_REGION else "" for i in parcels.region_of.tolist()]


def find_regions(template: AnySeries, parcellation: Any) -> tuple[RegionMeans | None, list[str]]:
    """The regions that were asked for, or those that are at hand; None, and how to get some, where there are none.

    Raises   ParcellationError, ShapeError, ConfigError for a parcellation that was asked for and cannot be used
    """
    one_row = with_rows(template, np.zeros((1, template.values.shape[1])))
    try:
        table = roi(one_row, parcellation, hemisphere="separate")
    except (ParcellationError, MissingDependencyError) as error:
        if parcellation is not None:
            raise
        return None, [f"no table of regions: {error}; {HOW_TO_GET}"]
    is_surface = isinstance(table.parcellation, Parcellation)
    return RegionMeans(template, table, table.parcellation if is_surface else parcellation), list(table.warnings)


def with_rows(template: AnySeries, rows: np.ndarray) -> AnySeries:
    """The template's vertices with other rows, which have no times."""
    return replace(template, values=np.asarray(rows), starts=np.arange(len(rows)) * template.tr, timelines=None)
