"""Meshes: where they are found, what is checked, and upstream's half-inflated surface."""

import gzip
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import nibabel
import numpy as np
import pytest
from nibabel.freesurfer import write_geometry
from safetensors.numpy import load_file

from tests.cortex.icospheres import (
    gifti,
    icosphere,
    overlay,
    reordered,
    shuffled,
    surface,
    surface_gifti,
    write_freesurfer,
    write_nilearn,
)
from tools.places import GOLDEN
from tribe_np.cortex.meshes import mesh_sources
from tribe_np.cortex.meshes.surfaces import OVERLAYS, SURFACES, load_overlay, load_surface
from tribe_np.errors import ConfigError, MeshError, MissingDependencyError
from tribe_np.formats import gifti as gifti_files

V = 642


@pytest.fixture
def subjects(tmp_path: Path) -> Path:
    """A subjects folder with a small fsaverage3."""
    return write_freesurfer(tmp_path / "subjects", "fsaverage3")


@pytest.mark.parametrize("kind", ["white", "pial", "inflated", "sphere"])
def test_freesurfer_files_are_read_left_first(subjects: Path, kind: str) -> None:
    found = load_surface("fsaverage3", kind, subjects_dir=subjects)
    assert found.coordinates.shape == (2 * V, 3)
    assert (found.coordinates.dtype, found.faces.dtype) == (np.float32, np.int32)
    for side in ("left", "right"):
        coordinates, faces = found.hemisphere(side)
        expected = surface("fsaverage3", kind, side)
        np.testing.assert_array_equal(coordinates, expected[0])
        np.testing.assert_array_equal(faces, expected[1])
    assert found.origin == f"the subjects folder {subjects}"
    assert len(found.digests) == 2


@pytest.mark.parametrize("kind", OVERLAYS)
def test_maps_are_read_left_first(subjects: Path, kind: str) -> None:
    expected = np.concatenate([overlay("fsaverage3", side) for side in ("left", "right")])
    np.testing.assert_array_equal(load_overlay("fsaverage3", kind, subjects_dir=subjects), expected)


@pytest.mark.parametrize("dots", [False, True])
def test_both_spellings_of_nilearn_are_found(tmp_path: Path, dots: bool) -> None:
    write_nilearn(tmp_path, "fsaverage3", dots=dots)
    found = load_surface("fsaverage3", "inflated", subjects_dir=tmp_path)
    np.testing.assert_array_equal(found.hemisphere("right")[0], surface("fsaverage3", "inflated", "right")[0])
    assert load_overlay("fsaverage3", "thickness", subjects_dir=tmp_path).shape == (2 * V,)


@pytest.mark.parametrize("ending", [".gii", ".surf.gii", ".gii.gz"])
def test_gifti_of_freesurfers_names_is_found(tmp_path: Path, ending: str) -> None:
    place = tmp_path / "fsaverage3" / "surf"
    place.mkdir(parents=True)
    for side, letter in (("left", "lh"), ("right", "rh")):
        nibabel.save(surface_gifti(*surface("fsaverage3", "white", side), side), place / f"{letter}.white{ending}")
    found = load_surface("fsaverage3", "white", subjects_dir=tmp_path)
    np.testing.assert_array_equal(found.hemisphere("left")[0], surface("fsaverage3", "white", "left")[0])


