"""Surfaces of the structures of a mask, and values of its voxels on them, as upstream makes them, without VTK.

A structure's mask is smoothed a little, its surface is where the smoothed mask is 0.9, and the surface is smoothed. A
vertex takes the mean of the voxels along a line of 9 mm into the structure.
Source   tribev2 7239908 plotting.subcortical get_mesh, voxel_to_mesh, nii_to_mesh; VTK 9.7 vtkSmoothPolyDataFilter
         (whose updates see those of earlier vertices: ours, all at once, differ by under 0.01 mm)
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.ndimage import gaussian_filter

from tribe_np.cortex.subcortex.voxel_mask import VoxelMask
from tribe_np.cortex.volumes.sampling import SamplePoints, VolumeSampler
from tribe_np.errors import ParcellationError
from tribe_np.optional import require

LEVEL, THIN_LEVEL = 0.9, 0.5  # of the smoothed mask; of its highest value, for a structure thinner than that
SIGMA = 1.0  # voxels
AROUND = 6  # voxels beyond a structure that the smoothing reaches
N_SMOOTHINGS, STEP = 50, 0.01
ALONG = SamplePoints("line", 3.0, depth=tuple(np.linspace(-3, 0, 40).tolist()))  # upstream's: 9 mm along the normals
OUTSIDE = -1e9  # mm: a point that is left out of the means


@dataclass(frozen=True, eq=False)
class StructureMesh:
    """The closed surface of one structure.

    Shapes   coordinates (V, 3) float64, faces (n, 3) int64; their normals point into the structure, as upstream's
    Units    mm
    """

    name: str
    coordinates: np.ndarray
    faces: np.ndarray


def structure_mesh(name: str, inside: np.ndarray, affine: np.ndarray) -> StructureMesh:
    """The surface of the voxels (X, Y, Z) bool that belong to a structure.

    Raises   ParcellationError for one without voxels; MissingDependencyError without scikit-image
    """
    measure: Any = require("skimage.measure", extra="plot", why="surfaces of subcortical structures")
    if not inside.any():
        raise ParcellationError(f"structure {name}: has no voxel in the atlas")
    places = np.argwhere(inside)
    first = places.min(axis=0) - AROUND
    box = np.zeros(places.max(axis=0) - first + 1 + AROUND)
    box[tuple((places - first).T)] = 1.0
    smooth = gaussian_filter(box, SIGMA)
    level = LEVEL if smooth.max() > LEVEL else THIN_LEVEL * smooth.max()
    corners, faces, _, _ = measure.marching_cubes(smooth, level=level)
    points = (corners.astype(np.float64) + first) @ affine[:3, :3].T + affine[:3, 3]
    if np.linalg.det(affine[:3, :3]) < 0:
        faces = faces[:, ::-1]
    return StructureMesh(name, relaxed(points, faces), faces.astype(np.int64))


def relaxed(points: np.ndarray, faces: np.ndarray, n_times: int = N_SMOOTHINGS, step: float = STEP) -> np.ndarray:
    """Vertices (V, 3) moved `step` of the way to the mean of their neighbours, n times."""
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ends = np.concatenate([ends, ends[:, ::-1]])
    near = sparse.csr_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), (len(points), len(points)))
    near.data[:] = 1.0  # two faces share an edge
    share = sparse.diags(1 / np.maximum(np.asarray(near.sum(axis=1)).ravel(), 1))
    for _ in range(n_times):
        points = points + step * (share @ (near @ points) - points)
    return points


@dataclass(frozen=True, eq=False)
class VoxelsOnMesh:
    """Takes rows of voxel values to the vertices of a structure's surface."""

    mask: VoxelMask
    sampler: VolumeSampler

    @classmethod
    def of(cls, mesh: StructureMesh, mask: VoxelMask, structure: np.ndarray) -> "VoxelsOnMesh":
        """`structure` (X, Y, Z) bool on the mask's grid: voxels elsewhere do not count."""
        points = ALONG.around(mesh.coordinates, mesh.coordinates, mesh.faces)
        back = np.linalg.inv(mask.affine)
        voxels = np.floor(points @ back[:3, :3].T + back[:3, 3]).astype(np.int64)
        within = ((voxels >= 0) & (voxels < mask.inside.shape)).all(axis=-1)
        x, y, z = np.where(within[..., None], voxels, 0).transpose(2, 0, 1)
        points[~(within & structure[x, y, z])] = OUTSIDE
        shape: Any = mask.inside.shape
        return cls(mask, VolumeSampler.at(points, mask.affine, shape, "linear"))

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Values (R, V) float64 of rows (R, n); NaN for a vertex without a voxel, or beside voxels without a value.

        Numerics voxels outside of the mask are 0, as upstream's: between structures values fade
        """
        return self.sampler(self.mask.volume(np.asarray(rows, np.float64)))
