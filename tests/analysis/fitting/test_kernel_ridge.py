"""Banded ridge in both forms, against himalaya and each other; lags against a filter that is known."""

from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tools.places import GOLDEN
from tools.reference.linear_fits import (
    CASES,
    DELAYS,
    KERNEL_PENALTIES,
    NARROW,
    PENALTIES,
    WIDE,
    MadeRows,
    folds_of,
    made_rows,
    shares_tried,
)
from tribe_np.analysis.fitting.banded_ridge import banded_ridge, random_shares
from tribe_np.analysis.fitting.contiguous_folds import contiguous_folds
from tribe_np.analysis.fitting.fir_features import delayed_kernel
from tribe_np.analysis.fitting.kernel_ridge import KernelFit, kernel_ridge
from tribe_np.analysis.fitting.ridge import ridge
from tribe_np.errors import ConfigError, NotFiniteError, ShapeError, TribeError

TIE = 1e-8
"""Of scores: himalaya adds 1e-10 times the logarithm of the penalty, which prefers the larger of two equal ones."""


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(load_file(GOLDEN / "linear_fits.safetensors"))


@pytest.mark.parametrize("case", CASES)
def test_shares_are_chosen_as_himalaya_chooses_them(case: str, golden: dict[str, np.ndarray]) -> None:
    found = banded_ridge(
        made_rows(NARROW).runs(), folds_of(case), NARROW, shares=shares_tried(), penalties=PENALTIES,
        score=CASES[case]["score"], columns_at_once=7,
    )  # fmt: skip
    deltas = np.log(found.shares / found.penalty)
    np.testing.assert_allclose(deltas, golden[f"{case}.banded.deltas"], rtol=0, atol=1e-12)
    assert len({tuple(column) for column in found.shares.T}) > 2
    np.testing.assert_allclose(found.weights, golden[f"{case}.banded.weights"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.intercept, golden[f"{case}.banded.intercept"], rtol=1e-11)
    np.testing.assert_allclose(found.score, golden[f"{case}.banded.score"], rtol=0, atol=TIE)


def wide_kernels(rows: MadeRows) -> list[np.ndarray]:
    return [delayed_kernel(rows.split(band), None, DELAYS) for band in rows.bands]


@pytest.mark.parametrize("case", CASES)
def test_lagged_kernels_give_himalayas_fit(case: str, golden: dict[str, np.ndarray]) -> None:
    rows = made_rows(WIDE, seed=1)
    found = kernel_ridge(
        wide_kernels(rows), rows.split(rows.measured), folds_of(case), shares=shares_tried(),
        penalties=KERNEL_PENALTIES, score=CASES[case]["score"], columns_at_once=7,
    )  # fmt: skip
    deltas = np.log(found.shares / found.penalty)
    np.testing.assert_allclose(deltas, golden[f"{case}.kernel.deltas"], rtol=0, atol=1e-12)
    theirs = golden[f"{case}.kernel.dual"]  # times the penalty
    np.testing.assert_allclose(found.dual * found.penalty, theirs, rtol=0, atol=1e-9 * np.abs(theirs).max())
    np.testing.assert_allclose(found.intercept, golden[f"{case}.kernel.intercept"], rtol=1e-9)
    np.testing.assert_allclose(found.score, golden[f"{case}.kernel.score"], rtol=0, atol=TIE)


def both_forms(penalties: object) -> tuple[Any, KernelFit, MadeRows]:
    rows = made_rows(NARROW)
    options: dict[str, Any] = {"shares": shares_tried(), "penalties": penalties}
    primal = banded_ridge(rows.runs(), folds_of("gap"), NARROW, **options)
    kernels = [band @ band.T for band in rows.bands]
    return primal, kernel_ridge(kernels, rows.split(rows.measured), folds_of("gap"), **options), rows


def test_both_forms_are_one_fit() -> None:
    primal, dual, rows = both_forms(KERNEL_PENALTIES)
    np.testing.assert_array_equal(dual.penalty, primal.penalty)
    np.testing.assert_array_equal(dual.shares, primal.shares)
    np.testing.assert_allclose(dual.score, primal.score, rtol=0, atol=1e-10)
    np.testing.assert_allclose(dual.cv_scores, primal.cv_scores, rtol=0, atol=1e-9)
    weights = np.concatenate([dual.weights(band, i) for i, band in enumerate(rows.bands)])
    np.testing.assert_allclose(weights, primal.weights, rtol=0, atol=1e-8)
    fresh = made_rows(NARROW, seed=8)
    across = [new @ old.T for new, old in zip(fresh.bands, rows.bands, strict=True)]
    expected = primal.predict(np.concatenate(fresh.bands, axis=1))
    np.testing.assert_allclose(dual.predict(across), expected, rtol=0, atol=1e-7)


def test_other_rows_are_predicted_without_keeping_weights() -> None:
    _, dual, rows = both_forms(KERNEL_PENALTIES)
    kernels, fresh = [band @ band.T for band in rows.bands], made_rows(NARROW, seed=8)
    across = [new @ old.T for new, old in zip(fresh.bands, rows.bands, strict=True)]
    found = kernel_ridge(
        kernels, rows.split(rows.measured), folds_of("gap"), shares=shares_tried(), penalties=KERNEL_PENALTIES,
        beside=across, columns_at_once=7,
    )  # fmt: skip
    assert found.predicted is not None
    assert (found.dual.shape[0], found.predicted.dtype) == (0, np.float32)
    expected = dual.predict(across)
    np.testing.assert_allclose(found.predicted, expected, rtol=0, atol=3e-7 * np.abs(expected).max())
    np.testing.assert_array_equal(found.score, dual.score)
    np.testing.assert_allclose(found.intercept, dual.intercept, rtol=1e-12)


def test_one_band_is_ridge() -> None:
    rows = made_rows(NARROW)
    plain = ridge(rows.runs(), folds_of("runs"), penalties=KERNEL_PENALTIES)
    one = banded_ridge(rows.runs(), folds_of("runs"), [sum(NARROW)], shares=np.ones((1, 1)), penalties=KERNEL_PENALTIES)
    np.testing.assert_array_equal(one.weights, plain.weights)
    x = np.concatenate(rows.bands, axis=1)
    kernel = kernel_ridge([x @ x.T], rows.split(rows.measured), folds_of("runs"), penalties=KERNEL_PENALTIES)
    np.testing.assert_allclose(kernel.weights(x), plain.weights, rtol=0, atol=1e-8)


def test_the_bands_that_matter_are_found() -> None:
    """Two groups of vertices listen to one band each; banded ridge beats one penalty for all, and says which band."""
    random = np.random.default_rng(2)
    widths, n = (40, 40, 40), 400
    x = random.normal(size=(n, sum(widths)))
    head = np.zeros((sum(widths), 40))
    head[:40, :20], head[80:, 20:] = random.normal(size=(40, 20)), random.normal(size=(40, 20))
    y = (x @ head + 8 * random.normal(size=(n, 40))).astype(np.float32)
    runs = [made_run(x[:300], y[:300])]
    folds = contiguous_folds([300], 5)
    banded = banded_ridge(runs, folds, widths, n_shares=30, seed=4)
    assert (banded.shares[:, :20].argmax(axis=0) == 0).all()
    assert (banded.shares[:, 20:].argmax(axis=0) == 2).all()

    def mean_r(fit: Any) -> float:
        predicted = fit.predict(x[300:])
        return float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(predicted.T, y[300:].T, strict=True)]))

    assert mean_r(banded) > mean_r(ridge(runs, folds)) + 0.03


