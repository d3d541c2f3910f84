"""Values of cortical vertices over time, with what is needed to write them down: mesh, columns, times of the rows.

Every command on predictions takes a folder, as `predict`, `resample` and `project` write it, or an array; `as_series`
reads all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.output_space import check_surface, space_of_run
from tribe_np.cortex.sizes import (
    HEMISPHERES,
    NUMBERED_TWICE,
    OF_FREESURFER,
    OF_NILEARN,
    VERTICES_PER_HEMISPHERE,
    mesh_name,
    mesh_of_size,
)
from tribe_np.errors import OutputError, ShapeError
from tribe_np.formats.prediction_folder import MEASURED, read_measured, read_prediction, row_facts


@dataclass(frozen=True, eq=False)
class SurfaceSeries:
    """Rows of vertex values.

    Shapes   values (R, n); vertices (n,) ascending indices into both hemispheres, left first, or None for all 2 V;
             starts (R,)
    Units    values of a prediction are z-scored BOLD without a physical unit; starts, tr and the offset are seconds.
             Row r describes the stimulus from starts[r] on, and estimates BOLD `hemodynamic_offset` seconds later.
             Measured data in scan time have an offset of 0: row r is the BOLD at starts[r]
    """

    values: np.ndarray
    mesh: str
    starts: np.ndarray
    tr: float = 1.0
    hemodynamic_offset: float = 0.0
    vertices: np.ndarray | None = None
    run: Mapping[str, Any] = field(default_factory=dict)  # run.json of the folder it came from
    origin: str = "the array"  # what errors call it
    timelines: np.ndarray | None = None  # (R,) names, where rows are of several: each has times of its own
    numbering: str | None = None  # of fsaverage3 and 4, which have two: OF_NILEARN, OF_FREESURFER, None where unknown

    @property
    def per_hemisphere(self) -> int:
        """Vertices of one hemisphere of the mesh."""
        return VERTICES_PER_HEMISPHERE[self.mesh]

    @property
    def columns(self) -> np.ndarray:
        """The vertex of each column, (n,)."""
        return np.arange(2 * self.per_hemisphere) if self.vertices is None else self.vertices

    def full(self, missing: float = np.nan) -> np.ndarray:
        """Every vertex of both hemispheres, (R, 2 V) in the values' dtype; `missing` where none was computed."""
        if self.vertices is None:
            return self.values
        whole = np.full((len(self.values), 2 * self.per_hemisphere), missing, self.values.dtype)
        whole[:, self.vertices] = self.values
        return whole

    def hemisphere(self, side: str) -> tuple[np.ndarray, np.ndarray]:
        """Values (R, n) of "left" or "right", and their vertices (n,) counted within that hemisphere."""
        first = HEMISPHERES.index(side) * self.per_hemisphere
        columns = self.columns - first
        mine = (columns >= 0) & (columns < self.per_hemisphere)
        return self.values[:, mine], columns[mine]


def as_series(source: Any, *, mesh: str | None = None, tr: float = 1.0) -> SurfaceSeries:
    """A predictions folder (a path) or an array (R, 2 V) or (2 V,) as a SurfaceSeries; one is returned as it is.

    `mesh` and `tr` are for arrays; a folder says its own.
    Raises   OutputError for a folder that is no whole one; ShapeError for an array of no fsaverage mesh
    """
    source = getattr(source, "series", source)  # what `project` returns has one
    if isinstance(source, SurfaceSeries):
        return source
    if isinstance(source, (str, Path)):
        return _from_folder(Path(source))
    if isinstance(source, np.ma.MaskedArray):  # what is masked is no value, whatever number lies there
        source = np.ma.filled(source.astype(np.result_type(source, np.float16)), np.nan)
    values = np.atleast_2d(np.asarray(source))
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise ShapeError(f"expected numbers of shape (R, V) or (V,), got {values.dtype} {values.shape}")
    found = mesh_of_size(values.shape[1], "the array")
    if mesh is not None and mesh_name(mesh) != found:
        raise ShapeError(f"the array has the {values.shape[1]} vertices of {found}, not those of {mesh}")
    return SurfaceSeries(values, found, np.arange(len(values)) * tr, tr)


def _from_folder(folder: Path) -> SurfaceSeries:
    if (folder / MEASURED).is_file():
        return _from_measured(folder)
    predictions, segments, run = read_prediction(folder)
    space = space_of_run(run, predictions.shape[1], folder)
    check_surface(space, folder)
    mesh = space.name
    rows = row_facts(segments, run, "vertices", folder)
    n_columns, size = predictions.shape[1], 2 * VERTICES_PER_HEMISPHERE[mesh]
    if rows.chosen is None and n_columns != size:
        raise ShapeError(f"{folder}: has {n_columns} vertices, but {mesh} has {size}")
    if not rows.is_chosen_of(n_columns, size):
        raise OutputError(f"{folder}: run.json does not name one vertex of {mesh} for each of {n_columns} columns")
    return SurfaceSeries(
        predictions, mesh, rows.starts, rows.tr, rows.hemodynamic_offset, rows.chosen, run, str(folder),
        rows.timelines, _numbering(run, mesh),
    )  # fmt: skip


def _numbering(run: Mapping[str, Any], mesh: str) -> str | None:
    told = run.get("numbering")
    return str(told) if mesh in NUMBERED_TWICE and told in (OF_NILEARN, OF_FREESURFER) else None


def _from_measured(folder: Path) -> SurfaceSeries:
    values, run = read_measured(folder)
    try:
        tr, offset, start = float(run["tr"]), float(run["hemodynamic_offset"]), float(run["start"])
        mesh = mesh_name(str(run["mesh"]))
    except (KeyError, TypeError, ValueError) as error:
        raise OutputError(f"{folder}: run.json is not as project writes it: {error}") from error
    if values.shape[1] != 2 * VERTICES_PER_HEMISPHERE[mesh]:
        raise ShapeError(
            f"{folder}: has {values.shape[1]} vertices, but {mesh} has {2 * VERTICES_PER_HEMISPHERE[mesh]}"
        )
    return SurfaceSeries(
        values, mesh, start + np.arange(len(values)) * tr, tr, offset, None, run, str(folder),
        numbering=_numbering(run, mesh),
    )  # fmt: skip
