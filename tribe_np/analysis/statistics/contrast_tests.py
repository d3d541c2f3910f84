"""A weighted sum of condition means at every vertex, with t, p, z and Hedges' g.

The observations are trials (or other stimuli) that one model answers: see `wording.ACROSS_STIMULI`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from tribe_np.analysis.statistics.observations_check import Groups, checked_groups
from tribe_np.analysis.statistics.t_tail import p_of_t, z_of_t

LEVEL = 0.95  # of the interval of g
FEW, UNEVEN = 12, 2.5  # a condition of so few observations with so many times the variance of all others together
WELCH, PAIRED = "Welch's t", "paired t"
EFFECT_ONLY = "effect only"  # in place of a test where there is one observation


@dataclass(frozen=True, eq=False)
class StatisticMaps:
    """What a test says at every vertex.

    Shapes   (V,) float64 each; all but effect None where a condition (or a paired test) has one observation only
    Units    effect: that of the observations; t, z, g: none; df: degrees of freedom; p: two-sided
    Numerics NaN where an observation is not finite (n_not_finite vertices), all but effect also where no observation
             varies (n_undefined). g is NaN too where it has no unbiased estimate: below 2 degrees of freedom
    """

    test: str
    n_observations: tuple[int, ...]  # of each condition, 0 for one of weight 0; pairs count in each
    effect: np.ndarray
    t: np.ndarray | None
    df: np.ndarray | None
    p: np.ndarray | None
    z: np.ndarray | None
    hedges_g: np.ndarray | None
    g_low: np.ndarray | None
    g_high: np.ndarray | None
    n_vertices: int
    n_not_finite: int
    n_undefined: int
    said: tuple[str, ...] = ()  # what a reader must know, in sentences

    @property
    def is_effect_only(self) -> bool:
        """Whether there were too few observations for a test."""
        return self.t is None


def welch_contrast(groups: Sequence[np.ndarray], weights: Sequence[float]) -> StatisticMaps:
    """The contrast of conditions whose trials are independent, each with a variance of its own.

    Shapes   groups: one (n_c, V) a condition
    Numerics effect = sum of w_c mean_c; its variance is the sum of w_c**2 s_c**2 / n_c, with the degrees of freedom of
             Welch and Satterthwaite. For two conditions of weights 1 and -1: scipy's ttest_ind(equal_var=False).
             g = J effect / s, where s is the deviation pooled over the conditions on f = N - C degrees of freedom and
             J = 1 - 3 / (4 f - 1); its variance is the sum of w_c**2 / n_c, plus g**2 / (2 (f - 1.94)). For two
             conditions that is statsmodels' effectsize_smd, which is Hedges and Olkin's.
             Far out in the tail p is too small where a condition of few observations makes most of the variance: of 10
             against 2 normal observations without an effect, p < 0.0001 comes 32 times as often, and 10 against 3 times
             8, 10 against 5 times 1.7, 12 against 12 times 0.7; one condition against the mean of seven, 6 each, 7
             times. That is said
    Raises   ShapeError, ConfigError
    Source   Welch 1951, Biometrika 38, 330; Hedges and Olkin 1985; statsmodels 0.14 stats.meta_analysis.effectsize_smd
    """
    found = checked_groups(groups, weights)
    effect = _effect(found)
    sizes = np.array(found.sizes)
    if sizes.min() < 2:
        return _effect_only("one observation in a condition", found, effect, len(groups))
    variances = np.stack([_variance(values) for values in found.values])  # (C, V)
    shares = (found.weights**2 / sizes)[:, None] * variances
    f = int(sizes.sum() - len(sizes))
    pooled = ((sizes - 1)[:, None] * variances).sum(axis=0) / f
    with np.errstate(all="ignore"):
        df = shares.sum(axis=0) ** 2 / (shares**2 / (sizes - 1)[:, None]).sum(axis=0)
    spread = (found.weights**2 / sizes).sum()
    made = _maps(WELCH, found, len(groups), effect, shares.sum(axis=0), df, pooled, f, spread)
    return replace(made, said=(*made.said, *_uneven(found)))


def _uneven(found: Groups) -> list[str]:
    """What to say where one condition of few observations makes most of the variance, all being alike."""
    shares = found.weights**2 / np.array(found.sizes)
    most = int(shares.argmax())
    rest = float(shares.sum() - shares[most])
    if found.sizes[most] > FEW or not 0 < UNEVEN * rest < shares[most]:
        return []
    return [
        f"a condition of {found.sizes[most]} observations makes most of the error, {shares[most] / rest:.2g} times all "
        "others: far out p is too small, and q < 0.05 turns up where there is nothing; compare as many of each, or "
        "take the familywise p of permutations"
    ]


def paired_contrast(groups: Sequence[np.ndarray], weights: Sequence[float]) -> StatisticMaps:
    """The contrast of conditions whose row i belongs together: one weighted sum a pair, and its mean against 0.

    Shapes   groups: one (n, V) a condition, n the same for all; one condition alone is tested against 0
    Numerics t of the n sums on f = n - 1 degrees of freedom; for two conditions scipy's ttest_rel. g = J mean / s with
             s the deviation of the sums (often called g_z) and J = 1 - 3 / (4 f - 1); its variance is
             1 / n + g**2 / (2 (f - 1.94))
    Raises   ShapeError, ConfigError
    """
    found = checked_groups(groups, weights, paired=True)
    effect = _effect(found)
    n = found.sizes[0]
    if n < 2:
        return _effect_only("one pair", found, effect, len(groups))
    variance = _variance(pair_sums(found))
    df = np.full(found.n_vertices, n - 1.0)
    return _maps(PAIRED, found, len(groups), effect, variance / n, df, variance, n - 1, 1 / n)


def pair_sums(found: Groups) -> np.ndarray:
    """The weighted sum of each pair, (n, V)."""
    return np.asarray(sum(weight * values for weight, values in zip(found.weights, found.values, strict=True)))


def _effect(found: Groups) -> np.ndarray:
    means = [values.mean(axis=0) for values in found.values]
    return np.asarray(sum(weight * mean for weight, mean in zip(found.weights, means, strict=True)))


def _variance(values: np.ndarray) -> np.ndarray:
    """With n - 1; exactly 0 where all are equal, which rounding of their mean would hide."""
    return np.where(np.ptp(values, axis=0) == 0, 0.0, values.var(axis=0, ddof=1))


def _maps(
    test: str, found: Groups, n_given: int, effect: np.ndarray, error: np.ndarray, df: np.ndarray,
    pooled: np.ndarray, f: int, spread: float,
) -> StatisticMaps:  # fmt: skip
    """All maps of an effect, its squared standard error, and the pooled variance on f degrees of freedom."""
    undefined = found.finite & (error == 0)
    with np.errstate(all="ignore"):
        t = np.where(error == 0, np.nan, effect / np.sqrt(error))
        g = np.where(error == 0, np.nan, (1 - 3 / (4 * f - 1)) * effect / np.sqrt(pooled))
        if f < 2:
            g[:] = np.nan
        half = special.ndtri((1 + LEVEL) / 2) * np.sqrt(spread + g**2 / (2 * (f - 1.94)))
    df = np.where(np.isnan(t), np.nan, df)
    said = [] if f >= 2 else ["two observations give no Hedges' g: it has no unbiased estimate on 1 degree of freedom"]
    if undefined.any():
        said.append(f"{undefined.sum()} of {found.n_vertices} vertices do not vary over observations: they have no t")
    return StatisticMaps(
        test, _counts(found, n_given), effect, t, df, p_of_t(t, df), z_of_t(t, df), g, g - half, g + half,
        found.n_vertices, int((~found.finite).sum()), int(undefined.sum()), (*_not_finite(found), *said),
    )  # fmt: skip


def _effect_only(few: str, found: Groups, effect: np.ndarray, n_given: int) -> StatisticMaps:
    said = f"{few}: the effect only, since nothing tells how it would vary"
    return StatisticMaps(
        EFFECT_ONLY, _counts(found, n_given), effect, None, None, None, None, None, None, None,
        found.n_vertices, int((~found.finite).sum()), 0, (*_not_finite(found), said),
    )  # fmt: skip


def _counts(found: Groups, n_given: int) -> tuple[int, ...]:
    sizes = dict(zip(found.used, found.sizes, strict=True))
    return tuple(sizes.get(i, 0) for i in range(n_given))


def _not_finite(found: Groups) -> tuple[str, ...]:
    n = int((~found.finite).sum())
    return (f"{n} of {found.n_vertices} vertices are NaN or infinite in some observation: they stay NaN",) if n else ()
