"""p-values from the labels themselves: how often would a relabelling of the trials give a t as large?

Nothing is assumed of the distribution of values, only that under the null hypothesis labels (or the signs of pairs)
could as well have been others. With more than two conditions that hypothesis is that all of them are alike. The
statistic is studentised (Welch's t), so that it also holds, for many trials, where conditions differ in variance.
Source   Chung and Romano 2013, Annals of Statistics 41, 484; Phipson and Smyth 2010 (the +1 of a sample)
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tribe_np.analysis.statistics.contrast_tests import pair_sums
from tribe_np.analysis.statistics.observations_check import Groups, checked_groups
from tribe_np.analysis.statistics.relabellings import check_most, check_seed, label_relabellings, n_alike, sign_flips
from tribe_np.errors import ConfigError, ShapeError

MOST = 10_000  # relabellings: all are taken where there are no more, else so many are drawn
ROWS, COLUMNS_AT_ONCE = 256, 1024  # relabellings x vertices at a time: 2 MiB an array, which stays in the cache
SAME = 1e-9  # a squared t that is smaller by this share only counts as equal: sums differ in rounding
NOTHING = 1e-12  # of a vertex' sum of squares: what is left of a variance that is zero

Statistic = Callable[[np.ndarray, np.ndarray], np.ndarray]  # relabellings (P, N), values (N, V) -> t squared (P, V)


class PermutationP(NamedTuple):
    """What permutations say.

    Shapes   p (V,), two-sided; p_corrected (V,), against the largest |t| of all vertices, so that it holds for the
             whole cortex at once; NaN where there is no t
    """

    p: np.ndarray
    p_corrected: np.ndarray
    n: int  # relabellings that were made
    is_exact: bool  # whether those are all distinct ones
    n_alike: int = 1  # relabellings that share one |t| whatever the values are, as where a and b change places

    @property
    def smallest(self) -> float:
        """The smallest p that so many relabellings can give."""
        return self.n_alike / self.n if self.is_exact else 1 / (self.n + 1)

    def warnings(self, level: float = 0.05) -> tuple[str, ...]:
        """What a reader must know, in sentences: that no p can be below the level, where that is so."""
        if self.smallest < level:
            return ()
        how = "are possible" if self.is_exact else "were drawn"
        alike = f" and {self.n_alike} at a time share one |t|" if self.is_exact and self.n_alike > 1 else ""
        return (f"only {self.n} relabellings {how}{alike}, so no permutation p is below {self.smallest:.2g}",)


def permutation_p(
    groups: Sequence[np.ndarray],
    weights: Sequence[float],
    *,
    paired: bool = False,
    blocks: Sequence[Sequence[Hashable]] | None = None,
    seed: int = 0,
    most: int = MOST,
) -> PermutationP:
    """The share of relabellings whose |t| is at least the observed one, at every vertex and over all of them.

    Trials are relabelled over the conditions that have a weight, within their block (`blocks` names it for each
    observation of each condition: their runs, say). Paired: each pair's weighted sum keeps or changes its sign,
    whatever its block.

    Shapes   groups: one (n_c, V) a condition; blocks: one (n_c,) a condition
    Numerics exact where there are at most `most` distinct relabellings; else (1 + count) / (1 + most), seeded
    Raises   ConfigError where a condition has one observation, or where weights of unpaired conditions do not add up
             to 0: labels say nothing about such a sum; ShapeError
    """
    check_most(most)
    check_seed(seed)
    found = checked_groups(groups, weights, paired=paired)
    if min(found.sizes) < 2:
        raise ConfigError("permutations need at least two observations of every condition")
    if paired:
        flips, is_exact = sign_flips(found.sizes[0], most=most, seed=seed)
        made = _shares(pair_sums(found), np.ones((1, found.sizes[0])), flips, _paired_t2, is_exact)
        return made._replace(n_alike=2)  # all signs changed: the same |t|
    if abs(found.weights.sum()) > 1e-9 * np.abs(found.weights).max():
        raise ConfigError(
            f"permutations of labels need weights that add up to 0, these add up to {found.weights.sum():.6g}; compare "
            "with another condition, or take the t test"
        )
    labels = np.repeat(np.arange(len(found.sizes), dtype=np.int16), found.sizes)
    block_of = _blocks_of(found, blocks)
    moved, is_exact = label_relabellings(labels, block_of, most=most, seed=seed)
    made = _shares(np.concatenate(found.values), labels[None], moved, _welch_t2(found), is_exact)
    return made._replace(n_alike=n_alike(labels, block_of, found.weights))


def _blocks_of(found: Groups, blocks: Sequence[Sequence[Hashable]] | None) -> list[Hashable]:
    if blocks is None:
        return [0] * sum(found.sizes)
    used = [list(blocks[i]) for i in found.used] if len(blocks) > max(found.used) else []
    if [len(one) for one in used] != list(found.sizes):
        raise ShapeError("blocks must name the block of every observation of every condition")
    return [block for one in used for block in one]


def _shares(
    values: np.ndarray, given: np.ndarray, moved: np.ndarray, statistic: Statistic, is_exact: bool
) -> PermutationP:
    """p of the given labels or signs (1, N) among the moved ones (P, N), vertex by vertex and over all of them."""
    n_vertices = values.shape[1]
    at_least = np.zeros(n_vertices)
    observed = np.full(n_vertices, np.nan)
    largest = np.zeros(len(moved))
    for columns, here in _varying(values):
        observed[columns] = bound = statistic(given, here)[0]
        with np.errstate(invalid="ignore"):
            bound = bound * (1 - SAME)
        for first in range(0, len(moved), ROWS):
            rows = slice(first, first + ROWS)
            t2 = statistic(moved[rows], here)
            at_least[columns] += np.count_nonzero(t2 >= bound, axis=0)
            np.fmax(largest[rows], np.fmax.reduce(t2, axis=1), out=largest[rows])
    more = 0 if is_exact else 1  # the given labels are themselves one way
    total = len(moved) + more
    has_t = np.isfinite(observed)  # infinite where no observation varies within its condition: there is no t
    p, p_corrected = np.full(n_vertices, np.nan), np.full(n_vertices, np.nan)
    p[has_t] = (at_least[has_t] + more) / total
    below = np.searchsorted(np.sort(largest), observed[has_t] * (1 - SAME), side="left")
    p_corrected[has_t] = (len(moved) - below + more) / total
    return PermutationP(p, p_corrected, len(moved), is_exact)


def _varying(values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Vertices whose values are finite and differ, some at a time, and their values in units of their spread."""
    with np.errstate(invalid="ignore"):
        columns = np.flatnonzero(np.ptp(values, axis=0) > 0)  # False for NaN
    for first in range(0, len(columns), COLUMNS_AT_ONCE):
        some = columns[first : first + COLUMNS_AT_ONCE]
        yield some, values[:, some] / np.abs(values[:, some]).max(axis=0)


