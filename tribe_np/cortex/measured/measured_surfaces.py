"""Measured data that lie on a surface already: GIFTI or FreeSurfer files of two hemispheres, or one CIFTI file.

A hemisphere is known by the file's name (hemi-L, lh., .L., left) and by what the file says; the two must agree. The
other hemisphere of a single file is looked for beside it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.measured.scan_time import LONGEST
from tribe_np.cortex.sizes import HEMISPHERES, VERTICES_PER_HEMISPHERE
from tribe_np.errors import MeasurementError
from tribe_np.files.small_files import check_regular
from tribe_np.formats.gifti import GiftiFile, read_gifti
from tribe_np.formats.voxel_files import HeaderInterval, VoxelFile, nifti_header, open_voxels, read_head

MARKS = (  # how names mark the hemispheres: before the mark, left, right, behind it
    (r"(?<![A-Za-z0-9])hemi-", "L", "R", r"(?![A-Za-z0-9])"),
    (r"(?<![A-Za-z0-9])", "lh", "rh", r"(?![A-Za-z0-9])"),
    (r"\.", "L", "R", r"(?=\.)"),
    (r"(?<![A-Za-z])", "left", "right", r"(?![A-Za-z])"),
)
LABELS = 1002  # GIFTI's intent of an array of labels
FSAVERAGE_NAMES = {n: name for name, n in VERTICES_PER_HEMISPHERE.items() if name.startswith("fsaverage")}
FSLR_SIZES = {32492: "fsLR-32k", 59292: "fsLR-59k"}
MAX_CIFTI_HEADER = 64 << 20
CORTEX = {"CIFTI_STRUCTURE_CORTEX_LEFT": "left", "CIFTI_STRUCTURE_CORTEX_RIGHT": "right"}
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

    @property
    def n_volumes(self) -> int:
        """How many volumes, or maps."""
        return len(self.sides[0])

    @property
    def per_hemisphere(self) -> tuple[int, int]:
        """Vertices of the left and of the right hemisphere."""
        return self.sides[0].shape[1], self.sides[1].shape[1]


def side_in_name(path: Path) -> str | None:
    """The hemisphere that a file's name marks; None where it marks none, or both."""
    found = {
        side
        for before, *marks, behind in MARKS
        for side, mark in zip(HEMISPHERES, marks, strict=True)
        if re.search(f"{before}{mark}{behind}", path.name)
    }
    return found.pop() if len(found) == 1 else None


def other_file(path: Path) -> Path | None:
    """The file beside `path` whose name marks the other hemisphere; None where there is none."""
    for before, left, right, behind in MARKS:
        for mark, other in ((left, right), (right, left)):
            name = re.sub(f"({before}){mark}{behind}", rf"\g<1>{other}", path.name)
            if name != path.name and path.with_name(name).is_file():
                return path.with_name(name)
    return None


def read_surfaces(paths: Sequence[Path]) -> MeasuredSurface:
    """Both hemispheres from two files, or from one and the other beside it.

    Raises   MeasurementError, naming the file: missing, damaged, of labels, of the other hemisphere, of other length
    """
    if len(paths) == 1:
        beside = other_file(paths[0])
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
    in_order = tuple(paths[sides.index(side)] for side in HEMISPHERES)
    return MeasuredSurface(in_order, (left.values, right.values), left.interval)


@dataclass(frozen=True, eq=False)
class _OneSide:
    values: np.ndarray  # (n, V)
    named: str | None  # the hemisphere that the file itself names
    interval: HeaderInterval


def _side(path: Path, named: str | None) -> str | None:
    marked = side_in_name(path)
    if None not in (marked, named) and marked != named:
        raise MeasurementError(f"{path}: its name says {marked}, its header says {named}; are the hemispheres swapped?")
    return named or marked


