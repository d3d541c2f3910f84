"""Values of a volume at the vertices of a surface: points around each vertex, interpolated and averaged.

What nilearn's `vol_to_surf` computes, in NumPy: the points and their weights once as a sparse matrix, then a product a
block of volumes, so that an hour of data takes seconds and little memory. Points outside of the volume, or whose value
is not a number, are left out of a vertex's mean; a vertex without any is NaN.

Source   nilearn 0.13.1 surface.vol_to_surf (the points, which of them are inside, the weights; compared in
         tests/cortex/volumes/test_sampling.py)
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from tribe_np.errors import ConfigError
from tribe_np.optional import require

SAMPLE_KINDS = ("ball", "line", "depth", "auto")
INTERPOLATIONS = ("linear", "nearest")
CLOUDS = (10, 20, 40, 80, 160)  # points of a ball whose places nilearn stores; it makes others up at random
DEFAULT_POINTS = {"ball": 20, "line": 10, "depth": 10}


@dataclass(frozen=True)
class SamplePoints:
    """Which points around a vertex are averaged, as nilearn names them.

    ball    `n_samples` points spread over a ball of `radius` mm
    line    along the normal, from `radius` mm outside to `radius` mm inside, or at `depth` (fractions of the radius)
    depth   from the outer to the inner surface, or at `depth` (0 is the outer, 1 the inner one)
    auto    depth: there is always an inner surface
    """

    kind: str = "ball"
    radius: float = 3.0
    n_samples: int | None = None
    depth: tuple[float, ...] | None = None

    @property
    def known_kind(self) -> str:
        """The kind, with what "auto" stands for."""
        return "depth" if self.kind == "auto" else self.kind

    def check(self) -> None:
        """Refuses what contradicts itself.

        Raises   ConfigError
        """
        if self.depth is not None and self.known_kind == "ball":
            raise ConfigError("depth has no meaning for kind ball; choose kind depth or line, or leave depth out")
        if self.depth is not None and self.n_samples is not None:
            raise ConfigError("depth and n_samples contradict each other: depth lists the points; give only one")
        if self.known_kind == "ball" and self.n_samples not in (None, *CLOUDS):
            raise ConfigError(f"n_samples of kind ball must be {', '.join(map(str, CLOUDS))}, got {self.n_samples}")

    def around(self, outer: np.ndarray, inner: np.ndarray, faces: np.ndarray) -> np.ndarray:
        """The points in mm, (V, n, 3).

        Shapes   outer (V, 3) and inner (V, 3) vertices of two surfaces, faces (F, 3)
        """
        kind = self.known_kind
        n = self.n_samples or DEFAULT_POINTS[kind]
        outer = outer.astype(np.float64)
        if kind == "ball":
            return np.asarray(outer[:, np.newaxis] + ball_cloud(n) * self.radius)
        first = -1 if kind == "line" else 0
        fractions = np.linspace(first, 1, n) if self.depth is None else np.asarray(self.depth)
        inward = -self.radius * normals(outer, faces) if kind == "line" else inner.astype(np.float64) - outer
        return np.asarray(outer[:, np.newaxis] + fractions[:, np.newaxis] * inward[:, np.newaxis])


def ball_cloud(n_points: int) -> np.ndarray:
    """Points spread evenly over the unit ball, (n, 3), as nilearn stores them.

    Raises   MissingDependencyError without nilearn
    """
    nilearn = require("nilearn", extra="plot", why="sampling a ball around each vertex (kind ball)")
    folder = Path(str(nilearn.__file__)).parent / "surface" / "data"
    points: np.ndarray = np.loadtxt(folder / f"ball_cloud_{n_points}_samples.csv")
    return points


def normals(coordinates: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals of the vertices, (V, 3), outward: the mean direction of the normals of the faces around each."""
    corners = coordinates[faces]
    across = _unit(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
    sums = np.zeros_like(coordinates)
    for corner in range(3):
        np.add.at(sums, faces[:, corner], across)
    return _unit(sums)


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length == 0, 1, length)


@dataclass(frozen=True, eq=False)
class VolumeSampler:
    """Takes blocks of volumes to vertices.

    Shapes   voxels (n,) the flat indices (first axis fastest) of the voxels that count; weights (points, n); owners
             (V, points) with 1 where a point is a vertex's
    """

    voxels: np.ndarray
    weights: sparse.csr_matrix
    owners: sparse.csr_matrix

    @classmethod
    def at(
        cls, points: np.ndarray, affine: np.ndarray, shape: tuple[int, int, int], interpolation: str
    ) -> "VolumeSampler":
        """For points (V, n, 3) in mm and volumes of `shape`, whose `affine` takes voxels to mm."""
        n_vertices, per_vertex = points.shape[:2]
        back = np.linalg.inv(affine)
        places = points.reshape(-1, 3) @ back[:3, :3].T + back[:3, 3]
        if interpolation == "nearest":
            places = np.round(places)
        inside = ((places >= 0) & (places < np.array(shape))).all(axis=1)
        places = places[inside]
        corners, shares = _nearest(places) if interpolation == "nearest" else _trilinear(places, shape)
        flat = np.ravel_multi_index(tuple(np.moveaxis(corners, -1, 0)), shape, order="F")
        voxels, column = np.unique(flat, return_inverse=True)
        n_points, per_point = flat.shape
        ends = np.arange(n_points + 1) * per_point
        weights = sparse.csr_matrix((shares.ravel(), column.ravel(), ends), (n_points, len(voxels)))
        owner = np.repeat(np.arange(n_vertices), per_vertex)[inside]
        owners = sparse.csr_matrix((np.ones(n_points), (owner, np.arange(n_points))), (n_vertices, n_points))
        return cls(voxels, weights, owners)

    @property
    def n_outside(self) -> int:
        """Vertices that have no point inside of the volume."""
        return int((np.diff(self.owners.indptr) == 0).sum())

    def __call__(self, volumes: np.ndarray) -> np.ndarray:
        """Values at the vertices, (k, V) float64, of volumes (X, Y, Z, k)."""
        used = volumes.reshape(-1, volumes.shape[-1], order="F")[self.voxels].astype(np.float64, copy=False)
        values = self.weights @ used
        is_missing = np.isnan(values)
        counts = self.owners @ (~is_missing).astype(np.float64)
        with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: no point, no value
            return np.asarray((self.owners @ np.where(is_missing, 0, values)) / counts).T


def _nearest(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The voxel of each place, (points, 1, 3), and its weight of 1."""
    return places.astype(np.int64)[:, np.newaxis], np.ones((len(places), 1))


def _trilinear(places: np.ndarray, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The eight voxels around each place, (points, 8, 3), and their weights (points, 8).

    Beyond the centres of the last voxels the values are extrapolated, as nilearn does.
    """
    last = np.maximum(np.array(shape) - 2, 0)
    first = np.minimum(places.astype(np.int64), last)
    part = places - first
    corners, shares = [], []
    for step in np.ndindex(2, 2, 2):
        corners.append(np.minimum(first + step, np.array(shape) - 1))
        shares.append(np.where(step, part, 1 - part).prod(axis=1))
    return np.stack(corners, axis=1), np.stack(shares, axis=1)
