"""Measured data that lie on a surface already: GIFTI or FreeSurfer files of two hemispheres, or one CIFTI file.

A hemisphere is known by the file's name (hemi-L, lh., .L., left) and by what the file says; the two must agree. The
other hemisphere of a single file is looked for beside it.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tribe_np.cortex.hemisphere_marks import counterpart, hemisphere_of
from tribe_np.cortex.measured.scan_time import LONGEST
from tribe_np.cortex.sizes import HEMISPHERES, VERTICES_PER_HEMISPHERE
from tribe_np.errors import MeasurementError
from tribe_np.formats.cifti_series import DenseSide, read_cifti_series
from tribe_np.formats.gifti import GiftiFile, read_gifti
from tribe_np.formats.voxel_files import HeaderInterval, VoxelFile, open_voxels, read_head

VOLUMES_AT_ONCE = 256
LABELS = 1002  # GIFTI's intent of an array of labels
FSAVERAGE_NAMES = {n: name for name, n in VERTICES_PER_HEMISPHERE.items() if name.startswith("fsaverage")}
FSLR_SIZES = {32492: "fsLR-32k", 59292: "fsLR-59k"}
MAX_GIFTI = 4 << 30  # bytes of a hemisphere; an hour takes 0.4 GB on fsaverage6, 1.6 on fsaverage
FSLR_HELP = (
    "give the folder of HCP's spheres registered to fsaverage (resample_fsaverage) with --spheres (spheres), or "
    "resample it with wb_command first"
)


@dataclass(frozen=True, eq=False)
class MeasuredSurface:
    """Values of both hemispheres over time.

    Shapes   sides: left (n, V) and right (n, V)
    """

    paths: tuple[Path, ...]
    sides: tuple[np.ndarray, np.ndarray]
    interval: HeaderInterval
    in_memory: bool = False

    @property
    def n_volumes(self) -> int:
        """How many volumes, or maps."""
        return len(self.sides[0])

    @property
    def per_hemisphere(self) -> tuple[int, int]:
        """Vertices of the left and of the right hemisphere."""
        return self.sides[0].shape[1], self.sides[1].shape[1]


def surfaces_in_memory(values: np.ndarray) -> MeasuredSurface:
    """Both hemispheres of an array (n, 2 V), left first.

    Raises   MeasurementError for another shape, or no real numbers
    """
    path = Path("the array")
    if values.ndim != 2 or values.shape[1] % 2 or not values.size or values.dtype.kind not in "fiu":
        raise MeasurementError(
            f"{path}: expected real numbers of shape (volumes, 2 x vertices of a hemisphere), got {values.dtype} "
            f"{values.shape}; a volume needs its affine: give nibabel's image"
        )
    left, right = np.hsplit(values, 2)
    return MeasuredSurface((path, path), (left, right), HeaderInterval(None, False), in_memory=True)


def read_surfaces(paths: Sequence[Path]) -> MeasuredSurface:
    """Both hemispheres from two files, or from one and the other beside it.

    Raises   MeasurementError, naming the file: missing, damaged, of labels, of the other hemisphere, of other length
    """
    if len(paths) == 1:
        beside = _other_file(paths[0])
        if beside is None:
            raise MeasurementError(
                f"{paths[0]}: holds one hemisphere, and the other is not beside it; give both files (named with hemi-L "
                "and hemi-R, lh. and rh., .L. and .R.)"
            )
        paths = [paths[0], beside]
    found = [_one_side(path) for path in paths]
    sides = [_side(path, side.named) for path, side in zip(paths, found, strict=True)]
    if None in sides:
        other = {"left": "right", "right": "left"}
        known = next((side for side in sides if side is not None), None)
        sides = [*HEMISPHERES] if known is None else [side or other[known] for side in sides]
    if set(sides) != set(HEMISPHERES):
        raise MeasurementError(f"{paths[0]} and {paths[1]}: both are the {sides[0]} hemisphere, expected one of each")
    left, right = (found[sides.index(side)] for side in HEMISPHERES)
    if len(left.values) != len(right.values):
        raise MeasurementError(
            f"{paths[0]} and {paths[1]}: the left has {len(left.values)} volumes, the right {len(right.values)}"
        )
    steps = [side.interval.seconds for side in (left, right)]
    if None not in steps and steps[0] != steps[1]:
        raise MeasurementError(
            f"{paths[0]} and {paths[1]}: the left says {steps[0]:g} s between volumes, the right {steps[1]:g} s"
        )
    in_order = tuple(paths[sides.index(side)] for side in HEMISPHERES)
    return MeasuredSurface(in_order, (left.values, right.values), left.interval)


def _other_file(path: Path) -> Path | None:
    """The other hemisphere's file beside `path`; None where there is none, or where the folder cannot be listed."""
    try:
        beside = counterpart(path.name, sorted(os.listdir(path.parent)))
    except OSError:
        return None
    return path.with_name(beside) if beside and path.with_name(beside).is_file() else None


