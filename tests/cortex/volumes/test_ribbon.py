"""The ribbon on a grid, beside a plain count of all points and beside the volume that the surfaces enclose."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from tests.cortex.shells import PIAL, WHITE, shell, shells
from tribe_np.cortex.meshes.surfaces import Surface
from tribe_np.cortex.volumes.grids import Grid, box_grid
from tribe_np.cortex.volumes.ribbon import Ribbon, ribbon_of
from tribe_np.errors import ShapeError

TURN = 0.3  # radians
OBLIQUE = Grid(
    (60, 40, 30),
    np.array([
        [2.5 * np.cos(TURN), 2.0 * np.sin(TURN), 0, -75],
        [2.5 * np.sin(TURN), -2.0 * np.cos(TURN), 0, 10],
        [0, 0, 3.0, -25],
        [0, 0, 0, 1],
    ]),
    "an oblique volume",
)  # fmt: skip


def enclosed(surface: Surface) -> float:
    """Volume in mm3 by the divergence theorem."""
    a, b, c = (surface.coordinates[surface.faces[:, k]].astype(float) for k in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def places_of(ribbon: Ribbon) -> np.ndarray:
    """Centres of the painted voxels, (n, 3) mm."""
    indices = np.stack(np.unravel_index(ribbon.voxels, ribbon.grid.shape, order="F"), axis=1)
    return np.asarray(indices @ ribbon.grid.affine[:3, :3].T + ribbon.grid.affine[:3, 3])


def dense(ribbon: Ribbon) -> np.ndarray:
    """Weights with a row for every voxel of the grid."""
    whole = np.zeros((ribbon.grid.n_voxels, ribbon.weights.shape[1]))
    whole[ribbon.voxels] = ribbon.weights.toarray()
    return whole


def counted(white: Surface, pial: Surface, grid: Grid, steps: int) -> np.ndarray:
    """Every point of every voxel against every tetrahedron, one after another: sums of weights (n_voxels, 2 V)."""
    sums = np.zeros((grid.n_voxels, len(white.coordinates)))
    x, y, z = (np.arange(n * steps) for n in grid.shape)
    points = np.stack(np.meshgrid(x, y, z, indexing="ij"), -1).reshape(-1, 3)
    voxels = points // steps
    flat = np.ravel_multi_index(tuple(voxels.T), grid.shape, order="F")
    places = ((points + 0.5) / steps - 0.5) @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    for face in np.sort(white.faces, axis=1):
        a, b, c = face
        layers = {("w", v): white.coordinates[v] for v in face} | {("p", v): pial.coordinates[v] for v in face}
        for corners in (
            (("w", a), ("w", b), ("w", c), ("p", c)),
            (("w", a), ("w", b), ("p", b), ("p", c)),
            (("w", a), ("p", a), ("p", b), ("p", c)),
        ):
            system = np.ones((4, 4))
            system[:3] = np.array([layers[corner] for corner in corners]).T
            shares = np.linalg.solve(system, np.concatenate([places, np.ones((len(places), 1))], axis=1).T)
            inside = (shares >= 0).all(axis=0)
            for share, (_, vertex) in zip(shares, corners, strict=True):
                np.add.at(sums[:, vertex], flat[inside], share[inside])
    return sums


def test_every_point_is_counted_as_a_plain_loop_counts_it() -> None:
    white, pial = (shell(kind, radius, level=0) for kind, radius in (("white", 7.0), ("pial", 10.0)))
    grid = Grid((5, 4, 5), np.diag([6.0, 5.5, 5.5, 1.0]), "the left half")
    grid.affine[:3, 3] = (-47, -19, 4)
    ribbon = ribbon_of(white, pial, grid)
    steps = 9  # 6 mm in steps of 0.67; 5.5 mm takes as many
    expected = counted(white, pial, grid, steps)
    totals = expected.sum(axis=1)
    solid = totals > 0
    np.testing.assert_allclose(dense(ribbon)[solid], expected[solid] / totals[solid, None], atol=1e-9)
    share = np.zeros(grid.n_voxels)
    share[ribbon.voxels] = ribbon.share
    np.testing.assert_allclose(share, np.minimum(totals / steps**3, 1), atol=1e-6)


@pytest.mark.parametrize("grid", [box_grid(1.0), box_grid(2.0), box_grid(3.0), OBLIQUE], ids=["1", "2", "3", "oblique"])
def test_the_ribbon_is_as_large_as_what_the_surfaces_enclose(grid: Grid) -> None:
    white, pial = shells()
    ribbon = ribbon_of(white, pial, grid)
    voxel = abs(np.linalg.det(grid.affine[:3, :3]))
    expected = enclosed(pial) - enclosed(white)
    assert ribbon.share.sum(dtype=float) * voxel == pytest.approx(expected, rel=2e-3)
    np.testing.assert_allclose(ribbon.weights.sum(axis=1), 1, atol=1e-12)
    assert (ribbon.weights.data >= 0).all()
    assert (np.diff(ribbon.voxels) > 0).all()
    assert ribbon.n_outside == 0


@pytest.mark.parametrize("grid", [box_grid(1.0), box_grid(2.0), box_grid(3.0), OBLIQUE], ids=["1", "2", "3", "oblique"])
def test_a_marker_lands_where_its_vertex_is(grid: Grid) -> None:
    white, pial = shells()
    ribbon = ribbon_of(white, pial, grid)
    marks = ribbon.weights.tocsc()
    totals = np.asarray(marks.sum(axis=0))
    assert (totals > 0).all(), "no vertex is lost"
    centres = (marks.T @ places_of(ribbon)) / totals[:, None]
    away = np.linalg.norm(centres - (white.coordinates + pial.coordinates) / 2, axis=1)
    assert away.max() < max(grid.sizes.min(), 0.9), "within a voxel's size"


@pytest.mark.parametrize("resolution", [1.0, 2.0, 3.0])
def test_there_are_no_holes(resolution: float, rng: np.random.Generator) -> None:
    white, pial = shells()
    grid = box_grid(resolution)
    ribbon = ribbon_of(white, pial, grid)
    shares = rng.dirichlet(np.ones(3), (len(white.faces), 400))
    depths = rng.random((len(white.faces), 400, 1))
    inner, outer = (np.einsum("fpk,fkd->fpd", shares, s.coordinates[s.faces]) for s in (white, pial))
    for depth, least in ((np.full_like(depths, 0.5), 0), (depths, 3)):
        points = ((1 - depth) * inner + depth * outer).reshape(-1, 3)
        flat = np.ravel_multi_index(tuple(np.rint(grid.to_voxels(points)).astype(int).T), grid.shape, order="F")
        hit, times = np.unique(flat, return_counts=True)
        # of 2 million points at any depth, some lie in slivers thinner than the lattice
        missed = np.setdiff1d(hit[times > least * resolution**3], ribbon.voxels)
        assert len(missed) <= 0.001 * len(ribbon.voxels) * (least > 0)


def test_cortex_without_thickness_is_painted_and_counted() -> None:
    white, pial = shells()
    coordinates = pial.coordinates.copy()
    low = white.coordinates[:, 2] < 10
    coordinates[low] = white.coordinates[low]  # as white and pial touch on the medial wall
    ribbon = ribbon_of(white, replace(pial, coordinates=coordinates), box_grid(2.0))
    assert ribbon.n_thin > 500
    assert ribbon.n_thin == (ribbon.share == 0).sum()
    assert (np.asarray(ribbon.weights.sum(axis=0)) > 0).all()
    np.testing.assert_allclose(ribbon.weights.sum(axis=1), 1, atol=1e-12)


def test_no_vertex_is_lost_on_a_grid_coarser_than_the_mesh() -> None:
    white, _ = shells()
    ribbon = ribbon_of(white, white, box_grid(15.0))  # no thickness at all
    assert (np.asarray(ribbon.weights.sum(axis=0)) > 0).all()


def test_pieces_of_cortex_that_are_apart_are_counted() -> None:
    apart = ribbon_of(*shells(), box_grid(3.0))
    assert apart.n_split == 0
    touching = ribbon_of(*shells(gap=-9.0), box_grid(3.0))
    of_left = np.asarray(touching.weights[:, :642].sum(axis=1))
    both = (of_left > 1e-9) & (of_left < 1 - 1e-9)
    assert touching.n_split == both.sum() > 10


def test_a_grid_that_holds_a_part_or_nothing() -> None:
    grid = box_grid(3.0)
    half = Grid((30, 73, 61), grid.affine, "the left half")  # x up to -3 mm
    ribbon = ribbon_of(*shells(), half)
    assert 642 <= ribbon.n_outside < 700
    np.testing.assert_allclose(ribbon.weights.sum(axis=1), 1, atol=1e-12)
    far = grid.affine.copy()
    far[:3, 3] = 500
    with pytest.raises(ShapeError, match="no part of the cortex lies in the grid of nowhere"):
        ribbon_of(*shells(), Grid((5, 5, 5), far, "nowhere"))


def test_surfaces_of_different_meshes_are_refused() -> None:
    with pytest.raises(ShapeError, match="are not surfaces of one mesh"):
        ribbon_of(shells(level=2)[0], shells()[1], box_grid(3.0))


def test_the_lattice_holds_the_centre_of_a_voxel() -> None:
    """A voxel whose centre lies between the shells is painted, whatever the resolution."""
    for resolution in (1.3, 2.2, 4.0):
        ribbon = ribbon_of(*shells(), box_grid(resolution))
        painted = np.zeros(ribbon.grid.n_voxels, bool)
        painted[ribbon.voxels] = True
        for side, (a, b, c) in product((0, 1), [(0, 0, 1), (0, 1, 0), (0.6, 0, 0.8)]):
            centre = np.array(((-35.3, -10.7, 15.9), (35.4, -10.2, 16.1))[side])
            for radius in np.arange(WHITE + 0.2, PIAL - 0.2, 0.1):
                index = np.rint(ribbon.grid.to_voxels(centre[None] + radius * np.array([[a, b, c]]))[0])
                middle = ribbon.grid.affine[:3, :3] @ index + ribbon.grid.affine[:3, 3]
                if WHITE + 0.1 < np.linalg.norm(middle - centre) < PIAL - 0.5:
                    assert painted[np.ravel_multi_index(tuple(index.astype(int)), ribbon.grid.shape, order="F")]
