"""FreeSurfer .mgh: one a hemisphere, (V, 1, 1, R) float32, the TR in milliseconds in the footer; .mgz is its gzip.

The format has no start: the sidecar tells it.
Source   FreeSurfer's MGH format; header and footer are nibabel's
"""

import gzip
from pathlib import Path
from typing import BinaryIO

from nibabel.freesurfer.mghformat import MGHHeader

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.outputs.exports.export_formats import ExportFormat, ExportOptions
from tribe_np.outputs.exports.export_names import surface_name
from tribe_np.outputs.exports.hemisphere_rows import GZIP_LEVEL, full_rows
from tribe_np.outputs.exports.sidecars import vertex_facts, write_sidecar
from tribe_np.outputs.exports.time_axis import TimeAxis, time_axis


def write_mgh(series: SurfaceSeries, folder: Path, options: ExportOptions) -> list[Path]:
    """The files of both hemispheres, each with its sidecar."""
    return _write_both(series, folder, options, "mgh")


def write_mgz(series: SurfaceSeries, folder: Path, options: ExportOptions) -> list[Path]:
    """The same, compressed."""
    return _write_both(series, folder, options, "mgz")


def _write_both(series: SurfaceSeries, folder: Path, options: ExportOptions, ending: str) -> list[Path]:
    axis = time_axis(series, options, f"an .{ending} file")
    written = []
    for side in HEMISPHERES:
        path = folder / surface_name(series, options, ending, side)
        with path.open("wb") as file:
            if ending == "mgz":
                with gzip.GzipFile("", "wb", GZIP_LEVEL, file, mtime=0) as packed:
                    _write(packed, series, side, axis)
            else:
                _write(file, series, side, axis)
        written += [path, write_sidecar(path, series, options, vertex_facts(series, side, full=True), axis)]
    return written


def _write(file: BinaryIO | gzip.GzipFile, series: SurfaceSeries, side: str, axis: TimeAxis) -> None:
    header = MGHHeader()
    header.set_data_dtype(">f4")
    header.set_data_shape((series.per_hemisphere, 1, 1, len(axis.rows)))
    header["tr"] = 1000 * axis.step
    header.writehdr_to(file)
    file.seek(header.get_data_offset())
    for row in full_rows(series, side, axis):
        file.write(row.astype(">f4").tobytes())
    header.writeftr_to(file)


MGH = ExportFormat("mgh", None, write_mgh, ("fill_gaps",))
MGZ = ExportFormat("mgz", None, write_mgz, ("fill_gaps",))
