"""Welch's and the paired t at every vertex, with g: as scipy and statsmodels have them; odd input said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tribe_np.analysis.statistics.contrast_tests import StatisticMaps, paired_contrast, welch_contrast
from tribe_np.analysis.statistics.multiplicity import fdr
from tribe_np.errors import ConfigError, ShapeError

MAPS = ("effect", "t", "df", "p", "z", "hedges_g", "g_low", "g_high")


def observations(*sizes: int, n_vertices: int = 40, seed: int = 0) -> list[np.ndarray]:
    """Groups that differ in mean and variance, in float32 as predictions are."""
    random = np.random.default_rng(seed)
    return [(random.normal(0.3 * i, 1 + i, size=(n, n_vertices)) + 5).astype(np.float32) for i, n in enumerate(sizes)]


@pytest.mark.parametrize("sizes", [(12, 12), (2, 2), (5, 30)])
def test_two_conditions_are_scipys_welch(sizes: tuple[int, int]) -> None:
    a, b = observations(*sizes)
    found = welch_contrast([a, b], [1, -1])
    expected = stats.ttest_ind(a.astype(float), b.astype(float), equal_var=False)
    np.testing.assert_allclose(found.t, expected.statistic, rtol=1e-10)
    np.testing.assert_allclose(found.p, expected.pvalue, rtol=1e-9)
    np.testing.assert_allclose(found.df, expected.df, rtol=1e-10)
    np.testing.assert_allclose(found.effect, a.mean(axis=0, dtype=float) - b.mean(axis=0, dtype=float), rtol=1e-10)
    np.testing.assert_allclose(found.z, np.sign(found.t) * stats.norm.isf(expected.pvalue / 2), rtol=1e-6)
    assert found.effect.dtype == np.float64
    assert found.n_observations == sizes


def test_one_condition_against_nought_is_scipys_one_sample_t() -> None:
    (a,) = observations(9)
    expected = stats.ttest_1samp(a.astype(float), 0)
    for found in (welch_contrast([a], [1]), paired_contrast([a], [1])):
        np.testing.assert_allclose(found.t, expected.statistic, rtol=1e-10)
        np.testing.assert_allclose(found.p, expected.pvalue, rtol=1e-9)


def test_any_weights_follow_welch_and_satterthwaite() -> None:
    """By the definition, in a loop over vertices; a condition of weight 0 counts in nothing."""
    groups, weights = observations(4, 7, 9, 5), [0.5, 0.5, -1, 0]
    found = welch_contrast(groups, weights)
    used = [(w, g.astype(float)) for w, g in zip(weights, groups, strict=True) if w]
    for v in range(groups[0].shape[1]):
        effect = sum(w * g[:, v].mean() for w, g in used)
        shares = [w**2 * g[:, v].var(ddof=1) / len(g) for w, g in used]
        df = sum(shares) ** 2 / sum(s**2 / (len(g) - 1) for s, (_, g) in zip(shares, used, strict=True))
        t = effect / sum(shares) ** 0.5
        np.testing.assert_allclose([found.t[v], found.df[v]], [t, df], rtol=1e-10)
        np.testing.assert_allclose(found.p[v], 2 * stats.t.sf(abs(t), df), rtol=1e-9)
    assert found.n_observations == (4, 7, 9, 0)


def test_three_conditions_of_the_parts_of_two_say_what_two_say() -> None:
    """The weights of a mean over conditions: halves of one sum are as good as the sum."""
    a, b, c = observations(6, 6, 8)
    found = welch_contrast([a, b, c], [0.5, 0.5, -1])
    np.testing.assert_allclose(found.effect, (np.concatenate([a, b]).mean(0, float)) - c.mean(0, float), rtol=1e-9)


def test_pairs_are_scipys_paired_t() -> None:
    a, b = observations(11, 11)
    found = paired_contrast([a, b], [1, -1])
    expected = stats.ttest_rel(a.astype(float), b.astype(float))
    np.testing.assert_allclose(found.t, expected.statistic, rtol=1e-10)
    np.testing.assert_allclose(found.p, expected.pvalue, rtol=1e-9)
    assert set(found.df) == {10.0}
    np.testing.assert_allclose(found.hedges_g, (1 - 3 / 39) * expected.statistic / 11**0.5, rtol=1e-9)
    half = 1.959963984540054 * np.sqrt(1 / 11 + found.hedges_g**2 / (2 * (10 - 1.94)))
    np.testing.assert_allclose(found.g_high - found.hedges_g, half, rtol=1e-9)
    np.testing.assert_allclose(found.hedges_g - found.g_low, half, rtol=1e-9)


@pytest.mark.extras
@pytest.mark.parametrize("sizes", [(12, 12), (2, 2), (5, 30)])
def test_g_and_its_interval_are_statsmodels(sizes: tuple[int, int]) -> None:
    meta = pytest.importorskip("statsmodels.stats.meta_analysis")
    a, b = (group.astype(float) for group in observations(*sizes))
    g, variance = meta.effectsize_smd(a.mean(0), a.std(0, ddof=1), len(a), b.mean(0), b.std(0, ddof=1), len(b))
    found = welch_contrast([a, b], [1, -1])
    np.testing.assert_allclose(found.hedges_g, g, rtol=1e-9)
    np.testing.assert_allclose(found.g_low, g - 1.959963984540054 * variance**0.5, rtol=1e-9)
    np.testing.assert_allclose(found.g_high, g + 1.959963984540054 * variance**0.5, rtol=1e-9)


@pytest.mark.extras
def test_t_is_statsmodels() -> None:
    weightstats = pytest.importorskip("statsmodels.stats.weightstats")
    a, b = (group.astype(float) for group in observations(8, 14))
    t, p, df = weightstats.ttest_ind(a, b, usevar="unequal")
    found = welch_contrast([a, b], [1, -1])
    np.testing.assert_allclose(np.stack([found.t, found.p, found.df]), [t, p, df], rtol=1e-6)


def test_g_needs_no_scaling_to_be_read() -> None:
    """Two groups a deviation of 2 apart by 3: g is J * 1.5."""
    a, b = np.array([[1.0], [3.0], [5.0]]), np.array([[-2.0], [0.0], [2.0]])
    assert welch_contrast([a, b], [1, -1]).hedges_g == pytest.approx((1 - 3 / 15) * 1.5)


@pytest.mark.parametrize("test", [welch_contrast, paired_contrast])
def test_a_vertex_that_is_not_finite_stays_nan_and_is_counted(test: object) -> None:
    a, b = observations(6, 6)
    a[2, 3], b[0, 7] = np.nan, np.inf
    clean = test(observations(6, 6), [1, -1])
    found = test([a, b], [1, -1])
    for name in MAPS:
        values = getattr(found, name)
        assert np.flatnonzero(np.isnan(values)).tolist() == [3, 7], name
        kept = np.isfinite(values)
        np.testing.assert_array_equal(values[kept], getattr(clean, name)[kept])
    assert (found.n_vertices, found.n_not_finite, found.n_undefined) == (40, 2, 0)
    assert found.said == ("2 of 40 vertices are NaN or infinite in some observation: they stay NaN",)


@pytest.mark.parametrize("test", [welch_contrast, paired_contrast])
def test_a_vertex_that_does_not_vary_has_an_effect_and_no_t(test: object) -> None:
    a, b = (group.astype(float) for group in observations(6, 6))
    a[:, 5], b[:, 5] = 0.1, 0.3  # the mean of six 0.1 is not 0.1, which would leave a variance of 1e-34
    found = test([a, b], [1, -1])
    assert found.effect[5] == pytest.approx(-0.2)
    assert all(np.flatnonzero(np.isnan(getattr(found, name))).tolist() == [5] for name in MAPS[1:])
    assert found.n_undefined == 1
    assert found.said == ("1 of 40 vertices do not vary over observations: they have no t",)


def test_one_condition_that_does_not_vary_leaves_the_other_ones_degrees_of_freedom() -> None:
    a, b = observations(6, 9)
    a[:, 5] = 0.1
    found = welch_contrast([a, b], [1, -1])
    assert found.df[5] == pytest.approx(8)
    assert np.isfinite(found.t[5])


@pytest.mark.parametrize(
    ("test", "sizes"), [(welch_contrast, (1, 5)), (welch_contrast, (5, 1)), (paired_contrast, (1, 1))]
)
def test_one_observation_gives_the_effect_only_and_says_so(test: object, sizes: tuple[int, int]) -> None:
    a, b = observations(*sizes)
    found = test([a, b], [1, -1])
    np.testing.assert_allclose(found.effect, a.mean(0, float) - b.mean(0, float))
    assert all(getattr(found, name) is None for name in MAPS[1:])
    assert found.is_effect_only
    assert "the effect only" in found.said[0]


@pytest.mark.parametrize(
    ("sizes", "weights", "is_said"),
    [
        ((10, 2), [1, -1], True), ((10, 3), [1, -1], True), ((10, 5), [1, -1], False), ((3, 3), [1, -1], False),
        ((40, 13), [1, -1], False), ((4, 4, 4), [0.5, 0.5, -1], False), ((2,), [1], False),
        ((6,) * 8, [1, *[-1 / 7] * 7], True),
    ],
)  # fmt: skip
def test_few_observations_against_many_are_warned_of(
    sizes: tuple[int, ...], weights: list[float], is_said: bool
) -> None:
    found = welch_contrast(observations(*sizes), weights)
    assert any("makes most of the error" in text for text in found.said) == is_said


def test_that_warning_is_deserved() -> None:
    """Where nothing differs, q < 0.05 all over the map; as many of each, nowhere."""
    random = np.random.default_rng(0)
    found = [[random.normal(size=(n, 20_000)) for n in sizes] for sizes in ((10, 2), (6, 6))]
    n_found = [int((fdr(welch_contrast(groups, [1, -1]).p) < 0.05).sum()) for groups in found]
    assert n_found[0] > 50
    assert n_found[1] == 0


def test_two_pairs_have_a_t_and_no_g() -> None:
    a, b = observations(2, 2)
    found = paired_contrast([a, b], [1, -1])
    assert np.isfinite(found.t).all()
    assert np.isnan(found.hedges_g).all()
    assert np.isnan(found.g_low).all()
    assert "no Hedges' g" in found.said[0]


@pytest.mark.parametrize(
    ("groups", "weights", "error", "said"),
    [
        ([(3, 4), (3, 5)], [1, -1], ShapeError, "condition 2"),
        ([(3, 4), (0, 4)], [1, -1], ShapeError, "n at least 1"),
        ([(3, 4)], [1, -1], ShapeError, "a weight for each of 1"),
        ([(3, 4), (3, 4)], [0, 0], ConfigError, "not all 0"),
        ([(3, 4), (3, 4)], [np.nan, 1], ConfigError, "finite"),
        ([(3,), (3, 4)], [1, -1], ShapeError, "condition 1"),
    ],
)
def test_groups_that_do_not_fit_are_refused(groups: list, weights: list, error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        welch_contrast([np.zeros(shape) for shape in groups], weights)


def test_pairs_of_unequal_number_are_refused() -> None:
    with pytest.raises(ShapeError, match="of every pair, got 3, 4"):
        paired_contrast(observations(3, 4), [1, -1])


SIZES = st.integers(2, 8)


def same(found: StatisticMaps, expected: StatisticMaps, names: tuple[str, ...] = MAPS, sign: int = 1) -> None:
    """The maps of two results agree, up to rounding."""
    for name in names:
        np.testing.assert_allclose(getattr(found, name), sign * getattr(expected, name), rtol=1e-7, atol=1e-9)


@settings(max_examples=30)
@given(SIZES, SIZES, st.integers(0, 2**32 - 1))
def test_a_swap_of_conditions_flips_signs(n: int, m: int, seed: int) -> None:
    a, b = observations(n, m, n_vertices=5, seed=seed)
    found, swapped = welch_contrast([a, b], [1, -1]), welch_contrast([b, a], [1, -1])
    same(swapped, found, ("effect", "t", "z", "hedges_g"), sign=-1)
    same(swapped, found, ("df", "p"))
    np.testing.assert_allclose(swapped.g_low, -found.g_high, rtol=1e-7, atol=1e-9)


@settings(max_examples=30)
@given(SIZES, SIZES, st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3), st.booleans())
def test_scale_and_weights_leave_t_alone(n: int, m: int, seed: int, scale: float, by_weights: bool) -> None:
    a, b = (group.astype(float) for group in observations(n, m, n_vertices=5, seed=seed))
    found = welch_contrast([a, b], [1, -1])
    if by_weights:
        scaled = welch_contrast([a, b], [scale, -scale])
        same(scaled, found, ("t", "df", "p", "z"))
    else:
        scaled = welch_contrast([scale * a, scale * b], [1, -1])
        same(scaled, found, MAPS[1:])
    np.testing.assert_allclose(scaled.effect, scale * found.effect, rtol=1e-7, atol=1e-9 * scale)


@settings(max_examples=30)
@given(SIZES, st.integers(0, 2**32 - 1))
def test_the_order_of_trials_and_of_pairs_is_irrelevant(n: int, seed: int) -> None:
    a, b = observations(n, n, n_vertices=5, seed=seed)
    order = np.random.default_rng(seed).permutation(n)
    same(welch_contrast([a[order], b], [1, -1]), welch_contrast([a, b], [1, -1]))
    found, expected = (paired_contrast(groups, [1, -1]) for groups in ([a[order], b[order]], [a, b]))
    same(found, expected, MAPS if n > 2 else MAPS[:5])
