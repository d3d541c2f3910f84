"""Arrays for programs: .npz, and the raw float32 with JSON that the Rust port writes.

Raw      predictions.bin is little-endian float32 (R, 2 V) row by row, as eugenehp/tribev2-rs 5b00f94 writes
         (crates/tribev2/src/bin/infer.rs 732-746) and as its --ground-truth reads (src/metrics.rs 204-228);
         segments.json has its keys timestep_index, start, duration (infer.rs 897-908). The port itself writes
         start = 0.5 * row there; ours are the rows' own times
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.outputs.exports.export_formats import ExportFormat, ExportOptions
from tribe_np.outputs.exports.export_names import content_name
from tribe_np.outputs.exports.sidecars import units, vertex_facts, write_sidecar
from tribe_np.outputs.exports.time_axis import row_times


def array_parts(series: SurfaceSeries, options: ExportOptions) -> dict[str, Any]:
    """What array files hold beside the values: arrays and numbers by name, everything needed to read the values."""
    several = {} if series.timelines is None else {"timelines": series.timelines}
    return {
        **several,
        "vertices": series.columns.astype(np.int64),
        "starts": series.starts.astype(float),
        "times": row_times(series, options.times),
        "times_are": options.times,
        "tr": series.tr,
        "hemodynamic_offset": series.hemodynamic_offset,
        "mesh": series.mesh,
        "vertices_per_hemisphere": series.per_hemisphere,
        "units": units(series),
        "run": json.dumps(dict(series.run)),
    }


def write_npz(series: SurfaceSeries, folder: Path, options: ExportOptions) -> list[Path]:
    """The values in their own dtype as `predictions` (of measured data: `bold`), and the sidecar."""
    name = content_name(series)
    path = folder / f"{name}.npz"
    arrays: dict[str, Any] = {name: series.values, **array_parts(series, options)}
    np.savez(path, **arrays)
    return [path, write_sidecar(path, series, options, vertex_facts(series, full=False))]


def write_raw(series: SurfaceSeries, folder: Path, options: ExportOptions) -> list[Path]:
    """Every vertex, segments.json, and the sidecar."""
    path, segments = folder / f"{content_name(series)}.bin", folder / "segments.json"
    with path.open("wb") as file:
        for values in series.values:
            row = np.full(2 * series.per_hemisphere, np.nan, "<f4")
            row[series.columns] = values
            file.write(row.data)
    rows = [
        {"duration": series.tr, "start": float(time), "timestep_index": number}
        for number, time in enumerate(row_times(series, options.times))
    ]
    segments.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    shape = {"Shape": [len(series.values), 2 * series.per_hemisphere], "DataType": "little-endian float32, row by row"}
    return [path, segments, write_sidecar(path, series, options, vertex_facts(series, full=True) | shape)]


NPZ = ExportFormat("npz", None, write_npz, keeps_dtype=True, leaves_out=True)
RAW = ExportFormat("raw", None, write_raw)
