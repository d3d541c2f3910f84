"""tribe-np evaluate as it is called: folder, tables, JSON, the lag scan, refusals without a trace."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tests.prediction_folders import write_folder
from tribe_np.analysis import evaluate

V, R = 2 * 642, 120  # fsaverage3
PLAIN = ("--no-figure", "--to", "npy", "--tr", 1)


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((R, V)).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path, values: np.ndarray) -> Path:
    return write_folder(tmp_path / "pred", values, {"mesh": "fsaverage3"})


def scan(path: Path, values: np.ndarray, *, late: int = 5, seed: int = 1, noise: float = 1.0) -> Path:
    """What a scanner would measure `late` seconds after the stimulus."""
    made = noise * np.random.default_rng(seed).standard_normal((R + 12, V)).astype(np.float32)
    made[late : late + R] += values
    np.save(path, made)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_folder_holds_what_python_gives(command_here: Command, tmp_path: Path, folder: Path, values) -> None:
    truth, out = scan(tmp_path / "bold.npy", values), tmp_path / "out"
    done = command_here("evaluate", folder, truth, "--out", out, *PLAIN, "--null", "phases", "--surrogates", 50)
    assert done.returncode == 0, done.stderr
    made = evaluate(folder, truth, tr=1.0, null="phases", surrogates=50)
    maps = {path.stem: np.load(path) for path in (out / "npy").glob("*.npy")}
    assert set(maps) == {"r", "mse", "r2", "p", "q", "p_familywise"}
    assert np.array_equal(maps["r"], made.r)
    assert made.null is not None
    assert np.array_equal(maps["p"], made.null.found.p)
    [line] = rows_of(out / "summary.tsv")
    assert (line["subject"], line["rows"], line["truth_rows_dropped"]) == ("subject", str(R), "12")
    assert float(line["mean_r"]) == pytest.approx(made.r.mean(), abs=1e-12)
    assert float(line["p_of_mean_r"]) == pytest.approx(1 / 51)
    assert (line["top1"], line["top1_chance"]) == ("1.0", "1.0"), "one segment of 100 rows: chance is 1"
    record = json.loads((out / "evaluation.json").read_text())
    assert record["maps"]["r"]["mean"] == pytest.approx(made.r.mean(), abs=1e-12)
    assert record["subjects"][0]["runs"][0]["truth"][0]["path"] == str(truth)
    assert record["lag_scan"]["best"] == 0
    lags = {line["lag_s"]: line["mark"] for line in rows_of(out / "lags.tsv")}
    assert len(lags) == 21
    assert lags["0"] == "best, expected"
    assert "best lag +0 s, the expected one" in done.stdout
    again = command_here("evaluate", folder, truth, "--out", out, *PLAIN, "--json", "--quiet")
    assert json.loads(again.stdout)["hemodynamic_offset"] == 5, "its own is replaced"
    assert not (out / "npy" / "p.npy").exists()


@pytest.mark.parametrize(
    ("late", "options", "best", "hint"),
    [
        (0, [], -5, "That is the offset of 5 s the other way: the truth seems to stand at stimulus time already"),
        (10, [], 5, "Do both begin at the same time"),
        (5, ["--truth-aligned"], 5, "the truth seems to be in scan time"),
        (5, [], 0, ""),
        (0, ["--truth-aligned"], 0, ""),
    ],
)
def test_a_wrong_shift_is_seen(
    command_here: Command, tmp_path: Path, folder, values, late, options, best, hint
) -> None:
    truth = scan(tmp_path / "bold.npy", values, late=late)
    done = command_here("evaluate", folder, truth, "--out", tmp_path / "out", *PLAIN, *options)
    assert done.returncode == 0, done.stderr
    assert f"best lag {best:+d} s, " in done.stdout
    assert ("warning: lag scan" in done.stderr) == bool(best)
    assert hint in done.stderr


def test_a_table_of_subjects_with_repetitions(command_here: Command, tmp_path: Path, folder, values) -> None:
    lines = ["subject\trun\tfile"]
    for subject in range(3):
        for run in range(2):
            name = f"s{subject}-{run}.npy"
            scan(tmp_path / name, values, seed=10 * subject + run + 1, noise=2.0)
            lines.append(f"s{subject}\t{run}\t{name}")
    (tmp_path / "truth.tsv").write_text("\n".join(lines) + "\n")
    done = command_here("evaluate", folder, tmp_path / "truth.tsv", "--out", tmp_path / "out", *PLAIN)
    assert done.returncode == 0, done.stderr
    lines = rows_of(tmp_path / "out" / "summary.tsv")
    assert [(line["subject"], line["run"]) for line in lines] == [
        *((f"s{s}", run) for s in range(3) for run in ("0", "1", "all")), ("mean of subjects", "all"),
    ]  # fmt: skip
    of_one, of_all = lines[2], lines[-1]
    assert float(of_one["mean_r"]) == pytest.approx(5**-0.5, abs=0.02), "signal 1, noise 2"
    assert float(of_one["mean_pairwise_r"]) == pytest.approx(0.2, abs=0.02)
    assert float(of_one["mean_r_of_mean"]) == pytest.approx(3**-0.5, abs=0.02), "noise 2 of two: variance 2"
    assert float(of_all["mean_r_normalised"]) == pytest.approx(1, abs=0.05), "the prediction is the signal"
    assert float(of_all["mean_r_group"]) == pytest.approx((1 / (1 + 4 / 6)) ** 0.5, abs=0.02)
    assert of_all["share_of_subjects_below"] == "1.0"
    assert {"r_s0", "r_group", "ceiling", "r_normalised"} <= {p.stem for p in (tmp_path / "out" / "npy").iterdir()}
    assert "3 of 3 below the prediction" in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tr", 1.49], "1.49 s between rows, the prediction 1 s"),
        (["--start", 5000], "no row in common"),
        (["--offset", 5], "states its offset, 5 s; --offset (offset) gives it twice"),
        (["--truth-aligned", "--offset", 5], "the offset is given twice"),
        (["--null", "shifts", "--null-seconds", 10], "--null-seconds must be from 30 to 3600 seconds"),
        (["--null", "shifts", "--null-seconds", 60], "shifts of 60 s leave 1 surrogates"),
        (["--threshold", 0], "--threshold must be above 0 and at most 1"),
        (["--null", "phase"], "invalid choice: 'phase'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(command_here: Command, tmp_path: Path, folder, values, options, said):
    truth = scan(tmp_path / "bold.npy", values)
    done = command_here("evaluate", folder, truth, "--out", tmp_path / "out", "--no-figure", *options)
    assert said in refused(done)
    assert not (tmp_path / "out").exists()


def test_inputs_are_not_replaced(command_here: Command, tmp_path: Path, folder, values) -> None:
    place = tmp_path / "data"
    place.mkdir()
    truth = scan(place / "bold.npy", values)
    (tmp_path / "t.tsv").write_text("subject\tfile\ns\tdata/bold.npy\n")
    for given in (truth, tmp_path / "t.tsv"):
        assert "the folder holds other files" in refused(
            command_here("evaluate", folder, given, "--out", place, *PLAIN)
        )
    inside = command_here("evaluate", folder, truth, "--out", folder / "out", *PLAIN)
    assert f"is inside the predictions {folder}" in refused(inside)
    other = command_here("evaluate", folder, tmp_path / "gone.npy", "--out", tmp_path / "out")
    assert "gone.npy: cannot be read: No such file" in refused(other)
    np.save(tmp_path / "fs5.npy", np.zeros((R, 20484), np.float32))
    other = command_here("evaluate", folder, tmp_path / "fs5.npy", "--out", tmp_path / "out")
    assert "expected rows of the 1284 vertices of fsaverage3" in refused(other)


@pytest.mark.extras
def test_figures_are_drawn_where_the_surface_is_at_hand(command_here: Command, tmp_path: Path, folder, values) -> None:
    truth = scan(tmp_path / "bold.npy", values)
    done = command_here("evaluate", folder, truth, "--out", tmp_path / "out", "--to", "npy", "--tr", 1)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "lags.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "out" / "figure.png").is_file() != ("no figure.png" in done.stderr)
