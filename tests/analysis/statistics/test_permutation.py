"""Permutations: all of them as scipy makes them, a sample near them; blocks, signs and corrections."""

import math
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from tribe_np.analysis.statistics.contrast_tests import welch_contrast
from tribe_np.analysis.statistics.permutation import permutation_p
from tribe_np.analysis.statistics.relabellings import label_relabellings, sign_flips
from tribe_np.errors import ConfigError, ShapeError


def observations(*sizes: int, n_vertices: int = 4, seed: int = 0) -> list[np.ndarray]:
    """Groups whose means differ by halves of their deviation."""
    random = np.random.default_rng(seed)
    return [random.normal(0.5 * i, 1, size=(n, n_vertices)) + 3 for i, n in enumerate(sizes)]


def absolute_t(a: np.ndarray, b: np.ndarray, axis: int = 0) -> np.ndarray:
    """The statistic, for scipy."""
    return np.abs(stats.ttest_ind(a, b, equal_var=False, axis=axis).statistic)


@pytest.mark.parametrize("sizes", [(4, 5), (5, 5), (2, 9)])
def test_all_relabellings_are_scipys(sizes: tuple[int, int]) -> None:
    groups = observations(*sizes)
    found = permutation_p(groups, [1, -1])
    expected = stats.permutation_test(
        groups, absolute_t, vectorized=True, alternative="greater", n_resamples=np.inf, axis=0
    )
    assert found.is_exact
    assert found.n == math.comb(sum(sizes), sizes[0])
    np.testing.assert_allclose(found.p, expected.pvalue, rtol=1e-12)


def test_all_sign_flips_are_scipys() -> None:
    groups = observations(8, 8)
    found = permutation_p(groups, [1, -1], paired=True)
    expected = stats.permutation_test(
        groups, lambda a, b, axis: np.abs(stats.ttest_rel(a, b, axis=axis).statistic), permutation_type="samples",
        vectorized=True, alternative="greater", n_resamples=np.inf, axis=0,
    )  # fmt: skip
    assert found.is_exact
    assert found.n == 2**8
    np.testing.assert_allclose(found.p, expected.pvalue, rtol=1e-12)


def test_one_condition_alone_flips_its_signs() -> None:
    (a,) = observations(6)
    assert permutation_p([a - 3], [1], paired=True).p == pytest.approx(
        permutation_p([a, np.full_like(a, 3)], [1, -1], paired=True).p
    )


@pytest.mark.parametrize(("sizes", "smallest"), [((3, 3), 2 / 20), ((2, 2), 2 / 6), ((2, 4), 1 / 15), ((3, 4), 1 / 35)])
def test_the_smallest_p_is_what_groups_far_apart_have(sizes: tuple[int, int], smallest: float) -> None:
    """b - a has the |t| of a - b: with groups alike in number, no relabelling is alone with its |t|."""
    a, b = observations(*sizes)
    found = permutation_p([a, b + 100], [1, -1])
    expected = stats.permutation_test(
        [a, b + 100], absolute_t, vectorized=True, alternative="greater", n_resamples=np.inf, axis=0
    )
    assert found.smallest == found.p.min() == found.p_corrected.min() == expected.pvalue.min() == smallest


def test_the_smallest_p_of_signs_and_of_runs() -> None:
    (a,) = observations(5)
    signs = permutation_p([a + 100], [1], paired=True)
    two_sided = stats.permutation_test(
        [a + 100], lambda x, axis: x.mean(axis=axis), permutation_type="samples", n_resamples=np.inf
    )
    assert signs.smallest == signs.p.min() == two_sided.pvalue.min() == 2 / 32
    assert "only 32 relabellings are possible and 2 at a time share one |t|" in signs.warnings()[0]
    groups = [observations(3, 3)[0], observations(3, 3)[1] + 100]
    even = permutation_p(groups, [1, -1], blocks=[[1, 1, 2], [1, 1, 2]])
    assert (even.n, even.smallest, even.p.min()) == (12, 2 / 12, 2 / 12)
    assert even.warnings() == (
        "only 12 relabellings are possible and 2 at a time share one |t|, so no permutation p is below 0.17",
    )
    uneven = permutation_p(groups, [1, -1], blocks=[[1, 1, 2], [1, 2, 2]])  # b - a is no relabelling within runs
    assert (uneven.n, uneven.smallest, uneven.p.min()) == (9, 1 / 9, 1 / 9)


