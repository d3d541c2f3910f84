"""tribe-np modalities: its folder, what it prints, and what it refuses in one line."""

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from tests.cli.conftest import Command
from tribe_np.pipeline.demo import DemoPaths

THREE = ("text", "audio", "video")


@pytest.fixture(scope="module")
def predicted(demo: DemoPaths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prediction of the demo's film with what its cache holds."""
    from tribe_np.cli.main import main

    place = tmp_path_factory.mktemp("predicted")
    assert main(["predict", *map(str, models_of(demo, place)), "--out", str(place / "run"), "--quiet"]) == 0
    return place / "run"


def models_of(demo: DemoPaths, place: Path) -> list[object]:
    return [
        demo.clip, "--transcript", demo.transcript, "--checkpoint", demo.models / "encoder", "--models", demo.models,
        "--cache", place / "cache",
    ]  # fmt: skip


def parcels(path: Path, n: int) -> Path:
    """Two regions of both hemispheres: the first 100 vertices of the left one, and the rest."""
    path.write_text("\n".join(["region"] + ["one"] * 100 + ["two"] * (n - 100)) + "\n")
    return path


def maps_of(folder: Path) -> dict[str, np.ndarray]:
    return {path.stem: np.load(path) for path in (folder / "npy").glob("*.npy")}


@pytest.mark.extras
def test_the_folder(demo: DemoPaths, predicted: Path, tmp_path: Path, command_here: Command) -> None:
    out, place = tmp_path / "out", predicted.parent
    table = parcels(tmp_path / "parcels.csv", 20484)
    done = command_here("modalities", *models_of(demo, place), "--out", out, "--parcellation", table)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir() if not path.name.startswith(".")} == {
        "figure.png", "gifti", "modalities.json", "npy", "regions.tsv",
    }  # fmt: skip
    record = json.loads((out / "modalities.json").read_text())
    assert (record["modalities"], record["absence"]) == (list(THREE), "absent")
    assert len(record["subsets"]) == 8
    assert record["random_weights"]
    assert record["truth"] is None
    maps, predictions = maps_of(out), np.load(predicted / "predictions.npy")
    assert record["n_rows"] == len(predictions)
    assert set(maps) == {"change", *(f"{k}_{m}" for m in THREE for k in (
        "lost", "alone", "shapley", "share", "mean", "r_alone"))}  # fmt: skip
    np.testing.assert_allclose(sum(maps[f"share_{m}"] for m in THREE), 1, rtol=1e-9)
    together = np.concatenate([maps[f"shapley_{m}"] for m in THREE])
    assert record["rgb"]["full_at"] == pytest.approx(np.percentile(together, 95))
    assert record["rgb"]["colours"] == {"text": "red", "audio": "green", "video": "blue"}
    rows = [line.split("\t") for line in (out / "regions.tsv").read_text().splitlines()]
    one = next(dict(zip(rows[0], row, strict=True)) for row in rows[1:] if row[0] == "one")
    assert (one["hemisphere"], one["n_vertices"], one["n_used"]) == ("left", "100", "100")
    for name in maps:
        assert float(one[name]) == pytest.approx(maps[name][:100].mean(), rel=1e-6), name
    assert one["strongest"] == max(THREE, key=lambda m: maps[f"shapley_{m}"][:100].mean())
    left = nibabel.load(out / "gifti" / "lh.shapley_text.fsaverage5.func.gii").agg_data()
    np.testing.assert_allclose(left, maps["shapley_text"][:10242].astype(np.float32))
    sidecar = json.loads((out / "gifti" / "lh.shapley_text.fsaverage5.json").read_text())
    assert "text: sqrt(mean over rows of its Shapley value^2); absent: its block" in sidecar["Description"]
    said = done.stdout.splitlines()
    assert said[0].startswith(f"absent: {len(predictions)} rows x 20484 columns; means over columns, change ")
    assert said[1].startswith("  text   Shapley ")
    assert "random weights: the numbers mean nothing" in done.stderr