def test_the_subjects_folder_comes_from_the_environment(subjects: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBJECTS_DIR", str(subjects))
    assert load_surface("fsaverage3", "pial").origin == f"the subjects folder {subjects}"


def test_freesurfers_fsaverage_is_fsaverage7(tmp_path: Path) -> None:
    write_freesurfer(tmp_path, "fsaverage3", subject="fsaverage")
    with pytest.raises(MeshError, match=r"lh\.white: has 642 vertices, but a hemisphere of fsaverage7 has"):
        load_surface("fsaverage", "white", subjects_dir=tmp_path)


def test_half_is_what_upstream_draws(tmp_path: Path) -> None:
    """To the bit: recorded from tribev2's own class on the same meshes, hemispheres 4 mm from the midline."""
    golden = load_file(GOLDEN / "surface_maps.safetensors")
    drawn = load_surface("fsaverage3", "half", subjects_dir=write_nilearn(tmp_path, "fsaverage3")).apart(4)
    np.testing.assert_array_equal(drawn.coordinates, golden["half.coordinates"])
    np.testing.assert_array_equal(drawn.faces, golden["half.faces"])


def test_a_patch_gives_a_flat_map(subjects: Path) -> None:
    """FreeSurfer's flat maps lack some vertices: they lie at 0 and in no triangle."""
    kept = np.arange(V) % 50 != 3
    for side, letter in (("left", "lh"), ("right", "rh")):
        flat = surface("fsaverage3", "white", side)[0] * (1, 1, 0)
        rows = [struct.pack(">i3f", (i + 1) * (-1) ** i, *flat[i]) for i in np.flatnonzero(kept)]
        raw = struct.pack(">2i", -1, len(rows)) + b"".join(rows)
        (subjects / "fsaverage3" / "surf" / f"{letter}.cortex.patch.flat").write_bytes(raw)
    found = load_surface("fsaverage3", "flat", subjects_dir=subjects)
    coordinates, faces = found.hemisphere("right")
    whole = surface("fsaverage3", "sphere", "right")[1]
    np.testing.assert_array_equal(faces, whole[kept[whole].all(axis=1)])
    np.testing.assert_array_equal(coordinates[kept], (surface("fsaverage3", "white", "right")[0] * (1, 1, 0))[kept])
    assert not coordinates[~kept].any()


@pytest.mark.extras
def test_nilearns_own_fsaverage5_is_read_without_a_network() -> None:
    for kind in SURFACES:
        found = load_surface("fsaverage5", kind)
        assert found.coordinates.shape == (20484, 3)
        assert found.origin == "nilearn's fsaverage5"
        assert kind == "flat" or found.faces.shape == (40960, 3)
    from nilearn.datasets import load_fsaverage

    mesh = load_fsaverage("fsaverage5")["pial"].parts
    ours = load_surface("fsaverage5", "pial")
    for side in ("left", "right"):
        np.testing.assert_array_equal(ours.hemisphere(side)[0], mesh[side].coordinates)
        np.testing.assert_array_equal(ours.hemisphere(side)[1], mesh[side].faces)
    for kind in OVERLAYS:
        assert load_overlay("fsaverage5", kind).shape == (20484,)


def test_without_nilearn_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mesh_sources, "find_spec", lambda name: None)
    for name in ("nilearn", "nilearn.datasets"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingDependencyError, match=r"pial of fsaverage5 .* needs nilearn.*tribe_np\[plot\]"):
        load_surface("fsaverage5", "pial")


def _stand_in(monkeypatch: pytest.MonkeyPatch, fetch: Callable[[str], object]) -> None:
    """nilearn with this fetcher and no mesh of its own."""
    package, datasets = ModuleType("nilearn"), ModuleType("nilearn.datasets")
    monkeypatch.setattr(datasets, "fetch_surf_fsaverage", fetch, raising=False)
    monkeypatch.setattr(mesh_sources, "find_spec", lambda name: SimpleNamespace(submodule_search_locations=[]))
    for name, module in (("nilearn", package), ("nilearn.datasets", datasets)):
        monkeypatch.setitem(sys.modules, name, module)


def test_nilearns_fetcher_comes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_nilearn(tmp_path, "fsaverage3")

    def fetch(mesh: str) -> dict[str, str]:
        print("fetching")
        return {f"pial_{side}": str(tmp_path / mesh / f"pial_{side}.gii.gz") for side in ("left", "right")}

    _stand_in(monkeypatch, fetch)
    assert load_surface("fsaverage3", "pial").origin == "what nilearn fetched for fsaverage3"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("error", [OSError("no route"), ValueError("bad archive"), KeyError("pial_left")])
def test_a_failed_fetch_says_what_to_give(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fetch(mesh: str) -> None:
        raise error

    _stand_in(monkeypatch, fetch)
    with pytest.raises(MeshError, match=r"pial of fsaverage7: .*not fetch it.*holds fsaverage with --subjects-dir"):
        load_surface("fsaverage7", "pial")


def _left(subjects: Path, kind: str = "white") -> Path:
    return subjects / "fsaverage3" / "surf" / f"lh.{kind}"


def _nan(path: Path) -> None:
    coordinates, faces = surface("fsaverage3", "white", "left")
    write_geometry(path, np.where(np.arange(V)[:, None] == 7, np.nan, coordinates), faces)


def _face_out_of_range(path: Path) -> None:
    coordinates, faces = surface("fsaverage3", "white", "left")
    write_geometry(path, coordinates, np.where(faces == 5, V, faces))


def _two_surfaces(path: Path) -> None:
    arrays = [(surface("fsaverage3", "white", "left")[0], "NIFTI_INTENT_POINTSET")] * 2
    nibabel.save(gifti(arrays), path.with_suffix(".white.gii"))
    path.unlink()


def _huge_count(path: Path) -> None:
    raw = path.read_bytes()
    at = raw.index(b"\n\n") + 2
    path.write_bytes(raw[:at] + struct.pack(">2i", 2**31 - 1, 2**31 - 1) + raw[at + 8 :])


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "nan": (_nan, "1 vertices have no finite coordinates"),
    "faces": (_face_out_of_range, "triangles do not join vertices 0 to 641"),
    "right": (lambda p: write_geometry(p, *surface("fsaverage3", "white", "right")), "coordinates say right"),
    "coarse": (lambda p: write_geometry(p, *_scaled(2)), "has 162 vertices, but a hemisphere of fsaverage3 has 642"),
    "empty": (lambda p: p.write_bytes(b""), "not a surface of FreeSurfer or GIFTI"),
    "web page": (lambda p: p.write_text("<!DOCTYPE html><html>"), "a web page"),
    "map": (lambda p: p.write_bytes(p.with_name("lh.sulc").read_bytes()), "not a FreeSurfer surface of triangles"),
    "truncated": (lambda p: p.write_bytes(p.read_bytes()[:-9000]), "truncated or damaged"),
    "count": (_huge_count, "truncated or damaged: 2147483647 vertices"),
    "gone": (lambda p: p.unlink(), "no such file, but rh.white is there; both hemispheres are needed"),
}


