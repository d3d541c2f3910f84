"""CIFTI-2 dense series and maps (.dtseries.nii, .dscalar.nii): the values of the cortex, a row a volume or map.

What the header claims is compared with the size of the file before nibabel reads anything of that size.
Source   CIFTI-2 (2014), NITRC; nibabel 5.3 cifti2
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import MeasurementError
from tribe_np.files.small_files import check_regular
from tribe_np.formats.cifti_labels import CORTEX_STRUCTURES
from tribe_np.formats.voxel_files import HeaderInterval, nifti_header, read_head

MAX_CIFTI_HEADER = 64 << 20


@dataclass(frozen=True, eq=False)
class DenseSide:
    """What the file holds of one hemisphere; nothing is checked against a mesh.

    Shapes   vertices (k,) of a surface of n_vertices; values (n, k)
    """

    n_vertices: int
    vertices: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class CiftiSeries:
    """The cortex of both hemispheres, "left" and "right", and the time between rows."""

    sides: Mapping[str, DenseSide]
    interval: HeaderInterval


def is_cifti(path: Path) -> bool:
    """Whether a file is CIFTI-2: NIfTI-2 whose first four axes have one entry.

    Raises   MeasurementError
    """
    raw, _ = read_head(path)
    if raw[:4] not in (b"\x1c\x02\0\0", b"\0\0\x02\x1c"):  # 540
        return False
    sizes = [int(n) for n in nifti_header(path, raw)["dim"]]
    return sizes[0] >= 6 and sizes[1:5] == [1, 1, 1, 1]


def read_cifti_series(path: Path) -> CiftiSeries:
    """The rows of a file, as far as they are of the cortex.

    Raises   MeasurementError, naming the file: damaged, packed, not dense, without both hemispheres
    """
    _check_room(path)
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
    if type(rows).__name__ == "SeriesAxis" and str(rows.unit).upper() == "SECOND":
        return CiftiSeries(sides, HeaderInterval(float(rows.step), True, float(rows.start)))
    return CiftiSeries(sides, HeaderInterval(None, False))


def _check_room(path: Path) -> None:
    raw, _ = read_head(path)
    size = check_regular(path, error=MeasurementError)
    header = nifti_header(path, raw)
    offset = int(header["vox_offset"])
    claimed = offset + header.get_data_dtype().itemsize * int(
        np.prod([max(int(n), 0) for n in header["dim"][1:8]], dtype=object)
    )
    if claimed > size or not 544 <= offset <= MAX_CIFTI_HEADER:
        raise MeasurementError(f"{path}: truncated or damaged: its header claims {claimed} bytes, the file has {size}")


def _cortex(path: Path, columns: Any, values: Any) -> dict[str, DenseSide]:
    found = {}
    for name, part, model in columns.iter_structures():
        if side := CORTEX_STRUCTURES.get(name):
            measured = np.asarray(values[:, part])  # of an hour, all structures would take gigabytes
            found[side] = DenseSide(int(columns.nvertices[name]), np.asarray(model.vertex), measured)
    missing = [side for side in CORTEX_STRUCTURES.values() if side not in found]
    if missing:
        raise MeasurementError(f"{path}: holds no cortex of the {missing[0]} hemisphere")
    return found
