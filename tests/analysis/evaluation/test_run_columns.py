"""Columns of runs: what is flat, what is missing, and how many at a time."""

import numpy as np
import pytest

from tribe_np.analysis.evaluation.run_columns import alike, column_steps, run_columns
from tribe_np.errors import ShapeError

ALL = slice(None)


def test_what_varies_by_rounding_only_is_flat() -> None:
    values = np.full((1001, 3), 0.1)
    values[:, 1] = 1e9 + 1e-4 * (np.arange(1001) % 2)  # rounding of a large baseline
    values[:, 2] = np.random.default_rng(0).normal(size=1001) * 1e-9  # small, but it varies
    assert (values - values.mean(axis=0))[:, 0].any(), "the mean of equal numbers need not be that number"
    series = run_columns(values, "truth")
    for read in (series.centred(ALL), series.z_scored(ALL)):
        assert np.isnan(read[:, :2]).all()
        assert np.isfinite(read[:, 2]).all()
    assert np.sum(series.centred(ALL)[:, 2] ** 2) == pytest.approx(1)
    assert series.z_scored(ALL)[:, 2].std() == pytest.approx(1)


def test_a_run_that_is_flat_or_holed_leaves_no_z_score_in_any() -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 20, 4))
    other[:, 1] = 3.0
    other[7, 2] = np.nan
    series = run_columns([one, other], "truth")
    scored = series.z_scored(ALL)
    assert np.isnan(scored[:, 1:3]).all()
    assert np.isfinite(scored[:, [0, 3]]).all()
    centred = series.centred(ALL)
    assert np.isnan(centred[:, 2]).all()
    assert np.isfinite(centred[:, 1]).all(), "flat in one run only: the other still tells something"
    assert (series.lengths, series.n_rows, series.n_columns) == ((20, 20), 40, 4)


def test_whole_numbers_are_read_as_they_are() -> None:
    values = np.random.default_rng(0).integers(0, 200, (30, 2)).astype(np.uint8)
    np.testing.assert_array_equal(
        run_columns(values, "truth").z_scored(ALL), run_columns(values.astype(float), "truth").z_scored(ALL)
    )


@pytest.mark.parametrize(("n", "each"), [(1, 10**9), (7, 400_000), (20484, 3600), (5, 0)])
def test_steps_cover_every_column_once(n: int, each: int) -> None:
    steps = list(column_steps(n, each))
    assert np.concatenate([np.arange(n)[one] for one in steps]).tolist() == list(range(n))
    assert all((one.stop - one.start) * each <= 10**6 or one.stop - one.start == 1 for one in steps)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "truth: expected rows x vertices, got no run"),
        (np.zeros((5, 0)), r"truth: expected numbers \(rows, vertices\), got float64 \(5, 0\)"),
        (np.zeros((5, 2, 2)), r"got float64 \(5, 2, 2\)"),
        (np.array([["a", "b"]] * 4), r"got <U1 \(4, 2\)"),
        ("file.npy", r"got str \(\)"),
        ([np.zeros((5, 2)), np.zeros((5, 3))], "truth: expected 2 vertices in every run, got 3"),
        (np.zeros((2, 5)), "at least 3 rows, got one of 2"),
    ],
)
def test_what_is_no_series_is_refused(given: object, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        run_columns(given, "truth")
    with pytest.raises(ShapeError, match=message):
        alike([given, np.zeros((5, 2))], ["truth", "other"])
