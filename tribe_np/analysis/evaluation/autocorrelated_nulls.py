"""How often would a prediction that knows nothing of the time reach the r that was found?

Slow series correlate by chance: neighbouring rows say nearly the same, so far fewer rows count than there are. A null
must keep that autocorrelation (`surrogates`); shuffling rows destroys it, and calls noise a finding. Of 4,000 pairs of
series that have nothing to do with each other (200 seeds x 20 vertices, 199 surrogates, TR 1 s), this many had
p <= 0.05, in per cent (bold: white noise through a haemodynamic response; slow: r of neighbours 0.9; drifting: half of
the variance has 0.995), as `python -m tools.null_alarms` prints it:

    noise     rows    shuffled   shifts of 30 s   blocks of 30 s   of 60 s   phases
    bold        300       24.1              6.6              5.9       4.9      5.2
    bold      1,200       23.7              5.7              5.6       5.7      5.4
    bold      3,600       23.3              4.8              5.3       5.1      4.9
    slow        300       29.9              8.6              6.8       5.0      5.0
    slow      1,200       29.0              5.9              6.5       5.7      5.2
    slow      3,600       29.9              5.6              7.0       5.8      5.0
    drifting    300       24.8             12.4             11.1       7.4      6.9
    drifting  3,600       38.7              5.8             22.7      17.7      5.5

So phases, the default, keep the level; shifts do in runs of 20 minutes and more, since far shifts alone are a little
less like the found r than chance is; blocks must be several times as long as noise remembers, which the largest r over
vertices shows first (12.5 % for slow noise of 3,600 rows and blocks of 30 s, 8 % for phases, binomial error 1.5 %).
Take drifts out of the data first.

    p            (b + 1) / (n + 1): b of n surrogates reach the r that was found
    p_corrected  the same against the largest r over all vertices of each surrogate: holds for the whole map at once
    q            Benjamini and Hochberg's, over vertices
    p_of_mean    p of the mean r over vertices
Source   Phipson and Smyth 2010, Statistical Applications in Genetics and Molecular Biology 9, 39 (the + 1)
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tribe_np.analysis.evaluation.run_columns import RunColumns, Runs, alike, column_steps
from tribe_np.analysis.evaluation.surrogates import Surrogates, block_draws, phase_draws, shift_draws
from tribe_np.analysis.statistics.multiplicity import fdr
from tribe_np.analysis.statistics.relabellings import FEWEST, check_most, check_seed
from tribe_np.errors import ConfigError
from tribe_np.shown import did_you_mean, quoted

KINDS_OF_NULL = ("shifts", "blocks", "phases")
N_SURROGATES = 1000
LEAST_SECONDS = {"shifts": 30.0, "blocks": 60.0}  # unless asked: blocks of 30 s call slow noise a finding more often
FEW_POSSIBLE = 200  # surrogates: fewer, and a p near 0.05 is made of ten of them at most
ENDLESS = 10**15  # surrogates: more than could ever be drawn
ROUNDING = 1e-9  # a surrogate's r that is this little below counts as equal


@dataclass(frozen=True, eq=False)
class NullCorrelations:
    """What surrogates say of a correlation, at every vertex; NaN where a series is flat or not finite.

    Shapes   r, p, p_corrected, null_mean, null_sd: (V,), the last two over surrogates; mean_r: over vertices
    Fields   n surrogates, of n_possible different ones (None: more than could ever be drawn); rows_moved: the least
             shift, or the length of a block (None for phases)
    """

    r: np.ndarray
    p: np.ndarray
    p_corrected: np.ndarray
    null_mean: np.ndarray
    null_sd: np.ndarray
    mean_r: float
    p_of_mean: float
    kind: str
    two_sided: bool
    n: int
    n_possible: int | None
    seed: int
    rows_moved: int | None

    @property
    def q(self) -> np.ndarray:
        """The false discovery rate at which each vertex is just found, (V,)."""
        return fdr(self.p)

    def n_found(self, level: float) -> int:
        """Vertices with a q below the level."""
        return int(np.count_nonzero(self.q < level))

    @property
    def smallest(self) -> float:
        """The smallest p that so many surrogates can give."""
        return 1 / (self.n + 1)

    @property
    def n_without(self) -> int:
        """Vertices without an r."""
        return int(np.count_nonzero(~np.isfinite(self.r)))

    def warnings(self, level: float = 0.05) -> tuple[str, ...]:
        """What a reader must know, in sentences."""
        said = []
        if self.n_possible is not None and self.n_possible < FEW_POSSIBLE:
            said.append(
                f"only {self.n_possible} different {self.kind} are possible in so few rows: p is coarse, and not below "
                f"{max(self.smallest, 1 / self.n_possible):.2g}"
            )
        if self.smallest > level:
            said.append(f"of {self.n:,} surrogates, no p is below {self.smallest:.2g}; take more for {level:g}")
        return (*said, *self._coarse_q(level))

    def _coarse_q(self, level: float) -> tuple[str, ...]:
        """That no vertex is found because p cannot be small enough for so many, where that may be so."""
        at_floor = int(np.count_nonzero(self.p <= self.smallest * (1 + ROUNDING)))
        needed = math.ceil(self.smallest / level * np.count_nonzero(np.isfinite(self.p)))
        if not 0 < at_floor < needed:
            return ()
        with np.errstate(invalid="ignore"):
            if np.any(self.q <= level):
                return ()
        return (
            f"{at_floor:,} vertices have the smallest p that {self.n:,} surrogates can give; for a q of {level:g} it "
            f"would take {needed:,} of them, or {math.ceil(self.n * needed / at_floor):,} surrogates",
        )


def null_correlations(
    prediction: Runs,
    truth: Runs,
    *,
    kind: str = "phases",
    n: int = N_SURROGATES,
    seed: int = 0,
    tr: float = 1.0,
    seconds: float | None = None,
    two_sided: bool = False,
) -> NullCorrelations:
    """The r of a prediction at every vertex, and p against surrogates of the prediction.

    Shapes   prediction, truth: (R, V), or lists of the same runs
    Units    tr and seconds: seconds; `seconds` is the least shift (None: 30), or the length of a block (None: 60)
    Numerics the mean of each run is taken out, since nothing that stays within a run could move it; one-sided (large r)
             unless asked; with one run, no more than all shifts there are. Each 1,000 are a pass through the files
    Raises   ConfigError for an unknown kind, or runs too short for it; ShapeError where rows or vertices differ
    """
    check_most(n, "n")
    check_seed(seed)
    predicted, measured = alike([prediction, truth], ["prediction", "truth"])
    draws, n_possible, rows_moved = _draws(kind, predicted.lengths, n, seed, tr, seconds)
    passes = [_against(some, predicted, measured, two_sided) for some in draws]
    largest, means = (np.concatenate([getattr(one, name) for one in passes]) for name in ("largest", "means"))
    n_made, r = len(largest), passes[0].r
    has_r = np.isfinite(r)
    at_least = np.sum([one.n_at_least for one in passes], axis=0)
    below = np.searchsorted(np.sort(largest), _size(r, two_sided) - ROUNDING, side="left")
    mean_r = float(r[has_r].mean()) if has_r.any() else np.nan
    n_mean = np.count_nonzero(_size(means, two_sided) >= _size(mean_r, two_sided) - ROUNDING)
    null_mean = np.sum([one.summed for one in passes], axis=0) / n_made
    squares = np.sum([one.squared for one in passes], axis=0) / n_made
    return NullCorrelations(
        r=r,
        p=np.where(has_r, (at_least + 1) / (n_made + 1), np.nan),
        p_corrected=np.where(has_r, (n_made - below + 1) / (n_made + 1), np.nan),
        null_mean=null_mean,
        null_sd=np.sqrt(np.maximum(squares - null_mean**2, 0.0)),
        mean_r=mean_r,
        p_of_mean=float((n_mean + 1) / (n_made + 1)) if has_r.any() else np.nan,
        kind=kind,
        two_sided=two_sided,
        n=n_made,
        n_possible=n_possible,
        seed=seed,
        rows_moved=rows_moved,
    )


class _Pass(NamedTuple):
    """One pass through the files.

    Shapes   r (V,); over surrogates, how many reach it, sums and sums of squares (V,); over vertices, the largest and
             the mean r of each surrogate (n,)
    """

    r: np.ndarray
    n_at_least: np.ndarray
    summed: np.ndarray
    squared: np.ndarray
    largest: np.ndarray
    means: np.ndarray


def _against(some: Surrogates, predicted: RunColumns, measured: RunColumns, two_sided: bool) -> _Pass:
    r, summed, squared = (np.full(predicted.n_columns, np.nan) for _ in range(3))
    n_at_least = np.zeros(predicted.n_columns, int)
    largest, total, n_with = -np.inf, 0.0, 0
    for columns in column_steps(predicted.n_columns, predicted.n_rows):
        x, y = predicted.centred(columns), measured.centred(columns)
        r[columns] = np.einsum("rb,rb->b", x, y)
        has_r = np.isfinite(r[columns])
        at = np.arange(columns.start, columns.stop)[has_r]
        null = some.products(x[:, has_r], y[:, has_r])
        summed[at], squared[at] = null.sum(axis=0), np.einsum("nb,nb->b", null, null)
        total, n_with = total + null.sum(axis=1), n_with + len(at)
        null = _size(null, two_sided)
        n_at_least[at] = np.count_nonzero(null >= _size(r[at], two_sided) - ROUNDING, axis=0)
        largest = np.maximum(largest, null.max(axis=1, initial=-np.inf))
    return _Pass(
        np.clip(r, -1, 1), n_at_least, summed, squared, np.asarray(largest), np.asarray(total / max(1, n_with))
    )


def _size(r: np.ndarray | float, two_sided: bool) -> np.ndarray:
    return np.abs(r) if two_sided else np.asarray(r)


def _draws(
    kind: str, lengths: tuple[int, ...], n: int, seed: int, tr: float, asked: float | None
) -> tuple[Iterator[Surrogates], int | None, int | None]:
    """Surrogates, how many different ones there are, and the rows of a shift or block."""
    if kind not in KINDS_OF_NULL:
        raise ConfigError(
            f"null {quoted(kind)} is unknown; known are {', '.join(KINDS_OF_NULL)}{did_you_mean(kind, KINDS_OF_NULL)}"
        )
    seconds = LEAST_SECONDS.get(kind, 1.0) if asked is None else asked
    if not (math.isfinite(tr) and tr > 0 and math.isfinite(seconds) and seconds > 0):
        raise ConfigError(f"tr and seconds must be above 0, got {tr!r} and {seconds!r}")
    if kind == "phases":
        return phase_draws(lengths, n, seed), None, None
    rows = max(1, math.ceil(seconds / tr - 1e-9))
    if kind == "shifts":
        n_possible = math.prod(max(0, length - 2 * rows + 1) for length in lengths)
        draws: Iterator[Surrogates] = shift_draws(lengths, rows, n, seed)
    else:
        n_possible = math.prod(math.factorial(math.ceil(length / rows)) for length in lengths)
        draws = block_draws(lengths, rows, n, seed)
    if n_possible < FEWEST:
        raise ConfigError(
            f"{kind} of {rows * tr:g} s leave {n_possible} surrogates of runs of {', '.join(map(str, lengths))} "
            f"rows, expected at least {FEWEST}; give longer runs, fewer seconds, or take phases"
        )
    return draws, n_possible if n_possible < ENDLESS else None, rows
