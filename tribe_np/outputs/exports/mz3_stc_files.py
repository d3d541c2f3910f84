"""Surf Ice's and niivue's .mz3 and MNE's .stc: a file a hemisphere, written row by row.

.mz3    gzip of a little-endian header (magic 0x5A4D, attributes, faces, vertices, skipped bytes), faces and
        coordinates where asked for, then one float32 per vertex and row; it has no time at all: the sidecar tells it
.stc    big-endian: start and step in milliseconds, the computed vertices, number of rows, then the rows
Source   neurolabusc/surf-ice 6d27ec2 mz3/README.md; mne 1.13 source_estimate._read_stc
"""

import gzip
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tribe_np.cortex.meshes.numbering import check_numbering, numbering_at_hand
from tribe_np.cortex.meshes.surfaces import load_surface
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.outputs.exports.export_formats import ExportFormat, ExportOptions
from tribe_np.outputs.exports.export_names import FILE_SIDES, content_name, surface_name
from tribe_np.outputs.exports.hemisphere_rows import GZIP_LEVEL, computed_columns, computed_rows, full_rows
from tribe_np.outputs.exports.sidecars import vertex_facts, write_sidecar
from tribe_np.outputs.exports.time_axis import TimeAxis, time_axis

MZ3_MAGIC = 0x5A4D
HAS_FACES, HAS_COORDINATES, HAS_SCALARS = 1, 2, 8


def write_mz3(series: SurfaceSeries, folder: Path, options: ExportOptions) -> list[Path]:
    """An overlay a hemisphere with its sidecar; with the surface in it where one was asked for."""
    axis = time_axis(series, options, "an .mz3 file")
    surface = None
    if options.surface is not None:
        surface = load_surface(series.mesh, options.surface, subjects_dir=options.subjects_dir)
        check_numbering(series, numbering_at_hand(series.mesh, options.subjects_dir), surface.origin)
    written = []
    for side in HEMISPHERES:
        path = folder / surface_name(series, options, "mz3", side)
        shape = None if surface is None else surface.hemisphere(side)
        with path.open("wb") as file, gzip.GzipFile("", "wb", GZIP_LEVEL, file, mtime=0) as packed:
            _write_mz3(packed, series, side, axis, shape)
        facts = vertex_facts(series, side, full=True)
        if surface is not None:
            facts |= {"Surface": surface.kind, "SurfaceFrom": surface.origin}
        written += [path, write_sidecar(path, series, options, facts, axis)]
    return written


def _write_mz3(
    file: BinaryIO | gzip.GzipFile,
    series: SurfaceSeries,
    side: str,
    axis: TimeAxis,
    shape: tuple[np.ndarray, np.ndarray] | None,
) -> None:
    attributes, n_faces = HAS_SCALARS, 0
    if shape is not None:
        attributes, n_faces = attributes | HAS_FACES | HAS_COORDINATES, len(shape[1])
    file.write(struct.pack("<HHIII", MZ3_MAGIC, attributes, n_faces, series.per_hemisphere, 0))
    if shape is not None:
        coordinates, faces = shape
        file.write(faces.astype("<i4").tobytes() + coordinates.astype("<f4").tobytes())
    for row in full_rows(series, side, axis):
        file.write(row.astype("<f4").tobytes())


def write_stc(series: SurfaceSeries, folder: Path, options: ExportOptions) -> list[Path]:
    """Source estimates of both hemispheres, of the computed vertices only, each with its sidecar."""
    axis = time_axis(series, options, "an .stc file")
    written = []
    for side in HEMISPHERES:
        path = folder / f"{content_name(series)}.{series.mesh}-{FILE_SIDES[side][0]}.stc"
        _, vertices = computed_columns(series, side)
        with path.open("wb") as file:
            file.write(struct.pack(">ffI", 1000 * axis.start, 1000 * axis.step, len(vertices)))
            file.write(vertices.astype(">u4").tobytes())
            file.write(struct.pack(">I", len(axis.rows)))
            for row in computed_rows(series, side, axis):
                file.write(row.astype(">f4").tobytes())
        written += [path, write_sidecar(path, series, options, vertex_facts(series, side, full=False), axis)]
    return written


MZ3 = ExportFormat("mz3", None, write_mz3, ("fill_gaps", "surface", "subjects_dir"), {"subjects_dir": "surface"})
STC = ExportFormat("stc", None, write_stc, ("fill_gaps",), leaves_out=True)
