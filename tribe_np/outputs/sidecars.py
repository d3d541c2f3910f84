"""The JSON beside each exported file: what its rows and vertices are, and how the prediction was made."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np import __version__
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.voxel_series import VoxelSeries
from tribe_np.outputs.export_formats import ExportOptions
from tribe_np.outputs.export_names import DENSITIES, read_entities, sidecar_of
from tribe_np.outputs.hemisphere_rows import computed_columns
from tribe_np.outputs.time_axis import TimeAxis, row_times

UNITS = "z-scored BOLD without a physical unit"
SPACE = "the surface of FreeSurfer's fsaverage; its coordinates are MNI305, not MNI152"


def write_sidecar(
    path: Path, series: SurfaceSeries | VoxelSeries, options: ExportOptions, facts: Mapping[str, Any],
    axis: TimeAxis | None = None,
) -> Path:  # fmt: skip
    """Writes the sidecar of the file `path`, which has that file's name with the ending .json, and gives its path.

    `facts` are the file's own; `axis` is for a format that holds a start and a step.
    """
    times = row_times(series, options.times)
    part = "cortex" if isinstance(series, SurfaceSeries) else "brain"
    value = {
        "Description": f"Activity of the {part} that TRIBE v2 predicts for a stimulus, computed by tribe_np",
        **(_bids_fields(series, options) if options.bids else {}),
        **_times(series, options, times, axis),
        "Units": UNITS if series.run else "not stated by the array that was exported",
        **(_mesh(series) if isinstance(series, SurfaceSeries) else {}),
        **facts,
        "GeneratedBy": [{"Name": "tribe_np", "Version": __version__}],
        "Warnings": [*_warnings(series), *options.warnings],
        "Run": series.run,
    }
    sidecar = sidecar_of(path)
    sidecar.write_text(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=True) + "\n", encoding="utf-8")
    return sidecar


def _mesh(series: SurfaceSeries) -> dict[str, Any]:
    return {"Mesh": series.mesh, "Space": SPACE, "VerticesPerHemisphere": series.per_hemisphere}


def vertex_facts(series: SurfaceSeries, side: str | None = None, *, full: bool) -> dict[str, Any]:
    """How many vertices of one hemisphere, or of both, were computed; `full` where a file holds NaN for the others."""
    if side is None:
        computed, size = len(series.columns), 2 * series.per_hemisphere
    else:
        computed, size = len(computed_columns(series, side)[1]), series.per_hemisphere
    facts: dict[str, Any] = {"VerticesComputed": computed, "VerticesNotComputed": size - computed}
    if side is not None:
        facts = {"Hemisphere": side, **facts}
    if computed < size:
        facts["NotComputedAre"] = "NaN" if full else "left out"
    return facts


def _bids_fields(series: SurfaceSeries | VoxelSeries, options: ExportOptions) -> dict[str, Any]:
    """What BIDS wants where a name has task- and den-."""
    task = {"TaskName": read_entities(options.bids)["task"]}
    if isinstance(series, VoxelSeries):
        return task
    density = f"{series.mesh}: {series.per_hemisphere} vertices per hemisphere"
    return {**task, "Density": {DENSITIES[series.mesh]: density}}


def _times(
    series: SurfaceSeries | VoxelSeries, options: ExportOptions, times: np.ndarray, axis: TimeAxis | None
) -> dict[str, Any]:
    offset = series.hemodynamic_offset
    stimulus = f"seconds of the stimulus that a row describes; it estimates BOLD {offset:g} s later"
    bold = f"seconds at which the BOLD of a row is estimated, {offset:g} s after the stimulus that it describes"
    found = {
        "RepetitionTime": axis.step if axis else series.tr,
        "StartTime": axis.start if axis else (float(times[0]) if len(times) else 0.0),
        "TimeAxis": options.times,
        "TimeAxisMeans": stimulus if options.times == "stimulus" else bold,
        "HemodynamicOffset": offset,
        "RowDuration": series.tr,
        "RowTimes": times.tolist(),
    }
    if axis is not None and axis.n_filled:
        found["FilledRows"] = np.flatnonzero(axis.rows < 0).tolist()
        found["RowTimesAreOf"] = "the rows that were predicted; FilledRows counts rows of the file from 0"
    return found


def _warnings(series: SurfaceSeries | VoxelSeries) -> list[Any]:
    said = series.run.get("warnings")
    return list(said) if isinstance(said, list) else []
