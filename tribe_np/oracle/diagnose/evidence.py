"""What is known about a port: its intermediates beside ours, each computed from theirs, and how far off they may be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from tribe_np.errors import TribeError
from tribe_np.oracle.budget.bounds import LARGEST_FACTOR, RMS_FACTOR, Bound, bound_of
from tribe_np.oracle.budget.tap_errors import TapError
from tribe_np.oracle.diagnose.mistakes.weight_mistakes import rounded
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit import Kit
from tribe_np.oracle.setup import Setup

ENOUGH = 64
"""Numbers by whose bits a precision is told."""
Bounds = Callable[[str], Bound]
"""What the local error of each tap must not exceed."""


class NumbersOfTaps(Protocol):
    """Intermediates by name: a recording, or a mapping."""

    def __getitem__(self, name: str) -> np.ndarray: ...

    def __contains__(self, name: object) -> bool: ...


@dataclass(frozen=True, eq=False)
class Evidence:
    """A port's intermediates, in the order of computation.

    Fields   theirs those that the kit has, of any shape; given those of the kit's shape, which a run goes on from;
             bounds of the local errors
    """

    setup: Setup
    theirs: Mapping[str, np.ndarray]
    given: Mapping[str, np.ndarray]
    bounds: Bounds

    @classmethod
    def of(
        cls, kit: Kit, numbers: NumbersOfTaps, *, precision: str = "float32", bounds: Bounds | None = None
    ) -> "Evidence":
        """What `numbers` say of those that the kit has."""
        theirs = {name: np.asarray(numbers[name]) for name in kit.expected.names() if name in numbers}
        given = {name: array for name, array in theirs.items() if array.shape == kit.expected[name].shape}
        return cls(kit.setup, theirs, given, bounds or _measured_bounds(kit, list(given), precision))

    def coarse_kind(self) -> str | None:
        """The coarser precision in which all of theirs can be written, if there is one."""
        arrays = [array for array in self.theirs.values() if array.dtype.kind == "f"]
        if sum(array.size for array in arrays) < ENOUGH:
            return None
        kinds = ("bfloat16", "float16")
        return next((k for k in kinds if all(np.array_equal(rounded(a, k), a, equal_nan=True) for a in arrays)), None)

    def computed(self, setup: Setup, until: str | None = None) -> Mapping[str, np.ndarray] | None:
        """What a run computes at each tap from theirs; None where it cannot run."""
        try:
            with np.errstate(all="ignore"):
                return run_setup(setup, given=self.given, until=until).taps.arrays
        except (TribeError, ValueError, KeyError, IndexError, StopIteration):
            return None  # a mistake that theirs does not fit into: another width, an axis too few

    def errors(self, setup: Setup) -> dict[str, TapError]:
        """The local errors of theirs, by a run of `setup`."""
        computed = self.computed(setup) or {}
        return {name: between(theirs, computed.get(name)) for name, theirs in self.theirs.items()}

    def severity(self, tap: str, error: TapError) -> float:
        """An error in units of its bound: 1 and less is within."""
        bound = self.bounds(tap)
        return max(error.rms / bound.rms, error.largest / bound.largest)


def between(theirs: np.ndarray, ours: np.ndarray | None) -> TapError:
    """TapError.between, infinite where there is nothing of ours."""
    return TapError(np.inf, np.inf) if ours is None else TapError.between(theirs, ours)


def _measured_bounds(kit: Kit, names: list[str], precision: str) -> Bounds:
    """The budget's. Where theirs leaves out taps, a local error is of several steps: as many times that of a run in
    float32 with the same gaps, and at most the accumulated bound."""
    found: dict[str, Bound] = {}
    has_gaps, yardstick = len(names) < len(kit.expected), {}
    if has_gaps:
        honest = run_setup(replace(kit.setup, precision="float32")).taps
        steps = run_setup(kit.setup, given={name: honest[name] for name in names if name in honest}).taps
        yardstick = {name: TapError.between(honest[name], steps[name]) for name in names if name in honest}

    def bound(tap: str) -> Bound:
        if tap not in found:
            both = bound_of(kit.model, kit.case, tap, precision)
            found[tap] = both.local
            if has_gaps:
                error = yardstick.get(tap) if precision == "float32" else None
                found[tap] = both.accumulated if error is None else _with_gaps(error, both.local, both.accumulated)
        return found[tap]

    return bound


def _with_gaps(error: TapError, local: Bound, accumulated: Bound) -> Bound:
    wide = local.or_wider(Bound(RMS_FACTOR * error.rms, LARGEST_FACTOR * error.largest))
    return local.or_wider(Bound(min(wide.rms, accumulated.rms), min(wide.largest, accumulated.largest)))
