"""The JSON beside each exported file: what its rows and vertices are, and how the prediction was made."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np import __version__
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.voxel_series import AnySeries, VoxelSeries
from tribe_np.outputs.exports.export_formats import ExportOptions
from tribe_np.outputs.exports.export_names import (
    BIDS_SPACES,
    MEASURED_BOLD,
    ON_SURFACES,
    PREDICTED,
    is_measured,
    map_facts,
    read_entities,
    sidecar_of,
)
from tribe_np.outputs.exports.hemisphere_rows import computed_columns
from tribe_np.outputs.exports.time_axis import TimeAxis, row_times

SURFACES = {
    "fsaverage": "the surface of FreeSurfer's fsaverage; its coordinates are MNI305, not MNI152",
    "fsLR": "HCP's fsLR surface, numbered otherwise than fsaverage",
}


def write_sidecar(
    path: Path, series: AnySeries, options: ExportOptions, facts: Mapping[str, Any], axis: TimeAxis | None = None
) -> Path:
    """Writes the sidecar of the file `path`, which has that file's name with the ending .json, and gives its path.

    `facts` are the file's own; `axis` is for a format that holds a start and a step.
    """
    times = row_times(series, options.times)
    value = {
        "Description": _description(series),
        **(_bids_fields(path, series, options) if options.bids else {}),
        **({} if map_facts(series) else _times(series, options, times, axis)),
        "Units": units(series),
        **(_mesh(series) if isinstance(series, SurfaceSeries) else {}),
        **facts,
        "GeneratedBy": [{"Name": "tribe_np", "Version": __version__}],
        "Warnings": [*_warnings(series), *options.warnings],
        "Run": {key: value for key, value in series.run.items() if key != "map"},
    }
    sidecar = sidecar_of(path)
    sidecar.write_text(_json(value), encoding="utf-8", errors="backslashreplace")  # as run.json is written
    return sidecar


def _json(value: Mapping[str, Any]) -> str:
    """A line for each number of a long list would make the rest hard to find: a list at the top takes one line."""
    parts = []
    for key, part in value.items():
        text = json.dumps(part, indent=None if isinstance(part, list) else 1, ensure_ascii=False)
        parts.append(f" {json.dumps(key)}: {text}".replace("\n", "\n "))
    return "{\n" + ",\n".join(parts) + "\n}\n"


def units(series: AnySeries) -> str:
    """What run.json says of the units."""
    return str(series.run.get("units", "not stated"))


def _mesh(series: SurfaceSeries) -> dict[str, Any]:
    vertices = {} if series.vertices is None else {"Vertices": series.vertices.tolist()}
    space = SURFACES[BIDS_SPACES[series.mesh][0]]
    numbering = {} if series.numbering is None else {"Numbering": f"vertices are {series.numbering}"}
    sizes = {"VerticesPerHemisphere": series.per_hemisphere}
    return {"Mesh": series.mesh, "Space": space, **sizes, **numbering, **vertices}


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


def _description(series: AnySeries) -> str:
    facts = map_facts(series)
    if facts is not None:
        return facts["means"]
    if is_measured(series):
        return MEASURED_BOLD
    if isinstance(series, VoxelSeries):
        return PREDICTED.replace("the cortex", "the brain")
    return PREDICTED if series.run else "Values on the cortical surface, exported by tribe_np from an array"


def _bids_fields(path: Path, series: AnySeries, options: ExportOptions) -> dict[str, Any]:
    """What BIDS wants of a task, of a surface and of a volume."""
    task = {"TaskName": read_entities(options.bids)["task"]}
    if path.name.endswith(ON_SURFACES) and isinstance(series, SurfaceSeries):
        density = f"{series.mesh}: {series.per_hemisphere} vertices per hemisphere"
        return {**task, "Density": {BIDS_SPACES[series.mesh][1]: density}}
    return {**task, "SkullStripped": True}


def _times(series: AnySeries, options: ExportOptions, times: np.ndarray, axis: TimeAxis | None) -> dict[str, Any]:
    name, meaning = _meaning(series, options.times)
    found = {
        "RepetitionTime": axis.step if axis else series.tr,
        "StartTime": axis.start if axis else float(times[0]),
        "TimeAxis": name,
        "TimeAxisMeans": meaning,
        "HemodynamicOffset": series.hemodynamic_offset,
        "RowDuration": series.tr,
        "RowTimes": times.tolist(),
    }
    if series.timelines is not None:
        found["RowTimelines"] = series.timelines.tolist()
    if axis is not None and axis.n_filled:
        found["FilledRows"] = np.flatnonzero(axis.rows < 0).tolist()
        found["RowTimesAreOf"] = "the rows that there were; FilledRows counts rows of the file from 0"
    return found


def _meaning(series: AnySeries, times: str) -> tuple[str, str]:
    """The name of the time axis, and in words what a time is."""
    if series.run.get("time_axis") == "scan":
        return "scan", "seconds of the scan"
    offset, verb = series.hemodynamic_offset, "was measured" if is_measured(series) else "is estimated"
    if times == "stimulus":
        return times, f"seconds of the stimulus at which a row begins; its BOLD {verb} {offset:g} s later"
    return times, f"seconds at which the BOLD of a row {verb}, {offset:g} s after the stimulus that it belongs to"


def _warnings(series: AnySeries) -> list[Any]:
    said = series.run.get("warnings")
    return list(said) if isinstance(said, list) else []
