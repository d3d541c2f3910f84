"""Volumes onto fsaverage, a block at a time: brain mask, smoothing, sampling around the surface's vertices."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage

from tribe_np.cortex.measured.native_surfaces import native_sides, subject_folder
from tribe_np.cortex.measured.projection_options import ProjectionOptions
from tribe_np.cortex.meshes.spaces import surfaces_in_space
from tribe_np.cortex.meshes.vertex_shares import shared, subject_shares
from tribe_np.cortex.sizes import HEMISPHERES, VERTICES_PER_HEMISPHERE
from tribe_np.cortex.volumes.sampling import VolumeSampler
from tribe_np.cortex.volumes.volume_space import volume_space
from tribe_np.errors import ConfigError, MeasurementError
from tribe_np.formats.voxel_files import VoxelFile, open_voxels

BLOCK_BYTES = 1 << 26  # of volumes at a time
MOST_IN_BLOCK = 16
SIGMA = 1 / np.sqrt(8 * np.log(2))  # of a full width at half maximum of 1
SAME_GRID = 1e-3  # mm
APART = 1.0  # mm

Place = Callable[[np.ndarray], np.ndarray]  # volumes (X, Y, Z, k) to rows (k, 2 V)


def project_volumes(
    file: VoxelFile, asked: ProjectionOptions, warn: list[str], on_volumes: Callable[[int], None]
) -> tuple[np.ndarray, dict[str, Any]]:
    """Series (n, 2 V) float64 of the volumes, and what was done, for run.json.

    Raises   ConfigError where the space is not known; MeasurementError for damaged data, another grid of the mask
    """
    if asked.spheres is not None:
        raise ConfigError(f"{file.path}: spheres are for data on a surface; this is a volume")
    known = asked.space or ("as-is" if asked.as_upstream else None)
    space, origin = volume_space(file, known, asked.subject, warn)
    if file.codes[0] and file.codes[1] and file.apart > APART:
        warn.append(f"{file.path}: its sform and qform place it up to {file.apart:.1f} mm apart; the sform was used")
    place, facts = (_native if space == "native" else _standard)(file, asked, space, warn)
    mask = None if asked.mask is None else _mask(file, asked)
    n_voxels = int(np.prod(file.shape))
    per_block = max(1, min(MOST_IN_BLOCK, BLOCK_BYTES // (8 * n_voxels)))
    series = np.empty((file.n_volumes, 2 * VERTICES_PER_HEMISPHERE[asked.mesh]))
    for first in range(0, file.n_volumes, per_block):
        stop = min(first + per_block, file.n_volumes)
        volumes = file.read(first, stop)
        if mask is not None:
            volumes *= mask[..., np.newaxis]
        if asked.smooth is not None:
            volumes = smoothed(volumes, file.affine, asked.smooth)
        series[first:stop] = place(volumes)
        on_volumes(stop - first)
    return series, {"space": space, "space_found_in": origin, **facts}


def smoothed(volumes: np.ndarray, affine: np.ndarray | None, fwhm: float) -> np.ndarray:
    """Volumes (X, Y, Z, k) under a Gaussian of `fwhm` mm; what is not finite counts as 0, as in nilearn."""
    assert affine is not None
    volumes = np.where(np.isfinite(volumes), volumes, 0)
    for axis, size in enumerate(np.linalg.norm(affine[:3, :3], axis=0)):
        volumes = ndimage.gaussian_filter1d(volumes, fwhm * SIGMA / size, axis=axis)
    return volumes


def _mask(file: VoxelFile, asked: ProjectionOptions) -> np.ndarray:
    assert asked.mask is not None
    assert file.affine is not None
    mask = open_voxels(asked.mask)
    same = mask.affine is not None and np.allclose(mask.affine, file.affine, rtol=0, atol=SAME_GRID)
    if mask.shape != file.shape or mask.n_volumes != 1 or not same:
        raise MeasurementError(f"{asked.mask}: a mask on another grid than {file.path}, whose shape is {file.shape}")
    values = mask.read(0, 1)[..., 0]
    if not values.any():
        raise MeasurementError(f"{asked.mask}: the mask is empty")
    return np.asarray(values != 0, np.float64)


def _standard(file: VoxelFile, asked: ProjectionOptions, space: str, warn: list[str]) -> tuple[Place, dict[str, Any]]:
    """Samples at fsaverage's vertices, in the volume's space."""
    known = "mni305" if space == "as-is" else space
    found = surfaces_in_space(asked.mesh, ("pial", "white"), known, asked.subjects_dir)
    pial, white = found.surfaces["pial"], found.surfaces["white"]
    points = []
    for side in HEMISPHERES:
        (outer, faces), (inner, _) = pial.hemisphere(side), white.hemisphere(side)
        points.append(_points(outer, inner, faces, asked))
    sampler = _sampler(np.concatenate(points), file, asked, space)
    facts = {
        "coordinates": found.template,
        "coordinates_note": found.note,
        "surfaces": pial.origin,
        "surfaces_sha256": {**pial.digests, **white.digests},
    }
    if space == "as-is":
        facts["coordinates_note"] = "fsaverage's own coordinates (MNI305), taken for the volume's as upstream does"
        if not asked.as_upstream:
            warn.append("space as-is: fsaverage's coordinates are MNI305; in an MNI152 volume they lie some 2 mm off")
    return sampler, facts


def _points(outer: np.ndarray, inner: np.ndarray, faces: np.ndarray, asked: ProjectionOptions) -> np.ndarray:
    """The points around the vertices of the surface at `center_depth` between white (0) and pial (1)."""
    if asked.center_depth != 1:
        outer = outer * asked.center_depth + inner * (1 - asked.center_depth)
    return asked.points.around(outer, inner, faces)


def _sampler(points: np.ndarray, file: VoxelFile, asked: ProjectionOptions, space: str) -> VolumeSampler:
    assert file.affine is not None
    sampler = VolumeSampler.at(points, file.affine, file.shape, asked.interpolation)
    if sampler.n_outside == len(points):
        raise MeasurementError(
            f"{file.path}: no vertex lies within the volume, taken to be in space {space}; is that its space?"
        )
    return sampler


def _native(file: VoxelFile, asked: ProjectionOptions, space: str, warn: list[str]) -> tuple[Place, dict[str, Any]]:
    """Samples at the vertices of the subject's own surfaces, then goes to fsaverage's along the registration."""
    assert asked.subject is not None
    folder = subject_folder(asked.subjects_dir, asked.subject)
    shares, digests = subject_shares(folder, asked.mesh, asked.subjects_dir, asked.registration)
    sides, of_surfaces = native_sides(folder, shares)
    points = [_points(side.pial, side.white, side.faces, asked)[side.vertices] for side in sides]
    sampler = _sampler(np.concatenate(points), file, asked, space)
    ends = np.cumsum([0, *(len(side.vertices) for side in sides)])

    def place(volumes: np.ndarray) -> np.ndarray:
        values = sampler(volumes)
        parts = [shared(values[:, ends[i] : ends[i + 1]], side.shares) for i, side in enumerate(sides)]
        return np.concatenate(parts, axis=1)

    facts = {
        "coordinates": f"the scanner's, of subject {asked.subject}",
        "surfaces": str(folder),
        "surfaces_sha256": digests | of_surfaces,
    }
    return place, facts
