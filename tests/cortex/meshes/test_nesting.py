"""Which vertices of a fine mesh are those of a coarse one: proven by spheres."""

import numpy as np
import pytest

from tests.cortex.icospheres import reordered, shuffled, surface
from tribe_np.cortex.meshes.nesting import TOLERANCE, is_prefix, nested_vertices, prefix_by_definition


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
