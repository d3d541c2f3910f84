"""How well a prediction could do at best: what repeats of one stimulus have in common, at every vertex.

Every repeat is z-scored over its rows (each run by itself), so that all of it follows from the correlations of the N
repeats with each other, C (N, N):

    mean pairwise r          r1 = mean of C over pairs: the share of variance of ONE repeat that returns
    Spearman-Brown           rN = N r1 / (1 + (N - 1) r1): the same share of the MEAN of the N repeats
    explainable variance     ev = var(mean over repeats) / mean(var of a repeat)
      without its bias       ev - (1 - ev) / (N - 1): equal to r1 for z-scored repeats, as shown in the tests
    split halves             mean over splits of r(mean of one half, mean of the other), stepped up to N repeats
    ceiling of r             sqrt(rN) for a prediction held against the mean of repeats, sqrt(r1) against one
    normalised r             r / ceiling, where the reliability reaches a threshold

The square root is of a perfect prediction: r(signal, signal + noise) = sqrt(share of the signal). With z-scored
repeats, r / sqrt(rN) is CCnorm of Schoppe and colleagues.
Source   Spearman 1910 and Brown 1910, British Journal of Psychology 3, 271 and 296; Sahani and Linden 2003, NIPS 15;
         Hsu, Borst and Theunissen 2004, Network 15, 91; Schoppe et al. 2016, Frontiers in Computational Neuroscience
         10, 10; explainable_variance of voxelwise_tutorials 0.2.3 (Dupré la Tour et al. 2025)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tribe_np.analysis.evaluation.run_columns import RunColumns, Runs, alike, column_steps
from tribe_np.analysis.statistics.relabellings import check_seed
from tribe_np.errors import ConfigError, ShapeError

MOST_SPLITS = 1000  # split halves: all are taken where there are no more, else so many are drawn
LEAST_RELIABILITY = 0.1  # below it a ceiling is mostly noise, and so is what is divided by it


@dataclass(frozen=True, eq=False)
class RepeatCeilings:
    """What repeats have in common, as maps; NaN where a repeat is flat or not finite.

    Shapes   pairwise_r, reliability, explainable_variance, explainable_variance_biased, split_half_r,
             split_half_reliability: (V,)
    Units    shares of variance but pairwise_r and split_half_r, which are correlations; estimates, so that they may be
             below 0 where nothing returns
    """

    pairwise_r: np.ndarray
    reliability: np.ndarray
    explainable_variance: np.ndarray
    explainable_variance_biased: np.ndarray
    split_half_r: np.ndarray
    split_half_reliability: np.ndarray
    n_repeats: int
    n_rows: int
    n_splits: int
    is_every_split: bool

    @property
    def n_without(self) -> int:
        """Vertices without a ceiling."""
        return int(np.count_nonzero(~np.isfinite(self.pairwise_r)))

    @property
    def ceiling(self) -> np.ndarray:
        """The r of a perfect prediction with the mean of all repeats, (V,); NaN where reliability is not above 0."""
        return _root(self.reliability)

    @property
    def ceiling_of_one(self) -> np.ndarray:
        """The r of a perfect prediction with a single repeat, (V,); NaN where nothing returns."""
        return _root(self.pairwise_r)


def repeat_ceilings(repeats: Sequence[Runs], *, most_splits: int = MOST_SPLITS, seed: int = 0) -> RepeatCeilings:
    """The ceilings that repeats of one stimulus set.

    Shapes   repeats: N series of the same rows, each (R, V) or a list of its runs; or one array (N, R, V)
    Raises   ConfigError for fewer than two; ShapeError where rows or vertices differ
    """
    if len(repeats) < 2:
        raise ConfigError(f"a ceiling needs at least two repeats of the stimulus, got {len(repeats)}")
    found = alike(repeats, [f"repeat {i + 1}" for i in range(len(repeats))])
    n = len(found)
    one, other, is_every = half_splits(n, most=most_splits, seed=seed)
    pairwise, biased, half = (np.empty(found[0].n_columns) for _ in range(3))
    pairs = np.triu_indices(n, 1)
    for columns in column_steps(found[0].n_columns, n * found[0].n_rows + 3 * one.size):
        alike_by = _correlations(found, columns)
        pairwise[columns] = alike_by[:, pairs[0], pairs[1]].mean(axis=1)
        biased[columns] = alike_by.mean(axis=(1, 2))  # the variance of the mean of repeats, each of variance 1
        half[columns] = _split_half_r(alike_by, one, other)
    return RepeatCeilings(
        pairwise_r=pairwise,
        reliability=spearman_brown(pairwise, n),
        explainable_variance=biased - (1 - biased) / (n - 1),
        explainable_variance_biased=biased,
        split_half_r=half,
        split_half_reliability=spearman_brown(half, n / (n // 2)),
        n_repeats=n,
        n_rows=found[0].n_rows,
        n_splits=len(one),
        is_every_split=is_every,
    )


def spearman_brown(r: np.ndarray, factor: float) -> np.ndarray:
    """The reliability of `factor` times as much data: factor r / (1 + (factor - 1) r).

    Numerics NaN where the denominator is not above 0 (r at or below -1 / (factor - 1))
    """
    r = np.asarray(r, np.float64)
    below = 1 + (factor - 1) * r
    with np.errstate(invalid="ignore", divide="ignore"):
        stepped: np.ndarray = np.where(below > 1e-12, factor * r / below, np.nan)
    return stepped


def normalised_r(r: np.ndarray, reliability: np.ndarray, *, threshold: float = LEAST_RELIABILITY) -> np.ndarray:
    """r as a share of the best that reliability allows: r / sqrt(reliability).

    `reliability` is that of what r was taken with: `.reliability` for the mean of repeats, `.pairwise_r` for one.

    Shapes   r (..., V), reliability (V,) -> (..., V)
    Numerics NaN where reliability is below the threshold; nothing is clipped: noise can carry it above 1
    Raises   ConfigError for a threshold that is not above 0 and at most 1; ShapeError
    """
    if not 0 < threshold <= 1:
        raise ConfigError(f"the least reliability must be above 0 and at most 1, got {threshold!r}")
    r, reliability = np.asarray(r, np.float64), np.asarray(reliability, np.float64)
    if r.shape[-1:] != reliability.shape:
        raise ShapeError(f"expected a reliability for each of {r.shape[-1:]} vertices, got {reliability.shape}")
    with np.errstate(invalid="ignore"):
        best = np.sqrt(np.where(reliability >= threshold, reliability, np.nan))
    return np.asarray(r / best)


def half_splits(n: int, *, most: int = MOST_SPLITS, seed: int = 0) -> tuple[np.ndarray, np.ndarray, bool]:
    """Ways to part n repeats into two halves, and whether they are all there are.

    An odd number leaves one repeat out, each in its turn. Which half is the first says nothing, so it counts once.
    Above `most` ways, so many are drawn, each anew.

    Shapes   (S, n) and (S, n): 1.0 where a repeat is in the one half, in the other
    Raises   ConfigError
    """
    check_seed(seed)
    if n < 2 or isinstance(most, bool) or not isinstance(most, (int, np.integer)) or most < 1:
        raise ConfigError(f"split halves need at least two repeats and one split, got {n} and {most!r}")
    half = n // 2
    n_ways = math.comb(n - n % 2, half) // 2 * (n if n % 2 else 1)
    if n_ways <= most:
        orders = np.array([[*first, *second] for first, second in _all_halves(n)])
    else:
        orders = np.random.default_rng(seed).permuted(np.tile(np.arange(n), (most, 1)), axis=1)
    one, other = np.zeros((len(orders), n)), np.zeros((len(orders), n))
    np.put_along_axis(one, orders[:, :half], 1.0, axis=1)
    np.put_along_axis(other, orders[:, half : 2 * half], 1.0, axis=1)
    return one, other, n_ways <= most


def _all_halves(n: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Each two halves once: the first has the lowest of those that are taken."""
    found = []
    for left_out in range(n) if n % 2 else [n]:
        taken = [i for i in range(n) if i != left_out]
        for more in combinations(taken[1:], n // 2 - 1):
            first = (taken[0], *more)
            found.append((first, tuple(i for i in taken if i not in first)))
    return found


def _correlations(found: list[RunColumns], columns: slice) -> np.ndarray:
    """Pearson's r of each two repeats, (b, N, N); rows of all runs, each run z-scored."""
    scored = np.stack([series.z_scored(columns) for series in found], axis=1)  # (R, N, b)
    by_vertex = np.ascontiguousarray(scored.transpose(2, 1, 0))
    product: np.ndarray = by_vertex @ by_vertex.transpose(0, 2, 1) / by_vertex.shape[2]
    return product


def _split_half_r(alike_by: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Mean over splits of r between the means of halves, from correlations alone, (b,)."""
    with_one = one @ alike_by  # (b, S, N)
    between = (with_one * other).sum(axis=-1)
    within = (with_one * one).sum(axis=-1) * ((other @ alike_by) * other).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = between / np.sqrt(np.where(within > 1e-12, within, np.nan))
    return np.asarray(r.mean(axis=-1))


def _root(share: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.sqrt(np.where(share > 0, share, np.nan))