@dataclass(frozen=True, eq=False)
class _OneSide:
    values: np.ndarray  # (n, V)
    named: str | None  # the hemisphere that the file itself names
    interval: HeaderInterval


def _side(path: Path, named: str | None) -> str | None:
    marked = hemisphere_of(path.name)
    if None not in (marked, named) and marked != named:
        raise MeasurementError(f"{path}: its name says {marked}, its header says {named}; are the hemispheres swapped?")
    return named or marked


def _one_side(path: Path) -> _OneSide:
    raw, _ = read_head(path)
    if raw.lstrip()[:1] == b"<":
        gifti = read_gifti(path, error=MeasurementError, most=MAX_GIFTI)
        return _OneSide(_gifti_values(path, gifti), gifti.side, _gifti_interval(gifti))
    file = open_voxels(path)
    if not file.is_surface:
        raise MeasurementError(f"{path}: is a volume {file.shape}, expected one hemisphere's vertices")
    return _OneSide(surface_values(file), None, file.interval)


def surface_values(file: VoxelFile) -> np.ndarray:
    """Rows of vertices, (n, V), from a file that holds them as a volume of V x 1 x 1."""
    values = np.empty((file.n_volumes, int(np.prod(file.shape))))
    for first in range(0, len(values), VOLUMES_AT_ONCE):
        some = values[first : first + VOLUMES_AT_ONCE]
        some[:] = file.read(first, first + len(some)).reshape(-1, len(some), order="F").T
    return values


def _gifti_values(path: Path, gifti: GiftiFile) -> np.ndarray:
    arrays = [array.values for array in gifti.arrays]
    if not arrays:
        raise MeasurementError(f"{path}: holds no arrays, expected one a volume")
    if any(array.intent == LABELS for array in gifti.arrays):
        raise MeasurementError(f"{path}: holds labels, expected measured values")
    if len(arrays) == 1 and arrays[0].ndim == 2:
        arrays = list(arrays[0].T)
    if any(a.ndim != 1 or a.dtype.kind not in "fiu" or len(a) != len(arrays[0]) for a in arrays):
        raise MeasurementError(f"{path}: expected arrays of one number a vertex, all of one length")
    return np.stack(arrays)


def _gifti_interval(gifti: GiftiFile) -> HeaderInterval:
    """FreeSurfer writes TimeStep in milliseconds, others in seconds: 50 ms to 30 s are never both."""
    for metadata in (*(array.metadata for array in gifti.arrays[:1]), gifti.metadata):
        try:
            step = float(metadata["TimeStep"])
        except (KeyError, ValueError):
            continue
        if step > 0:
            return HeaderInterval(step if step <= LONGEST else step / 1000, True)
    return HeaderInterval(None, False)


def read_dense(path: Path) -> MeasuredSurface:
    """The cortex of a CIFTI file; vertices that it leaves out (the medial wall) are NaN.

    Raises   MeasurementError, naming the file: damaged, packed, without both hemispheres, of another mesh
    """
    found = read_cifti_series(path)
    left, right = (_whole_side(path, found.sides[side]) for side in HEMISPHERES)
    return MeasuredSurface((path,), (left, right), found.interval)


def _whole_side(path: Path, side: DenseSide) -> np.ndarray:
    """Every vertex of a hemisphere, (n, V)."""
    if not 0 < side.n_vertices <= max(FSAVERAGE_NAMES):
        raise wrong_mesh(path, side.n_vertices)
    if not side.vertices.size or side.vertices.min() < 0 or side.vertices.max() >= side.n_vertices:
        raise MeasurementError(f"{path}: damaged: it lists no vertices, or some that its surface does not have")
    whole = np.full((len(side.values), side.n_vertices), np.nan, np.result_type(side.values, np.float32))
    whole[:, side.vertices] = side.values
    return whole


def wrong_mesh(path: Path, n_vertices: int) -> MeasurementError:
    """The error for a hemisphere of a mesh that is not fsaverage's."""
    what = FSLR_SIZES.get(n_vertices)
    if what:
        return MeasurementError(f"{path}: lies on {what} ({n_vertices} vertices a hemisphere); {FSLR_HELP}")
    sizes = ", ".join(f"{n} ({name})" for n, name in FSAVERAGE_NAMES.items())
    return MeasurementError(
        f"{path}: has {n_vertices} vertices a hemisphere, expected fsaverage's: {sizes}; for a subject's own surface "
        "give --subject (subject) and --subjects-dir"
    )
