"""Scores from blocks: as NumPy and scipy give them from whole columns, with digits kept, and NaN where none is."""

import tracemalloc

import numpy as np
import pytest
from scipy import stats

from tribe_np.analysis.evaluation.running_scores import TILE_COLUMNS, RunningScores, summarise_map
from tribe_np.errors import ShapeError


def pair(rows: int = 60, columns: int = 7, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A prediction and a truth that share something."""
    random = np.random.default_rng(seed)
    truth = random.normal(size=(rows, columns)).astype(np.float32)
    prediction = (0.4 * truth + random.normal(0.2, 1, size=(rows, columns))).astype(np.float32)
    return prediction, truth


def scored(prediction: np.ndarray, truth: np.ndarray, cuts: list[int] | None = None) -> RunningScores:
    """Scores of blocks that end at the cuts."""
    found = RunningScores(truth.shape[1])
    for p, t in zip(np.split(prediction, cuts or []), np.split(truth, cuts or []), strict=True):
        found.add(p, t)
    return found


@pytest.mark.parametrize("cuts", [[], [1], [59], [20, 20, 40], list(range(1, 60))])
def test_blocks_of_any_size_give_what_scipy_gives_of_columns(cuts: list[int]) -> None:
    prediction, truth = pair(columns=TILE_COLUMNS + 3)
    found = scored(prediction, truth, cuts)
    x, y = prediction.astype(np.float64), truth.astype(np.float64)
    expected = [stats.pearsonr(a, b).statistic for a, b in zip(x.T, y.T, strict=True)]  # scipy 1.13 takes no axis
    np.testing.assert_allclose(found.r, expected, atol=1e-13, rtol=0)
    np.testing.assert_allclose(found.mse, ((x - y) ** 2).mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(found.r2, 1 - ((x - y) ** 2).sum(0) / ((y - y.mean(0)) ** 2).sum(0), atol=1e-12, rtol=0)
    assert found.n == 60


@pytest.mark.parametrize("offset", [1e4, 1e8, 1e12])
def test_a_large_offset_loses_no_digit(offset: float) -> None:
    random = np.random.default_rng(3)
    steps = random.integers(-8, 9, size=(2, 90, 5)).astype(np.float64)  # exact beside the offset
    steps[0] += steps[1]
    plain = scored(steps[0], steps[1], [7, 30])
    moved = scored(steps[0] + offset, steps[1] - 3 * offset, [7, 30])
    np.testing.assert_allclose(moved.r, plain.r, atol=1e-14, rtol=0)
    np.testing.assert_allclose(scored(steps[0] + offset, steps[1] + offset, [7, 30]).r2, plain.r2, atol=1e-13, rtol=0)


def test_an_outlier_in_the_first_row_loses_no_digit() -> None:
    prediction, truth = (values.astype(np.float64) for values in pair(rows=90))
    prediction[0] += 1e7  # about the first row, squares of 1e14 would leave two digits
    whole = [stats.pearsonr(prediction[1:, i], truth[1:, i]).statistic for i in range(7)]
    rest = scored(prediction[1:], truth[1:], [11])
    np.testing.assert_allclose(rest.r, whole, atol=1e-13, rtol=0)
    x, y = (values.astype(np.longdouble) - values.mean(axis=0) for values in (prediction, truth))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    exact = (x * y).sum(0) / np.sqrt((x**2).sum(0) * (y**2).sum(0))
    np.testing.assert_allclose(scored(prediction, truth, [11]).r, exact.astype(np.float64), atol=1e-13, rtol=0)


def test_runs_merge_as_if_they_had_been_one() -> None:
    prediction, truth = pair()
    truth[:, 2] = np.repeat([1, 5], 30)  # constant in each half, not over both
    truth[:, 3] = 7
    one, first, second = (
        scored(prediction, truth),
        *(scored(prediction[h], truth[h]) for h in (slice(30), slice(30, 60))),
    )
    assert np.isnan(first.r[2])
    assert np.isnan(second.r[2])
    empty = RunningScores(7)
    empty.merge(first)
    empty.merge(RunningScores(7))
    empty.merge(second)
    for name in ("r", "mse", "r2"):
        np.testing.assert_allclose(getattr(empty, name), getattr(one, name), atol=1e-13, rtol=0)
    assert empty.counts == one.counts
    assert np.isfinite(empty.r[2])
    assert np.isnan(empty.r[3])


def test_a_constant_has_no_r_and_is_counted() -> None:
    prediction, truth = (values.astype(np.float64) for values in pair(rows=57))
    truth[:, 1] = 0.1  # the mean of 20 is not 0.1: a variance would be there, of rounding
    prediction[:, 2] = 1e7 / 3
    truth[:, 3] = prediction[:, 3] = 0.3
    assert truth[:20, 1].mean() != 0.1
    assert prediction[:20, 2].mean() != prediction[0, 2]
    found = scored(prediction, truth, [20])
    assert np.flatnonzero(np.isnan(found.r)).tolist() == [1, 2, 3]
    assert np.flatnonzero(np.isnan(found.r2)).tolist() == [1, 3]  # a constant prediction has an R2
    assert np.isfinite(found.mse).all()
    assert (found.counts["constant_truth"], found.counts["constant_prediction"]) == (2, 2)
    assert found.counts["columns_with_r"] == 4


def test_a_column_that_is_not_finite_has_no_score() -> None:
    prediction, truth = pair()
    truth[40, 1], truth[0, 2], prediction[10, 3] = np.nan, np.inf, np.nan
    truth[:, 4] = np.nan
    found, plain = scored(prediction, truth, [30]), scored(*pair(), [30])
    for score in (found.r, found.mse, found.r2):
        assert np.flatnonzero(np.isnan(score)).tolist() == [1, 2, 3, 4]
    assert (found.counts["truth_not_finite"], found.counts["prediction_not_finite"]) == (3, 1)
    np.testing.assert_array_equal(found.r[[0, 5, 6]], plain.r[[0, 5, 6]])


def test_a_row_without_truth_is_left_out() -> None:
    prediction, truth = pair()
    truth[[3, 29, 30]] = np.nan  # censored volumes
    kept = np.setdiff1d(np.arange(60), [3, 29, 30])
    found = scored(prediction, truth, [30])
    np.testing.assert_allclose(found.r, scored(prediction[kept], truth[kept]).r, atol=1e-13, rtol=0)
    assert (found.n, found.n_missing_rows) == (57, 3)


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_rows_have_no_r(rows: int) -> None:
    prediction, truth = pair()
    found = scored(prediction[:rows], truth[:rows])
    assert np.isnan(found.r).all()
    assert np.isnan(found.r2).all()
    assert np.isnan(found.mse).all() == (rows == 0)


def test_r_stays_within_its_bounds() -> None:
    _, truth = pair(rows=1000)
    found = scored(truth * 3 - 5, truth, [100])
    assert (np.abs(found.r) <= 1).all()
    np.testing.assert_allclose(found.r, 1, atol=1e-6)  # float32's 3 x - 5
    np.testing.assert_allclose(scored(-truth, truth).r, -1, atol=1e-15, rtol=0)


def test_other_shapes_are_refused() -> None:
    found = RunningScores(3)
    with pytest.raises(ShapeError, match=r"expected prediction and truth of \(rows, 3\), got \(4, 3\) and \(5, 3\)"):
        found.add(np.zeros((4, 3)), np.zeros((5, 3)))
    with pytest.raises(ShapeError, match="4 columns with those of 3"):
        found.merge(RunningScores(4))


def test_more_rows_take_no_more_memory() -> None:
    prediction, truth = pair(rows=64, columns=4000)

    def peak(blocks: int) -> int:
        tracemalloc.start()
        found = RunningScores(4000)
        for _ in range(blocks):
            found.add(prediction, truth)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(20) < 1.1 * peak(2)


def test_a_map_is_told_by_its_finite_values() -> None:
    values = np.append(np.random.default_rng(1).normal(0.1, 0.2, 501), [np.nan, np.nan, np.inf])
    found = summarise_map(values, (0.05, 0.5, 0.95))
    known = values[:501]
    assert (found.n, found.n_nan) == (501, 3)
    assert found.mean == pytest.approx(known.mean())
    assert found.standard_deviation == pytest.approx(known.std())
    assert found.share_above_zero == pytest.approx(np.count_nonzero(known > 0) / 501)
    assert list(found.quantiles) == [0.05, 0.5, 0.95]
    np.testing.assert_allclose(list(found.quantiles.values()), stats.scoreatpercentile(known, [5, 50, 95]))
    assert found.median == found.quantiles[0.5]
    empty = summarise_map(np.full(3, np.nan))
    assert empty.n == 0
    assert np.isnan([empty.mean, *empty.quantiles.values()]).all()
