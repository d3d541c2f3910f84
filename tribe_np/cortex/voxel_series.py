"""Values of a mask's voxels over time: what SurfaceSeries is for a mesh, for checkpoints with a volume-mask head."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.output_space import OutputSpace, space_of_run
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import OutputError
from tribe_np.formats.prediction_folder import MEASURED, read_prediction, row_facts


@dataclass(frozen=True, eq=False)
class VoxelSeries:
    """Rows of voxel values.

    Shapes   values (R, n); voxels (n,) ascending columns of the whole space, or None for all of them; starts (R,)
    Units    as SurfaceSeries
    """

    values: np.ndarray
    space: OutputSpace
    starts: np.ndarray
    tr: float = 1.0
    hemodynamic_offset: float = 0.0
    voxels: np.ndarray | None = None
    run: Mapping[str, Any] = field(default_factory=dict)  # run.json of the folder it came from
    origin: str = "the array"
    timelines: np.ndarray | None = None  # as SurfaceSeries

    @property
    def columns(self) -> np.ndarray:
        """The voxel of each column, (n,)."""
        return np.arange(self.space.n_outputs) if self.voxels is None else self.voxels

    @property
    def n_missing(self) -> int:
        """Voxels of the mask that were not computed."""
        return self.space.n_outputs - int(self.values.shape[1])

    def full(self, missing: float = np.nan) -> np.ndarray:
        """Every voxel of the mask, (R, n_outputs) in the values' dtype; `missing` where none was computed."""
        if self.voxels is None:
            return self.values
        whole = np.full((len(self.values), self.space.n_outputs), missing, self.values.dtype)
        whole[:, self.voxels] = self.values
        return whole


def is_voxel_folder(source: Any) -> bool:
    """Whether a path is a prediction folder whose columns are the voxels of a mask; False for all else.

    Raises   OutputError for a prediction folder that cannot be read
    """
    if isinstance(source, VoxelSeries):
        return True
    if not isinstance(source, (str, Path)) or not (Path(source) / "run.json").is_file():
        return False
    if (Path(source) / MEASURED).is_file():  # on the surface, always
        return False
    predictions, _, run = read_prediction(source)
    return space_of_run(run, predictions.shape[1], source).kind == "mask"


def as_voxel_series(source: "str | Path | VoxelSeries") -> VoxelSeries:
    """The prediction folder of a volume-mask head.

    Raises   OutputError for a folder that is no whole one, or whose columns are no voxels
    """
    if isinstance(source, VoxelSeries):
        return source
    predictions, segments, run = read_prediction(source)
    space = space_of_run(run, predictions.shape[1], source)
    if space.kind != "mask":
        raise OutputError(f"{source}: holds {space}, and no voxels of a mask")
    rows = row_facts(segments, run, "voxels", source)
    n_columns, size = predictions.shape[1], space.n_outputs
    if (rows.chosen is None and n_columns != size) or not rows.is_chosen_of(n_columns, size):
        raise OutputError(f"{source}: run.json does not name one of {size} voxels for each of {n_columns} columns")
    return VoxelSeries(
        predictions, space, rows.starts, rows.tr, rows.hemodynamic_offset, rows.chosen, run, str(source),
        rows.timelines,
    )  # fmt: skip


AnySeries = SurfaceSeries | VoxelSeries
