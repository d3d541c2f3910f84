"""A checkpoint of the subcortex from the command line: predict, roi, export, info, and what they refuse."""

import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest

from tests.cli.conftest import Command, refused, speechless
from tests.pipeline.mask_case import write_mask_checkpoint
from tools.reference.subcortex import write_atlas
from tribe_np.cortex import as_series, resample
from tribe_np.cortex.subcortex.harvard_oxford import read_atlas, subcortical_mask
from tribe_np.cortex.subcortex.voxel_mask import VoxelMask
from tribe_np.errors import OutputError
from tribe_np.pipeline.demo import DemoPaths

Run = Callable[..., Path]

pytestmark = pytest.mark.extras  # the demo needs ffmpeg


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FSL's folder with a made-up atlas."""
    return write_atlas(tmp_path_factory.mktemp("fsl"))


@pytest.fixture(scope="module")
def mask(atlas: Path) -> VoxelMask:
    return subcortical_mask(read_atlas(atlas))


@pytest.fixture(scope="module")
def checkpoint(demo: DemoPaths, mask: VoxelMask, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mask_checkpoint(tmp_path_factory.mktemp("mask") / "encoder", demo, mask.n_voxels)


@pytest.fixture(autouse=True)
def _places(atlas: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FSLDIR", str(atlas))
    monkeypatch.setenv("NILEARN_DATA", str(tmp_path / "none"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[object, ...], Path]:
    """The folders that were predicted, by their options; "" is where they are."""
    return {("",): tmp_path_factory.mktemp("runs")}


@pytest.fixture
def run(command_here: Command, demo: DemoPaths, checkpoint: Path, sound: Path, runs: dict) -> Run:
    """Predicts the sound with some options into a folder, once."""

    def predict(*options: object) -> Path:
        if options in runs:
            return runs[options]
        out = runs[("",)] / str(len(runs))
        given = ["--no-speech", "--checkpoint", checkpoint, "--models", demo.models, "--quiet", *options]
        done = command_here("predict", sound, "--out", out, *given)
        assert done.returncode == 0, done.stderr
        return runs.setdefault(options, out)

    return predict


def of(folder: Path) -> tuple[np.ndarray, dict]:
    return np.load(folder / "predictions.npy"), json.loads((folder / "run.json").read_text())


def test_a_run_says_its_space_and_its_subject(run: Run, mask: VoxelMask) -> None:
    whole, told = of(run())
    assert whole.shape[1] == mask.n_voxels
    assert told["space"] == {"kind": "mask", "mask": "subcortical", "resolution": 2, "n_outputs": mask.n_voxels}
    assert "mesh" not in told
    assert told["subject"] == {"kind": "average"}
    assert f"x {mask.n_voxels} voxels in" in told["summary"]
    assert any("Frazier" in paper for paper in told["cite"])
    one, told = of(run("--subject", "sub-07"))
    assert told["subject"] == {"kind": "one", "index": 6, "name": "sub-07"}
    assert not np.array_equal(one, whole)
    part, told = of(run("--subject", "6", "--structure", "left thalamus,Amygdala"))
    assert told["subject"]["name"] == "sub-07"
    voxels = np.union1d(mask.voxels_of("Left Thalamus"), mask.voxels_of("Amygdala"))
    assert told["options"]["voxels"] == voxels.tolist()
    assert told["options"]["vertices"] is None
    assert np.sqrt(np.mean((part - one[:, voxels]) ** 2)) <= 1e-6 * np.sqrt(np.mean(one**2))


def test_tables_of_structures(run: Run, command_here: Command, mask: VoxelMask, tmp_path: Path) -> None:
    folder = run()
    values, _ = of(folder)
    done = command_here("roi", folder, "--hemisphere", "separate", "--json")
    told = json.loads(done.stdout)
    assert [entry["region"] for entry in told["regions"]].count("Thalamus") == 2
    assert len(told["regions"]) == 16
    first = next(e for e in told["regions"] if (e["region"], e["hemisphere"]) == ("Thalamus", "left"))
    expected = values[:, mask.voxels_of("Left Thalamus")].astype(float).mean(axis=1)
    np.testing.assert_allclose(first["values"], expected, rtol=1e-12)
    assert first["mean"] == pytest.approx(expected.mean())
    assert sorted(entry["rank"] for entry in told["regions"]) == list(range(1, 17))
    both = json.loads(command_here("roi", folder, "--regions", "Thalamus,Right Caudate", "--json").stdout)["regions"]
    assert [(e["region"], e["hemisphere"]) for e in both] == [("Thalamus", "both"), ("Caudate", "right")]
    assert both[0]["n_vertices"] == len(mask.voxels_of("Thalamus"))
    done = command_here("roi", folder, "--out", tmp_path / "table.tsv")
    assert done.returncode == 0, done.stderr
    header = (tmp_path / "table.tsv").read_text().splitlines()[0].split("\t")
    assert header[:4] == ["start", "bold_time", "Lateral Ventricle", "Thalamus"]
    part = run("--structure", "Thalamus,Left Caudate")
    done = command_here("roi", part)
    assert "were not computed and are left out" in done.stderr
    assert "Caudate (" in done.stderr, "one side alone was computed"


def test_volumes_in_the_space_of_the_mask(run: Run, command_here: Command, mask: VoxelMask, tmp_path: Path) -> None:
    folder = run("--structure", "Thalamus")
    values, told = of(folder)
    done = command_here("export", folder, "--to", "nifti", "--out", tmp_path / "volumes", "--json", "--times", "bold")
    assert done.returncode == 0, done.stderr
    (path, sidecar, inside, _) = map(Path, json.loads(done.stdout)["files"])
    image = nibabel.load(path)
    assert image.shape == (*mask.inside.shape, len(values))
    np.testing.assert_allclose(image.affine, mask.affine)
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (4, 4)
    assert image.header.get_zooms()[3] == told["tr"]
    assert image.header["toffset"] == pytest.approx(told["start_of_row_0"] + told["hemodynamic_offset"])
    voxels = np.asarray(image.dataobj)[mask.inside].T
    computed = mask.voxels_of("Thalamus")
    np.testing.assert_array_equal(voxels[:, computed], values)
    assert np.isnan(np.delete(voxels, computed, axis=1)).all()
    assert (np.asarray(image.dataobj)[~mask.inside] == 0).all()
    np.testing.assert_array_equal(np.asarray(nibabel.load(inside).dataobj), mask.inside)
    facts = json.loads(sidecar.read_text())
    assert facts["Space"] == "MNI152NLin6Asym"
    assert facts["VoxelsNotComputed"] == mask.n_voxels - len(computed)
    assert len(facts["MaskFiles"]) == 2
    done = command_here("export", folder, "--to", "npz", "--out", tmp_path / "arrays")
    assert done.returncode == 0, done.stderr
    arrays = np.load(tmp_path / "arrays" / "predictions.npz")
    np.testing.assert_array_equal(arrays["values"], values)
    assert set(arrays["structures"]) == {"Left Thalamus", "Right Thalamus"}
    assert (mask.inside[tuple(arrays["ijk"].T)]).all()


def test_what_is_only_for_surfaces(run: Run, command_here: Command, atlas: Path, tmp_path: Path) -> None:
    folder = run()
    with pytest.raises(OutputError, match=r"no cortical surface; use `tribe-np export .* --to nifti` .*`tribe-np roi"):
        as_series(folder)
    with pytest.raises(OutputError, match="no cortical surface"):
        resample(folder, to="fsaverage4")
    out = tmp_path / "out"
    for given, message in (
        (("export", folder, "--to", "gifti", "--out", out), "format 'gifti' is not for the voxels of a mask"),
        (("roi", folder, "--parcellation", "hcp-mmp1"), "--parcellation is not for"),
        (("roi", folder, "--network"), "networks are of the cortical surface"),
    ):
        assert message in refused(command_here(*given)), given
        assert not out.exists()
    wrong = write_atlas(tmp_path / "wrong", seed=5)
    for command in (("export", folder, "--to", "nifti", "--out", out), ("roi", folder)):
        assert "a mask of the wrong length" in refused(command_here(*command, "--mask", wrong))
        assert not out.exists()


def test_what_predict_refuses(
    command_here: Command, demo: DemoPaths, checkpoint: Path, sound: Path, tmp_path: Path
) -> None:
    def predict(*options: object, encoder: Path = checkpoint) -> str:
        given = ["--no-speech", "--checkpoint", encoder, "--models", demo.models, *options]
        return refused(command_here("predict", sound, "--out", tmp_path / "out", *given))

    assert "regions such as V1 lie on the cortical surface, but this checkpoint predicts" in predict("--roi", "V1")
    assert "did you mean Thalamus" in predict("--structure", "Thalmus")
    assert "--mask names the file" in predict("--mask", tmp_path)
    assert "the nearest are sub-07, " in predict("--subject", "sub-7")
    assert "an index from 0 to 25" in predict("--subject", "26")
    surface = demo.models / "encoder"
    assert "structure is for a mask, but this checkpoint predicts 20484" in predict("--structure", "A", encoder=surface)
    assert not (tmp_path / "out").exists()


def test_info_tells_columns_and_subjects(
    command_here: Command, checkpoint: Path, demo: DemoPaths, mask: VoxelMask
) -> None:
    lines = command_here("info", checkpoint).stdout.splitlines()
    assert (
        f"columns: {mask.n_voxels} voxels of the subcortical mask (2 mm), in C order of its image (last axis fastest)"
        in lines
    )
    assert "  names: sub-01 (0), sub-02 (1), sub-03 (2), sub-04 (3), ..., sub-26 (25)" in lines
    told = json.loads(command_here("info", checkpoint, "--json").stdout)
    assert told["subjects"]["names"]["sub-26"] == 25
    assert (told["subjects"]["n_subjects"], told["subjects"]["has_average"]) == (26, True)
    told = json.loads(command_here("info", demo.models / "encoder", "--json").stdout)
    assert told["space"] == {"kind": "surface", "mesh": "fsaverage5", "n_outputs": 20484}
    assert told["subjects"] == {
        "n_subjects": 0, "has_average": True, "default": "the average subject", "names": {},
        "table": [{"index": None, "name": None, "study": None, "is_fitted": False}],
    }  # fmt: skip


def test_a_surface_is_still_one(command_here: Command, demo: DemoPaths, sound: Path, tmp_path: Path) -> None:
    done = command_here("predict", sound, "--out", tmp_path / "out", *speechless(demo), "--quiet")
    assert done.returncode == 0, done.stderr
    _, told = of(tmp_path / "out")
    assert told["mesh"] == told["space"]["mesh"] == as_series(tmp_path / "out").mesh == "fsaverage5"
    assert "--mask is not for" in refused(command_here("roi", tmp_path / "out", "--mask", tmp_path))
