"""Cleaning, beside nilearn's signal.clean and by itself."""

import warnings

import numpy as np
import pytest

from tribe_np.cortex.measured import cleaning
from tribe_np.cortex.measured.cleaning import clean
from tribe_np.errors import ConfigError


def series(n: int = 40, n_vertices: int = 30, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 1000 + rng.normal(size=(n, n_vertices)) * 10 + np.arange(n)[:, None] * rng.normal(size=n_vertices)


@pytest.mark.extras
@pytest.mark.parametrize("with_confounds", [False, True])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("detrend", [False, True])
def test_it_is_nilearns(detrend: bool, standardize: bool, with_confounds: bool) -> None:
    from nilearn import signal

    values = series()
    confounds = np.random.default_rng(1).normal(size=(40, 5)) + np.arange(40)[:, None] if with_confounds else None
    if confounds is not None:
        confounds[:, 4] = confounds[:, 0] + confounds[:, 1]  # dependent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = signal.clean(
            values, detrend=detrend, standardize="zscore_sample" if standardize else None, confounds=confounds,
            filter=False, t_r=2.0, ensure_finite=True,
        )  # fmt: skip
    clean(values, detrend=detrend, standardize=standardize, confounds=confounds)
    assert np.abs(values - expected).max() < 1e-9


@pytest.mark.extras
def test_as_upstream_it_is_nilearns_with_values_missing() -> None:
    from nilearn import signal

    values = series()
    values[3, 2] = values[9, 5] = np.nan
    values[:, 7] = np.nan
    expected = signal.clean(values, standardize="zscore_sample", filter=False, ensure_finite=True)
    found = clean(values, as_upstream=True)
    assert np.abs(values - expected).max() < 1e-9
    assert (found.n_empty, found.n_partial, found.n_missing, found.n_constant) == (1, 2, 2, 0)


def test_a_trend_and_units_leave_nothing_but_the_signal() -> None:
    values = series()
    scaled = 3.0 * values + 5 * np.arange(40)[:, None] - 7
    clean(values)
    clean(scaled)
    assert np.abs(values - scaled).max() < 1e-9
    assert np.abs(values.std(axis=0, ddof=1) - 1).max() < 1e-12


def test_a_constant_series_is_zero_and_counted() -> None:
    values = series()
    values[:, 4] = 1234.5678
    found = clean(values)
    assert found.n_constant == 1
    assert (values[:, 4] == 0).all()


def test_a_missing_value_takes_the_mean_and_makes_no_spike() -> None:
    values = series(seed=5)
    values[10, 3] = np.nan
    found = clean(values)
    assert (found.n_partial, found.n_missing) == (1, 1)
    assert abs(values[10, 3]) < 2
    assert np.isfinite(values).all()


def test_without_a_step_nothing_is_touched() -> None:
    values = series()
    values[0, 0] = np.nan
    before = values.copy()
    clean(values, detrend=False, standardize=False)
    assert np.array_equal(values, before, equal_nan=True)


def test_confounds_are_taken_out() -> None:
    rng = np.random.default_rng(2)
    confounds = rng.normal(size=(40, 3))
    values = series() + confounds @ rng.normal(size=(3, 30)) * 50
    clean(values, confounds=confounds)
    left = confounds - confounds.mean(axis=0)
    left -= np.outer(np.arange(40) - 19.5, (np.arange(40) - 19.5) @ left / ((np.arange(40) - 19.5) ** 2).sum())
    assert np.abs(left.T @ values).max() < 1e-8


def test_too_many_confounds_are_refused() -> None:
    with pytest.raises(ConfigError, match="37 independent confounds leave no signal in 40 volumes"):
        clean(series(), confounds=np.random.default_rng(0).normal(size=(40, 37)))


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, apart = series(), series()
    clean(whole)
    monkeypatch.setattr(cleaning, "BLOCK", 7)
    clean(apart)
    assert np.abs(whole - apart).max() < 1e-12
