"""Grids of voxels: where a volume lies, in mm."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError

LOW, HIGH = (-90.0, -126.0, -72.0), (90.0, 90.0, 108.0)  # mm: the box of FSL's and SPM's MNI152, which holds fsaverage
MOST_PER_AXIS = 32767  # NIfTI-1 counts voxels in 16 bits
MOST_BYTES = 4 << 30
BYTES_PER_VOXEL = 24  # a volume as float32, its smoothed form in float64 and the filter's own copy
COARSEST = 20.0  # mm; a gyrus is narrower


@dataclass(frozen=True, eq=False)
class Grid:
    """Voxels of one volume.

    Shapes   shape (3,) voxels along x, y, z; affine (4, 4) from voxel indices to the centre of the voxel
    Units    mm
    """

    shape: tuple[int, int, int]
    affine: np.ndarray
    origin: str
    code: int = 0  # NIfTI's for the space that the file it was taken from names; 0 where none does

    @property
    def sizes(self) -> np.ndarray:
        """Edges of a voxel, (3,) mm."""
        return np.asarray(np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0)))

    @property
    def n_voxels(self) -> int:
        """Voxels of a volume."""
        return math.prod(self.shape)

    def to_voxels(self, coordinates: np.ndarray) -> np.ndarray:
        """Coordinates (n, 3) mm as voxel indices with fractions; whole numbers are centres."""
        inverse = np.linalg.inv(self.affine)
        return np.asarray(coordinates.astype(np.float64) @ inverse[:3, :3].T + inverse[:3, 3])


def box_grid(resolution: float) -> Grid:
    """Cubes of `resolution` mm in the documented box; the first one's centre lies at (-90, -126, -72).

    At 1, 2 and 3 mm the last centre lies at (90, 90, 108): the shape at 2 mm is 91 x 109 x 91.
    Raises   ConfigError for a resolution that is no size, or that memory cannot hold
    """
    if not (math.isfinite(resolution) and 0 < resolution <= COARSEST):
        raise ConfigError(f"resolution must be above 0 and at most {COARSEST:g} mm, got {resolution:g}")
    spans = [high - low for low, high in zip(LOW, HIGH, strict=True)]
    x, y, z = (math.ceil(span / resolution - 1e-6) + 1 for span in spans)
    grid = Grid((x, y, z), np.diag([resolution, resolution, resolution, 1.0]), f"box of {resolution:g} mm")
    grid.affine[:3, 3] = LOW
    _check_size(grid, f"resolution {resolution:g} mm")
    return grid


def grid_like(path: str | Path) -> Grid:
    """The grid of a volume that is there, of its first three axes.

    Raises   ConfigError for a file that is no volume, has no orientation, or that memory cannot hold
    """
    import nibabel  # a third of a second

    try:
        image: Any = nibabel.load(path)
        shape, affine, header = image.shape, image.affine, image.header
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; expected a NIfTI volume whose grid to take") from None
    except Exception as error:  # nibabel, zlib and numpy each have their own
        raise ConfigError(f"{path}: cannot be read as a volume: {error}") from error
    if affine is None or len(shape) < 3:
        raise ConfigError(f"{path}: is not a volume; expected NIfTI with three or four axes, got shape {shape}")
    codes = [int(header[key]) for key in ("sform_code", "qform_code") if key in header] or [1]  # mgh has none
    if not any(codes):
        raise ConfigError(f"{path}: has no orientation (sform_code and qform_code are 0), so its voxels have no place")
    affine = np.asarray(affine, np.float64)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise ConfigError(f"{path}: its affine cannot be inverted, so its voxels have no place")
    grid = Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine, str(path), next(filter(None, codes)))
    _check_size(grid, str(path))
    return grid


def _check_size(grid: Grid, what: str) -> None:
    needed, shape = grid.n_voxels * BYTES_PER_VOXEL, " x ".join(map(str, grid.shape))
    if min(grid.shape) < 1:
        raise ConfigError(f"{what}: has {shape} voxels, so that nothing lies in it")
    if max(grid.shape) > MOST_PER_AXIS or needed > MOST_BYTES:
        raise ConfigError(
            f"{what}: makes volumes of {shape} voxels, which need about {needed / 1e9:,.0f} GB; at most "
            f"{MOST_BYTES / 1e9:.0f} GB are taken, which is 0.35 mm in the whole box"
        )
