"""The search at one tap: each mistake is made in our run, and the one that gives theirs is what theirs has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tribe_np.oracle.diagnose.diagnosis import Explanation, Finding
from tribe_np.oracle.diagnose.evidence import Departure, Evidence
from tribe_np.oracle.diagnose.mistake import Mistake
from tribe_np.oracle.setup import Setup

BETTER = 10
"""How many times less an explanation must leave than the next, and than none."""
NEAR = 4
"""How many bounds may remain: float32 rounds a mistaken run otherwise than a right one."""
SAME = 1e-9
"""Runs whose numbers differ less, over their RMS, are the same."""
MOST_NAN = 0.5
"""The share of NaN above which a run explains nothing: many mistakes end in nothing else."""
KEPT = (16, 4)
"""Explanations that are tried together with every other mistake where none alone is enough: single ones, pairs."""


@dataclass(frozen=True, eq=False)
class Search:
    """Looks for what explains theirs at a tap.

    Fields   tensors mistakes of single tensors: many, and tried only where no other explains theirs, or one of weights
             does; kept how many explanations are tried with one mistake more, level by level
    """

    evidence: Evidence
    mistakes: Sequence[Mistake]
    tensors: Sequence[Mistake] = ()
    kept: tuple[int, ...] = KEPT

    def at(self, tap: str, starts: Sequence[Explanation]) -> Finding:
        """What explains theirs at a tap, from runs that may have mistakes already."""
        error = self.evidence.departure(tap, self._computed(self.evidence.setup, tap))
        level = [one for start in starts for one in self._with_one_more(start, tap, self.mistakes)]
        if not self._is_settled(level, tap, error):
            level += [one for start in starts for one in self._with_one_more(start, tap, self.tensors)]
        tried, everything = level, (*self.mistakes, *self.tensors)
        for number in self.kept:
            if not level or self._explains(min(tried, key=_remaining), tap, error):
                break
            kept = sorted(level, key=_remaining)[:number]
            level = _once_each(two for one in kept for two in self._with_one_more(one, tap, everything))
            tried = tried + level
        return self._finding(tap, error, sorted(tried, key=_remaining))

    def _computed(self, setup: Setup, tap: str) -> np.ndarray | None:
        return self.evidence.computed(setup, tap).get(tap)

    def _is_settled(self, level: list[Explanation], tap: str, error: Departure) -> bool:
        """Whether the best explains theirs without other weights, for which single tensors could be the reason."""
        best = min(level, key=_remaining, default=None)
        if best is None or not self._explains(best, tap, error):
            return False
        return best.setup.weights is self.evidence.setup.weights

    def _with_one_more(self, start: Explanation, tap: str, mistakes: Sequence[Mistake]) -> Iterator[Explanation]:
        """The explanation with each other mistake that runs, and changes something at the tap."""
        before = self._computed(start.setup, tap)
        for mistake in mistakes:
            setup = None if mistake.id in start.ids else mistake.apply(start.setup)
            computed = None if setup is None else self._computed(setup, tap)
            if setup is None or computed is None or is_same(computed, before):
                continue
            if np.isnan(computed).sum() > MOST_NAN * computed.size:
                continue
            error = self.evidence.departure(tap, computed)
            yield Explanation((*start.mistakes, mistake), setup, error)

    def _finding(self, tap: str, error: Departure, ranked: list[Explanation]) -> Finding:
        if not ranked:
            return Finding(tap, error, ())
        best = ranked[0]
        if not self._explains(best, tap, error):
            single = min(ranked, key=lambda one: (len(one.mistakes), one.error.rms))
            return Finding(tap, error, (), single if 2 * single.error.rms < error.rms else None)
        limit = BETTER * max(best.error.rms, np.finfo(float).eps)
        close = [one for one in ranked if one.error.rms < limit and self._explains(one, tap, error)]
        groups = self._apart([one for one in close if len(one.mistakes) == len(best.mistakes)])
        return Finding(tap, error, groups)

    def _explains(self, one: Explanation, tap: str, error: Departure) -> bool:
        """Whether it leaves far less than the error, and little: a few bounds, or what its own float32 is off."""
        if one.error.rms * BETTER > error.rms:
            return False
        if one.error.severity <= NEAR:
            return True
        rounding = self._computed(replace(one.setup, precision="float32"), tap)
        return self.evidence.departure(tap, self._computed(one.setup, tap), rounding).severity <= NEAR

    def _apart(self, close: list[Explanation]) -> tuple[tuple[Explanation, ...], ...]:
        """Those that leave the fewest taps out of bound, in groups of those that are the same to every number."""
        runs = [self.evidence.computed(one.setup) for one in close]
        out = [self._n_out_of_bound(one.setup) for one in close]
        groups: list[tuple[list[Explanation], dict[str, np.ndarray]]] = []
        for one, run, number in zip(close, runs, out, strict=True):
            if number > min(out):
                continue
            for members, other in groups:
                if one.ids == members[0].ids or all(
                    is_same(run.get(name), other.get(name)) for name in self.evidence.theirs
                ):
                    members.append(one)
                    break
            else:
                groups.append(([one], dict(run)))
        return tuple(tuple(members) for members, _ in groups)

    def _n_out_of_bound(self, setup: Setup) -> int:
        return sum(departure.severity > NEAR for departure in self.evidence.departures(setup).values())


def is_same(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    """Whether two runs computed the same, up to the rounding of float64."""
    if one is None or other is None or one.shape != other.shape:
        return one is other
    finite = np.isfinite(one) & np.isfinite(other)
    if not np.array_equal(one[~finite], other[~finite], equal_nan=True):
        return False
    a, b = np.asarray(one[finite], np.float64), np.asarray(other[finite], np.float64)
    return bool(a.size == 0 or np.max(np.abs(a - b)) <= SAME * np.sqrt(np.mean(b * b)))


def _remaining(one: Explanation) -> float:
    return one.error.rms


def _once_each(level: Iterator[Explanation]) -> list[Explanation]:
    """Of the same mistakes in another order the one that leaves less."""
    found: dict[frozenset[str], Explanation] = {}
    for one in level:
        known = found.setdefault(frozenset(one.ids), one)
        if one.error.rms < known.error.rms:
            found[frozenset(one.ids)] = one
    return list(found.values())
