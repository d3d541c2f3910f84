"""tribe-np resample: a whole prediction folder on another mesh, which other commands take."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tests.cortex.icospheres import write_meshes
from tests.prediction_folders import write_folder
from tribe_np.cli.parser import command_parser
from tribe_np.cortex.meshes.resampling import METHODS, resample
from tribe_np.cortex.series import as_series
from tribe_np.outputs.resampled_folder import write_resampled


@pytest.fixture(scope="module")
def meshes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_meshes(tmp_path_factory.mktemp("subjects"))


@pytest.fixture(scope="module")
def predictions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three rows on fsaverage5, in the files of a prediction folder."""
    run = {
        "shape": [3, 20484], "options": {"regions": [], "vertices": None}, "warnings": ["as it was"],
        "summary": "clip -> 3 rows",
    }  # fmt: skip
    values = np.random.default_rng(0).normal(size=(3, 20484))
    folder = write_folder(tmp_path_factory.mktemp("run") / "predictions", values, run)
    (folder / "transcript.json").write_text("{}")
    (folder / "trials.tsv").write_text("onset\tduration\ttrial_type\n0\t2\ta\n")
    return folder


def test_a_whole_folder_is_written(command_here: Command, predictions: Path, meshes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = command_here("resample", predictions, "--to", "fsaverage4", "--out", out, "--subjects-dir", meshes)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"wrote {out}: 3 rows x 5124 vertices of fsaverage4 (subsample)\n"
    assert done.stderr == ""
    found, source = np.load(out / "predictions.npy"), np.load(predictions / "predictions.npy")
    np.testing.assert_array_equal(found, np.hstack([source[:, :2562], source[:, 10242 : 10242 + 2562]]))
    assert found.dtype == np.float32
    for name in ("segments.json", "events.tsv", "trials.tsv", "transcript.json"):
        assert (out / name).read_bytes() == (predictions / name).read_bytes()
    run = json.loads((out / "run.json").read_text())
    assert (run["mesh"], run["shape"], run["hemodynamic_offset"]) == ("fsaverage4", [3, 5124], 5.0)
    assert run["summary"] == "clip -> 3 rows; resampled from fsaverage5 to fsaverage4"
    record = run["resampled"]
    assert (record["from"], record["to"], record["method"]) == ("fsaverage5", "fsaverage4", "subsample")
    assert record["nesting"]["proven"] is True
    assert len(record["meshes"]) == 4
    assert all(len(digest) == 64 for digest in record["meshes"].values())
    assert record["source"]["path"] == str(predictions)
    assert as_series(out).mesh == "fsaverage4"


def test_a_resampled_folder_is_resampled_again(
    command_here: Command, predictions: Path, meshes: Path, tmp_path: Path
) -> None:
    common = ("--subjects-dir", meshes)
    command_here("resample", predictions, "--to", "fsaverage4", "--out", tmp_path / "four", *common)
    done = command_here(
        "resample", tmp_path / "four", "--to", "fsaverage5", "--out", tmp_path / "five", "--json", *common
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["method"], told["shape"]) == ("inverse-distance", [3, 20484])
    assert told["before"]["method"] == "subsample"
    assert as_series(tmp_path / "five").values.shape == (3, 20484)


def test_a_selection_stays_one(command_here: Command, predictions: Path, meshes: Path, tmp_path: Path) -> None:
    part = tmp_path / "part"
    shutil.copytree(predictions, part)
    chosen = np.arange(100, 9000, 3)
    np.save(part / "predictions.npy", np.load(predictions / "predictions.npy")[:, chosen])
    run = json.loads((part / "run.json").read_text())
    run["options"] = {"regions": ["V1"], "vertices": chosen.tolist()}
    (part / "run.json").write_text(json.dumps(run))
    done = command_here("resample", part, "--to", "fsaverage4", "--out", tmp_path / "out", "--subjects-dir", meshes)
    assert done.returncode == 0, done.stderr
    kept = chosen[chosen < 2562]
    assert f"warning: only {len(chosen)} vertices of fsaverage5 were computed" in done.stderr
    assert f"the {len(kept)} vertices of fsaverage4" in done.stderr
    found = as_series(tmp_path / "out")
    np.testing.assert_array_equal(found.vertices, kept)
    np.testing.assert_array_equal(found.values, np.load(part / "predictions.npy")[:, chosen < 2562])
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert run["options"]["regions"] == ["V1"]
    assert run["warnings"][0] == "as it was"
    assert run["warnings"][1].startswith("only")


def test_labels(command_here: Command, predictions: Path, meshes: Path, tmp_path: Path) -> None:
    given = ("--to", "fsaverage4", "--subjects-dir", meshes, "--method", "inverse-distance", "--labels")
    assert "labels must be whole numbers" in refused(
        command_here("resample", predictions, "--out", tmp_path / "o", *given)
    )
    folder = tmp_path / "labels"
    shutil.copytree(predictions, folder)
    np.save(folder / "predictions.npy", np.rint(np.load(predictions / "predictions.npy") * 2))
    done = command_here("resample", folder, "--out", tmp_path / "out", *given)
    assert done.returncode == 0, done.stderr
    assert "(inverse-distance, of labels)" in done.stdout
    assert set(np.unique(np.load(tmp_path / "out" / "predictions.npy"))) <= set(range(-12, 12))


def test_what_cannot_be_done_is_refused_and_nothing_written(
    command_here: Command, predictions: Path, meshes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"

    def line(*given: object) -> str:
        said = refused(command_here("resample", *given, "--subjects-dir", meshes))
        assert not out.exists()
        return said

    start = (predictions, "--out", out, "--to")
    assert "the values are on fsaverage5 already" in line(*start, "fsaverage5")
    assert "did you mean fsaverage4" in line(*start, "fsavrage4")
    assert "fsLR-32k needs its sphere registered to fsaverage" in line(*start, "fsLR-32k")
    assert "is finer than fsaverage5" in line(*start, "fsaverage6", "--method", "subsample")
    assert "not a prediction folder" in line(tmp_path, "--out", out, "--to", "fsaverage4")
    said = refused(command_here("resample", predictions, "--out", predictions, "--to", "fsaverage4"))
    assert "the folder holds other files" in said
    assert sorted(path.name for path in predictions.iterdir()) == [
        "events.tsv", "predictions.npy", "run.json", "segments.json", "transcript.json", "trials.tsv",
    ]  # fmt: skip
    spoilt = tmp_path / "spoilt"
    shutil.copytree(meshes, spoilt)
    sphere = spoilt / "fsaverage4" / "surf" / "lh.sphere"
    sphere.write_bytes(sphere.read_bytes()[:1000])
    said = refused(command_here("resample", *start, "fsaverage4", "--subjects-dir", spoilt))
    assert "lh.sphere: truncated or damaged" in said
    assert not out.exists()


def test_the_result_replaces_only_its_own(
    command_here: Command, predictions: Path, meshes: Path, tmp_path: Path
) -> None:
    given = ("resample", predictions, "--out", tmp_path / "out", "--subjects-dir", meshes, "--to")
    assert command_here(*given, "fsaverage4").returncode == 0
    assert command_here(*given, "fsaverage3").returncode == 0
    assert as_series(tmp_path / "out").mesh == "fsaverage3"
    (tmp_path / "out" / "notes.txt").write_text("mine")
    assert "notes.txt" in refused(command_here(*given, "fsaverage4"))


def test_the_library_and_the_command_agree(predictions: Path, meshes: Path, tmp_path: Path) -> None:
    made = resample(predictions, "fsaverage4", subjects_dir=meshes)
    run = write_resampled(tmp_path / "out", made, predictions)
    assert run["resampled"]["warnings"] == []
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "predictions.npy"), made.values)


def test_the_help_names_every_method() -> None:
    (option,) = (a for a in command_parser("resample")._actions if "--method" in a.option_strings)
    assert tuple(option.choices or ()) == METHODS
