"""The cortical ribbon on a grid: which voxels lie between white and pial, and how much of each vertex each one holds.

The ribbon under a triangle is a prism, cut into three tetrahedra in which a vertex's value fades linearly. Each voxel
is looked at in a lattice of points at most LATTICE_STEP apart; its value is the mean over its points in the ribbon.
Painting is therefore a matrix of voxels by vertices, made once, whose rows sum to 1. Where cortex is too thin for the
lattice (white and pial touch on the medial wall), the voxels that points of the surface midway fall in are painted
too, and each vertex of the grid has a share of some voxel: there are no holes, and no vertex is lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse
import scipy.sparse.csgraph

from tribe_np.cortex.meshes.surfaces import Surface
from tribe_np.cortex.volumes.grids import Grid
from tribe_np.errors import ShapeError

LATTICE_STEP = 0.7  # mm
COLUMNS_AT_ONCE = 1 << 18
FLAT = 1e-9  # a tetrahedron of less volume (lattice cells) holds no point
TOLERANCE = 1e-9  # of a barycentric coordinate: a point on a face that two share belongs to both
TETRAHEDRA = (((0, 0), (0, 1), (0, 2), (1, 2)), ((0, 0), (0, 1), (1, 1), (1, 2)), ((0, 0), (1, 0), (1, 1), (1, 2)))
"""Corners (white 0 or pial 1, vertex of the triangle) of the three; neighbours cut alike if vertices are sorted."""


@dataclass(frozen=True, eq=False)
class Ribbon:
    """The painted voxels of a grid.

    Shapes   voxels (n,) ascending indices into a volume with x fastest; weights (n, 2 V), rows sum to 1; share (n,)
             of each voxel's points that lie in the ribbon, 0 where only the surface midway passes
    """

    grid: Grid
    voxels: np.ndarray
    weights: scipy.sparse.csr_array
    share: np.ndarray
    n_split: int  # voxels that hold pieces of cortex which are apart: two banks of a sulcus, both hemispheres
    n_thin: int  # voxels painted only because the surface midway passes
    n_outside: int  # vertices whose place midway lies outside the grid


def ribbon_of(white: Surface, pial: Surface, grid: Grid) -> Ribbon:
    """The ribbon between two surfaces of one mesh on a grid in their space.

    Raises   ShapeError for surfaces of different meshes, or a grid that holds nothing of them
    """
    if white.coordinates.shape != pial.coordinates.shape or not np.array_equal(white.faces, pial.faces):
        raise ShapeError(f"white ({white.origin}) and pial ({pial.origin}) are not surfaces of one mesh")
    faces = np.sort(pial.faces, axis=1)  # see TETRAHEDRA
    corners = np.stack([grid.to_voxels(white.coordinates), grid.to_voxels(pial.coordinates)])
    steps = np.array([_steps(size) for size in grid.sizes])
    n_vertices = corners.shape[1]
    in_prisms = _Pieces.joined(list(_lattice_pieces(corners, faces, steps, grid)))
    taken = np.zeros(grid.n_voxels, bool)
    taken[in_prisms.voxels] = True
    midway = corners.mean(axis=0)
    crossed = _Pieces.joined(list(_midway_pieces(midway, faces, grid, taken)))
    pieces = _Pieces.joined([in_prisms, crossed])
    pieces = _Pieces.joined([pieces, _lost_vertices(pieces, midway, faces, grid)])
    voxels, rows = np.unique(pieces.voxels, return_inverse=True)
    if not len(voxels):
        raise ShapeError(f"no part of the cortex lies in the grid of {grid.origin}")
    shape = (len(voxels), n_vertices)
    entries = (pieces.weights.ravel(), (np.repeat(rows, 3), faces[pieces.faces].ravel()))
    sums = scipy.sparse.csr_array(scipy.sparse.coo_array(entries, shape))
    sums.sum_duplicates()  # and sorts each row's columns
    totals = np.asarray(sums.sum(axis=1))
    sums.data /= np.repeat(totals, np.diff(sums.indptr))
    share = np.where(taken[voxels], np.minimum(totals / np.prod(steps), 1), 0).astype(np.float32)
    outside = ((midway < -0.5) | (midway > np.array(grid.shape) - 0.5)).any(axis=1)
    n_split = _count_split(sums, rows, faces[pieces.faces])
    return Ribbon(grid, voxels, sums, share, n_split, int((share == 0).sum()), int(outside.sum()))


@dataclass(frozen=True, eq=False)
class _Pieces:
    """What lies of one triangle's prism in one voxel: how many points, as weights of the triangle's vertices.

    Shapes   voxels, faces (n,); weights (n, 3)
    """

    voxels: np.ndarray
    faces: np.ndarray
    weights: np.ndarray

    @staticmethod
    def joined(parts: "list[_Pieces]") -> "_Pieces":
        """All of them."""
        none = _Pieces(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 3)))
        parts = [none, *parts]
        return _Pieces(
            np.concatenate([part.voxels for part in parts]),
            np.concatenate([part.faces for part in parts]),
            np.concatenate([part.weights for part in parts]),
        )

    @staticmethod
    def summed(voxels: np.ndarray, faces: np.ndarray, weights: np.ndarray, n_voxels: int) -> "_Pieces":
        """From single points, with weights (3, n)."""
        keys, place = np.unique(faces * n_voxels + voxels, return_inverse=True)
        sums = np.stack([np.bincount(place, one, len(keys)) for one in weights], axis=1)
        return _Pieces(keys % n_voxels, keys // n_voxels, sums)


def _steps(size: float) -> int:
    """Lattice points along an edge of a voxel: odd, so that one is the centre."""
    return 2 * int(np.ceil((size / LATTICE_STEP - 1) / 2 - 1e-6)) + 1 if size > LATTICE_STEP else 1


def _lattice_pieces(corners: np.ndarray, faces: np.ndarray, steps: np.ndarray, grid: Grid) -> Iterator[_Pieces]:
    """The lattice points in each prism; corners (2, V, 3) are white and pial in voxel indices."""
    lattice = (corners + 0.5) * steps - 0.5  # whole numbers are points
    most = np.array(grid.shape) * steps - 1
    places = np.stack([[lattice[layer, faces[:, of]] for layer, of in one] for one in TETRAHEDRA])  # (3, 4, F, 3)
    places = places.transpose(2, 0, 1, 3).reshape(-1, 4, 3)  # the three of a triangle side by side
    low = np.clip(np.ceil(places.min(axis=1) - TOLERANCE), 0, None).astype(np.int64)
    high = np.minimum(np.floor(places.max(axis=1) + TOLERANCE), most).astype(np.int64)
    sizes = np.maximum(high - low + 1, 0)
    solid = np.abs(np.linalg.det(places[:, 1:] - places[:, :1])) > FLAT
    columns = np.where(solid & (sizes[:, 2] > 0), sizes[:, 0] * sizes[:, 1], 0)
    kept = np.flatnonzero(columns)
    ends = np.cumsum(columns[kept])
    for part in np.split(kept, np.flatnonzero(np.diff(ends // COLUMNS_AT_ONCE)) + 1):
        if len(part):
            yield _points_in(places[part], part, low[part], sizes[part], steps, grid)


def _points_in(
    places: np.ndarray, which: np.ndarray, low: np.ndarray, sizes: np.ndarray, steps: np.ndarray, grid: Grid
) -> _Pieces:
    """Walks along z through each column of lattice points that a tetrahedron may hold.

    Shapes   places (n, 4, 3) corners; which (n,) number of the tetrahedron; low, sizes (n, 3) of its box
    """
    inverse = np.linalg.inv(np.concatenate([places.transpose(0, 2, 1), np.ones((len(places), 1, 4))], axis=1))
    of, place = _repeated(sizes[:, 0] * sizes[:, 1])
    x, y = low[of, 0] + place // sizes[of, 1], low[of, 1] + place % sizes[of, 1]
    slope = inverse[of, :, 2]  # barycentric coordinate k at height z is base + slope z
    base = inverse[of, :, 0] * x[:, None] + inverse[of, :, 1] * y[:, None] + inverse[of, :, 3] + TOLERANCE
    with np.errstate(divide="ignore", invalid="ignore"):
        zero = -base / slope
    bottom = np.max(np.where(slope > 0, zero, -np.inf), axis=1)
    top = np.min(np.where(slope < 0, zero, np.inf), axis=1)
    crossed = ~((slope == 0) & (base < 0)).any(axis=1) & (bottom <= top)
    last = low[:, 2] + sizes[:, 2] - 1
    first = np.maximum(np.ceil(np.where(crossed, bottom, 0)), low[of, 2]).astype(np.int64)
    length = np.minimum(np.floor(np.where(crossed, top, -1)), last[of]).astype(np.int64) - first + 1
    column, height = _repeated(np.where(crossed, np.maximum(length, 0), 0))
    z = first[column] + height
    inside = np.maximum(base[column] - TOLERANCE + slope[column] * z[:, None], 0)
    of = of[column]
    weights = np.zeros((3, len(z)))
    for cut, corners in enumerate(TETRAHEDRA):
        mine = which[of] % 3 == cut
        for k, (_, vertex) in enumerate(corners):
            weights[vertex, mine] += inside[mine, k]
    voxels = np.stack([x[column] // steps[0], y[column] // steps[1], z // steps[2]])
    return _Pieces.summed(_flat(voxels, grid), which[of] // 3, weights, grid.n_voxels)


def _midway_pieces(midway: np.ndarray, faces: np.ndarray, grid: Grid, taken: np.ndarray) -> Iterator[_Pieces]:
    """Points of the surface midway, about a quarter of a voxel apart, in voxels that are not `taken`."""
    triangles = midway[faces]  # (F, 3 vertices, 3)
    longest = np.linalg.norm(triangles - np.roll(triangles, 1, axis=1), axis=2).max(axis=1)
    cuts = np.maximum(np.ceil(longest * 4), 1).astype(np.int64)
    for n in np.unique(cuts):
        first, second = np.nonzero(np.tri(n + 1)[::-1])
        shares = np.stack([first, second, n - first - second], axis=1) / n
        mine = np.flatnonzero(cuts == n)
        for part in np.array_split(mine, len(mine) * len(shares) // COLUMNS_AT_ONCE + 1):
            voxels = np.rint(np.einsum("pk,fkd->dfp", shares, triangles[part])).astype(np.int64).reshape(3, -1)
            within = ((voxels >= 0) & (voxels < np.array(grid.shape)[:, None])).all(axis=0)
            flat = np.where(within, _flat(voxels, grid), 0)
            new = np.flatnonzero(within & ~taken[flat])
            yield _Pieces.summed(flat[new], part[new // len(shares)], shares[new % len(shares)].T, grid.n_voxels)


def _lost_vertices(pieces: _Pieces, midway: np.ndarray, faces: np.ndarray, grid: Grid) -> _Pieces:
    """One point for each vertex of the grid that holds none: flat cortex whose voxel others have taken."""
    held = np.bincount(faces[pieces.faces].ravel(), pieces.weights.ravel(), len(midway))
    voxels = np.rint(midway).astype(np.int64).T
    within = ((voxels >= 0) & (voxels < np.array(grid.shape)[:, None])).all(axis=0)
    face, corner = np.nonzero(within[faces] & (held[faces] == 0))
    vertices, first = np.unique(faces[face, corner], return_index=True)
    return _Pieces(_flat(voxels[:, vertices], grid), face[first], np.eye(3)[corner[first]])


def _count_split(sums: scipy.sparse.csr_array, rows: np.ndarray, triangles: np.ndarray) -> int:
    """Rows whose vertices do not hang together through the triangles that lie in that voxel."""
    n_vertices = sums.shape[1]
    row_of = np.repeat(np.arange(sums.shape[0]), np.diff(sums.indptr))
    keys = row_of * n_vertices + sums.indices
    nodes = np.searchsorted(keys, rows[:, None] * n_vertices + triangles)
    pairs = np.concatenate([nodes[:, :2], nodes[:, 1:]])
    joined = scipy.sparse.coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), (len(keys), len(keys)))
    n_pieces, piece = scipy.sparse.csgraph.connected_components(joined, directed=False)
    row_of_piece = np.empty(n_pieces, np.int64)
    row_of_piece[piece] = row_of
    return int((np.bincount(row_of_piece, minlength=sums.shape[0]) > 1).sum())


def _flat(voxels: np.ndarray, grid: Grid) -> np.ndarray:
    """Indices (3, n) as one number, x fastest: the order of a NIfTI file."""
    return np.asarray(voxels[0] + grid.shape[0] * (voxels[1] + grid.shape[1] * voxels[2]))


def _repeated(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For counts [2, 0, 3]: whose each is [0, 0, 2, 2, 2] and its place there [0, 1, 0, 1, 2]."""
    of = np.repeat(np.arange(len(counts)), counts)
    return of, np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
