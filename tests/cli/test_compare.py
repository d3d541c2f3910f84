"""tribe-np compare as it is called: files, tables, JSON, pictures, refusals without a trace."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tests.prediction_folders import write_folder
from tribe_np.analysis import compare

N = 2 * 642  # fsaverage3
TABLES = {"stimuli.tsv", "regions.tsv", "pairs.tsv", "pairs_by_region.tsv", "similarity.tsv", "nearest.tsv"}


def predictions(folder: Path, *seeds: int, **run: Any) -> list[Path]:
    made = []
    for seed in seeds:
        values = np.random.default_rng(seed).standard_normal((6 + seed, N))
        made.append(write_folder(folder / f"film{seed}", values, {"mesh": "fsaverage3", "units": "z", **run}))
    return made


def table(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file, delimiter="\t"))


def test_tables_hold_what_python_gives(command_here: Command, tmp_path: Path) -> None:
    films, out = predictions(tmp_path, 1, 2, 3), tmp_path / "out"
    done = command_here("compare", *films, "--out", out, "--rsa", "--no-figure", "--baseline", "mean", "--nearest", 1)
    assert done.returncode == 0
    assert {path.name for path in out.iterdir()} == {*TABLES, "rsa.tsv", "comparison.json", ".tribe-np.json"}
    made = compare(films, rsa=True, baseline="mean", nearest=1)
    header, *rows = table(out / "similarity.tsv")
    assert header == ["stimulus", "film1", "film2", "film3"]
    np.testing.assert_allclose(np.array([row[1:] for row in rows], float), made.similarity, atol=1e-8)
    header, *rows = table(out / "pairs_by_region.tsv")
    assert len(rows) == 3 * len(made.entries)
    assert rows[1][:3] == ["cortex", "film1", "film3"]
    assert float(rows[1][3]) == pytest.approx(made.differences(0, 2)[0], abs=1e-8)
    assert float(rows[1][4]) == pytest.approx(made.correlations[0, 0, 2], abs=1e-8)
    record = json.loads((out / "comparison.json").read_text())
    np.testing.assert_allclose(record["rsa"], made.rsa, atol=1e-9)
    np.testing.assert_allclose(record["means"], made.means, atol=1e-9)
    assert "most similar" in done.stdout
    assert "regions are left out" in done.stderr
    assert command_here("compare", *films[:2], "--out", out, "--no-figure").returncode == 0, "its own is replaced"
    inside = command_here("compare", *films[:2], "--out", films[0] / "out", "--no-figure")
    assert f"is inside the predictions {films[0]}" in refused(inside)


def test_json_and_quiet(command_here: Command, tmp_path: Path) -> None:
    films = predictions(tmp_path, 1, 2)
    done = command_here("compare", *films, "--out", tmp_path / "out", "--no-figure", "--json", "--quiet")
    record = json.loads(done.stdout)
    assert [stimulus["name"] for stimulus in record["stimuli"]] == ["film1", "film2"]
    assert record["alignment"]["meaning"] == "row by row over the first 7 s of each stimulus, from its first row on"
    assert record["stimuli"][0]["padding_of_last_window"] == 0.93


@pytest.mark.extras
def test_the_heat_map(command_here: Command, tmp_path: Path) -> None:
    films, out = predictions(tmp_path, 1, 2), tmp_path / "out"
    done = command_here("compare", *films, "--out", out, "--rsa")
    assert done.returncode == 0, done.stderr
    assert (out / "similarity.png").read_bytes().startswith(b"\x89PNG")
    assert "difference of the means (first - second): " in done.stdout


def test_two_rows_have_no_correlation(command_here: Command, tmp_path: Path) -> None:
    run = {"mesh": "fsaverage3"}
    films = [write_folder(tmp_path / name, np.random.default_rng(2).random((2, N)), run) for name in "ab"]
    done = command_here("compare", *films, "--out", tmp_path / "out", "--no-figure")
    assert "correlation over time of the cortex's mean: n/a (2 of 3 moments it needs)" in done.stdout
    assert table(tmp_path / "out" / "pairs.tsv")[1][-1] == "NaN"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["film1"], "at least two stimuli, beside a baseline, got 1"),
        (["film1", "gone"], "gone: not a prediction folder"),
        (["film1", "other"], "film1 and other differ in the checkpoint: aaaaaaaaaaaa and bbbbbbbbbbbb"),
        (["film1", "film2", "--baseline", "gone"], "gone: not a prediction folder"),
        (["film1", "film2", "--align", "rows"], "invalid choice: 'rows'"),
        (["film1", "film2", "--nearest", "0"], "nearest must be a whole number from 1 on"),
        (["film1", "film2", "--names", "a"], "1 names are given for 2 predictions"),
        (["film1", "film2", "--parcellation", "nowhere"], "nowhere"),
        (["film1", "film2::x"], "film2: has no timeline 'x'; it has t"),
    ],
)
def test_one_line_and_nothing_written(
    command_here: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    predictions(tmp_path, 1, 2, checkpoint={"sha256": "a" * 64})
    predictions(tmp_path / "x", 3, checkpoint={"sha256": "b" * 64})[0].rename(tmp_path / "other")
    monkeypatch.chdir(tmp_path)
    done = command_here("compare", *arguments, "--out", "out", "--no-figure")
    assert said in refused(done)
    assert not (tmp_path / "out").exists()


def test_a_result_never_replaces_a_prediction(command_here: Command, tmp_path: Path) -> None:
    films = predictions(tmp_path, 1, 2)
    done = command_here("compare", f"{films[0]}::t", films[1], "--out", films[0], "--no-figure")
    assert "film1" in refused(done)
    assert (films[0] / "predictions.npy").is_file()