def _scaled(order: int) -> tuple[np.ndarray, np.ndarray]:
    ball, faces = icosphere(order)
    return ball * 30 - (40, 0, 0), faces


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_named(subjects: Path, name: str) -> None:
    spoil, message = WRONG[name]
    spoil(_left(subjects))
    with pytest.raises(MeshError, match=message) as caught:
        load_surface("fsaverage3", "white", subjects_dir=subjects)
    assert "lh.white" in str(caught.value)


def test_swapped_hemispheres_are_seen_in_a_header_too(tmp_path: Path) -> None:
    write_nilearn(tmp_path, "fsaverage3")
    left, right = (tmp_path / "fsaverage3" / f"sphere_{side}.gii.gz" for side in ("left", "right"))
    left.write_bytes(right.read_bytes())
    with pytest.raises(MeshError, match="taken for the left hemisphere, but its header says right"):
        load_surface("fsaverage3", "sphere", subjects_dir=tmp_path)
    sulc = [tmp_path / "fsaverage3" / f"sulc_{side}.gii.gz" for side in ("left", "right")]
    sulc[1].write_bytes(sulc[0].read_bytes())
    with pytest.raises(MeshError, match="taken for the right hemisphere, but its header says left"):
        load_overlay("fsaverage3", "sulc", subjects_dir=tmp_path)


def test_what_unpacks_without_end_is_not_unpacked(
    tmp_path: Path, subjects: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gifti_files, "MAX_BYTES", 1 << 20)
    zeros = np.zeros((100_000, 3), np.float32)
    for raw in (gzip.compress(bytes(2 << 20)), surface_gifti(zeros, zeros.astype(np.int32)).to_bytes()):
        _left(subjects).write_bytes(raw)
        assert len(raw) < 1 << 20
        with pytest.raises(MeshError, match=r"lh\.white: unpacks to more than 1 MB"):
            load_surface("fsaverage3", "white", subjects_dir=subjects)


def test_gifti_that_lies_elsewhere_or_holds_something_else_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "fsaverage3"
    write_nilearn(tmp_path, "fsaverage3")
    path = place / "white_left.gii.gz"
    text = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(text.replace(b"GZipBase64Binary", b"ExternalFileBinary")))
    with pytest.raises(MeshError, match="its data lie in another file"):
        load_surface("fsaverage3", "white", subjects_dir=tmp_path)
    nibabel.save(gifti([(overlay("fsaverage3", "left"), "NIFTI_INTENT_SHAPE")]), path)
    with pytest.raises(MeshError, match="expected one array of coordinates and one of triangles"):
        load_surface("fsaverage3", "white", subjects_dir=tmp_path)
    nibabel.save(gifti([(np.full(V, np.nan, np.float32), "NIFTI_INTENT_SHAPE")]), place / "sulc_left.gii.gz")
    with pytest.raises(MeshError, match="642 vertices have no finite value"):
        load_overlay("fsaverage3", "sulc", subjects_dir=tmp_path)


def test_unknown_names_are_refused(subjects: Path) -> None:
    with pytest.raises(ConfigError, match=r"surface 'pail' is unknown; .*did you mean pial"):
        load_surface("fsaverage3", "pail", subjects_dir=subjects)
    with pytest.raises(ConfigError, match="map 'pial' is unknown"):
        load_overlay("fsaverage3", "pial", subjects_dir=subjects)
    with pytest.raises(ConfigError, match="mesh 'fsaverage2' is unknown"):
        load_surface("fsaverage2", "pial", subjects_dir=subjects)
    with pytest.raises(ConfigError, match="mesh 5 is unknown"):
        load_surface(5, "pial", subjects_dir=subjects)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="surface None is unknown"):
        load_surface("fsaverage3", None, subjects_dir=subjects)  # type: ignore[arg-type]
    with pytest.raises(MeshError, match="surfaces of fsLR-32k are found by no name"):
        load_surface("fsLR-32k", "pial", subjects_dir=subjects)
    with pytest.raises(MeshError, match="no such folder"):
        load_surface("fsaverage3", "pial", subjects_dir=subjects / "nowhere")


def test_vertices_may_be_in_any_order(tmp_path: Path) -> None:
    """Files decide the numbering: nothing is sorted behind a person's back."""
    order = shuffled(V)
    write_freesurfer(tmp_path, "fsaverage3", order=order)
    found = load_surface("fsaverage3", "pial", subjects_dir=tmp_path).hemisphere("left")
    expected = reordered(*surface("fsaverage3", "pial", "left"), order)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])