def _one_side(path: Path) -> _OneSide:
    raw, _ = read_head(path)
    if raw.lstrip()[:1] == b"<":
        gifti = read_gifti(path, error=MeasurementError)
        return _OneSide(_gifti_values(path, gifti), gifti.side, _gifti_interval(gifti))
    file = open_voxels(path)
    if not file.is_surface:
        raise MeasurementError(f"{path}: is a volume {file.shape}, expected one hemisphere's vertices")
    return _OneSide(surface_values(file), None, file.interval)


def surface_values(file: VoxelFile) -> np.ndarray:
    """Rows of vertices, (n, V), from a file that holds them as a volume of V x 1 x 1."""
    return np.ascontiguousarray(file.read(0, file.n_volumes).reshape(-1, file.n_volumes, order="F").T)


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


def is_cifti(path: Path) -> bool:
    """Whether a file is CIFTI-2: NIfTI-2 whose first four axes have one entry."""
    raw, _ = read_head(path)
    if raw[:4] not in (b"\x1c\x02\0\0", b"\0\0\x02\x1c"):  # 540
        return False
    sizes = [int(n) for n in nifti_header(path, raw)["dim"]]
    return sizes[0] >= 6 and sizes[1:5] == [1, 1, 1, 1]


def read_cifti(path: Path) -> MeasuredSurface:
    """The cortex of a CIFTI file; vertices that it leaves out (the medial wall) are NaN.

    Raises   MeasurementError, naming the file: damaged, packed, without both hemispheres
    """
    raw, _ = read_head(path)
    size = check_regular(path, error=MeasurementError)
    header = nifti_header(path, raw)
    claimed = int(header["vox_offset"]) + header.get_data_dtype().itemsize * int(
        np.prod([max(int(n), 0) for n in header["dim"][1:8]], dtype=object)
    )
    if claimed > size or not 544 <= int(header["vox_offset"]) <= MAX_CIFTI_HEADER:
        raise MeasurementError(f"{path}: truncated or damaged: its header claims {claimed} bytes, the file has {size}")
    try:
        from nibabel.cifti2.cifti2 import Cifti2Image

        image: Any = Cifti2Image.from_filename(str(path))
        rows, columns = (image.header.get_axis(axis) for axis in (0, 1))
        if type(columns).__name__ != "BrainModelAxis":
            kind = type(columns).__name__
            raise MeasurementError(f"{path}: its columns are no vertices ({kind}); expected a dense file")
        sides = _cortex(path, columns, image.dataobj)
    except MeasurementError:
        raise
    except (MemoryError, Exception) as error:  # nibabel raises whatever it stumbles over
        raise MeasurementError(f"{path}: not a CIFTI-2 file of series or maps, or damaged: {error}") from error
    seconds = float(rows.step) if type(rows).__name__ == "SeriesAxis" and str(rows.unit).upper() == "SECOND" else None
    return MeasuredSurface((path,), sides, HeaderInterval(seconds, seconds is not None))


def _cortex(path: Path, columns: Any, values: Any) -> tuple[np.ndarray, np.ndarray]:
    found = {}
    for name, part, model in columns.iter_structures():
        if name in CORTEX:
            n_vertices, vertices = int(columns.nvertices[name]), np.asarray(model.vertex)
            if not 0 < n_vertices <= max(FSAVERAGE_NAMES):
                raise wrong_mesh(path, n_vertices)
            if vertices.min() < 0 or vertices.max() >= n_vertices:
                raise MeasurementError(f"{path}: damaged: {name} lists vertices that its surface does not have")
            measured = np.asarray(values[:, part])  # of an hour, all structures would take gigabytes
            whole = np.full((len(measured), n_vertices), np.nan, np.result_type(measured, np.float32))
            whole[:, vertices] = measured
            found[CORTEX[name]] = whole
    missing = [side for side in HEMISPHERES if side not in found]
    if missing:
        raise MeasurementError(f"{path}: holds no cortex of the {missing[0]} hemisphere")
    return found["left"], found["right"]


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