@pytest.mark.parametrize(
    ("sizes", "weights", "smallest"),
    [((2, 2, 3), [0.5, 0.5, -1], 2 / 210), ((2, 2, 2), [1, 0, -1], 2 / 6), ((2, 2, 2, 2), [1, 1, -1, -1], 8 / 2520)],
)
def test_the_smallest_p_of_several_conditions(sizes: tuple[int, ...], weights: list[float], smallest: float) -> None:
    """Every condition far from the others, so that nothing but a change of whole conditions has such a |t|."""
    places = [1000 * (i + 1) * weight for i, weight in enumerate(weights)]
    groups = [place + group for place, group in zip(places, observations(*sizes), strict=True)]
    found = permutation_p(groups, weights)
    assert found.smallest == found.p.min() == pytest.approx(smallest)


def test_a_p_that_cannot_reach_the_level_is_said() -> None:
    found = permutation_p(observations(4, 4), [1, -1])  # 70 ways
    assert found.smallest == 2 / 70
    assert found.warnings() == ()
    assert "below 0.029" in found.warnings(0.02)[0]


def test_three_conditions_by_hand() -> None:
    """Every distinct assignment, one after the other, with the t of `welch_contrast`."""
    groups, weights = observations(2, 2, 3), [0.5, 0.5, -1]
    values = np.concatenate(groups)
    labels = np.array([0, 0, 1, 1, 2, 2, 2])
    moved, is_exact = label_relabellings(labels, [0] * 7, most=10_000, seed=0)
    assert (len(moved), is_exact) == (210, True)
    t = np.stack([np.abs(welch_contrast([values[row == c] for c in range(3)], weights).t) for row in moved])
    observed = np.abs(welch_contrast(groups, weights).t)
    found = permutation_p(groups, weights)
    np.testing.assert_allclose(found.p, (t >= observed * (1 - 1e-9)).mean(axis=0))
    np.testing.assert_allclose(found.p_corrected, (t.max(axis=1)[:, None] >= observed * (1 - 1e-9)).mean(axis=0))


def test_a_sample_is_seeded_near_all_of_them_and_counts_the_labels_themselves() -> None:
    groups = observations(6, 6, n_vertices=30)
    exact = permutation_p(groups, [1, -1])
    found, again, other = (permutation_p(groups, [1, -1], most=800, seed=seed) for seed in (1, 1, 2))
    assert (exact.n, exact.is_exact, found.n, found.is_exact) == (924, True, 800, False)
    np.testing.assert_array_equal(found.p, again.p)
    assert not np.array_equal(found.p, other.p)
    assert np.all(np.abs(found.p - exact.p) < 4 * np.sqrt(0.25 / 800))
    assert found.p.min() >= found.smallest == 1 / 801
    counts = found.p * 801
    np.testing.assert_allclose(counts, np.round(counts))


def test_the_largest_t_corrects_for_all_vertices() -> None:
    groups = observations(6, 6, n_vertices=30)
    found = permutation_p(groups, [1, -1])
    assert np.all(found.p_corrected >= found.p)
    assert found.p_corrected.min() < 1
    alone = permutation_p([group[:, :1] for group in groups], [1, -1])
    assert alone.p_corrected == pytest.approx(alone.p)  # of one vertex there is nothing to correct


def test_more_vertices_than_are_held_at_once_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = observations(5, 5, n_vertices=50)
    expected = permutation_p(groups, [1, -1])
    monkeypatch.setattr("tribe_np.analysis.statistics.permutation.COLUMNS_AT_ONCE", 7)
    monkeypatch.setattr("tribe_np.analysis.statistics.permutation.ROWS", 11)
    found = permutation_p(groups, [1, -1])
    np.testing.assert_array_equal(found.p, expected.p)
    np.testing.assert_array_equal(found.p_corrected, expected.p_corrected)


def test_labels_move_within_their_block_only() -> None:
    labels, blocks = np.array([0, 0, 1, 0, 1, 1]), ["r2", "r1", "r1", "r1", "r2", "r2"]
    everything, is_exact = label_relabellings(labels, blocks, most=100, seed=0)
    assert is_exact
    assert len({tuple(row) for row in everything}) == len(everything) == 9  # 3 ways in each run
    sample, is_exact = label_relabellings(labels, blocks, most=5, seed=0)
    assert not is_exact
    for row in (*everything, *sample):
        for block in ("r1", "r2"):
            here = [i for i, one in enumerate(blocks) if one == block]
            assert Counter(row[here].tolist()) == Counter(labels[here].tolist())


def test_a_difference_between_runs_is_no_effect_within_them() -> None:
    """Runs differ by 100, and the one condition is mostly in the one run: only within runs is there nothing to see."""
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 8, 200))
    a[:6] += 100
    b[:2] += 100
    blocks = [[1] * 6 + [2] * 2, [1] * 2 + [2] * 6]
    assert permutation_p([a, b], [1, -1], most=500).p.max() < 0.2
    within = permutation_p([a, b], [1, -1], blocks=blocks, most=1000)
    assert within.n == math.comb(8, 2) ** 2
    assert 0.01 < np.mean(within.p < 0.05) < 0.12


