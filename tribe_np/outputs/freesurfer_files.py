"""FreeSurfer .mgh: one a hemisphere, (V, 1, 1, R) float32, the TR in milliseconds in the footer.

The format has no start: the sidecar tells it.
Source   FreeSurfer's MGH format; header and footer are nibabel's
"""

from pathlib import Path

from nibabel.freesurfer.mghformat import MGHHeader

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.outputs.export_formats import ExportFormat, ExportOptions
from tribe_np.outputs.export_names import surface_name
from tribe_np.outputs.hemisphere_rows import full_rows
from tribe_np.outputs.sidecars import vertex_facts, write_sidecar
from tribe_np.outputs.time_axis import TimeAxis, time_axis


def write_mgh(series: SurfaceSeries, folder: Path, options: ExportOptions) -> list[Path]:
    """The files of both hemispheres, each with its sidecar."""
    axis = time_axis(series, options.times, fill_gaps=options.fill_gaps, what="an .mgh file")
    written = []
    for side in HEMISPHERES:
        path = folder / surface_name(series, options, "mgh", side)
        header = _header(series.per_hemisphere, axis)
        with path.open("wb") as file:
            header.writehdr_to(file)
            file.seek(header.get_data_offset())
            for row in full_rows(series, side, axis):
                file.write(row.astype(">f4").data)
            header.writeftr_to(file)
        written += [path, write_sidecar(path, series, options, vertex_facts(series, side, full=True), axis)]
    return written


def _header(n_vertices: int, axis: TimeAxis) -> MGHHeader:
    header = MGHHeader()
    header.set_data_dtype(">f4")
    header.set_data_shape((n_vertices, 1, 1, len(axis.rows)))
    header["tr"] = 1000 * axis.step
    return header


MGH = ExportFormat("mgh", None, write_mgh, ("fill_gaps",))