def _welch_t2(found: Groups) -> Statistic:
    """The squared t of Welch for labels of conditions: sums and sums of squares come from one matmul a condition."""

    def squared_t(labels: np.ndarray, values: np.ndarray) -> np.ndarray:
        values = values - values.mean(axis=0)  # weights add up to 0, so the effect stays; squares lose no digits
        squares = values * values
        nothing = NOTHING * squares.sum(axis=0)
        effect = np.zeros((len(labels), values.shape[1]))
        error = np.zeros_like(effect)
        for label, (weight, n) in enumerate(zip(found.weights, found.sizes, strict=True)):
            member = (labels == label).astype(np.float64)
            mean = member @ values
            mean /= n
            spread = member @ squares
            effect += weight * mean
            np.multiply(mean, mean, out=mean)
            mean *= n
            spread -= mean
            spread[spread < nothing] = 0.0
            spread *= weight**2 / (n * (n - 1))
            error += spread
        with np.errstate(all="ignore"):
            effect *= effect
            effect /= error
        return effect

    return squared_t


def _paired_t2(signs: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """The squared t of sums whose signs are changed; their squares stay."""
    n = len(sums)
    total = (sums * sums).sum(axis=0)
    explained = (signs @ sums) ** 2 / n
    left = total - explained
    left[left < NOTHING * total] = 0.0
    with np.errstate(all="ignore"):
        return np.asarray(explained * (n - 1) / left)
