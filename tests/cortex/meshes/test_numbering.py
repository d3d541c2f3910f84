"""fsaverage3 and 4 have two numberings: which one values have is kept, and nothing mixes them."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cortex.icospheres import shuffled, write_freesurfer
from tests.outputs.exports.export_case import predictions_folder
from tribe_np.cortex import resample, roi
from tribe_np.cortex.meshes import mesh_sources
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.cortex.series import as_series
from tribe_np.cortex.sizes import OF_FREESURFER, OF_NILEARN
from tribe_np.errors import MeshError, ParcellationError
from tribe_np.outputs import export
from tribe_np.outputs.resampled_folder import write_resampled

FIRST = np.concatenate([np.arange(642), 10242 + np.arange(642)])


@pytest.fixture(autouse=True)
def _nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No files but those of the tests."""

    def fetched(mesh: str, kind: str, looked_in: Path | None) -> None:
        raise MeshError(f"{kind} of {mesh}: nilearn could not fetch it")

    monkeypatch.setattr(mesh_sources, "_packaged", lambda mesh, kind: None)
    monkeypatch.setattr(mesh_sources, "_fetched", fetched)


@pytest.fixture(scope="module")
def fine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """fsaverage5 and no other mesh."""
    return write_freesurfer(tmp_path_factory.mktemp("fine"), "fsaverage5", kinds=("sphere",))


@pytest.fixture(scope="module")
def freesurfers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """fsaverage3 in an order of its own, beside fsaverage4 and 5."""
    folder = tmp_path_factory.mktemp("freesurfer")
    write_freesurfer(folder, "fsaverage3", order=shuffled(642))
    write_freesurfer(folder, "fsaverage4")
    return write_freesurfer(folder, "fsaverage5")


@pytest.fixture(scope="module")
def nilearns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """fsaverage3 as the first vertices of fsaverage5."""
    folder = tmp_path_factory.mktemp("nilearn")
    for mesh in ("fsaverage3", "fsaverage4", "fsaverage5"):
        write_freesurfer(folder, mesh)
    return folder


def test_without_files_the_first_vertices_are_taken_and_that_is_said(fine: Path) -> None:
    values = np.arange(2 * 10242)
    found = resample(values, "fsaverage3", subjects_dir=fine)
    np.testing.assert_array_equal(found.values[0], FIRST)
    assert found.series.numbering == OF_NILEARN
    assert found.record["nesting"]["proven"] is True
    assert "midway between the first 642" in found.record["nesting"]["by"]
    assert len(found.record["meshes"]) == 2
    (said,) = found.warnings
    assert "no files of fsaverage3 were found" in said
    assert "nilearn 0.14" in said
    assert "FreeSurfer's own fsaverage3 has the same places in another order" in said
    assert "--subjects-dir" in said


def test_a_finer_mesh_still_begins_with_fsaverage5(fine: Path) -> None:
    found = resample(np.arange(2 * 40962), "fsaverage3", subjects_dir=fine)
    np.testing.assert_array_equal(found.values[0], np.where(FIRST < 10242, FIRST, FIRST + 40962 - 10242))
    assert found.record["nesting"]["proven"] is False
    assert "first vertices of fsaverage6 by FreeSurfer's numbering" in found.record["nesting"]["by"]


def test_twice_without_files_is_once(fine: Path) -> None:
    four = resample(np.arange(2 * 10242), "fsaverage4", subjects_dir=fine)
    three = resample(four.series, "fsaverage3", subjects_dir=fine)
    np.testing.assert_array_equal(three.values[0], FIRST)
    assert three.series.numbering == OF_NILEARN


def test_fsaverage4_of_unknown_numbering_is_not_guessed_at(fine: Path) -> None:
    with pytest.raises(MeshError, match="sphere of fsaverage3: nilearn could not fetch it"):
        resample(np.zeros(2 * 2562), "fsaverage3", subjects_dir=fine)


