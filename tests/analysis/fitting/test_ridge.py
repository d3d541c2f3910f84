"""Ridge by streaming sums: scikit-learn's and himalaya's numbers, a known head found again, and odd columns told."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from scipy.signal import lfilter

from tools.places import GOLDEN
from tools.reference.linear_fits import CASES, LENGTHS, NARROW, PENALTIES, folds_of, made_rows
from tribe_np.analysis.fitting import normal_equations
from tribe_np.analysis.fitting.contiguous_folds import contiguous_folds
from tribe_np.analysis.fitting.normal_equations import FitRun
from tribe_np.analysis.fitting.ridge import ridge
from tribe_np.errors import ConfigError, NotFiniteError, ShapeError, TribeError

TOLERANCE = 1e-10
"""Of weights of size 1 in float64; intercepts stand at 1,000. The libraries take a singular value decomposition."""
TIE = 1e-8
"""Of scores: himalaya adds 1e-10 times the logarithm of the penalty, which prefers the larger of two equal ones."""


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(load_file(GOLDEN / "linear_fits.safetensors"))


@pytest.mark.parametrize("number", range(len(PENALTIES)))
def test_one_penalty_is_scikit_learns_ridge(number: int, golden: dict[str, np.ndarray]) -> None:
    rows = made_rows(NARROW)
    found = ridge(rows.runs(), folds_of("blocks"), penalties=PENALTIES[number], columns_at_once=7)
    np.testing.assert_allclose(found.weights, golden[f"sklearn.{number}.weights"], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(found.intercept, golden[f"sklearn.{number}.intercept"], rtol=1e-12)
    np.testing.assert_array_equal(found.penalty, PENALTIES[number])


@pytest.mark.parametrize("case", CASES)
def test_penalties_are_chosen_as_himalaya_chooses_them(case: str, golden: dict[str, np.ndarray]) -> None:
    found = ridge(
        made_rows(NARROW).runs(), folds_of(case), penalties=PENALTIES, score=CASES[case]["score"], columns_at_once=10
    )
    expected = {name: golden[f"{case}.ridge.{name}"] for name in ("penalty", "weights", "score", "intercept")}
    np.testing.assert_allclose(found.penalty, expected["penalty"], rtol=1e-12)
    assert len(set(found.penalty)) > 2
    np.testing.assert_allclose(found.weights, expected["weights"], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(found.intercept, expected["intercept"], rtol=1e-12)
    np.testing.assert_allclose(found.score, expected["score"], rtol=0, atol=TIE)


def test_scores_are_those_of_rows_that_were_held_out() -> None:
    """The definition, row by row: fit on the other rows, predict, 1 - error over variance, mean over folds."""
    rows, penalty = made_rows(NARROW), 30.0
    x, y = np.concatenate(rows.bands, axis=1), rows.measured.astype(np.float64)
    r2, r = [], []
    for fold in folds_of("gap"):
        trained, held = fold.rows(LENGTHS)
        mx, my = x[trained].mean(axis=0), y[trained].mean(axis=0)
        gram = (x[trained] - mx).T @ (x[trained] - mx) + penalty * np.eye(x.shape[1])
        predicted = (x[held] - mx) @ np.linalg.solve(gram, (x[trained] - mx).T @ (y[trained] - my)) + my
        about = y[held] - y[held].mean(axis=0)
        r2.append(1 - ((y[held] - predicted) ** 2).sum(axis=0) / (about**2).sum(axis=0))
        r.append([np.corrcoef(a, b)[0, 1] for a, b in zip(predicted.T, y[held].T, strict=True)])
    for score, expected in (("r2", r2), ("r", r)):
        found = ridge(rows.runs(), folds_of("gap"), penalties=[penalty], score=score)
        np.testing.assert_allclose(found.score, np.mean(expected, axis=0), rtol=0, atol=1e-10)
        np.testing.assert_array_equal(found.cv_scores[0], found.score)


def subject(n_columns: int, noise: float, n_rows: int = 900, n_runs: int = 3, seed: int = 3) -> tuple[Any, ...]:
    """Runs of a person whose head and noise are known; the states before the head change slowly, as a film's do."""
    random = np.random.default_rng(seed)
    states = lfilter([1], [1, -0.8], random.normal(size=(n_rows, 16)), axis=0)
    head = random.normal(size=(16, n_columns))
    signal = states @ head
    level = noise * signal.std(axis=0)
    measured = (signal + level * random.normal(size=signal.shape) + 3).astype(np.float32)
    cut = [i * n_rows // n_runs for i in range(1, n_runs)]
    pairs = zip(np.split(states.astype(np.float32), cut), np.split(measured, cut), strict=True)
    return [FitRun(f"run-{i}", a, b) for i, (a, b) in enumerate(pairs, 1)], head, states, signal, level


def test_a_known_head_is_recovered_as_well_as_its_noise_allows() -> None:
    runs, head, states, signal, level = subject(40, noise=1.0)
    *trained, kept = runs
    found = ridge(trained, contiguous_folds([run.n_rows for run in trained], 4, by="blocks", gap=10))
    x = states[: sum(run.n_rows for run in trained)]
    error_bars = level * np.sqrt(np.diag(np.linalg.inv((x - x.mean(axis=0)).T @ (x - x.mean(axis=0)))))[:, None]
    z = (found.weights - head) / error_bars
    assert abs(z.std() - 1) < 0.15  # the error of least squares, for the penalty is next to nothing here
    assert np.abs(z).max() < 5
    predicted = found.predict(kept.predictors)
    r = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(predicted.T, kept.measured.T, strict=True)])
    ceiling = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(signal[-300:].T, kept.measured.T, strict=True)])
    assert ceiling.mean() == pytest.approx(1 / np.sqrt(2), abs=0.05)  # as much noise as signal
    assert (r > ceiling - 0.05).all()


