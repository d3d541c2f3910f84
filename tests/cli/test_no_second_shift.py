"""An impulse at second 7 of the stimulus through every command on an experiment: nothing is shifted a second time.

Row t of a prediction describes second t of what is shown and estimates the BOLD of second t + 5. So the trial of second
7 gets the impulse everywhere, and 12 s stands only where a column or an option says that it is the time of the BOLD.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.analysis.contrasts.made_experiments import N, write_experiment
from tests.cli.test_contrast import write_parcels
from tribe_np.cli.main import main

AT, INSIDE = 7, 100  # the second of the impulse, in the first hundred vertices
TRIALS = (2, 6, 7, 8, 12)  # its second, those beside it, and those that a shift of 5 s would take for it
HAIR = 1e-6  # by which rows of predict begin before their second


@pytest.fixture
def made(tmp_path: Path) -> Path:
    values = np.zeros((20, N))
    values[AT, :INSIDE] = 1
    return write(tmp_path / "made", values)


def write(folder: Path, values: np.ndarray) -> Path:
    trials = [(second, 1, f"at{second}", "run-1", "") for second in TRIALS]
    return write_experiment(folder, values, trials, starts=(np.arange(len(values)) - HAIR).tolist())


def run(*arguments: object) -> None:
    assert main([str(argument) for argument in arguments]) == 0


def effects(made: Path, out: Path, *options: object) -> dict[int, float]:
    """The effect inside of each trial against 0, and 0 outside."""
    formulas = [f"at{second}" for second in TRIALS]
    run("contrast", made, *formulas, "--out", out, "--to", "npy", *options)
    maps = {second: np.load(out / f"at{second}" / "npy" / "effect.npy") for second in TRIALS}
    for each in maps.values():
        np.testing.assert_allclose(each[INSIDE:], 0, atol=1e-9)
        assert np.ptp(each[:INSIDE]) < 1e-9
    return {second: float(each[0]) for second, each in maps.items()}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))


@pytest.mark.parametrize(("delay", "gets_it"), [(0, 7), (5, 2), (-1, 8)])
def test_contrast_of_trials(made: Path, tmp_path: Path, delay: int, gets_it: int) -> None:
    found = effects(made, tmp_path / "out", "--delay", delay)
    assert found == {second: float(second == gets_it) for second in TRIALS}
    record = json.loads((tmp_path / "out" / "at7" / "contrast.json").read_text())
    assert (record["delay"], record["hemodynamic_offset"]) == (delay, 5)


def test_time_courses(made: Path, tmp_path: Path) -> None:
    parcels = write_parcels(tmp_path / "parcels.csv", N)
    run("contrast", made, "at7 - at2", "--out", tmp_path / "out", "--fir", 6, "--parcellation", parcels, "--to", "npy")
    peaks = {
        row["condition"]: float(row["offset"])
        for row in rows_of(tmp_path / "out" / "fir.tsv")
        if row["region"] == "one" and row["mean"] == "1.0"
    }
    assert peaks == {f"at{second}": AT - second for second in TRIALS}


@pytest.mark.extras
def test_glm(made: Path, tmp_path: Path) -> None:
    found = effects(made, tmp_path / "out", "--glm")
    assert found == pytest.approx({second: float(second == AT) for second in TRIALS}, abs=1e-9)


@pytest.mark.extras
def test_glm_with_a_response_counts_the_delay_once(tmp_path: Path) -> None:
    """Rows that hold the BOLD of second t + 5 of a response to the trial of second 7."""
    from nilearn.glm.first_level import compute_regressor

    values = np.zeros((40, N))
    values[:, :INSIDE] = compute_regressor(np.array([[AT], [1], [1]]), "glover", np.arange(40) - HAIR + 5)[0]
    found = effects(write(tmp_path / "made", values), tmp_path / "out", "--glm", "--hrf", "glover")
    assert found == pytest.approx({second: float(second == AT) for second in TRIALS}, abs=1e-4)


def test_roi(made: Path, tmp_path: Path) -> None:
    parcels, out = write_parcels(tmp_path / "parcels.csv", N), tmp_path / "regions.tsv"
    run("roi", made, "--parcellation", parcels, "--out", out)
    (row,) = [row for row in rows_of(out) if float(row["one"]) == 1]
    assert (float(row["start"]), float(row["bold_time"])) == pytest.approx((AT, AT + 5), abs=2 * HAIR)


@pytest.mark.parametrize(("times", "second"), [(None, AT), ("bold", AT + 5)])
def test_export(made: Path, tmp_path: Path, times: str | None, second: int) -> None:
    import nibabel

    parcels = write_parcels(tmp_path / "parcels.csv", N)
    for name in ("npz", "gifti", "csv"):
        options = [*(["--times", times] if times else []), *(["--parcellation", parcels] if name == "csv" else [])]
        run("export", made, "--to", name, "--out", tmp_path / name, *options)
    at = {}
    (archive,) = (tmp_path / "npz").glob("*.npz")
    with np.load(archive) as arrays:
        (values,) = [arrays[name] for name in arrays.files if arrays[name].shape == (20, N)]
        at["npz"] = json.loads(archive.with_suffix(".json").read_text())["RowTimes"][int(values[:, 0].argmax())]
    left = next((tmp_path / "gifti").glob("lh.*.gii"))
    number = int(np.argmax([array.data[0] for array in nibabel.load(left).darrays]))
    facts = json.loads((left.parent / (left.name.removesuffix(".func.gii") + ".json")).read_text())
    at["gifti"] = facts["StartTime"] + number * facts["RepetitionTime"]
    table = next((tmp_path / "csv").glob("*.csv"))
    (row,) = [row for row in rows_of(table) if float(row["one"]) == 1]
    assert (float(row["start"]), float(row["bold_time"])) == pytest.approx((AT, AT + 5), abs=2 * HAIR)
    assert at == pytest.approx(dict.fromkeys(at, second), abs=2 * HAIR)
    assert facts["HemodynamicOffset"] == 5


@pytest.mark.parametrize(
    ("second", "axis", "options"),
    [
        (AT + 5, None, []), (AT, None, ["--truth-aligned"]), (AT + 8, None, ["--start", 3]), (AT + 5, "scan", []),
        (AT, "stimulus", []), (AT, "stimulus", ["--truth-aligned"]),
    ],
)  # fmt: skip
def test_evaluate(made: Path, tmp_path: Path, second: int, axis: str | None, options: list[object]) -> None:
    truth = np.zeros((36, N), np.float32)
    truth[second, :INSIDE] = 1
    path = tmp_path / "bold.npy"
    if axis is not None:
        path = tmp_path / "measured"
        path.mkdir()
        told = {"mesh": "fsaverage3", "tr": 1.0, "start": 0.0, "time_axis": axis}
        told["hemodynamic_offset"] = 5.0 if axis == "stimulus" else 0.0
        (path / "run.json").write_text(json.dumps(told))
    np.save(path if axis is None else path / "bold.npy", truth)
    run("evaluate", made, path, "--out", tmp_path / "out", "--to", "npy", "--no-figure", *options)
    r = np.load(tmp_path / "out" / "npy" / "r.npy")
    assert r[:INSIDE] == pytest.approx(1)
    assert np.isnan(r[INSIDE:]).all()
    assert not np.load(tmp_path / "out" / "npy" / "mse.npy").any()
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text())["lag_scan"]["best"] == 0
