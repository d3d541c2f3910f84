"""Which vertices of a fine mesh are those of a coarse one: proven by spheres."""

import numpy as np
import pytest

from tests.cortex.icospheres import reordered, shuffled, surface
from tribe_np.cortex.meshes.nesting import TOLERANCE, is_prefix, nested_vertices, prefix_by_definition, proven_first
from tribe_np.cortex.meshes.surfaces import load_surface


def sphere(mesh: str) -> np.ndarray:
    return surface(mesh, "sphere", "left")[0]


def test_a_mesh_that_was_cut_finer_keeps_its_first_vertices() -> None:
    assert is_prefix(sphere("fsaverage5"), sphere("fsaverage4"))
    assert is_prefix(sphere("fsaverage5"), sphere("fsaverage3"))
    found = nested_vertices(sphere("fsaverage5"), sphere("fsaverage4"))
    assert found is not None
    assert found.is_proven
    assert found.farthest < 1e-5


def test_another_order_is_found_and_is_no_prefix() -> None:
    order = shuffled(642)
    coarse, _ = reordered(*surface("fsaverage3", "sphere", "left"), order)
    assert not is_prefix(sphere("fsaverage4"), coarse)
    found = nested_vertices(sphere("fsaverage4"), coarse)
    assert found is not None
    np.testing.assert_array_equal(found.vertices, order)
    assert not found.is_prefix


@pytest.mark.parametrize("radius", [1.0, 100.0, 100.5])
def test_the_radius_does_not_matter(radius: float) -> None:
    assert is_prefix(sphere("fsaverage4"), sphere("fsaverage3") * radius / 100)


def test_vertices_that_are_elsewhere_are_not_taken_for_the_same() -> None:
    fine, coarse = sphere("fsaverage4"), sphere("fsaverage3")
    moved = coarse.copy()
    moved[5] = moved[5] + (0, 0, 3 * TOLERANCE) if abs(moved[5][2]) < 50 else moved[5] + (3 * TOLERANCE, 0, 0)
    assert nested_vertices(fine, moved) is None
    near = coarse + np.float32(TOLERANCE / 10)
    assert is_prefix(fine, near)
    twice = coarse.copy()
    twice[3] = twice[4]
    assert nested_vertices(fine, twice) is None
    assert nested_vertices(coarse, fine) is None


def test_only_freesurfers_own_numbering_is_taken_without_proof() -> None:
    found = prefix_by_definition("fsaverage6", "fsaverage5", 10242)
    assert found is not None
    assert (found.is_prefix, found.is_proven) == (True, False)
    assert prefix_by_definition("fsaverage5", "fsaverage4", 2562) is None
    assert prefix_by_definition("fsaverage5", "fsaverage6", 40962) is None
    assert prefix_by_definition("fsaverage6", "fsLR-32k", 32492) is None


@pytest.mark.parametrize("n", [12, 162, 642, 2562, 10242])
def test_a_sphere_proves_its_own_first_vertices(n: int) -> None:
    found = proven_first(*surface("fsaverage5", "sphere", "left"), n)
    assert found is not None
    assert (len(found.vertices), found.is_prefix, found.is_proven) == (n, True, True)
    assert found.farthest < 1e-4


def _swapped(one: int, other: int) -> np.ndarray:
    order = np.arange(2562)
    order[[one, other]] = other, one
    return order


def test_a_sphere_in_another_order_proves_nothing() -> None:
    whole = surface("fsaverage4", "sphere", "left")
    for order in (shuffled(2562), _swapped(641, 642), _swapped(0, 2561), np.arange(2562)[::-1]):
        assert proven_first(*reordered(*whole, order), 642) is None
    assert proven_first(*reordered(*whole, _swapped(700, 2000)), 642) is not None  # later ones may lie in any order
    assert proven_first(*reordered(*whole, _swapped(160, 200)), 642) is not None
    assert proven_first(*reordered(*whole, _swapped(160, 200)), 162) is None
    assert proven_first(*whole, 1000) is None
    assert proven_first(*whole, 10242) is None


def test_a_sphere_that_is_damaged_proves_nothing() -> None:
    sphere, faces = surface("fsaverage4", "sphere", "left")
    moved = sphere.copy()
    moved[2000] += np.float32(3 * TOLERANCE)
    assert proven_first(moved, faces, 642) is None
    assert proven_first(sphere, faces[(faces != 2000).all(axis=1)], 642) is None
    crossed = faces.copy()
    crossed[7] = 0, 1, 2000
    assert proven_first(sphere, crossed, 642) is None


@pytest.mark.extras
@pytest.mark.parametrize("side", ["left", "right"])
def test_nilearns_fsaverage5_begins_with_coarser_icosahedra(side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """nilearn 0.14 sorts fsaverage3 and 4 by it; its sphere, rounded to 0.01 mm, is off by 0.013 mm."""
    pytest.importorskip("nilearn")
    monkeypatch.delenv("SUBJECTS_DIR", raising=False)
    sphere, faces = load_surface("fsaverage5", "sphere").hemisphere(side)
    for n in (642, 2562):
        found = proven_first(sphere, faces, n)
        assert found is not None
        assert 0.01 < found.farthest < 0.02
    assert proven_first(*reordered(sphere, faces, shuffled(10242)), 2562) is None


@pytest.mark.atlas
def test_freesurfers_own_icosahedra() -> None:
    """The real ones, which MNE carries: fsaverage5 is a prefix of 6 and 7; 3 and 4 are nested in 5 but no prefix."""
    from mne.surface import _get_ico_surface

    real = {grade: _get_ico_surface(grade)["rr"] * 100 for grade in range(3, 8)}
    for fine in (6, 7):
        found = nested_vertices(real[fine], real[5])
        assert found is not None
        assert found.is_prefix
        assert found.farthest < 0.001
    for coarse in (3, 4):
        found = nested_vertices(real[5], real[coarse])
        assert found is not None
        assert not found.is_prefix
        assert 0.005 < found.farthest < 0.02
