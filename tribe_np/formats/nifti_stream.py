"""NIfTI files written a volume at a time, packed as they are written: a film of hours needs the memory of one row.

More than 32,767 rows need NIfTI-2, which counts them in 64 bits; everything else is NIfTI-1.
"""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

TEMPLATE_OTHER, MNI_152 = 5, 4  # codes of NIfTI-1: a template that is neither Talairach's nor MNI152, and MNI152
MOST_IN_NIFTI1 = 32767
PACKING = 3  # zlib's level: of noise within a ribbon, 9 takes five times as long and saves 2 %


@dataclass(frozen=True, eq=False)
class VolumeHeader:
    """What a file says of its voxels.

    Shapes   shape (3,) or (4,): x, y, z and rows; affine (4, 4) from voxel indices to mm
    Units    step and start in seconds; they count for a fourth axis
    """

    shape: tuple[int, ...]
    affine: np.ndarray
    code: int  # of both sform and qform
    description: str  # 79 bytes at most
    space: str  # 15 bytes at most
    dtype: type = np.float32
    step: float = 0.0
    start: float = 0.0


def write_nifti(path: Path, header: VolumeHeader, volumes: Iterable[np.ndarray]) -> None:
    """Writes a .nii.gz; each volume holds its voxels with x fastest. Equal content gives equal bytes.

    Raises   OSError
    """
    with path.open("wb") as raw, gzip.GzipFile("", "wb", PACKING, raw, mtime=0) as packed:
        _nifti_header(header).write_to(packed)
        for volume in volumes:
            packed.write(np.ascontiguousarray(volume, np.dtype(header.dtype).newbyteorder("<")).data)


def _nifti_header(header: VolumeHeader) -> Any:
    import nibabel  # a third of a second

    kind: Any = nibabel.Nifti1Header if max(header.shape) <= MOST_IN_NIFTI1 else nibabel.Nifti2Header
    found = kind(endianness="<")
    found.set_data_shape(header.shape)
    found.set_data_dtype(header.dtype)
    found.set_sform(header.affine, header.code)
    found.set_qform(header.affine, header.code)
    found.set_slope_inter(1, 0)
    found["vox_offset"] = found.single_vox_offset
    found["descrip"], found["intent_name"] = header.description.encode(), header.space.encode()
    if len(header.shape) == 4:
        found.set_xyzt_units("mm", "sec")
        found["pixdim"][4], found["toffset"] = header.step, header.start
    else:
        found.set_xyzt_units("mm")
    return found