@pytest.mark.extras
def test_a_prediction_folder_stands_for_its_stimulus_models_and_cache(
    predicted: Path, tmp_path: Path, command_here: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tribe_np.cli.modalities._pictures", lambda *_: ({}, []))  # two figures take seconds
    before = sorted(path for path in predicted.parent.rglob("*"))
    done = command_here("modalities", predicted, "--out", tmp_path / "out", "--to", "npy", "--absence", "zeroed",
                        "absent", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    records = json.loads(done.stdout)["contributions"]
    assert [(each["absence"], Path(each["out"]).name) for each in records] == [("zeroed",) * 2, ("absent",) * 2]
    assert all(each["difference_from_the_folder"] < 1e-5 for each in records)
    assert all(
        kind in {"events", "encoder", "total"} or seconds < 0.5 for kind, seconds in records[0]["seconds"].items()
    )
    assert "loading the" not in done.stderr, "features come from the run's cache"
    assert sorted(path for path in predicted.parent.rglob("*")) == before
    zeroed, absent = (maps_of(tmp_path / "out" / name) for name in ("zeroed", "absent"))
    assert set(zeroed) == set(absent)
    assert not np.allclose(zeroed["shapley_text"], absent["shapley_text"])


@pytest.mark.extras
def test_a_dry_run_writes_nothing_and_counts_every_subset(
    demo: DemoPaths, predicted: Path, tmp_path: Path, command_here: Command
) -> None:
    asked = ("--out", tmp_path / "out", "--dry-run")
    done = command_here("modalities", predicted, *asked, "--absence", "absent", "zeroed", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    plain = command_here(
        "predict", *models_of(demo, predicted.parent), "--out", tmp_path / "out", "--dry-run", "--json"
    )
    planned, once = json.loads(done.stdout), json.loads(plain.stdout)
    assert [stage["is_cached"] for stage in planned["stages"]] == [True, True, True, False]
    encoder, predicting = planned["stages"][-1], once["stages"][-1]
    assert encoder["amount"] == f"{predicting['amount']}, 15 times"
    n_rows = len(np.load(predicted / "predictions.npy"))
    assert encoder["n_bytes"] - predicting["n_bytes"] == 7 * n_rows * 20484 * 4, "eight subsets are in memory, not one"
    assert not (tmp_path / "out").exists()
    alone = command_here("modalities", predicted, *asked, "--only", "text")
    assert alone.returncode == 2
    assert "events of text alone" in alone.stderr


@pytest.mark.extras
def test_with_truth(predicted: Path, tmp_path: Path, command_here: Command) -> None:
    predictions = np.load(predicted / "predictions.npy")
    scan = np.random.default_rng(0).normal(size=(len(predictions) + 5, predictions.shape[1])).astype(np.float32)
    scan[5:] += 3 * (predictions - predictions.mean(axis=0)) / predictions.std(axis=0)
    scan[:, 7] = 0
    np.save(tmp_path / "bold.npy", scan)
    done = command_here("modalities", predicted, "--out", tmp_path / "out", "--to", "npy", "--truth",
                        tmp_path / "bold.npy", "--tr", 1)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"1 of {predictions.shape[1]} vertices; they are NaN in the maps of r" in done.stderr
    maps, record = maps_of(tmp_path / "out"), json.loads((tmp_path / "out" / "modalities.json").read_text())
    for v in (0, 1, 20000):
        expected = np.corrcoef(predictions[:, v], scan[5:, v])[0, 1]
        assert maps["r_text+audio+video"][v] == pytest.approx(expected, abs=1e-4)
    assert np.isnan(maps["r_none"]).nonzero()[0].tolist() == [7]
    total = maps["r_text+audio+video"] - maps["r_none"]
    np.testing.assert_allclose(sum(maps[f"r_shapley_{m}"] for m in THREE), total, atol=1e-12)
    assert record["rgb"]["map"] == "r_shapley"
    assert record["truth"]["rows_of_subjects"] == {"subject": len(predictions)}
    assert record["truth"]["rows_dropped"] == {"prediction": 0, "truth": 5}
    assert "  r with the truth: of all " in done.stdout


@pytest.mark.extras
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--truth-aligned"], "--truth-aligned says something of the truth; give --truth FILE too"),
        (["--truth", "gone.npy"], "--truth gone.npy: there is no such file or folder"),
        (["--absence", "gone"], "invalid choice: 'gone'"),
        (["--percentile", "40"], "must be a number above 50 and at most 100, got '40'"),
        (["--only", "text"], "events of text alone; what a modality contributes shows only beside another one"),
        (["--mask", "mask.nii"], "the predictions are of a cortical surface; regions are found by --parcellation"),
    ],
)
def test_refusals(predicted: Path, tmp_path: Path, command_here: Command, arguments: list[Any], message: str) -> None:
    done = command_here("modalities", predicted, "--out", tmp_path / "out", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("tribe-np: ") and "warn" not in line]) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.extras
def test_a_result_never_lies_in_what_it_is_of(predicted: Path, tmp_path: Path, command_here: Command) -> None:
    for out in (predicted, predicted / "contributions"):
        done = command_here("modalities", predicted, "--out", out)
        assert done.returncode == 2, done.stderr
    truth = np.zeros((9, 30), np.float32)
    np.save(tmp_path / "bold.npy", truth)
    done = command_here("modalities", predicted, "--out", tmp_path / "out", "--truth", tmp_path / "bold.npy")
    assert done.returncode == 2
    assert "has shape (9, 30), expected rows of the 20484 vertices of fsaverage5" in done.stderr
    run = json.loads((predicted / "run.json").read_text())
    run["checkpoint"]["path"] = "/gone/encoder"
    other = tmp_path / "other"
    other.mkdir()
    for path in predicted.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    (other / "run.json").write_text(json.dumps(run))
    done = command_here("modalities", other, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert f"{other}: was made with /gone/encoder, which is not there any more" in done.stderr
