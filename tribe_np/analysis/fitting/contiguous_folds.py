"""Which rows are held out together: whole runs, or blocks of neighbouring rows; never rows drawn one by one.

Neighbouring rows of a scan are alike, so a row whose neighbours were trained on is no test. Rows on both sides of a
block can be left out of the training as well (`gap`): with lags of 10 s, the row after a block has seen the block.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tribe_np.errors import ConfigError

HELD_OUT_BY = ("runs", "blocks")
FEWEST_HELD_OUT = 2  # rows of a fold: a variance needs two


@dataclass(frozen=True)
class RowBlock:
    """Rows from `start` up to `stop` of one run, by the run's number."""

    run: int
    start: int
    stop: int

    @property
    def n_rows(self) -> int:
        """How many rows these are."""
        return self.stop - self.start


@dataclass(frozen=True)
class ContiguousFold:
    """Rows that are scored, and rows beside them that are neither scored nor trained on; all others are trained on."""

    held_out: tuple[RowBlock, ...]
    left_out: tuple[RowBlock, ...] = ()

    def rows(self, lengths: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Indices of the rows to train on and of those held out, over runs of these lengths one after the other."""
        firsts = np.concatenate([[0], np.cumsum(lengths)])
        kind = np.zeros(firsts[-1], np.int8)
        for number, blocks in ((1, self.held_out), (2, self.left_out)):
            for block in blocks:
                kind[firsts[block.run] + block.start : firsts[block.run] + block.stop] = number
        return np.flatnonzero(kind == 0), np.flatnonzero(kind == 1)

    def n_trained(self, lengths: Sequence[int]) -> int:
        """Rows that are trained on."""
        return sum(lengths) - sum(block.n_rows for block in (*self.held_out, *self.left_out))


def contiguous_folds(
    lengths: Sequence[int], n_folds: int = 5, *, by: str | None = None, gap: int = 0
) -> tuple[ContiguousFold, ...]:
    """Folds over runs of these lengths; each row is held out once.

    by       "runs": whole runs, neighbouring ones together where there are more runs than folds, as even in rows as
             their order allows; "blocks": `n_folds` blocks of one length, over all runs one after the other, as
             scikit-learn's KFold without shuffling cuts them; None: runs where there are enough
    gap      rows on either side of a block, in the same run, that are not trained on
    Raises   ConfigError for fewer than two folds, more folds than runs ("runs"), too few rows, or nothing left to train
    """
    check_folds(n_folds, gap)
    chosen = ("runs" if len(lengths) >= n_folds else "blocks") if by is None else by
    if chosen not in HELD_OUT_BY:
        raise ConfigError(f"rows are held out by {' or '.join(HELD_OUT_BY)}, not by {by!r:.40}")
    if chosen == "runs" and len(lengths) < n_folds:
        raise ConfigError(
            f"{n_folds} folds of whole runs need as many runs, got {len(lengths)}; hold out blocks of rows instead, "
            f"or take {max(2, len(lengths))} folds"
        )
    if sum(lengths) < FEWEST_HELD_OUT * n_folds:
        raise ConfigError(f"{sum(lengths)} rows are too few for {n_folds} folds of {FEWEST_HELD_OUT} rows or more")
    edges = _run_edges(lengths, n_folds) if chosen == "runs" else _even_edges(sum(lengths), n_folds)
    folds = tuple(_fold(lengths, a, b, gap) for a, b in pairwise(edges))
    for number, fold in enumerate(folds, 1):
        if fold.n_trained(lengths) < FEWEST_HELD_OUT:
            raise ConfigError(
                f"fold {number} of {n_folds}: a gap of {gap} rows leaves {fold.n_trained(lengths)} of {sum(lengths)} "
                "rows to train on; take a smaller gap"
            )
    return folds


def check_folds(n_folds: int, gap: int) -> None:
    """Raises   ConfigError for fewer than two folds, or a gap below 0."""
    if n_folds < 2 or gap < 0:
        raise ConfigError(f"cross-validation needs 2 folds or more and a gap of 0 or more, got {n_folds} and {gap}")


def _even_edges(n_rows: int, n_folds: int) -> list[int]:
    """The first blocks are one row longer where the rows do not divide."""
    sizes = [n_rows // n_folds + (i < n_rows % n_folds) for i in range(n_folds)]
    return [0, *np.cumsum(sizes).tolist()]


def _run_edges(lengths: Sequence[int], n_folds: int) -> list[int]:
    """Edges between runs that come nearest to even shares of the rows, every fold with a run at least."""
    ends = np.cumsum(lengths)
    chosen = [0]
    for i in range(1, n_folds):
        first, last = len(chosen) - 1, len(lengths) - (n_folds - i)  # runs before, and the last that may end here
        before = int(np.searchsorted(ends, chosen[-1], side="right"))
        free = ends[max(before, first) : last]
        chosen.append(int(free[np.argmin(np.abs(free - ends[-1] * i / n_folds))]))
    return [*chosen, int(ends[-1])]


def _fold(lengths: Sequence[int], start: int, stop: int, gap: int) -> ContiguousFold:
    held, left, first = [], [], 0
    for run, length in enumerate(lengths):
        a, b = max(start - first, 0), min(stop - first, length)
        if a < b:
            held.append(RowBlock(run, a, b))
            beside = (RowBlock(run, max(a - gap, 0), a), RowBlock(run, b, min(b + gap, length)))
            left += [block for block in beside if block.n_rows]
        first += length
    return ContiguousFold(tuple(held), tuple(left))
