"""Predictions of a volume mask in files: 4-D NIfTI in the mask's own grid, or arrays with the place of every voxel."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.subcortex.mask_files import load_mask
from tribe_np.cortex.subcortex.voxel_mask import VoxelMask
from tribe_np.cortex.voxel_series import VoxelSeries
from tribe_np.errors import ConfigError
from tribe_np.formats.nifti_stream import MNI_152, VolumeHeader, write_nifti
from tribe_np.outputs.exports.export_formats import ExportFormat, ExportOptions
from tribe_np.outputs.exports.export_names import bids_name, content_name, map_facts
from tribe_np.outputs.exports.sidecars import write_sidecar
from tribe_np.outputs.exports.time_axis import TimeAxis, row_times, time_axis
from tribe_np.shown import quoted

OUTSIDE = 0.0


def mask_format(name: str) -> ExportFormat:
    """The record of a format for voxels.

    Raises   ConfigError for one of surfaces, or an unknown one
    """
    if name not in FORMATS:
        raise ConfigError(
            f"format {quoted(name)} is not for the voxels of a mask; those are written as {' or '.join(FORMATS)} "
            "(`tribe-np roi` writes tables of structures)"
        )
    return FORMATS[name]


def write_mask_volumes(series: VoxelSeries, folder: Path, options: ExportOptions) -> list[Path]:
    """Writes the rows as one 4-D NIfTI and the mask as another, each with its sidecar.

    Raises   ParcellationError for a mask that is missing or of another length; OutputError for uneven rows
    """
    axis = time_axis(series, options, "NIfTI")
    mask = load_mask(series.space, options.mask)
    path, beside = _paths(folder, series, mask, options)
    path.parent.mkdir(parents=True, exist_ok=True)
    what = content_name(series) if map_facts(series) else "predicted BOLD (z)"
    write_nifti(path, _header(mask, axis, what), _volumes(series, mask, axis))
    write_nifti(beside, _header(mask), [mask.inside.astype(np.uint8).T])
    facts = _facts(series, mask)
    role = {"Type": "ROI", "Description": "1 in the voxels of the mask"}
    return [
        path,
        write_sidecar(path, series, options, facts, axis),
        beside,
        write_sidecar(beside, series, options, facts | role),
    ]


def write_mask_arrays(series: VoxelSeries, folder: Path, options: ExportOptions) -> list[Path]:
    """Writes predictions.npz: values of the computed voxels, their indices and mm, structures, and the rows' times."""
    mask = load_mask(series.space, options.mask)
    path = folder / f"{content_name(series)}.npz"
    ijk = np.argwhere(mask.inside)[series.columns]
    numbers = mask.structure_of[series.columns]
    names = np.array([*mask.structures, ""])[numbers]  # no structure is -1, the last
    several: dict[str, Any] = {} if series.timelines is None else {"timelines": series.timelines}
    np.savez(
        path, **several, values=series.values, times=row_times(series, options.times), ijk=ijk, affine=mask.affine,
        shape=np.array(mask.inside.shape), mm=ijk @ mask.affine[:3, :3].T + mask.affine[:3, 3], structures=names,
        columns=series.columns,
    )  # fmt: skip
    return [path, write_sidecar(path, series, options, _facts(series, mask))]


FORMATS = {
    "nifti": ExportFormat("nifti", None, write_mask_volumes, ("bids", "fill_gaps", "mask")),
    "npz": ExportFormat("npz", None, write_mask_arrays, ("mask",), keeps_dtype=True, leaves_out=True),
}


def _volumes(series: VoxelSeries, mask: VoxelMask, axis: TimeAxis) -> Iterator[np.ndarray]:
    """The volumes of the file with x fastest; NaN in the voxels of the mask that were not computed."""
    for row in axis.rows:
        voxels = np.full((1, mask.n_voxels), np.nan, np.float32)
        if row >= 0:
            voxels[0, series.columns] = series.values[row]
        yield mask.volume(voxels, OUTSIDE)[..., 0].T


def _header(mask: VoxelMask, axis: TimeAxis | None = None, what: str = "") -> VolumeHeader:
    """Of the rows, or of the mask."""
    x, y, z = mask.inside.shape
    if axis is None:
        return VolumeHeader(
            (x, y, z), mask.affine, MNI_152, "mask of a prediction by tribe_np", mask.space[:15], np.uint8
        )
    return VolumeHeader(
        (x, y, z, len(axis.rows)), mask.affine, MNI_152, f"{what} by tribe_np, {mask.space}",
        mask.space[:15], np.float32, axis.step, axis.start,
    )  # fmt: skip


def _paths(folder: Path, series: VoxelSeries, mask: VoxelMask, options: ExportOptions) -> tuple[Path, Path]:
    if not options.bids:
        stem = f"{content_name(series)}.{series.space.name}.{mask.space}"
        return folder / f"{stem}.nii.gz", folder / f"{stem}.mask.nii.gz"
    resolution = f"{abs(mask.affine[0, 0]):g}".replace(".", "p")
    path = folder / bids_name(options.bids, [("space", mask.space), ("res", resolution)], "nii.gz")
    return path, path.with_name(path.name.replace("_bold.nii.gz", "_mask.nii.gz"))


def _facts(series: VoxelSeries, mask: VoxelMask) -> dict[str, Any]:
    return {
        "Space": mask.space,
        "SpaceMeans": "MNI152, as the mask is; not the MNI305 of fsaverage",
        "Mask": series.space.name,
        "MaskFrom": mask.origin,
        "MaskFiles": [{"Path": str(file.path), "SHA256": file.sha256} for file in mask.files],
        "Resolution": " x ".join(f"{step:g}" for step in np.diag(mask.affine)[:3]) + " mm",
        "Structures": list(mask.structures),
        "VoxelsOfMask": mask.n_voxels,
        "VoxelsComputed": len(series.columns),
        "VoxelsNotComputed": series.n_missing,
        "OtherVoxels": f"{OUTSIDE:g} outside the mask, NaN in the mask where a voxel was not computed",
    }
