"""Templates: arrays, files of maps, parcellations by network or by region; what has no value stays without."""

from pathlib import Path

import numpy as np
import pytest

from tribe_np.analysis.decompositions.network_templates import default_templates, read_templates
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.errors import ConfigError, OutputError, ShapeError

V = 2 * 642


def parcels(*regions: str) -> Parcellation:
    region_of = np.arange(V) % (len(regions) + 1) - 1  # every so many vertices have no region
    return Parcellation("ours", regions, region_of)


def test_networks_of_a_parcellation_are_the_templates() -> None:
    found, said = read_templates(parcels("7Networks_LH_Vis_1", "7Networks_LH_Vis_2", "7Networks_LH_Default_1"), V)
    assert (found.names, said) == (("Vis", "Default"), ())
    np.testing.assert_array_equal(found.maps[:, :4], [[np.nan, 1, 1, 0], [np.nan, 0, 0, 1]])


def test_regions_are_where_names_tell_no_networks() -> None:
    found, said = read_templates(parcels("V1", "FFC"), V)
    assert found.names == ("V1", "FFC")
    np.testing.assert_array_equal(found.maps[:, :3], [[np.nan, 1, 0], [np.nan, 0, 1]])
    assert "its 2 regions are the templates" in said[0]


def test_maps_of_the_user(tmp_path: Path) -> None:
    maps = np.random.default_rng(0).standard_normal((2, V))
    maps[0, 3] = np.inf
    np.save(tmp_path / "two.npy", maps)
    np.savez(tmp_path / "two.npz", faces=maps[0], places=maps[1])
    for given in (maps, tmp_path / "two.npy", [str(tmp_path / "two.npy")]):
        found, _ = read_templates(given, V)
        assert found.names == ("map 1", "map 2")
        np.testing.assert_array_equal(found.maps, np.where(np.isinf(maps), np.nan, maps))
    assert read_templates(tmp_path / "two.npz", V)[0].names == ("faces", "places")


def test_files_of_both_hemispheres(tmp_path: Path) -> None:
    import nibabel as nib

    maps = np.random.default_rng(0).standard_normal((2, V)).astype(np.float32)
    for side, name in ((maps[:, :642], "lh"), (maps[:, 642:], "rh")):
        arrays = [nib.gifti.GiftiDataArray(one, intent="NIFTI_INTENT_NONE") for one in side]
        nib.save(nib.gifti.GiftiImage(darrays=arrays), tmp_path / f"{name}.faces.func.gii")
        nib.save(nib.MGHImage(side.T.reshape(642, 1, 1, 2), np.eye(4)), tmp_path / f"{name}.faces.mgh")
    for ending in ("func.gii", "mgh"):
        found, _ = read_templates([tmp_path / f"{side}.faces.{ending}" for side in ("lh", "rh")], V)
        np.testing.assert_array_equal(found.maps, maps)
        np.testing.assert_array_equal(read_templates(tmp_path / f"lh.faces.{ending}", V)[0].maps, maps)


def test_what_is_no_template(tmp_path: Path) -> None:
    np.save(tmp_path / "short.npy", np.ones((2, 10)))
    (tmp_path / "torn.npy").write_bytes(b"\x93NUMPY")
    np.savez(tmp_path / "two.npz", faces=np.arange(V), places=np.arange(10))
    (tmp_path / "torn.npz").write_bytes((tmp_path / "two.npz").read_bytes()[:300])
    with pytest.raises(OutputError, match=r"torn\.npz: cannot be read as templates"):
        read_templates(tmp_path / "torn.npz", V)
    with pytest.raises(ShapeError, match=r"of shape \(m, 1284\) on the mesh of the rows, got float64 \(2, 10\)"):
        read_templates(tmp_path / "short.npy", V)
    with pytest.raises(OutputError, match=r"torn\.npy: cannot be read as templates"):
        read_templates(tmp_path / "torn.npy", V)
    with pytest.raises(OutputError, match="cannot be read as templates: No such file"):
        read_templates(tmp_path / "none.npy", V)
    with pytest.raises(ShapeError, match="the map places has shape"):
        read_templates(tmp_path / "two.npz", V)
    with pytest.raises(ShapeError, match="the template map 1 is flat"):
        read_templates(np.ones((1, V)), V)
    with pytest.raises(ConfigError, match="one file"):
        read_templates([tmp_path / "short.npy", tmp_path / "torn.npy"], V)


def test_without_yeos_networks_there_are_none_and_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRIBE_NP_PARCELLATION", "hcp-mmp1")
    for name in ("SUBJECTS_DIR", "FREESURFER_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("tribe_np.cortex.parcellations.parcellation_sources._package_folder", lambda: None)
    found, said = default_templates(V)
    assert found is None
    assert "yeo-7 was not found" in said[0]
