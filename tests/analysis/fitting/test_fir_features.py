"""Lags: an impulse in the features comes back as the response, at its lag after the offset, once and in its run."""

import numpy as np
import pytest
from scipy.signal import lfilter

from tools.reference.linear_fits import DELAYS, LENGTHS, WIDE, lagged, made_rows
from tribe_np.analysis.fitting.contiguous_folds import contiguous_folds
from tribe_np.analysis.fitting.fir_features import ColumnScale, delayed_kernel, delayed_rows, row_delays
from tribe_np.analysis.fitting.normal_equations import FitRun
from tribe_np.analysis.fitting.ridge import ridge
from tribe_np.errors import ConfigError, ShapeError

OFFSET = 5.0  # seconds: row t is the BOLD of t + 5


@pytest.mark.parametrize("delays", [DELAYS, (0,), (-2, 5, 100), (-100, 1)])
def test_delayed_rows_are_the_definition(delays: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.reference.linear_fits.DELAYS", delays)
    rows = made_rows(WIDE)
    for band in rows.bands:
        ours = np.concatenate([delayed_rows(run, delays) for run in rows.split(band)])
        np.testing.assert_array_equal(ours, lagged(band))


def test_kernels_with_lags_are_products_of_rows_with_lags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tribe_np.analysis.fitting.fir_features.FEATURES_AT_ONCE", 7)
    rows, others = made_rows(WIDE), made_rows(WIDE, seed=9)
    for band, other in zip(rows.bands, others.bands, strict=True):
        expected = lagged(band) @ lagged(band).T
        np.testing.assert_allclose(delayed_kernel(rows.split(band), None, DELAYS), expected, rtol=0, atol=1e-10)
        across = delayed_kernel([other[:70], other[70:120]], rows.split(band), DELAYS)
        np.testing.assert_allclose(across, lagged(other)[:120] @ lagged(band).T, rtol=0, atol=1e-10)
    with pytest.raises(ShapeError, match="different features"):
        delayed_kernel([rows.bands[0]], [rows.bands[1]], DELAYS)


@pytest.mark.parametrize("true_lag", [2, 5, 9])
def test_an_impulse_through_the_fit_stands_at_its_lag(true_lag: int) -> None:
    """Stimulus second s makes BOLD at s + lag; measured rows are aligned once, at t + 5, as everything here is."""
    random = np.random.default_rng(0)
    seconds = 400
    feature = lfilter([1], [1, -0.7], random.normal(size=(seconds, 1)), axis=0)
    scan = np.zeros((seconds + 30, 1))
    scan[true_lag : true_lag + seconds] += feature  # at scan time
    aligned = scan[int(OFFSET) : int(OFFSET) + seconds]  # row t is the BOLD of t + 5
    lags = list(range(11))
    delays = row_delays(lags, tr=1.0, hemodynamic_offset=OFFSET)
    fit = ridge(
        [FitRun("run-1", delayed_rows(feature, delays), aligned.astype(np.float32))],
        contiguous_folds([seconds], 4, gap=10), penalties=[1e-3],
    )  # fmt: skip
    assert lags[int(np.abs(fit.weights[:, 0]).argmax())] == true_lag
    np.testing.assert_allclose(fit.weights[:, 0], np.eye(11)[true_lag], rtol=0, atol=1e-2)


def test_delays_of_lags() -> None:
    assert row_delays([0, 5, 9], tr=1.0, hemodynamic_offset=5.0) == (-5, 0, 4)
    assert row_delays([2, 4, 6, 8], tr=2.0, hemodynamic_offset=4.0) == (-1, 0, 1, 2)
    assert row_delays([1.5, 3.0], tr=1.5, hemodynamic_offset=0.0) == (1, 2)


@pytest.mark.parametrize(
    ("lags", "tr", "said"),
    [
        ([2.5], 1.0, "a lag of 2.5 s is no whole number of rows of 1 s from the offset of 5 s"),
        ([2, 4], 2.0, "a lag of 2 s is no whole number of .* such as 1 3 5 7 9 "),
        ([-1], 1.0, "a lag of -1 s"),
        ([float("nan")], 1.0, "a lag of nan s"),
        ([], 1.0, "expected one lag"),
        ([2, 2], 1.0, "different ones"),
    ],
)
def test_lags_that_cannot_be(lags: list[float], tr: float, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        row_delays(lags, tr=tr, hemodynamic_offset=OFFSET)


def test_features_are_scaled_by_all_rows_of_the_fit() -> None:
    rows = made_rows(WIDE)
    band = (rows.bands[1] * 100 + 1e4).astype(np.float32)
    band[:, 3] = 0.1  # never varies: its sum in float64 leaves a trace of rounding
    runs = np.split(band, np.cumsum(LENGTHS)[:-1])
    scale = ColumnScale.of(runs, [np.arange(len(run)) for run in runs])
    wide = band.astype(np.float64)
    expected = (wide - wide.mean(axis=0)) / np.where(np.arange(band.shape[1]) == 3, 1, wide.std(axis=0))
    found = np.concatenate([scale.applied(run) for run in runs])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert np.abs(found[:, 3]).max() < 1e-6


def test_rows_that_are_kept_out_have_no_part_in_the_scale() -> None:
    run = np.random.default_rng(3).normal(size=(60, 4)).astype(np.float32)
    other = run.copy()
    other[40:] = 1e3
    kept = np.arange(5, 40)
    one, two = (ColumnScale.of([rows], [kept]) for rows in (run, other))
    np.testing.assert_array_equal(one.mean, two.mean)
    np.testing.assert_allclose(one.deviation, run[5:40].std(axis=0, dtype=np.float64), rtol=1e-6)
