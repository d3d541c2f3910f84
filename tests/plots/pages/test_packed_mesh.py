"""The mesh of a page: faces and places come back, hemispheres do not overlap, the flat map's faces come first."""

import base64
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plots.pages.conftest import V
from tests.plots.pages.unpacked import ReadPage
from tribe_np.cortex.meshes.surfaces import load_overlay, load_surface
from tribe_np.errors import MeshError
from tribe_np.plots.pages.packed_mesh import coded_faces, decoded_faces, packed_mesh


@given(st.integers(0, 2**32), st.sampled_from(["u2", "u4"]), st.integers(1, 50))
def test_faces_come_back(seed: int, kind: str, n: int) -> None:
    faces = np.random.default_rng(seed).integers(0, 2 ** (8 * int(kind[1])), (n, 3))
    np.testing.assert_array_equal(decoded_faces(coded_faces(faces, np.dtype(kind))), faces)


def unpacked(subjects: Path) -> ReadPage:
    packed = packed_mesh("fsaverage3", subjects_dir=subjects)
    return ReadPage("", dict(packed.facts), {name: base64.b64decode(text) for name, text in packed.blobs.items()})


def turned(faces: np.ndarray) -> set[tuple[int, ...]]:
    """Faces that are told apart by their outside, but not by where they begin."""
    return {tuple(np.roll(face, -int(face.argmin())).tolist()) for face in faces}


def test_faces_are_the_surfaces_and_the_flat_ones_come_first(subjects: Path) -> None:
    mesh = unpacked(subjects)
    faces = decoded_faces(mesh.array("faces", "u1").reshape(3, 2, -1))
    pial, flat = (load_surface("fsaverage3", kind, subjects_dir=subjects) for kind in ("pial", "flat"))
    assert turned(faces) == turned(pial.faces)
    assert turned(faces[: mesh.facts["n_flat_faces"]]) == turned(flat.faces)
    assert 0 < mesh.facts["n_flat_faces"] < mesh.facts["n_faces"] == len(pial.faces)


@pytest.mark.parametrize("kind", ["pial", "inflated", "flat"])
def test_places_come_back_but_for_a_shift(subjects: Path, kind: str) -> None:
    mesh = unpacked(subjects)
    found = mesh.array(f"shape-{kind}", "<i2").reshape(-1, 3) * mesh.facts["coordinate_step"]
    surface = load_surface("fsaverage3", kind, subjects_dir=subjects)
    drawn = np.unique(surface.faces)
    for side in (drawn[drawn < V], drawn[drawn >= V]):
        moved = found[side] - surface.coordinates[side]
        np.testing.assert_allclose(moved, np.broadcast_to(moved.mean(axis=0), moved.shape), atol=0.02)
    assert found[drawn[drawn < V], 0].max() < 0 < found[drawn[drawn >= V], 0].min()
    middle = (found[drawn].min(axis=0) + found[drawn].max(axis=0)) / 2
    np.testing.assert_allclose(middle[1:], 0, atol=0.02)


def test_sulci_are_above_the_middle(subjects: Path) -> None:
    sulc = load_overlay("fsaverage3", "sulc", subjects_dir=subjects)
    found = unpacked(subjects).array("sulc", "u1").astype(int)
    assert (np.sign(found - 128) == np.sign(np.where(np.abs(sulc) < 1e-2, 0, sulc))).mean() > 0.95
    assert np.corrcoef(found, sulc)[0, 1] > 0.98


@pytest.mark.extras
def test_without_a_flat_map_there_are_two_shapes_and_a_note(subjects: Path) -> None:
    for path in (subjects / "fsaverage3" / "surf").glob("*.flat"):
        path.unlink()
    packed = packed_mesh("fsaverage3", subjects_dir=subjects)
    assert packed.facts["shapes"] == ["pial", "inflated"]
    assert packed.facts["n_flat_faces"] == 0
    assert "no flat map" in packed.notes[0]


@pytest.mark.extras
def test_without_a_mesh_the_error_says_where_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(MeshError, match=r"SUBJECTS_DIR|subjects"):
        packed_mesh("fsaverage3", subjects_dir=tmp_path)
