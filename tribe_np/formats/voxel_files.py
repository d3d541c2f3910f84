"""NIfTI and FreeSurfer volumes (.nii, .nii.gz, .mgh, .mgz) as blocks of volumes; no header is trusted.

What a header claims is compared with the bytes that the file can hold before anything of that size is made. nibabel
knows the formats; its loaders read NIfTI's extensions, of any claimed size, and are not used for it.
Source   NIfTI-1.1, NIfTI-2; FreeSurfer MGH; nibabel 5.3
"""

import gzip
import struct
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import MeasurementError, reason_of
from tribe_np.files.file_kinds import description
from tribe_np.files.small_files import check_regular

GZIP = b"\x1f\x8b"
MOST_PACKED = 1040  # deflate makes at most 1,032 bytes of one
MAX_VOXELS = 1 << 28  # of one volume
MGH_TYPES = {0: ">u1", 1: ">i4", 3: ">f4", 4: ">i2"}  # of values, by the number in the header
MGH_DATA = 284
MOST_BEHIND = 1 << 26  # bytes
SECONDS = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6, "unknown": 1.0}
DAMAGE = (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError, IndexError, OverflowError, MemoryError)


@dataclass(frozen=True)
class HeaderInterval:
    """What a header says of the time between volumes: seconds (None: nothing), and whether it names the unit."""

    seconds: float | None
    has_unit: bool


@dataclass(frozen=True, eq=False)
class VoxelFile:
    """A volume, or a series of volumes, whose values are read when they are asked for.

    `affine` takes voxels to mm; None where the header gives none. `codes` are NIfTI's of sform and qform.
    """

    path: Path
    shape: tuple[int, int, int]
    n_volumes: int
    affine: np.ndarray | None
    interval: HeaderInterval
    codes: tuple[int, int]
    values: Any  # nibabel's array proxy
    packed: gzip.GzipFile | None = None  # what it is unpacked from: its checksum stands at the end
    apart: float = 0.0  # mm, at most, between where sform and qform place a voxel

    @property
    def paths(self) -> tuple[Path, ...]:
        """The one file."""
        return (self.path,)

    @property
    def is_surface(self) -> bool:
        """Whether it is a row of vertices, as FreeSurfer stores surface data in a volume."""
        return self.shape[0] > 1 and self.shape[1:] == (1, 1)

    def read(self, first: int, stop: int) -> np.ndarray:
        """Volumes first to stop - 1, (X, Y, Z, k) float64.

        Raises   MeasurementError where the file ends before, or its packing is damaged
        """
        try:
            with np.errstate(all="ignore"):  # of what bytes in a damaged file happen to mean
                found = np.asarray(self.values[..., first:stop], np.float64)
            if self.packed is not None and stop == self.n_volumes:
                _read_to_the_end(self.packed)
        except DAMAGE as error:
            raise MeasurementError(f"{self.path}: truncated or damaged: {_cause(error)}") from error
        if found.shape[-1] != stop - first:
            raise MeasurementError(
                f"{self.path}: truncated or damaged: volumes {first} to {stop - 1} are not all there"
            )
        return found


def open_voxels(path: str | Path) -> VoxelFile:
    """The file, after a look at its header.

    Raises   MeasurementError, naming the file: missing, another kind of file, truncated, of more than four dimensions
    """
    path = Path(path)
    raw, room = read_head(path)
    try:
        if raw[:4] in (struct.pack(">i", 1), struct.pack("<i", 1)) and len(raw) >= MGH_DATA:
            return _open_mgh(path, raw, room)
        if struct.unpack("<i", raw[:4].ljust(4, b"\0"))[0] in (348, 540, *_swapped(348, 540)):
            return _open_nifti(path, raw, room)
    except MeasurementError:
        raise
    except Exception as error:  # nibabel raises whatever it stumbles over
        raise MeasurementError(f"{path}: its header is damaged: {_cause(error)}") from error
    what = description(raw[:4096])
    raise MeasurementError(f"{path}: not NIfTI or FreeSurfer's mgh{f', but {what}' if what else ''}")


def read_head(path: Path, n_bytes: int = 4096) -> tuple[bytes, int]:
    """The first bytes, unpacked, and how many there can be in all.

    Raises   MeasurementError
    """
    size = check_regular(path, error=MeasurementError)
    try:
        with path.open("rb") as file:
            raw = file.read(n_bytes)
        if raw[:2] != GZIP:
            return raw, size
        with gzip.open(path, "rb") as packed:
            return packed.read(n_bytes), size * MOST_PACKED
    except (OSError, EOFError, zlib.error) as error:
        raise MeasurementError(f"{path}: cannot be read: {_cause(error)}") from error


def nifti_header(path: Path, raw: bytes) -> Any:
    """nibabel's header of the first bytes of a file, unchecked.

    Raises   MeasurementError for a pair of files, or too few bytes
    """
    import nibabel  # a third of a second

    size = struct.unpack("<i", raw[:4])[0]
    order = "<" if size in (348, 540) else ">"
    n_bytes = struct.unpack(f"{order}i", raw[:4])[0]
    if len(raw) < n_bytes:
        raise MeasurementError(f"{path}: truncated: its header has {n_bytes} bytes, {len(raw)} are there")
    cls: Any = nibabel.Nifti1Header if n_bytes == 348 else nibabel.Nifti2Header
    header = cls(raw[:n_bytes], endianness=order, check=False)
    if not bytes(header["magic"].item()).startswith(b"n+"):
        raise MeasurementError(f"{path}: not one NIfTI file, but a header (.hdr/.img); convert it to .nii or .nii.gz")
    return header