def test_noisier_vertices_take_larger_penalties() -> None:
    runs, *_ = subject(30, noise=0.2)
    loud, *_ = subject(30, noise=12.0)
    lengths = [run.n_rows for run in runs]
    both = [FitRun(a.name, a.predictors, np.hstack([a.measured, b.measured])) for a, b in zip(runs, loud, strict=True)]
    found = ridge(both, contiguous_folds(lengths, 3))
    assert np.median(found.penalty[30:]) > 10 * np.median(found.penalty[:30])


def test_noise_alone_is_not_predicted() -> None:
    runs, *_ = subject(60, noise=1.0)
    random = np.random.default_rng(1)
    noise = [FitRun(r.name, r.predictors, random.normal(size=r.measured.shape).astype(np.float32)) for r in runs]
    found = ridge(noise, contiguous_folds([r.n_rows for r in runs], 3))
    assert found.score.mean() < 0.01
    assert any("largest penalty" in line for line in found.said)


def test_blocks_of_rows_and_columns_and_files_change_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = made_rows(NARROW)
    whole = ridge(rows.runs(), folds_of("gap"), penalties=PENALTIES, columns_at_once=1000)
    monkeypatch.setattr(normal_equations, "ROWS_AT_ONCE", 13)
    files = []
    for run in rows.runs():
        np.save(tmp_path / f"{run.name}.npy", run.measured)
        files.append(FitRun(run.name, run.predictors, np.load(tmp_path / f"{run.name}.npy", mmap_mode="r")))
    pieces = ridge(files, folds_of("gap"), penalties=PENALTIES, columns_at_once=5)
    np.testing.assert_array_equal(pieces.penalty, whole.penalty)
    np.testing.assert_allclose(pieces.weights, whole.weights, rtol=0, atol=1e-12)
    np.testing.assert_allclose(pieces.score, whole.score, rtol=0, atol=1e-12)


def test_a_scan_far_from_nought_loses_nothing() -> None:
    """Values of a raw scan: 1e5, varying by 1; sums of plain products would keep six digits."""
    rows = made_rows(NARROW)
    near = ridge(rows.runs(), folds_of("blocks"), penalties=PENALTIES)
    moved = [FitRun(r.name, r.predictors + 1e5, r.measured.astype(np.float64) + 1e5) for r in rows.runs()]
    far = ridge(moved, folds_of("blocks"), penalties=PENALTIES)
    np.testing.assert_array_equal(far.penalty, near.penalty)
    np.testing.assert_allclose(far.weights, near.weights, rtol=0, atol=1e-9)