def test_every_block_of_one_condition_leaves_no_other_labels() -> None:
    found = permutation_p(observations(3, 3), [1, -1], blocks=[[1, 1, 1], [2, 2, 2]])
    assert (found.n, found.is_exact) == (1, True)
    assert set(found.p) == {1.0}
    assert found.warnings() == ("only 1 relabellings are possible, so no permutation p is below 1",)


def test_vertices_without_a_t_have_no_p() -> None:
    a, b = observations(5, 5, n_vertices=6)
    expected = permutation_p([a[:, :2], b[:, :2]], [1, -1])
    a[1, 2], a[0, 3] = np.nan, np.inf
    a[:, 4] = b[:, 4] = 0.1  # nothing varies
    a[:, 5], b[:, 5] = 0.1, 0.2  # nothing varies within a condition
    found = permutation_p([a, b], [1, -1])
    assert np.isnan(found.p).tolist() == np.isnan(found.p_corrected).tolist() == [False] * 2 + [True] * 4
    np.testing.assert_allclose(found.p[:2], expected.p)


def test_values_far_from_nought_lose_no_digits() -> None:
    groups = observations(5, 5)
    found = permutation_p([group + 1e6 for group in groups], [1, -1])
    np.testing.assert_allclose(found.p, permutation_p(groups, [1, -1]).p)


@pytest.mark.parametrize(
    ("sizes", "weights", "options", "error", "said"),
    [
        ((3, 3), [1, 1], {}, ConfigError, "add up to 0, these add up to 2"),
        ((3, 1), [1, -1], {}, ConfigError, "at least two observations"),
        ((3, 3), [1, -1], {"most": 5}, ConfigError, "from 20 to"),
        ((3, 3), [1, -1], {"most": 100.0}, ConfigError, "whole number"),
        ((3, 4), [1, -1], {"paired": True}, ShapeError, "of every pair"),
        ((3, 3), [1, -1], {"blocks": [[1, 1, 1]]}, ShapeError, "blocks must name"),
        ((3, 3), [1, -1], {"blocks": [[1, 1, 1], [1, 1]]}, ShapeError, "blocks must name"),
    ],
)
def test_what_labels_say_nothing_about_is_refused(
    sizes: tuple[int, ...], weights: list[float], options: dict, error: type, said: str
) -> None:
    with pytest.raises(error, match=said):
        permutation_p(observations(*sizes), weights, **options)


def test_a_condition_without_weight_keeps_its_labels() -> None:
    groups = observations(4, 4, 5)
    found = permutation_p(groups, [1, -1, 0], blocks=[[1] * 4, [1] * 4, [9] * 5])
    np.testing.assert_array_equal(found.p, permutation_p(groups[:2], [1, -1]).p)


def test_signs_are_all_or_a_seeded_sample() -> None:
    every, is_exact = sign_flips(3, most=20, seed=0)
    assert is_exact
    assert len({tuple(row) for row in every}) == 8
    some, is_exact = sign_flips(100, most=20, seed=0)
    assert (some.shape, is_exact) == ((20, 100), False)
    assert set(some.ravel()) == {1.0, -1.0}


def test_relabellings_after_which_nothing_varies_have_the_largest_t() -> None:
    """Two values only, of any digits: the split into equal ones has no variance but rounding, and counts as beyond."""
    low, high = np.random.default_rng(0).uniform(1, 2, size=(2, 300))
    a, b = np.stack([high] * 4 + [low]), np.stack([low] * 4 + [high])
    found = permutation_p([a, b], [1, -1])
    np.testing.assert_allclose(found.p, (2 + 2 * 5 * 5) / 252)  # 5 to 0 either way, and 4 to 1 either way
    assert np.isnan(permutation_p([np.stack([high] * 5)], [1], paired=True).p).all()  # sums that do not vary


def test_signs_after_which_nothing_varies_have_the_largest_t() -> None:
    near = 1 + np.random.default_rng(0).integers(0, 4, size=(5, 300)) * 2.0**-52  # equal, but for rounding
    found = permutation_p([near * [[1], [1], [1], [1], [-1]]], [1], paired=True)
    np.testing.assert_allclose(found.p, (2 + 2 * 5) / 32)


def test_conditions_of_one_value_each_have_no_t_whatever_their_digits() -> None:
    low, high = np.random.default_rng(1).uniform(1, 2, size=(2, 300))
    found = permutation_p([np.stack([low] * 3), np.stack([high] * 3)], [1, -1])
    assert np.isnan(found.p).all()
