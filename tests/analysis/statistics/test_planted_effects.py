"""What the tests find in synthetic predictions: an effect of known size where one was planted, and else nothing.

Every bound is the central 99.9 % of a binomial, so that a right program fails one check in a thousand; seeds are fixed.
"""

import numpy as np
import pytest
from scipy import stats

from tribe_np.analysis.statistics.contrast_tests import StatisticMaps, paired_contrast, welch_contrast
from tribe_np.analysis.statistics.permutation import permutation_p

SEEDS = 200
ROWS_OF_TRIAL = 4  # seconds
N_VERTICES = 20
EFFECT = 0.5  # of the noise of a row
NOISE_OF_TRIAL = ROWS_OF_TRIAL**-0.5  # the deviation of a mean over its rows


def trials(seed: int, n_trials: int, *, effect: float = 0.0, shared: float = 0.0) -> list[np.ndarray]:
    """Trials of conditions a and b in turn, cut from predictions of noise: the means of their rows, (n, V) each.

    `effect` is added to the rows of a; `shared` is the deviation of what trial i of a and of b have in common.
    """
    random = np.random.default_rng(seed)
    predictions = random.normal(size=(2 * n_trials * ROWS_OF_TRIAL, N_VERTICES)).astype(np.float32)
    rows = predictions.reshape(n_trials, 2, ROWS_OF_TRIAL, N_VERTICES)
    rows[:, 0] += effect
    rows += shared * random.normal(size=(n_trials, 1, 1, N_VERTICES)).astype(np.float32)
    means = rows.astype(np.float64).mean(axis=2)
    return [means[:, 0], means[:, 1]]


def assert_in_bounds(found: int, n: int, share: float) -> None:
    low, high = stats.binom.interval(0.999, n, share)
    assert low <= found <= high, f"{found} of {n}; expected {share:.1%}, from {low:.0f} to {high:.0f}"


@pytest.mark.parametrize(("test", "shared"), [(welch_contrast, 0.0), (paired_contrast, 1.0)])
def test_a_planted_effect_is_recovered(test: object, shared: float) -> None:
    """Its size, the coverage of the interval about it, and that of the interval of g about the true g."""
    found: list[StatisticMaps] = [
        test(trials(seed, 24, effect=EFFECT, shared=shared), [1, -1]) for seed in range(SEEDS)
    ]
    effect, t, df, low, high = (
        np.stack([getattr(one, name) for one in found]) for name in ("effect", "t", "df", "g_low", "g_high")
    )
    error = effect / t
    n = effect.size
    assert abs(effect.mean() - EFFECT) < 3.3 * error.mean() / n**0.5
    half = stats.t.isf(0.025, df) * error
    assert_in_bounds(np.count_nonzero(np.abs(effect - EFFECT) <= half), n, 0.95)
    noise = NOISE_OF_TRIAL * (1 if test is welch_contrast else 2**0.5)  # of one trial; of a difference of two
    assert_in_bounds(np.count_nonzero((low <= EFFECT / noise) & (EFFECT / noise <= high)), n, 0.95)


def test_a_planted_effect_has_the_power_that_theory_gives_it() -> None:
    n = 12
    p = np.stack([welch_contrast(trials(seed, n, effect=EFFECT), [1, -1]).p for seed in range(SEEDS)])
    noncentral = EFFECT / (NOISE_OF_TRIAL * (2 / n) ** 0.5)
    bound = stats.t.isf(0.025, 2 * n - 2)
    power = stats.nct.sf(bound, 2 * n - 2, noncentral) + stats.nct.cdf(-bound, 2 * n - 2, noncentral)
    assert_in_bounds(np.count_nonzero(p < 0.05), p.size, power)


@pytest.mark.parametrize(("test", "shared"), [(welch_contrast, 0.0), (paired_contrast, 1.0)])
def test_without_effect_one_p_in_twenty_is_below_a_twentieth(test: object, shared: float) -> None:
    p = np.stack([test(trials(1000 + seed, 12, shared=shared), [1, -1]).p for seed in range(SEEDS)])
    assert_in_bounds(np.count_nonzero(p < 0.05), p.size, 0.05)
    assert_in_bounds(np.count_nonzero(p[:, 0] < 0.05), SEEDS, 0.05)  # one vertex a seed, as 200 readers would see it


@pytest.mark.parametrize(
    ("n_trials", "options", "level"),
    [
        (6, {}, 46 / 924),  # exact: |t| of a relabelling and of its mirror are equal, so p are multiples of 2 / 924
        (7, {"most": 199}, 9 / 200),  # a sample: p are multiples of 1 / 200, and 0.05 itself is not below 0.05
        (7, {"paired": True}, 6 / 128),
    ],
    ids=["exact", "sampled", "paired"],
)
def test_permutations_without_effect_keep_their_level(n_trials: int, options: dict, level: float) -> None:
    shared = 1.0 if options.get("paired") else 0.0
    found = [
        permutation_p(trials(2000 + seed, n_trials, shared=shared), [1, -1], seed=seed, **options)
        for seed in range(SEEDS)
    ]
    p = np.stack([one.p for one in found])
    assert_in_bounds(np.count_nonzero(p < 0.05 - 1e-9), p.size, level)
    anywhere = np.array([one.p_corrected.min() for one in found])
    assert np.count_nonzero(anywhere < 0.05) <= stats.binom.isf(0.0005, SEEDS, 0.05)


def test_unequal_variances_keep_welchs_level_where_students_is_lost() -> None:
    """Few trials that vary much against many that vary little: Student's pooled t finds three times too many."""
    random = np.random.default_rng(5)
    a, b = random.normal(scale=4, size=(6, 4000)), random.normal(size=(24, 4000))
    found = welch_contrast([a, b], [1, -1]).p
    pooled = stats.ttest_ind(a, b).pvalue
    assert np.mean(pooled < 0.05) > 0.15
    assert 0.04 < np.mean(found < 0.05) < 0.06
