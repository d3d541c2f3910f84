"""Lag scans over rows as `align` lays them: an impulse at every lag, the offset done twice and never, TRs, gaps."""

import numpy as np
import pytest

from tribe_np.analysis.evaluation.lag_scan import LagScan, lag_scan, lag_warnings, whole_row_lags
from tribe_np.analysis.evaluation.subject_scores import rows_at_lag
from tribe_np.analysis.evaluation.truth_rows import TruthRun, align
from tribe_np.analysis.evaluation.truth_runs import PairedRun
from tribe_np.cortex.series import SurfaceSeries

V = 1284  # fsaverage3
OFFSET = 5.0


def series_of(values: np.ndarray, tr: float = 1.0) -> SurfaceSeries:
    """A prediction that estimates BOLD 5 s after its rows."""
    return SurfaceSeries(values.astype(np.float32), "fsaverage3", np.arange(len(values)) * tr, tr, OFFSET)


def scan_with(prediction: SurfaceSeries, truth: TruthRun) -> LagScan:
    """As `evaluate` scans."""
    return lag_scan(lambda lag: align(prediction, truth, lag=lag), whole_row_lags(truth.tr))


def courses(rows: int, tr: float, delay: float, noise: float = 0.0) -> np.ndarray:
    """Smooth values at the rows' times, `delay` later."""
    random = np.random.default_rng(0)
    periods, phases = random.uniform(8, 60, (2, 25, V))
    values = np.sin(2 * np.pi * (np.arange(rows) * tr - delay)[:, None, None] / periods + phases).sum(axis=1)
    return (values + noise * np.random.default_rng(1).normal(size=values.shape)).astype(np.float32)


@pytest.mark.parametrize("moved", range(-10, 11, 2))
@pytest.mark.parametrize("is_aligned", [False, True])
def test_an_impulse_is_found_where_it_is(moved: int, is_aligned: bool) -> None:
    values, bold = np.zeros((60, V), np.float32), np.zeros((95, V), np.float32)
    values[30] = 1
    start = -12.0  # the scan began 12 s before the stimulus
    bold[30 + moved + 12 + (0 if is_aligned else 5)] = 1
    found = scan_with(series_of(values), TruthRun("s", "r", bold, 1.0, start, is_aligned))
    assert found.best == moved
    assert found.r_at(moved) == pytest.approx(1, abs=1e-6)
    assert found.is_expected == (moved == 0)
    assert found.is_common


@pytest.mark.parametrize("tr", [1.0, 1.49, 2.0])
@pytest.mark.parametrize(
    ("delay", "is_aligned", "words"),
    [
        (OFFSET, False, None),
        (0.0, True, None),
        (0.0, False, "--truth-aligned"),
        (OFFSET, True, "without --truth-aligned"),
    ],
)
def test_an_offset_done_twice_or_never_is_told(tr: float, delay: float, is_aligned: bool, words: str | None) -> None:
    prediction = series_of(courses(90, tr, 0), tr)
    found = scan_with(prediction, TruthRun("s", "r", courses(120, tr, delay, 2.0), tr, 0.0, is_aligned))
    said = lag_warnings(found, hemodynamic_offset=OFFSET, is_aligned=is_aligned)
    if words is None:
        assert (found.best, said) == (0, [])
    else:
        assert len(said) == 1
        assert words in said[0]
        assert found.peak == pytest.approx(OFFSET if is_aligned else -OFFSET, abs=0.35)


def test_censored_rows_are_left_out_of_every_lag() -> None:
    bold = courses(120, 1.0, OFFSET, 1.0)
    blank = np.zeros(120, bool)
    blank[[50, 51, 70]] = True
    bold[blank] = np.nan
    found = scan_with(series_of(courses(90, 1.0, 0)), TruthRun("s", "r", bold, 1.0, is_blank=blank))
    assert found.best == 0
    assert found.is_common
    gone = {t for lag in range(-10, 11) for t in (50 - 5 - lag, 51 - 5 - lag, 70 - 5 - lag)} | set(range(5))
    assert set(found.rows.tolist()) == {len(set(range(90)) - gone)}


def test_runs_of_one_prediction_are_told_apart() -> None:
    prediction = series_of(courses(90, 1.0, 0))
    truths = [TruthRun(name, "r", courses(120, 1.0, OFFSET + 3, n), 1.0) for name, n in (("a", 0.5), ("b", 2.0))]
    runs = [PairedRun(truth, prediction, "t") for truth in truths]
    found = lag_scan(lambda lag: rows_at_lag(runs, lag), whole_row_lags(1.0))
    assert found.best == 3
    assert set(found.rows.tolist()) == {2 * 85}
    truths[1] = TruthRun("b", "r", truths[1].values[:70], 1.0)  # its rows are fewer: those of the other stay
    runs = [PairedRun(truth, prediction, "t") for truth in truths]
    short = lag_scan(lambda lag: rows_at_lag(runs, lag), whole_row_lags(1.0))
    assert set(short.rows.tolist()) == {85 + 70 - 20}
    assert found.mean_r[13] < scan_with(prediction, truths[0]).mean_r[13]
