"""What is known about a port: its intermediates beside ours, each computed from theirs, and how far off they may be."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import ShapeError, TribeError
from tribe_np.oracle.budget.bounds import Bound, bound_of
from tribe_np.oracle.budget.half_precision import HALVES, rounded
from tribe_np.oracle.conformance.deviations import deviation_of
from tribe_np.oracle.conformance.foreign_files import read_theirs
from tribe_np.oracle.conformance.kit_comparison import KitComparison
from tribe_np.oracle.conformance.local_runs import as_far_off_as_ours
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit import Kit
from tribe_np.oracle.setup import Setup

CANNOT_RUN = (TribeError, ValueError, KeyError, IndexError, StopIteration)
"""What a run raises into which a mistake, or theirs, does not fit: another width, an axis too few, a tap not there."""
ENOUGH, SOME = 64, 4096
"""Different numbers by whose bits a precision is told, of so many of each array."""


@dataclass(frozen=True)
class Departure:
    """An error at a tap, over the RMS of ours, and how many times it is what a right port may have."""

    rms: float
    severity: float


NOWHERE = Departure(np.inf, np.inf)


@dataclass(frozen=True, eq=False)
class Evidence:
    """A port's intermediates, in the order of computation.

    Fields   theirs those that the kit has, in its layout where they fit it; raw the same as they came; given those that
             fit, which a run goes on from; bounds of the local errors; failing those that are out of bound; rows the
             one of the first axis that theirs is, where it is a batch of one of the kit's several: the others of
             `given` are the kit's
    """

    setup: Setup
    theirs: Mapping[str, np.ndarray]
    raw: Mapping[str, np.ndarray]
    given: Mapping[str, np.ndarray]
    bounds: Mapping[str, Bound]
    failing: tuple[str, ...]
    rows: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, kit: Kit, comparison: KitComparison, numbers: Any = None) -> "Evidence":
        """What a comparison says; with `numbers`, those by name, also of arrays that do not fit the kit's shapes.

        Where the comparison has turned axes, and theirs as they came leave fewer steps wrong, they stay as they came:
        swapped queries and keys look like turned scores, and T5's exchanged sides like a turned bias.
        """
        named = _by_name(numbers)
        raw = {row.name: named[their] for row in comparison.rows if (their := row.their_name or "") in named}
        alone = {row.name: row.row for row in comparison.rows if row.row is not None}
        arrays = {**raw, **comparison.given, **{name: comparison.given[name][row] for name, row in alone.items()}}
        theirs = {row.name: arrays[row.name] for row in comparison.rows if row.name in arrays}
        bounds = {row.name: row.local_bound or row.bound for row in comparison.rows}
        bound_at = partial(bound_of, kit.model, kit.bounds_case, precision=comparison.precision)
        known = {name: bounds[name] or bound_at(kit.bounds_name(name)).local for name in theirs}
        failing = tuple(row.name for row in comparison.locally_out if row.name in theirs)
        found = cls(kit.setup, theirs, raw, comparison.given, known, failing, alone)
        turned = found._turned() if failing else {}
        if not turned:
            return found
        other = replace(found, theirs={**theirs, **turned}, given={**comparison.given, **turned})
        departures = other.departures(kit.setup)
        other = replace(other, failing=tuple(name for name in theirs if departures[name].severity > 1))
        return other if len(other.failing) < len(failing) else found

    def coarse_kind(self) -> str | None:
        """The coarser precision in which all of theirs can be written, if there is one."""
        # inverse frequencies are float32 tables
        named = [(name, array) for name, array in self.theirs.items() if not name.endswith(".inv_freq")]
        arrays = [array for _, array in named if array.dtype.kind == "f"]
        values = np.concatenate([array.ravel()[:SOME] for array in arrays]) if arrays else np.zeros(0)
        if np.unique(values[np.isfinite(values) & (values != 0)]).size < ENOUGH:
            return None
        return next((k for k in HALVES if all(np.array_equal(rounded(a, k), a, equal_nan=True) for a in arrays)), None)

    def computed(self, setup: Setup, until: str | None = None) -> Mapping[str, np.ndarray]:
        """What a run computes at each tap from theirs; nothing where it cannot run."""
        try:
            with np.errstate(all="ignore"):
                try:
                    return run_setup(setup, given=self.given, until=until).taps.arrays
                except ShapeError:  # with the mistake it has other shapes, as theirs may have
                    fitting = self._fitting(run_setup(setup).taps.arrays)
                    return run_setup(setup, given=fitting, until=until).taps.arrays
        except CANNOT_RUN:
            return {}

    def _turned(self) -> dict[str, np.ndarray]:
        """Of theirs as they came those that fit as they are, and of which the comparison took another layout."""
        alike = {name: self.raw[name] for name in self.given if name in self.raw}
        alike = {name: array for name, array in alike.items() if array.shape == self.given[name].shape}
        return {name: a for name, a in alike.items() if not np.array_equal(a, self.given[name], equal_nan=True)}

    def _fitting(self, run: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Of theirs, in either layout, those of the shapes that a run has."""
        arrays = [(name, array) for known in (self.raw, self.given) for name, array in known.items()]
        return {name: array for name, array in arrays if name in run and run[name].shape == array.shape}

    def departure(self, tap: str, ours: np.ndarray | None, rounding: np.ndarray | None = None) -> Departure:
        """Of theirs from what a run computed; infinite where it has nothing there, or another shape.

        rounding   what the same run computed in float32: from numbers that a mistake has made large, say, a right step
                   may be further off than the bound
        """
        layouts = [known[tap] for known in (self.theirs, self.raw) if tap in known]
        is_whole = ours is not None and any(array.shape == ours.shape for array in layouts)
        if tap in self.rows and not is_whole:  # other numbers of heads, say, make another whole of that size
            ours, rounding = _row_of(ours, self.rows[tap]), _row_of(rounding, self.rows[tap])
        theirs = next((array for array in layouts if ours is not None and array.shape == ours.shape), None)
        if ours is None or theirs is None:
            return NOWHERE
        found, bound = deviation_of(theirs, ours), self.bounds[tap]
        if found.n_not_finite:
            return NOWHERE
        if rounding is not None:
            bound = bound.or_wider(as_far_off_as_ours(rounding, ours))
        rms, largest = found.rms_over_rms, found.largest_over_rms
        return Departure(rms, max(rms / bound.rms, largest / bound.largest))

    def departures(self, setup: Setup) -> dict[str, Departure]:
        """Of every tap of theirs, beside what the run's own float32 is off."""
        run, rounding = self.computed(setup), self.computed(replace(setup, precision="float32"))
        return {name: self.departure(name, run.get(name), rounding.get(name)) for name in self.theirs}


def _row_of(array: np.ndarray | None, row: int) -> np.ndarray | None:
    return array[row] if array is not None and array.ndim and row < len(array) else None


def _by_name(numbers: Any) -> Mapping[str, np.ndarray]:
    """Theirs as they came, where they have names and shapes."""
    if isinstance(numbers, (str, Path)):
        try:
            numbers = read_theirs(numbers, lambda name: None)
        except TribeError:  # raw numbers, whose shapes only a map knows
            return {}
    found = numbers if isinstance(numbers, Mapping) else getattr(numbers, "arrays", {})
    return {str(name): array for name, array in found.items() if isinstance(array, np.ndarray)}
