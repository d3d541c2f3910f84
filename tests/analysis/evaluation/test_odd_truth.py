"""What laboratories give by mistake: what is said of it, and that no digit is lost of what is unusual but right."""

import numpy as np
import pytest
from scipy.stats import pearsonr

from tribe_np.analysis import evaluate
from tribe_np.analysis.evaluation.evaluation_text import evaluation_lines
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import MeasurementError

V, R, OFFSET = 1284, 60, 5


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((R, V)).astype(np.float32)


@pytest.fixture
def prediction(values: np.ndarray) -> SurfaceSeries:
    return SurfaceSeries(values, "fsaverage3", np.arange(float(R)), 1.0, float(OFFSET))


@pytest.fixture
def bold(values: np.ndarray) -> np.ndarray:
    """Measured in scan time: what is predicted, 5 s later, and noise."""
    made = np.random.default_rng(1).standard_normal((R + 8, V))
    made[OFFSET : OFFSET + R] += values
    return made


def said(prediction: SurfaceSeries, truth: object, words: str, **options: object) -> list[str]:
    made = evaluate(prediction, truth, parcellation=False, **options)
    return [warning for warning in made.warnings if words in warning]


@pytest.mark.parametrize("start", [0.0, 0.25])
@pytest.mark.parametrize("level", [0, 10**9])
def test_no_digit_is_lost_of_what_float32_cannot_hold(prediction, bold, values, level: int, start: float) -> None:
    whole = np.round(bold * 100).astype(np.int64) + level
    for truth in (whole, whole.astype(np.float64)):
        options = {"null": "phases", "surrogates": 20, "parcellation": False, "start": start}
        made = evaluate(prediction, truth, **options)
        for vertex in (0, V - 1):
            course = (whole[:, vertex] - level).astype(float)
            measured = np.interp(np.arange(R) + OFFSET + start, np.arange(len(course)), course)
            expected = pearsonr(values[:, vertex].astype(float), measured).statistic
            assert made.r[vertex] == pytest.approx(expected, abs=1e-9)
            assert made.null.found.r[vertex] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("truth", [{}, {"s": []}, [], None, [np.zeros((9, V))] * 2, object()])
def test_what_is_no_run_is_refused(prediction, truth: object) -> None:
    with pytest.raises(MeasurementError, match=r"holds no run|expected one file or folder, the files of two hemisph"):
        evaluate(prediction, truth)


@pytest.mark.parametrize(
    ("change", "words"),
    [(np.transpose, "the other way round: transpose it"), (lambda bold: bold[:, : V // 2], "that is one hemisphere")],
)
def test_a_likely_mistake_of_shape_is_named(prediction, bold, change, words: str) -> None:
    with pytest.raises(MeasurementError, match=words):
        evaluate(prediction, change(bold))


def test_swapped_hemispheres_are_seen(prediction, bold) -> None:
    words = "with the hemispheres of the truth swapped"
    assert len(said(prediction, np.roll(bold, V // 2, axis=1), words)) == 1
    assert said(prediction, bold, words) == []
    for seed in range(20):
        noise = np.random.default_rng(seed).standard_normal(bold.shape)
        assert said(prediction, noise, words) == []


def test_rows_of_padding_and_before_steady_state_are_said(prediction, bold) -> None:
    assert said(prediction, bold, "at every vertex") == []
    assert said(prediction, bold, "far from all others") == []
    padded = bold.copy()
    padded[-8:] = 0
    [warning] = said(prediction, padded, "0 at every vertex")
    assert warning.startswith("the truth: 5 of 60 rows are 0 at every vertex"), "of the rows that are used"
    early = bold + 1000
    early[:OFFSET] += 4000  # rows that the prediction does not have say nothing
    assert said(prediction, early, "far from all others") == []
    early[OFFSET : OFFSET + 2] += [[400], [100]]
    [warning] = said(prediction, early, "far from all others")
    assert "2 of 60 rows" in warning
    assert "second 0 of the stimulus" in warning


def test_what_cannot_be_told_of_one_subject_is_said(prediction, bold) -> None:
    lines = evaluation_lines(evaluate(prediction, bold, parcellation=False))
    assert "no group predictivity: that takes two subjects or more" in lines
    assert "no ceiling: that takes a stimulus that one subject saw twice or more" in lines


def test_a_scan_of_one_lag(prediction, bold) -> None:
    made = evaluate(prediction, bold, reach=0.5, parcellation=False)
    assert made.lags.lags.tolist() == [0.0]
    assert made.lags.is_expected
