"""CIFTI-2: one .dtseries.nii of both hemispheres, holding the vertices that were computed.

The series axis is in seconds; the time of a vertex runs fastest in the file, so that blocks of vertices are written.
Source   CIFTI-2, ConnDenseSeries; axes and header are nibabel's
"""

from pathlib import Path

import numpy as np
from nibabel.cifti2.cifti2 import Cifti2Header
from nibabel.cifti2.cifti2_axes import Axis, BrainModelAxis, ScalarAxis, SeriesAxis
from nibabel.nifti1 import Nifti1Extension
from nibabel.nifti2 import Nifti2Header

from tribe_np.cortex.meshes.numbering import check_cut
from tribe_np.cortex.parcellations.parcellation import NO_REGION, Parcellation
from tribe_np.cortex.regions.region_series import parcellation_of
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.errors import ParcellationError
from tribe_np.outputs.exports.export_formats import ExportFormat, ExportOptions
from tribe_np.outputs.exports.export_names import map_facts, surface_name
from tribe_np.outputs.exports.hemisphere_rows import computed_columns
from tribe_np.outputs.exports.sidecars import vertex_facts, write_sidecar
from tribe_np.outputs.exports.time_axis import TimeAxis, time_axis

STRUCTURES = {"left": "CORTEX_LEFT", "right": "CORTEX_RIGHT"}
EXTENSION_CODE = 32  # of CIFTI among the extensions of NIfTI
BLOCK_VALUES = 1 << 24  # 64 MiB
MOST_MEDIAL = 0.2  # of a hemisphere: HCP-MMP1 leaves out 9 % of fsaverage5


def write_cifti(series: SurfaceSeries, folder: Path, options: ExportOptions) -> list[Path]:
    """The file and its sidecar."""
    axis = time_axis(series, options, "a CIFTI series")
    kept, facts = np.ones(len(series.columns), bool), vertex_facts(series, full=False)
    if options.mask_medial_wall:
        kept, masked = _outside_medial_wall(series, options)
        facts |= masked
    path = folder / surface_name(series, options, "dscalar.nii" if map_facts(series) else "dtseries.nii")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        _header(series, axis, kept).write_to(file)
        columns = np.flatnonzero(kept)
        n_columns = max(1, BLOCK_VALUES // len(axis.rows))
        for first in range(0, len(columns), n_columns):
            file.write(_block(series.values, columns[first : first + n_columns], axis).data)
    return [path, write_sidecar(path, series, options, facts, axis)]


def _block(values: np.ndarray, columns: np.ndarray, axis: TimeAxis) -> np.ndarray:
    """Some vertices over time, (n, R) little-endian float32; NaN in rows that fill a gap."""
    block = np.full((len(columns), len(axis.rows)), np.nan, "<f4")
    is_row = axis.rows >= 0
    span = slice(int(columns[0]), int(columns[-1]) + 1)  # a slice reads a memory map in place
    block[:, is_row] = values[:, span][:, columns - columns[0]][axis.rows[is_row]].T
    return block


def _header(series: SurfaceSeries, axis: TimeAxis, kept: np.ndarray) -> Nifti2Header:
    times: Axis = SeriesAxis(start=axis.start, step=axis.step, size=len(axis.rows), unit="SECOND")
    facts, kind = map_facts(series), "Series"
    if facts is not None:
        times, kind = ScalarAxis([facts["name"]]), "Scalar"
    models = []
    for side in HEMISPHERES:
        columns, vertices = computed_columns(series, side)
        mine = vertices[kept[columns]]
        if len(mine):
            models.append(BrainModelAxis.from_surface(mine, series.per_hemisphere, STRUCTURES[side]))
    vertices_axis = models[0] if len(models) == 1 else models[0] + models[1]
    header = Nifti2Header(endianness="<")
    header.set_data_dtype("<f4")
    header.set_data_shape((1, 1, 1, 1, len(axis.rows), int(kept.sum())))
    code = f"NIFTI_INTENT_CONNECTIVITY_DENSE_{kind.upper()}{'' if facts is None else 'S'}"
    header.set_intent(code, name=f"ConnDense{kind}")
    header["pixdim"][:] = 1
    header.extensions.append(Nifti1Extension(EXTENSION_CODE, Cifti2Header.from_axes((times, vertices_axis)).to_xml()))
    return header


def _outside_medial_wall(series: SurfaceSeries, options: ExportOptions) -> tuple[np.ndarray, dict[str, object]]:
    """Which columns lie in a region of the parcellation, and what the sidecar says of the others.

    Raises   ParcellationError where the parcellation has no medial wall, or is of another mesh
    """
    parcels = parcellation_of(options.parcellation, 2 * series.per_hemisphere, series.mesh)
    options.warnings.extend(check_cut(series, parcels))
    is_wall = parcels.region_of == NO_REGION
    _check_wall(parcels, is_wall)
    kept = ~is_wall[series.columns]
    if not kept.any():
        raise ParcellationError(f"{series.origin}: every computed vertex lies on the medial wall of {parcels.name}")
    return kept, {
        "MedialWall": f"vertices without a region in {parcels.name}",
        "MedialWallFiles": [file.as_dict() for file in parcels.files],
        "VerticesOfMedialWall": int(is_wall.sum()),
        "VerticesMasked": int((~kept).sum()),
    }


def _check_wall(parcels: Parcellation, is_wall: np.ndarray) -> None:
    for side, wall in zip(HEMISPHERES, np.split(is_wall, 2), strict=True):
        share = wall.mean()
        if not 0 < share <= MOST_MEDIAL:
            raise ParcellationError(
                f"{parcels.name}: {wall.sum()} of {len(wall)} vertices of the {side} hemisphere have no region, which "
                f"does not look like a medial wall (at most {MOST_MEDIAL:.0%}); name another --parcellation"
            )


CIFTI = ExportFormat(
    "cifti", None, write_cifti, ("bids", "fill_gaps", "mask_medial_wall", "parcellation"),
    only_with={"parcellation": "mask_medial_wall"}, leaves_out=True,
)  # fmt: skip