def _open_nifti(path: Path, raw: bytes, room: int) -> VoxelFile:
    from nibabel import arrayproxy

    proxy: Any = arrayproxy.ArrayProxy
    header = nifti_header(path, raw)
    n_axes = int(header["dim"][0])
    sizes = [int(n) for n in header["dim"][1 : n_axes + 1]] if 1 <= n_axes <= 7 else []
    dtype = header.get_data_dtype()
    offset = int(header["vox_offset"])
    shape, n_volumes = _checked_shape(path, sizes, dtype, offset, room)
    slope, inter = header.get_slope_inter()
    packed = _unpacking(path)
    values = proxy(packed or str(path), ((*shape, n_volumes), dtype, offset, slope, inter), mmap=False)
    codes = int(header["sform_code"]), int(header["qform_code"])
    affine = None if codes == (0, 0) else np.asarray(header.get_best_affine(), np.float64)
    unit = str(header.get_xyzt_units()[1])
    step = float(header["pixdim"][4]) * SECONDS.get(unit, np.nan)
    seconds = step if len(sizes) > 3 and np.isfinite(step) and step > 0 else None
    return VoxelFile(
        path, shape, n_volumes, _usable(path, affine), HeaderInterval(seconds, unit != "unknown"),
        codes, values, packed, _apart(header, shape) if min(codes) > 0 else 0.0,
    )  # fmt: skip


def _unpacking(path: Path) -> gzip.GzipFile | None:
    """A packed file, kept open: it is read once from start to end, not once a block."""
    with path.open("rb") as file:
        is_packed = file.read(2) == GZIP
    return gzip.open(path, "rb") if is_packed else None


def _read_to_the_end(packed: gzip.GzipFile) -> None:
    """Reads what follows the data, so that the checksum of all of it is compared."""
    left = MOST_BEHIND
    while block := packed.read(1 << 20):
        left -= len(block)
        if left < 0:
            raise ValueError("it goes on long after the data that its header describes")


def _apart(header: Any, shape: tuple[int, int, int]) -> float:
    corners = np.array(list(np.ndindex(2, 2, 2))) * (np.array(shape) - 1)
    difference = np.asarray(header.get_sform()) - np.asarray(header.get_qform())
    away = np.linalg.norm(corners @ difference[:3, :3].T + difference[:3, 3], axis=1)
    return float(away.max())


def _open_mgh(path: Path, raw: bytes, room: int) -> VoxelFile:
    from nibabel import arrayproxy
    from nibabel.freesurfer.mghformat import MGHImage

    _, *sizes, kind = struct.unpack(">6i", raw[:24])
    if kind not in MGH_TYPES:
        raise MeasurementError(f"{path}: its header is damaged: FreeSurfer has no type {kind} of values")
    shape, n_volumes = _checked_shape(path, sizes, np.dtype(MGH_TYPES[kind]), MGH_DATA, room)
    image = MGHImage.from_filename(str(path), mmap=False)
    proxy: Any = arrayproxy.ArrayProxy
    packed = _unpacking(path)
    values = proxy(packed or str(path), ((*shape, n_volumes), np.dtype(MGH_TYPES[kind]), MGH_DATA), mmap=False)
    has_place = bool(image.header["goodRASFlag"])
    milliseconds = float(image.header["tr"])
    seconds = milliseconds / 1000 if np.isfinite(milliseconds) and milliseconds > 0 else None
    affine = np.asarray(image.affine, np.float64) if has_place else None
    return VoxelFile(
        path, shape, n_volumes, _usable(path, affine), HeaderInterval(seconds, True), (int(has_place), 0),
        values, packed,
    )  # fmt: skip


def _checked_shape(
    path: Path, sizes: list[int], dtype: np.dtype[Any], offset: int, room: int
) -> tuple[tuple[int, int, int], int]:
    """Three axes and the number of volumes, if a file of `room` bytes can hold them."""
    if not sizes or min(sizes) < 1:
        raise MeasurementError(f"{path}: its header is damaged: its sizes are {sizes}")
    if len(sizes) > 4 and prod(sizes[4:]) > 1:
        raise MeasurementError(f"{path}: has {len(sizes)} dimensions {tuple(sizes)}, expected 3, or 4 with time last")
    if dtype.kind not in "iuf":
        raise MeasurementError(f"{path}: its values are {dtype}, expected one real number a voxel")
    x, y, z, n_volumes = [*sizes[:4], 1, 1, 1][:4]
    needed = offset + x * y * z * n_volumes * dtype.itemsize
    if offset < 0 or needed > room:
        raise MeasurementError(
            f"{path}: truncated or damaged: its header claims {needed} bytes, the file holds {room} at most"
        )
    if x * y * z > MAX_VOXELS:
        raise MeasurementError(f"{path}: a volume has {x * y * z} voxels, expected {MAX_VOXELS} at most")
    return (x, y, z), n_volumes


def _usable(path: Path, affine: np.ndarray | None) -> np.ndarray | None:
    if affine is not None and not (np.isfinite(affine).all() and abs(np.linalg.det(affine[:3, :3])) > 1e-9):
        raise MeasurementError(f"{path}: its orientation is no invertible matrix; the header is damaged")
    return affine


def _swapped(*sizes: int) -> tuple[int, ...]:
    return tuple(struct.unpack("<i", struct.pack(">i", size))[0] for size in sizes)


def _cause(error: BaseException) -> str:
    return reason_of(error) if isinstance(error, Exception) and str(error) else type(error).__name__
