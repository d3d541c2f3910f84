"""evaluate(): scores against scipy, rows and columns that are left out, times that contradict each other."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr

from tests.prediction_folders import write_folder
from tribe_np.analysis import evaluate
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError, MeasurementError

V, R = 1284, 40
RUN = {"mesh": "fsaverage3"}


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((R, V)).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path, values: np.ndarray) -> Path:
    return write_folder(tmp_path / "pred", values, RUN)


def scan(values: np.ndarray, *, noise: float = 1.0, offset: int = 5, more: int = 8, seed: int = 1) -> np.ndarray:
    """What a scanner would measure: the prediction, later, with noise."""
    rng = np.random.default_rng(seed)
    made = rng.standard_normal((len(values) + more, values.shape[1])).astype(np.float32) * noise
    made[offset : offset + len(values)] += values
    return made


def test_scores_are_scipys(folder: Path, values: np.ndarray) -> None:
    truth = scan(values)
    made = evaluate(folder, truth, parcellation=False)
    for vertex in (0, 7, V - 1):
        column = truth[5 : 5 + R, vertex].astype(float)
        assert made.r[vertex] == pytest.approx(pearsonr(values[:, vertex].astype(float), column).statistic, abs=1e-9)
        assert made.mse[vertex] == pytest.approx(((values[:, vertex] - column) ** 2).mean(), rel=1e-6)
    [one] = made.subjects
    assert (one.n_rows, one.runs[0].rows.n_dropped_truth) == (R, 8)


@pytest.mark.parametrize("shift", [0, 4, 6])
def test_only_the_offset_shifts(folder: Path, values: np.ndarray, shift: int) -> None:
    assert evaluate(folder, scan(values, noise=0), parcellation=False).r == pytest.approx(1, abs=1e-6)
    assert np.abs(evaluate(folder, scan(values, noise=0, offset=shift), parcellation=False).r).mean() < 0.3


def test_aligned_truth_is_read_where_it_stands(folder: Path, values: np.ndarray) -> None:
    assert evaluate(folder, values, aligned=True, parcellation=False).r == pytest.approx(1, abs=1e-6)


def test_when_the_stimulus_began_in_the_scan(folder: Path, values: np.ndarray) -> None:
    late = np.concatenate([np.zeros((6, V), np.float32), scan(values, noise=0)])
    assert evaluate(folder, late, start=6.0, parcellation=False).r == pytest.approx(1, abs=1e-6)


def test_what_has_no_score_is_nan_and_counted(folder: Path, values: np.ndarray) -> None:
    truth = scan(values)
    truth[:, 3], truth[20, 4], truth[9] = 7, np.nan, np.nan
    made = evaluate(folder, truth, parcellation=False)
    assert np.flatnonzero(np.isnan(made.r)).tolist() == [3, 4]
    assert np.flatnonzero(np.isnan(made.mse)).tolist() == [4]
    assert made.subjects[0].n_rows == R - 1
    for words in ("does not change at 1 of 1284", "in some row at 1 of 1284", "1 of 48 rows have no value"):
        assert any(words in warning for warning in made.warnings), words


def test_a_subjects_runs_are_pooled_and_subjects_averaged(tmp_path: Path, values: np.ndarray) -> None:
    folder = write_folder(
        tmp_path / "two", np.concatenate([values, values[::-1]]), RUN, starts=[*range(R), *range(R)],
        timelines=["a"] * R + ["b"] * R,
    )  # fmt: skip
    one, two = scan(values, seed=1), scan(values[::-1], seed=2)
    made = evaluate(folder, {"s1": {"a": one, "b": two}, "s2": {"b": two}}, parcellation=False)
    both = np.concatenate([one[5 : 5 + R], two[5 : 5 + R]])[:, 2].astype(float)
    told = np.concatenate([values, values[::-1]])[:, 2].astype(float)
    first, second = (subject.scores.r for subject in made.subjects)
    assert first[2] == pytest.approx(pearsonr(told, both).statistic, abs=1e-9)
    assert made.r == pytest.approx((first + second) / 2, abs=1e-12)
    assert made.timelines == ["a", "b"]
    with pytest.raises(ConfigError, match="has 2 timelines"):
        evaluate(folder, one, parcellation=False)
    with pytest.raises(MeasurementError, match="'c' is no timeline of the prediction, which has a, b"):
        evaluate(folder, {"s1": {"c": one}}, parcellation=False)


def test_an_array_states_no_offset(values: np.ndarray) -> None:
    truth = scan(values, noise=0, offset=4)
    made = evaluate(values, truth, parcellation=False)
    assert any("states no offset; truth is read 5 s later" in warning for warning in made.warnings)
    made = evaluate(values, truth, offset=4.0, parcellation=False)
    assert made.r == pytest.approx(1, abs=1e-6)
    assert not any("states no offset" in warning for warning in made.warnings)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"offset": 5.0}, "states its offset, 5 s"),
        ({"offset": 5.0, "aligned": True}, "gives it twice|given twice"),
        ({"aligned": True, "start": 3.0}, "--start .* rows that are aligned are in no scan's time"),
        ({"tr": 0.0}, "--tr must be from 0.05 to 30 seconds"),
        ({"start": float("nan")}, "--start must be a number of seconds"),
    ],
)
def test_times_that_contradict_each_other_are_refused(folder: Path, values: np.ndarray, options, said) -> None:
    with pytest.raises(ConfigError, match=said):
        evaluate(folder, scan(values), **options)


@pytest.mark.parametrize(
    ("truth", "options", "said"),
    [
        (np.zeros((50, V)), {"tr": 1.49}, "1.49 s between rows, the prediction 1 s"),
        (np.zeros((50, 5124)), {}, r"has shape \(50, 5124\), expected rows of the 1284 vertices of fsaverage3"),
        (np.zeros((50, V)), {"start": 900.0}, "no row in common"),
        (np.full((50, V), np.nan), {}, "every value is NaN"),
        (np.zeros((7, V)), {}, "has 2 rows that the prediction has too, expected at least 3"),
        (np.zeros((50, V, 2)), {}, "expected numbers of shape"),
        (np.zeros((50, V), complex), {}, "expected numbers of shape"),
    ],
)
def test_truth_that_does_not_fit_is_refused(folder: Path, truth, options, said) -> None:
    with pytest.raises(MeasurementError, match=said):
        evaluate(folder, truth, parcellation=False, **options)


def test_rows_shifted_by_another_offset_are_refused(folder: Path, values: np.ndarray) -> None:
    shifted = SurfaceSeries(values, "fsaverage3", np.arange(float(R)), 1.0, 4.0, run={"time_axis": "stimulus"})
    with pytest.raises(MeasurementError, match="was shifted by 4 s, the prediction's offset is 5 s"):
        evaluate(folder, shifted)
