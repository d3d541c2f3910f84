"""Predictions as NIfTI: the cortical ribbon between white and pial painted in a grid of voxels, row by row.

The voxels are MNI305, fsaverage's own space, unless MNI152 is asked for; every file says which.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.meshes.numbering import check_numbering, numbering_at_hand
from tribe_np.cortex.meshes.spaces import SpaceSurfaces, surfaces_in_space
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.volumes.grids import Grid, box_grid, grid_like
from tribe_np.cortex.volumes.painting import Paint, Smoother, check_smooth, paint_with
from tribe_np.cortex.volumes.ribbon import Ribbon, ribbon_of
from tribe_np.errors import ConfigError, OutputError
from tribe_np.formats.nifti_stream import MNI_152, TEMPLATE_OTHER, VolumeHeader, write_nifti
from tribe_np.outputs.exports.export_formats import ExportFormat, ExportOptions
from tribe_np.outputs.exports.export_names import bids_name, content_name
from tribe_np.outputs.exports.sidecars import vertex_facts, write_sidecar
from tribe_np.outputs.exports.time_axis import TimeAxis, time_axis

RESOLUTION = 2.0  # mm
ROWS_AT_ONCE = 16
REFERENCES = {
    "MNI305": "https://surfer.nmr.mgh.harvard.edu/fswiki/CoordinateSystems",
    "MNI152": "https://surfer.nmr.mgh.harvard.edu/fswiki/CoordinateSystems",
    "MNI152NLin2009cAsym": "https://www.bic.mni.mcgill.ca/ServicesAtlases/ICBM152NLin2009",
}


def write_volumes(series: SurfaceSeries, folder: Path, options: ExportOptions) -> list[Path]:
    """Writes the rows as one 4-D NIfTI and the mask of its painted voxels, each with its sidecar.

    Raises   ConfigError for a grid, a space or a width that cannot be; OutputError for uneven rows, or where every
             vertex is NaN
    """
    grid, axis = _grid(options), time_axis(series, options, "NIfTI")
    check_smooth(options.smooth)
    empty = _empty_columns(series.values)
    if empty.all():
        raise OutputError(f"{series.origin}: every vertex is NaN, so that nothing can be painted")
    found = surfaces_in_space(series.mesh, ("white", "pial"), options.space, options.subjects_dir)
    check_numbering(series, numbering_at_hand(series.mesh, options.subjects_dir), found.surfaces["white"].origin)
    ribbon = ribbon_of(found.surfaces["white"], found.surfaces["pial"], grid)
    paint = paint_with(ribbon, series.columns[~empty])
    options.warnings.extend(_remarks(found, ribbon, options))
    path, mask = _paths(folder, series, options, found.template, grid)
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = _frames(series.values, ~empty, axis, paint, Smoother(paint, options.smooth) if options.smooth else None)
    write_nifti(path, _header(grid, found, content_name(series), axis), frames)
    painted = np.zeros(grid.n_voxels, np.uint8)
    painted[paint.voxels] = 1
    write_nifti(mask, _header(grid, found, "mask"), [painted])
    facts = _facts(found, ribbon, paint, options)
    counts = vertex_facts(series, full=True) | {"VerticesComputedAsNaN": int(empty.sum())}
    return [
        path,
        write_sidecar(path, series, options, facts | counts, axis),
        mask,
        write_sidecar(
            mask, series, options, facts | counts | {"Type": "ROI", "Description": "1 where a voxel was painted"}
        ),
    ]


NIFTI = ExportFormat(
    "nifti", None, write_volumes, ("bids", "resolution", "like", "smooth", "space", "subjects_dir", "fill_gaps")
)


def _frames(
    values: np.ndarray, kept: np.ndarray, axis: TimeAxis, paint: Paint, smoothed: Smoother | None
) -> Iterator[np.ndarray]:
    """The volumes of the file, made as they are asked for; `kept` are the columns that are painted."""
    for first in range(0, len(axis.rows), ROWS_AT_ONCE):
        rows = axis.rows[first : first + ROWS_AT_ONCE]
        block = np.asarray(values[np.maximum(rows, 0)], np.float64)[:, kept]
        block[rows < 0] = np.nan  # a gap
        for row in paint.values(block):
            yield paint.volume(row if smoothed is None else smoothed(row))


def _header(grid: Grid, found: SpaceSurfaces, what: str, axis: TimeAxis | None = None) -> VolumeHeader:
    """Of the rows, or of a mask, which has no axis of time."""
    code = MNI_152 if found.space == "mni152" else TEMPLATE_OTHER
    words = f"{what} in the cortical ribbon, {found.template}"
    if found.is_approximate:
        words += ", approximate affine"
    if axis is None:
        return VolumeHeader(grid.shape, grid.affine, code, words, found.template[:15], np.uint8)
    shape = (*grid.shape, len(axis.rows))
    return VolumeHeader(shape, grid.affine, code, words, found.template[:15], np.float32, axis.step, axis.start)


def _remarks(found: SpaceSurfaces, ribbon: Ribbon, options: ExportOptions) -> Iterator[str]:
    """What a person should know at once."""
    if found.is_approximate:
        yield found.note
    if ribbon.grid.code == MNI_152 and options.space != "mni152":
        yield f"{ribbon.grid.origin} is labelled MNI152, but what is painted is MNI305, about 2 mm away: --space mni152"
    if ribbon.n_outside:
        n_vertices = ribbon.weights.shape[1]
        yield f"{ribbon.n_outside} of {n_vertices} vertices lie outside the grid of {ribbon.grid.origin}"


def _grid(options: ExportOptions) -> Grid:
    if options.like is None:
        return box_grid(RESOLUTION if options.resolution is None else options.resolution)
    if options.resolution is not None:
        raise ConfigError("resolution and like contradict each other; give only one of them")
    return grid_like(options.like)


def _empty_columns(values: np.ndarray) -> np.ndarray:
    """Columns that are NaN in every row, such as a medial wall that somebody masked: nothing was computed there."""
    empty = np.ones(values.shape[1], bool)
    for row in values:
        if not empty.any():
            break
        empty &= np.isnan(row)
    return empty


def _paths(folder: Path, series: SurfaceSeries, options: ExportOptions, template: str, grid: Grid) -> tuple[Path, Path]:
    """The file and its mask."""
    if not options.bids:
        stem = f"{content_name(series)}.{template}"
        return folder / f"{stem}.nii.gz", folder / f"{stem}.mask.nii.gz"
    label = f"{grid.sizes[0]:g}".replace(".", "p") if options.like is None else "like"
    path = folder / bids_name(options.bids, [("space", template), ("res", label)], "nii.gz")
    return path, path.with_name(path.name.replace("_bold.nii.gz", "_mask.nii.gz"))


def _facts(found: SpaceSurfaces, ribbon: Ribbon, paint: Paint, options: ExportOptions) -> dict[str, Any]:
    sizes = " x ".join(f"{size:g}" for size in paint.grid.sizes)
    surfaces = found.surfaces.values()
    return {
        "Space": found.template,
        "SpatialReference": REFERENCES[found.template],
        "SpaceIsApproximate": found.is_approximate,
        "SpaceMeans": found.note,
        "Resolution": f"voxels of {sizes} mm ({paint.grid.origin})",
        "SmoothingFWHM": options.smooth,
        "Surfaces": {name: digest for surface in surfaces for name, digest in surface.digests.items()},
        "Painting": "each voxel: mean over its points between white and pial of the values of the triangle's vertices",
        "PaintedVoxels": len(paint.voxels),
        "RibbonVoxelsNotComputed": len(paint.missing),
        "OtherVoxels": "0 outside the ribbon, NaN in the ribbon where no vertex was computed",
        "VoxelsOfSeparatePieces": ribbon.n_split,
        "VoxelsOfThinCortex": ribbon.n_thin,
        "VerticesOutsideGrid": ribbon.n_outside,
    }
