"""Ceilings from repeats: against formulas written out, against each other, and against what was put in."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.analysis.evaluation.made_series import correlate, repeats_of, slow_noise
from tests.strategies import seeds
from tribe_np.analysis.evaluation.reliability import (
    half_splits,
    normalised_r,
    repeat_ceilings,
    spearman_brown,
)
from tribe_np.errors import ConfigError, ShapeError

RECORDED = {  # by bias_correction
    True: [0.5202951354911485, 0.6497276977009279, 0.7507367661675303, 0.5304895232384714],
    False: [0.680196756994099, 0.7664851318006186, 0.8338245107783535, 0.6869930154923143],
}


def made(n: int, *, n_rows: int = 80, n_columns: int = 7, share: float = 0.4) -> np.ndarray:
    """Repeats (n, R, V) of one signal, with a gain and a baseline of their own."""
    rng = np.random.default_rng([n, n_rows])
    repeats = np.array(repeats_of(rng, slow_noise(rng, n_rows, n_columns), n, share))
    return repeats * rng.uniform(0.5, 3, (n, 1, n_columns)) + rng.normal(size=(n, 1, n_columns)) * 50


def tutorials_explainable_variance(repeats: np.ndarray, bias_correction: bool) -> np.ndarray:
    """The formula of the voxelwise tutorials, written out with scipy's z-scores."""
    scored = stats.zscore(repeats, axis=1)
    of_the_mean = scored.mean(axis=0).var(axis=0, ddof=1)
    share = of_the_mean / scored.var(axis=1, ddof=1).mean(axis=0)
    return share - (1 - share) / (len(repeats) - 1) if bias_correction else share