def made_run(x: np.ndarray, y: np.ndarray) -> Any:
    from tribe_np.analysis.fitting.normal_equations import FitRun

    return FitRun("run-1", x, y)


def test_columns_with_nan_are_dropped_and_counted_in_rows_too() -> None:
    rows = made_rows(WIDE, seed=1)
    plain = kernel_ridge(wide_kernels(rows), rows.split(rows.measured), folds_of("runs"), penalties=PENALTIES)
    rows.measured[3, 4], rows.measured[:, 11] = np.nan, 4.25
    found = kernel_ridge(
        wide_kernels(rows), rows.split(rows.measured), folds_of("runs"), penalties=PENALTIES, dtype=np.float32
    )
    assert (found.n_not_finite, found.n_constant, found.dual.dtype) == (1, 1, np.float32)
    assert np.isnan(found.dual[:, 4]).all()
    assert np.isnan(found.intercept[4])
    assert (found.dual[:, 11] == 0).all()
    assert found.intercept[11] == 4.25
    others = np.setdiff1d(np.arange(24), [4, 11])
    np.testing.assert_allclose(found.dual[:, others], plain.dual[:, others], rtol=1e-5, atol=1e-6)


def test_random_shares_are_seeded_and_begin_with_equal_ones() -> None:
    shares = random_shares(3, 50, seed=3)
    np.testing.assert_array_equal(shares, random_shares(3, 50, seed=3))
    assert not np.array_equal(shares, random_shares(3, 50, seed=4))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_array_equal(shares[0], [1 / 3] * 3)
    assert (shares.max(axis=1) > 0.95).sum() > 5  # near a corner


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"widths": (8, 5)}, ShapeError, r"have \[8, 5\] predictors, but the rows have 20"),
        ({"widths": (20, 0)}, ShapeError, "but the rows have 20"),
        ({"shares": np.ones((2, 2))}, ShapeError, r"3 bands need shares of shape \(n, 3\)"),
        ({"shares": np.array([[1, -1, 1.0]])}, ConfigError, "0 or more, and not all 0"),
        ({"n_shares": 0}, ConfigError, "one choice of shares at least"),
    ],
)
def test_bands_that_cannot_be(options: dict[str, Any], kind: type[TribeError], said: str) -> None:
    with pytest.raises(kind, match=said):
        banded_ridge(**{"runs": made_rows(NARROW).runs(), "folds": folds_of("runs"), "widths": NARROW} | options)


def test_kernels_that_cannot_be() -> None:
    rows = made_rows(NARROW)
    measured = rows.split(rows.measured)
    whole = np.concatenate(rows.bands, axis=1)
    kernel = whole @ whole.T
    with pytest.raises(ShapeError, match=r"203 rows need kernels of shape \(203, 203\), one a band, got \(200, 203\)"):
        kernel_ridge([kernel[:200]], measured, folds_of("runs"))
    with pytest.raises(NotFiniteError, match="band 1 is NaN"):
        kernel_ridge([kernel, kernel * np.nan], measured, folds_of("runs"))
    with pytest.raises(ConfigError, match=r"fold 1 of 3: a penalty of 0 is lost in the rounding of products of 133"):
        kernel_ridge([kernel], measured, folds_of("runs"), penalties=[0])
