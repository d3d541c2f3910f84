"""GIFTI: one .func.gii a hemisphere, with one TIME_SERIES array a row; a map without time is one array of no intent.

TimeStep is in milliseconds, as FreeSurfer reads and writes it (utils/gifti.cpp fills mri->tr with it); the GIFTI
specification names no unit, and Workbench ignores the value. GIFTI has no start: the name of each array tells its time.
Source   GIFTI 1.0 (a metric file); the arrays are nibabel's
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from nibabel.gifti.gifti import GiftiDataArray, GiftiLabelTable, GiftiMetaData

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.outputs.exports.export_formats import ExportFormat, ExportOptions
from tribe_np.outputs.exports.export_names import map_facts, surface_name
from tribe_np.outputs.exports.hemisphere_rows import full_rows
from tribe_np.outputs.exports.sidecars import vertex_facts, write_sidecar
from tribe_np.outputs.exports.time_axis import TimeAxis, time_axis

STRUCTURES = {"left": "CortexLeft", "right": "CortexRight"}
PROLOGUE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE GIFTI SYSTEM "http://www.nitrc.org/frs/download.php/115/gifti.dtd">\n'
)


def write_gifti(series: SurfaceSeries, folder: Path, options: ExportOptions) -> list[Path]:
    """The files of both hemispheres, each with its sidecar."""
    axis = time_axis(series, options, "a GIFTI file")
    written = []
    for side in HEMISPHERES:
        path = folder / surface_name(series, options, "func.gii", side)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.writelines(_gifti(series, side, axis))
        facts = vertex_facts(series, side, full=True) | ({} if map_facts(series) else {"GiftiTimeStepUnits": "ms"})
        written += [path, write_sidecar(path, series, options, facts, axis)]
    return written


def _gifti(series: SurfaceSeries, side: str, axis: TimeAxis) -> Iterator[bytes]:
    """The file in pieces: whole, it may be larger than memory."""
    facts = map_facts(series)
    step = {} if facts else {"TimeStep": f"{1000 * axis.step:.6f}"}
    intent = "NIFTI_INTENT_NONE" if facts else "NIFTI_INTENT_TIME_SERIES"
    about = GiftiMetaData({"AnatomicalStructurePrimary": STRUCTURES[side], **step})
    yield f'{PROLOGUE}<GIFTI Version="1.0" NumberOfDataArrays="{len(axis.rows)}">'.encode()
    yield about.to_xml()
    yield GiftiLabelTable().to_xml()
    for number, row in enumerate(full_rows(series, side, axis)):
        name = facts["name"] if facts else f"{axis.start + number * axis.step:.6g} s"
        yield b"\n" + _array(row, {"Name": name, **step}, intent)
    yield b"\n</GIFTI>\n"


def _array(row: np.ndarray, about: dict[str, str], intent: str) -> bytes:
    array = GiftiDataArray(
        row,
        intent=intent,
        datatype="NIFTI_TYPE_FLOAT32",
        encoding="GIFTI_ENCODING_B64GZ",
        endian=sys.byteorder,
        meta=GiftiMetaData(about),
    )
    array.coordsys = None  # which only coordinates have
    found: bytes = array.to_xml()
    return found


GIFTI = ExportFormat("gifti", None, write_gifti, ("bids", "fill_gaps"))
