"""Values of vertices as values of voxels: the ribbon's matrix cut to what was computed, and smoothing within it."""

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
import scipy.sparse

from tribe_np.cortex.volumes.grids import Grid
from tribe_np.cortex.volumes.ribbon import Ribbon
from tribe_np.errors import ConfigError

FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))
MOST_SMOOTH = 100.0  # mm; nothing of a brain is left


@dataclass(frozen=True, eq=False)
class Paint:
    """What turns rows of some vertices into voxels.

    A voxel is painted where the vertex that fills most of it was computed; its value is the weighted mean over the
    computed vertices that it holds. The other voxels of the ribbon are NaN, and all outside it are 0.

    Shapes   voxels (n,) ascending, x fastest; weights (n, columns), rows sum to 1; missing (m,) voxels of the ribbon
    """

    grid: Grid
    voxels: np.ndarray
    weights: scipy.sparse.csr_array
    missing: np.ndarray

    def values(self, rows: np.ndarray) -> np.ndarray:
        """Painted voxels of some rows, (R, n) float64; a NaN makes NaN of each voxel that holds some of its vertex."""
        return np.asarray(self.weights @ rows.T.astype(np.float64)).T

    def volume(self, values: np.ndarray) -> np.ndarray:
        """One row's painted voxels (n,) as a volume (n_voxels,) float32, x fastest."""
        whole = np.zeros(self.grid.n_voxels, np.float32)
        whole[self.missing] = np.nan
        whole[self.voxels] = values
        return whole


def paint_with(ribbon: Ribbon, columns: np.ndarray) -> Paint:
    """What paints rows that hold these vertices.

    Raises   ConfigError where none of them fills most of any voxel
    """
    weights = ribbon.weights
    computed = np.zeros(weights.shape[1], bool)
    computed[columns] = True
    starts, lengths = weights.indptr[:-1], np.diff(weights.indptr)
    is_most = weights.data == np.repeat(np.maximum.reduceat(weights.data, starts), lengths)
    painted = np.logical_or.reduceat(is_most & computed[weights.indices], starts)
    if not painted.any():
        raise ConfigError(f"none of the {len(columns)} vertices fills most of a voxel; take a smaller --resolution")
    cut = scipy.sparse.csr_array(weights[painted][:, columns])
    cut.data /= np.repeat(np.asarray(cut.sum(axis=1)), np.diff(cut.indptr))
    return Paint(ribbon.grid, ribbon.voxels[painted], cut, ribbon.voxels[~painted])


class Smoother:
    """A Gaussian over the painted voxels alone, divided by its own sum there, so that a constant stays constant.

    It works in the volume: the two banks of a sulcus that lie within its reach are mixed.

    Units    fwhm in mm
    Raises   ConfigError for a width that is none
    """

    def __init__(self, paint: Paint, fwhm: float) -> None:
        check_smooth(fwhm)
        places = np.stack(np.unravel_index(paint.voxels, paint.grid.shape, order="F"))
        low = places.min(axis=1)
        self.places = tuple(places - low[:, None])  # within the box of the painted voxels: a third of the grid
        self.shape = tuple(places.max(axis=1) - low + 1)
        self.sigmas = fwhm / FWHM_PER_SIGMA / paint.grid.sizes
        self.total = self._filtered(np.ones(len(paint.voxels)))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Smoothed values (n,) of the painted voxels."""
        with np.errstate(invalid="ignore"):  # infinite values, which a warning has told of
            return np.asarray(self._filtered(values) / self.total)

    def _filtered(self, values: np.ndarray) -> np.ndarray:
        box = np.zeros(self.shape)
        box[self.places] = values
        return np.asarray(scipy.ndimage.gaussian_filter(box, self.sigmas, mode="constant")[self.places])


def check_smooth(fwhm: float) -> None:
    """Raises   ConfigError for a width that is negative, or no number."""
    if not 0 <= fwhm <= MOST_SMOOTH:
        raise ConfigError(f"smooth must be a width (FWHM) from 0 to {MOST_SMOOTH:g} mm, got {fwhm:g}")
