"""MNI305 and MNI152: the published numbers, and which surfaces are taken."""

from pathlib import Path

import numpy as np
import pytest

from tests.cortex.shells import shells, write_mni152, write_subjects
from tribe_np.cortex.meshes.spaces import MNI152_FOLDER, MNI305_TO_MNI152, TEMPLATE, in_space, surfaces_in_space
from tribe_np.errors import ConfigError, MeshError, ShapeError

KINDS = ("white", "pial")


@pytest.fixture
def subjects(tmp_path: Path) -> Path:
    return write_subjects(tmp_path / "subjects")


def true_coordinates(shift: float = 1.0) -> dict[str, np.ndarray]:
    """What surfaces made in MNI152 might hold: near the affine, not on it."""
    return {surface.kind: in_space(surface.coordinates, "mni152") + np.float32(shift) for surface in shells()}


def test_the_example_that_freesurfer_publishes() -> None:
    moved = in_space(np.array([[10.0, -20.0, 35.0]]), "mni152")
    np.testing.assert_allclose(moved, [[10.695, -18.409, 36.137]], atol=0.003)  # of a matrix rounded to 4 digits


def test_the_inverse_that_freesurfer_publishes() -> None:
    published = [
        [1.0022, 0.0071, -0.0177, 0.0528],
        [-0.0146, 0.9990, 0.0027, -1.5519],
        [0.0129, 0.0094, 1.0027, -1.2012],
    ]
    np.testing.assert_allclose(np.linalg.inv(MNI305_TO_MNI152)[:3], published, atol=2e-4)


def test_mni305_is_as_it_was() -> None:
    places = np.ones((4, 3), np.float32)
    assert in_space(places, "mni305") is places
    assert in_space(places, "mni152").dtype == np.float32


def test_unknown_spaces_and_shapes() -> None:
    with pytest.raises(ConfigError, match="space 'mni125' is unknown; known are mni305, mni152; did you mean"):
        in_space(np.ones((4, 3)), "mni125")
    with pytest.raises(ShapeError, match=r"shape \(n, 3\), got \(3,\)"):
        in_space(np.ones(3), "mni152")


def test_without_mni152_surfaces_the_affine_is_used_and_said(subjects: Path) -> None:
    own = surfaces_in_space("fsaverage3", KINDS, "mni305", subjects)
    moved = surfaces_in_space("fsaverage3", KINDS, "mni152", subjects)
    assert (own.template, own.is_approximate) == ("MNI305", False)
    assert (moved.template, moved.is_approximate) == ("MNI152", True)
    assert "published 4 x 4" in moved.note
    assert TEMPLATE in moved.note
    for kind in KINDS:
        expected = in_space(own.surfaces[kind].coordinates, "mni152")
        np.testing.assert_array_equal(moved.surfaces[kind].coordinates, expected)
        assert moved.surfaces[kind].digests == own.surfaces[kind].digests


def test_mni152_surfaces_are_preferred(subjects: Path) -> None:
    write_mni152(subjects, MNI152_FOLDER, true_coordinates())
    found = surfaces_in_space("fsaverage3", KINDS, "mni152", subjects)
    assert (found.template, found.is_approximate) == (TEMPLATE, False)
    assert str(subjects) in found.note
    for kind, places in true_coordinates().items():
        np.testing.assert_array_equal(found.surfaces[kind].coordinates, places)
        assert len(found.surfaces[kind].digests) == 2
    assert surfaces_in_space("fsaverage3", KINDS, "mni305", subjects).template == "MNI305"


def test_the_subjects_folder_of_the_environment(subjects: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mni152(subjects, MNI152_FOLDER, true_coordinates())
    monkeypatch.setenv("SUBJECTS_DIR", str(subjects))
    assert surfaces_in_space("fsaverage3", KINDS, "mni152").template == TEMPLATE


def test_mni152_surfaces_that_are_not_whole_are_said(subjects: Path) -> None:
    write_mni152(subjects, MNI152_FOLDER, true_coordinates())
    (subjects / MNI152_FOLDER / "lh.white.fsaverage3.gii").unlink()
    found = surfaces_in_space("fsaverage3", KINDS, "mni152", subjects)
    assert found.is_approximate
    assert "lacks lh.white.fsaverage3.gii" in found.note


def test_mni152_surfaces_in_other_coordinates_are_refused(subjects: Path) -> None:
    write_mni152(subjects, MNI152_FOLDER, true_coordinates(shift=12.0))
    with pytest.raises(MeshError, match=r"lie 2\d mm \(median\) from where MNI152 has those of fsaverage3"):
        surfaces_in_space("fsaverage3", KINDS, "mni152", subjects)


def test_swapped_hemispheres_are_refused(subjects: Path) -> None:
    swapped = {kind: np.roll(places, len(places) // 2, axis=0) for kind, places in true_coordinates().items()}
    write_mni152(subjects, MNI152_FOLDER, swapped)
    with pytest.raises(MeshError, match="are the hemispheres swapped"):
        surfaces_in_space("fsaverage3", KINDS, "mni152", subjects)


def test_surfaces_of_another_mesh_are_refused(subjects: Path) -> None:
    write_mni152(subjects, MNI152_FOLDER, {kind: places[:-2] for kind, places in true_coordinates().items()})
    with pytest.raises(MeshError, match="do not join vertices"):
        surfaces_in_space("fsaverage3", KINDS, "mni152", subjects)
