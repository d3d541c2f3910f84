"""How far every mistake moves a kit, and which mistakes a kit cannot tell from each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tribe_np.oracle.budget.bounds import RMS_FACTOR, bound_of
from tribe_np.oracle.conformance.deviations import deviation_of
from tribe_np.oracle.diagnose.explaining import BETTER, is_same
from tribe_np.oracle.diagnose.mistake import Mistake
from tribe_np.oracle.diagnose.mistake_catalogue import applicable
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit import Kit


@dataclass(frozen=True, eq=False)
class MovedKit:
    """A kit with a mistake in it.

    Fields   first the first tap that differs, None where none does; moved all that differ; distance of the output, over
             its RMS; taps the run's
    """

    mistake: Mistake
    first: str | None
    moved: frozenset[str]
    distance: float
    taps: Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class KitDistances:
    """All mistakes that a kit can have.

    Fields   unsure how far apart two outputs must be, over the RMS, to be told from each other in float32
    """

    kit: Kit
    moved: Mapping[str, MovedKit]
    unsure: float

    @property
    def output(self) -> str:
        """The last tap."""
        return self.kit.expected.names()[-1]

    def is_seen(self, mistake: str) -> bool:
        """Whether the output alone shows it."""
        return self.moved[mistake].distance >= self.unsure

    def between(self, one: str, other: str) -> float:
        """Of two mistakes' outputs, over the RMS of what is right."""
        a, b = (self.moved[name].taps.get(self.output) for name in (one, other))
        if a is None or b is None or a.shape != b.shape:
            return float("inf")
        scale = float(np.sqrt(np.mean(np.square(self.kit.expected[self.output], dtype=np.float64))))
        with np.errstate(invalid="ignore"):
            found = float(np.sqrt(np.mean((a - b) ** 2))) / scale
        return found if np.isfinite(found) else float("inf")

    def matrix(self) -> np.ndarray:
        """Shapes   -> (n, n), in the order of `moved`."""
        found = np.zeros((len(self.moved), len(self.moved)))
        for (i, one), (j, other) in combinations(enumerate(self.moved), 2):
            found[i, j] = found[j, i] = self.between(one, other)
        return found

    def same_output(self) -> list[tuple[str, str]]:
        """Pairs that the output alone does not tell apart, of mistakes that it shows."""
        seen = [name for name in self.moved if self.is_seen(name)]
        return [pair for pair in combinations(seen, 2) if self.between(*pair) < self.unsure]

    def same_taps(self) -> list[tuple[str, str]]:
        """Pairs that no tap tells apart, of mistakes that a tap shows."""
        seen = [name for name in self.moved if self.moved[name].moved]
        return [pair for pair in combinations(seen, 2) if self._are_same(*pair)]

    def _are_same(self, one: str, other: str) -> bool:
        a, b = self.moved[one], self.moved[other]
        if a.moved != b.moved or abs(a.distance - b.distance) > self.unsure:
            return False
        return all(is_same(a.taps.get(name), b.taps.get(name)) for name in a.moved)


def kit_distances(kit: Kit) -> KitDistances:
    """Runs the kit with every mistake that applies to it."""
    output = kit.expected.names()[-1]
    honest = bound_of(kit.model, kit.bounds_case, output).accumulated.rms / RMS_FACTOR
    return KitDistances(kit, {m.id: _moved(kit, m) for m in applicable(kit.setup)}, BETTER * honest)


def _moved(kit: Kit, mistake: Mistake) -> MovedKit:
    changed = mistake.apply(kit.setup)
    assert changed is not None, "it applies"
    with np.errstate(all="ignore"):
        taps = run_setup(changed).taps.arrays
    expected = kit.expected.arrays
    moved = [name for name in expected if not is_same(taps.get(name), expected[name])]
    output = kit.expected.names()[-1]
    if output not in taps or taps[output].shape != expected[output].shape:
        distance = float("inf")
    else:
        found = deviation_of(taps[output], expected[output])
        distance = float("inf") if found.n_not_finite else found.rms_over_rms
    return MovedKit(mistake, moved[0] if moved else None, frozenset(moved), distance, taps)