def test_columns_with_nan_are_dropped_and_counted_and_the_others_stay() -> None:
    rows = made_rows(NARROW)
    plain = ridge(rows.runs(), folds_of("blocks"), penalties=PENALTIES, columns_at_once=7)
    rows.measured[3, 4], rows.measured[150, 9], rows.measured[0, 20] = np.nan, np.inf, np.nan
    rows.measured[:, 11] = 4.25
    found = ridge(rows.runs(), folds_of("blocks"), penalties=PENALTIES, columns_at_once=7)
    assert (found.n_not_finite, found.n_constant) == (3, 1)
    assert found.said[0].startswith("3 of 24 measured columns are NaN or infinite in some row: dropped")
    assert found.said[1].startswith("1 of 24 measured columns do not vary")
    for array in (found.weights, found.intercept[None], found.penalty[None], found.score[None]):
        assert np.isnan(array[:, [4, 9, 20]]).all()
    assert (found.weights[:, 11] == 0).all()
    assert found.intercept[11] == 4.25
    assert np.isnan(found.score[11])
    others = np.setdiff1d(np.arange(24), [4, 9, 11, 20])
    np.testing.assert_allclose(found.weights[:, others], plain.weights[:, others], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found.penalty[others], plain.penalty[others])


def test_a_default_penalty_is_found_inside_the_grid() -> None:
    runs, *_ = subject(20, noise=3.0)
    found = ridge(runs, contiguous_folds([r.n_rows for r in runs], 3))
    assert len(found.penalties) == 10
    inside = (found.penalty > found.penalties[0]) & (found.penalty < found.penalties[-1])
    assert inside.mean() > 0.8


def few_rows() -> list[FitRun]:
    rows = made_rows(NARROW)
    return [FitRun("short", np.concatenate(rows.bands, axis=1)[:15], rows.measured[:15])]


def test_too_few_rows_for_a_penalty_is_one_line() -> None:
    with pytest.raises(ConfigError, match=r"fold 1 of 3: 10 rows tell 9 of 20 weights, too few .* penalty of 0; ") as e:
        ridge(few_rows(), contiguous_folds([15], 3), penalties=[0, 10])
    assert "\n" not in str(e.value)
    found = ridge(few_rows(), contiguous_folds([15], 3), penalties=[10])  # a penalty that is one
    assert np.isfinite(found.weights).all()


def test_a_penalty_of_nought_is_least_squares_where_rows_are_enough() -> None:
    rows = made_rows(NARROW)
    found = ridge(rows.runs(), folds_of("runs"), penalties=[0])
    x = np.concatenate(rows.bands, axis=1)
    design = np.column_stack([x, np.ones(len(x))])
    expected = np.linalg.lstsq(design, rows.measured.astype(np.float64), rcond=None)[0]
    np.testing.assert_allclose(found.weights, expected[:-1], rtol=0, atol=1e-10)


def _changed(**options: Any) -> dict[str, Any]:
    return {"runs": made_rows(NARROW).runs(), "folds": folds_of("blocks"), "penalties": PENALTIES} | options


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"penalties": [-1]}, ConfigError, "finite number of 0 or more"),
        ({"penalties": []}, ConfigError, "finite number of 0 or more"),
        ({"penalties": ["much"]}, ConfigError, "penalties must be numbers"),
        ({"score": "mse"}, ConfigError, "chosen by r2 or r, not by 'mse'"),
        ({"runs": []}, ShapeError, "a run of rows at least"),
        ({"runs": [FitRun("a", np.zeros((4, 2)), np.zeros((5, 3)))]}, ShapeError, "'a': 4 rows of predictors, but 5"),
        ({"runs": [FitRun("a", np.zeros(4), np.zeros((4, 3)))]}, ShapeError, "expected predictors"),
        (
            {"runs": [FitRun(n, np.zeros((4, 2)), np.zeros((4, v))) for n, v in (("a", 3), ("b", 2))]},
            ShapeError, "'b': 2 measured columns, but run 'a' has 3",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_fitted(options: dict[str, Any], kind: type[TribeError], said: str) -> None:
    with pytest.raises(kind, match=said):
        ridge(**_changed(**options))


def test_a_predictor_that_is_nan_is_named() -> None:
    runs = made_rows(NARROW).runs()
    runs[1].predictors[31, 2] = np.nan
    with pytest.raises(NotFiniteError, match="run 'run-2', row 31: a predictor is NaN"):
        ridge(runs, folds_of("blocks"), penalties=PENALTIES)