def test_a_shuffled_sphere_is_no_stand_in(tmp_path: Path) -> None:
    write_freesurfer(tmp_path, "fsaverage5", order=shuffled(10242), kinds=("sphere",))
    with pytest.raises(MeshError, match=r"first 642 vertices of fsaverage5 .* cannot stand in for those of fsaverage3"):
        resample(np.zeros(2 * 10242), "fsaverage3", subjects_dir=tmp_path)


def test_files_at_hand_decide(freesurfers: Path, nilearns: Path) -> None:
    for folder, numbering in ((freesurfers, OF_FREESURFER), (nilearns, OF_NILEARN)):
        for source, method in ((10242, "subsample"), (10242, "inverse-distance"), (2562, "barycentric")):
            found = resample(np.zeros(2 * source), "fsaverage3", method=method, subjects_dir=folder)
            assert found.series.numbering == numbering
            assert not found.warnings
        assert resample(np.zeros(2 * 642), "fsaverage5", subjects_dir=folder).series.numbering is None


@pytest.fixture
def folders(tmp_path: Path, freesurfers: Path, nilearns: Path) -> dict[str, Path]:
    """Folders on fsaverage3 in both numberings."""
    source = predictions_folder(tmp_path / "three")
    fine = resample(source, "fsaverage4", subjects_dir=nilearns)
    write_resampled(tmp_path / "four", fine, source)
    made = {}
    for name, files in (("freesurfer", freesurfers), ("nilearn", nilearns)):
        made[name] = tmp_path / name
        write_resampled(made[name], resample(tmp_path / "four", "fsaverage3", subjects_dir=files), tmp_path / "four")
    return made


def test_the_folder_keeps_it(folders: dict[str, Path], nilearns: Path, tmp_path: Path) -> None:
    for name, numbering in (("freesurfer", OF_FREESURFER), ("nilearn", OF_NILEARN)):
        assert json.loads((folders[name] / "run.json").read_text())["numbering"] == numbering
        assert as_series(folders[name]).numbering == numbering
        done = export(folders[name], "npz", tmp_path / f"{name}.npz")
        assert numbering in json.loads(done.files[1].read_text())["Numbering"]
    finer = resample(folders["nilearn"], "fsaverage5", subjects_dir=nilearns)
    assert "numbering" not in write_resampled(tmp_path / "finer", finer, folders["nilearn"])


def test_values_go_on_no_surface_of_the_other_numbering(
    folders: dict[str, Path], freesurfers: Path, nilearns: Path, tmp_path: Path
) -> None:
    refusal = "its vertices of fsaverage3 are .*, but those of .* are .*: the values would lie at wrong places"
    for name, other, own in (("freesurfer", nilearns, freesurfers), ("nilearn", freesurfers, nilearns)):
        for method in ("inverse-distance", "barycentric"):
            with pytest.raises(MeshError, match=refusal):
                resample(folders[name], "fsaverage4", method=method, subjects_dir=other)
        for form, options in (("nifti", {"resolution": 8}), ("mz3", {"surface": "pial"})):
            with pytest.raises(MeshError, match=refusal):
                export(folders[name], form, tmp_path / "out", subjects_dir=other, **options)
            assert not (tmp_path / "out").exists()
            export(folders[name], form, tmp_path / f"{name}.{form}", subjects_dir=own, **options)


def test_a_parcellation_is_cut_short_for_one_numbering_alone(folders: dict[str, Path]) -> None:
    cut = Parcellation("areas", ("front",), np.zeros(2 * 642, int), is_cut=True)
    assert roi(folders["nilearn"], cut).warnings == ()
    with pytest.raises(ParcellationError, match="not the first ones of the finer mesh of areas"):
        roi(folders["freesurfer"], cut)
    (said,) = roi(np.zeros((2, 2 * 642)), cut).warnings
    assert "the vertices of fsaverage3 are taken to be the first of fsaverage5" in said
    whole = Parcellation("areas", ("front",), np.zeros(2 * 642, int))
    assert roi(folders["freesurfer"], whole).warnings == ()