@pytest.mark.parametrize("n", [2, 3, 4, 5, 8])
def test_each_map_is_its_definition(n: int) -> None:
    repeats = made(n)
    found = repeat_ceilings(repeats)
    scored = stats.zscore(repeats, axis=1)
    pairwise = np.mean([correlate(repeats[i], repeats[j]) for i, j in combinations(range(n), 2)], axis=0)
    halves = []
    for first in combinations(range(n), n // 2):
        for second in combinations([i for i in range(n) if i not in first], n // 2):
            halves.append(correlate(scored[list(first)].mean(axis=0), scored[list(second)].mean(axis=0)))
    half = np.mean(halves, axis=0)
    expected = {
        "pairwise_r": pairwise,
        "reliability": n * pairwise / (1 + (n - 1) * pairwise),
        "explainable_variance": tutorials_explainable_variance(repeats, True),
        "explainable_variance_biased": tutorials_explainable_variance(repeats, False),
        "split_half_r": half,
        "split_half_reliability": n / (n // 2) * half / (1 + (n / (n // 2) - 1) * half),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(found, name), value, rtol=0, atol=1e-12, err_msg=name)
    assert (found.n_repeats, found.n_rows, found.n_without, found.is_every_split) == (n, 80, 0, True)
    assert found.n_splits * 2 == len(halves), "each two halves once, not once more with sides changed"


def test_explainable_variance_of_the_voxelwise_tutorials_as_recorded() -> None:
    """voxelwise_tutorials.utils.explainable_variance 0.2.3 of sin((i + 1) t / 3) + cos(t (v + 1) / 5), 3 repeats."""
    t = np.arange(12)[None, :, None]
    i, v = np.arange(3)[:, None, None], np.arange(4)[None, None, :]
    found = repeat_ceilings(np.sin((i + 1) * t / 3) + np.cos(t * (v + 1) / 5))
    np.testing.assert_allclose(found.explainable_variance, RECORDED[True], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.explainable_variance_biased, RECORDED[False], rtol=0, atol=1e-12)


def test_without_its_bias_explainable_variance_of_z_scores_is_the_mean_pairwise_r() -> None:
    found = repeat_ceilings(made(6))
    np.testing.assert_allclose(found.explainable_variance, found.pairwise_r, rtol=0, atol=1e-12)


def test_normalised_r_is_schoppes_cc_norm() -> None:
    """CCnorm = cov(prediction, mean) / sqrt(var(prediction) SP), with the signal power SP of Sahani and Linden."""
    repeats = stats.zscore(made(5), axis=1)
    prediction = repeats.mean(axis=0) + slow_noise(np.random.default_rng(1), 80, 7)
    mean, n = repeats.mean(axis=0), len(repeats)
    signal_power = (repeats.sum(axis=0).var(axis=0) - repeats.var(axis=1).sum(axis=0)) / (n * (n - 1))
    covariance = ((prediction - prediction.mean(axis=0)) * mean).mean(axis=0)
    expected = covariance / np.sqrt(prediction.var(axis=0) * signal_power)
    found = repeat_ceilings(made(5))
    got = normalised_r(correlate(prediction, mean), found.reliability)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.7])
def test_the_reliability_that_was_put_in_comes_out(share: float) -> None:
    """400 vertices, 600 rows, 6 repeats: the mean over vertices within 0.01."""
    rng = np.random.default_rng(2)
    signal, noise = (stats.zscore(slow_noise(rng, 600, 400, 0.5), axis=0) for _ in range(2))
    repeats = repeats_of(rng, signal, 6, share)
    found = repeat_ceilings(repeats)
    of_mean = 6 * share / (1 + 5 * share)
    assert found.pairwise_r.mean() == pytest.approx(share, abs=0.01)
    assert found.explainable_variance.mean() == pytest.approx(share, abs=0.01)
    assert found.explainable_variance_biased.mean() == pytest.approx((1 + 5 * share) / 6, abs=0.01)
    assert found.reliability.mean() == pytest.approx(of_mean, abs=0.02)
    assert found.split_half_r.mean() == pytest.approx(3 * share / (1 + 2 * share), abs=0.02)
    assert found.split_half_reliability.mean() == pytest.approx(of_mean, abs=0.02)
    mean = np.mean([stats.zscore(one, axis=0) for one in repeats], axis=0)
    assert found.ceiling.mean() == pytest.approx(correlate(signal, mean).mean(), abs=0.02), "a perfect prediction"
    assert found.ceiling_of_one.mean() == pytest.approx(correlate(signal, repeats[0]).mean(), abs=0.02)
    prediction = 0.6 * signal + 0.8 * noise  # r with the signal: 0.6
    for r, reliability in (
        (correlate(prediction, mean), found.reliability),
        (correlate(prediction, repeats[0]), found.pairwise_r),
        (correlate(prediction, mean), found.split_half_reliability),
    ):
        got = normalised_r(r, reliability, threshold=0.02)
        assert np.nanmean(got) == pytest.approx(0.6, abs=0.03)


def test_what_does_not_return_has_no_ceiling() -> None:
    rng = np.random.default_rng(3)
    found = repeat_ceilings(rng.normal(size=(5, 400, 300)))
    assert abs(found.explainable_variance.mean()) < 0.005, "without bias"
    assert found.explainable_variance_biased.mean() == pytest.approx(0.2, abs=0.01)
    assert np.isnan(found.ceiling[found.pairwise_r <= 0]).all()
    assert np.isfinite(found.ceiling[found.pairwise_r > 0]).all()
    assert np.isnan(normalised_r(np.full(300, 0.1), found.reliability, threshold=0.4)).all()


def test_runs_are_z_scored_each_by_itself() -> None:
    repeats = made(3, n_rows=90)
    runs = [[one[:50], 7 * one[50:] + 300] for one in repeats]
    parted = np.array([np.concatenate([stats.zscore(one[:50]), stats.zscore(one[50:])]) for one in repeats])
    found, expected = repeat_ceilings(runs), repeat_ceilings(parted)
    np.testing.assert_allclose(found.pairwise_r, expected.pairwise_r, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.split_half_r, expected.split_half_r, rtol=0, atol=1e-10)


def test_flat_and_missing_vertices_have_none_and_change_no_other(tmp_path) -> None:
    repeats = made(4)
    holed = repeats.astype(np.float32)
    holed[1, :, 2] = 0.3
    holed[3, 9, 4] = np.nan
    holed[0, :3, 5] = np.inf
    found, whole = repeat_ceilings(holed), repeat_ceilings(repeats)
    usable = [0, 1, 3, 6]
    for name in ("pairwise_r", "reliability", "explainable_variance", "split_half_r", "ceiling"):
        assert np.flatnonzero(np.isfinite(getattr(found, name))).tolist() == usable
        np.testing.assert_allclose(getattr(found, name)[usable], getattr(whole, name)[usable], atol=1e-4)
    assert found.n_without == 3
    half_flat = [[one[:40], one[40:] * (i != 1)] for i, one in enumerate(repeats)]
    assert repeat_ceilings(half_flat).n_without == 7, "flat in one run: no z-score there"


def test_memory_maps_read_a_few_columns_at_a_time_give_the_same(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    repeats = made(4).astype(np.float32)
    for i, one in enumerate(repeats):
        np.save(tmp_path / f"{i}.npy", one)
    maps = [np.load(tmp_path / f"{i}.npy", mmap_mode="r") for i in range(4)]
    whole = repeat_ceilings(repeats)
    monkeypatch.setattr("tribe_np.analysis.evaluation.run_columns.AT_ONCE", 1)
    few = repeat_ceilings(maps)
    for name in ("pairwise_r", "explainable_variance_biased", "split_half_r"):
        np.testing.assert_allclose(getattr(few, name), getattr(whole, name), rtol=0, atol=1e-12)
    masked = [np.ma.masked_invalid(one) for one in repeats]
    masked[2][5, 1] = np.ma.masked
    assert np.flatnonzero(np.isnan(repeat_ceilings(masked).pairwise_r)).tolist() == [1]


@pytest.mark.parametrize("n", range(2, 12))
def test_splits_are_all_there_are_and_each_once(n: int) -> None:
    one, other, is_every = half_splits(n, most=2000)
    assert is_every
    assert len(one) == math.comb(n - n % 2, n // 2) // 2 * (n if n % 2 else 1)
    assert len({frozenset([tuple(a), tuple(b)]) for a, b in zip(one.tolist(), other.tolist(), strict=True)}) == len(one)
    assert np.all(one.sum(axis=1) == n // 2)
    assert np.all(other.sum(axis=1) == n // 2)
    assert np.all(one * other == 0)
    assert np.unique((one + other).sum(axis=0)).size == 1, "every repeat as often"


def test_too_many_splits_are_drawn_from_a_seed() -> None:
    one, other, is_every = half_splits(13, most=500, seed=4)
    assert (len(one), is_every) == (500, False)
    assert np.all(one.sum(axis=1) == 6)
    assert np.all(other.sum(axis=1) == 6)
    assert np.all(one * other == 0)
    np.testing.assert_array_equal(half_splits(13, most=500, seed=4)[0], one)
    assert not np.array_equal(half_splits(13, most=500, seed=5)[0], one)
    drawn = repeat_ceilings(made(9), most_splits=100, seed=1)
    every = repeat_ceilings(made(9))
    assert (drawn.n_splits, drawn.is_every_split, every.n_splits) == (100, False, 315)
    np.testing.assert_allclose(drawn.split_half_r, every.split_half_r, atol=0.02)


@given(seeds, st.integers(2, 6))
def test_maps_keep_to_their_bounds_and_know_no_gain(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    repeats = rng.normal(size=(n, 12, 3))
    found = repeat_ceilings(repeats)
    assert np.all(found.pairwise_r >= -1 / (n - 1) - 1e-9)
    assert np.all(found.explainable_variance_biased >= -1e-9)
    assert np.all(np.abs(found.split_half_r) <= 1 + 1e-9)
    assert np.all(found.explainable_variance <= 1 + 1e-9)
    moved = repeat_ceilings(repeats * rng.uniform(0.1, 9, (n, 1, 3)) + rng.normal(size=(n, 1, 3)))
    np.testing.assert_allclose(moved.pairwise_r, found.pairwise_r, atol=1e-9)
    same = repeat_ceilings(np.repeat(repeats[:1], n, axis=0))
    for name in ("pairwise_r", "reliability", "explainable_variance", "split_half_r", "ceiling"):
        np.testing.assert_allclose(getattr(same, name), 1, atol=1e-9)


def test_spearman_brown_of_twice_and_half() -> None:
    r = np.array([-0.2, 0.0, 0.3, 1.0, -1.0, np.nan])
    twice = spearman_brown(r, 2)
    np.testing.assert_allclose(twice[:4], [-0.5, 0.0, 0.6 / 1.3, 1.0])
    assert np.isnan(twice[4:]).all()
    np.testing.assert_allclose(spearman_brown(twice[:4], 0.5), r[:4], atol=1e-12)


def test_normalised_r_below_the_threshold_is_nan() -> None:
    r = np.array([[0.3, 0.3, 0.3, 0.3, -0.3], [0.5, 0.5, 0.5, 0.5, 0.5]])
    got = normalised_r(r, np.array([0.25, 0.0999, 0.1, np.nan, 1.0]))
    np.testing.assert_allclose(got[:, [0, 2, 4]], [[0.6, 0.3 / 0.1**0.5, -0.3], [1.0, 0.5 / 0.1**0.5, 0.5]])
    assert np.isnan(got[:, [1, 3]]).all()
    with pytest.raises(ShapeError, match="a reliability for each of"):
        normalised_r(r, np.ones(4))
    for threshold in (0.0, -1.0, 1.5, np.nan):
        with pytest.raises(ConfigError, match="above 0 and at most 1"):
            normalised_r(r, np.ones(5), threshold=threshold)


def test_too_few_or_unlike_repeats_are_refused() -> None:
    repeats = list(made(3))
    with pytest.raises(ConfigError, match="at least two repeats of the stimulus, got 1"):
        repeat_ceilings(repeats[:1])
    with pytest.raises(ShapeError, match="repeat 3 has 79 rows x 7 vertices, repeat 1 has 80 rows x 7 vertices"):
        repeat_ceilings([*repeats[:2], repeats[2][1:]])
    with pytest.raises(ShapeError, match="repeat 2 has 80 rows x 6 vertices"):
        repeat_ceilings([repeats[0], repeats[1][:, 1:]])
    with pytest.raises(ConfigError, match="got 3 and 0"):
        repeat_ceilings(repeats, most_splits=0)
    with pytest.raises(ConfigError, match="seed must be"):
        repeat_ceilings(repeats, seed=-1)
