"""The local error of every tap: theirs against what is computed here, in float64, from their own taps before it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np

from tribe_np.oracle.budget.bounds import AccumulatedAndLocal, Bound
from tribe_np.oracle.conformance.deviations import Deviation
from tribe_np.oracle.conformance.local_runs import RunsFromTheirs, widened
from tribe_np.oracle.conformance.placed_taps import PlacedTap, laid_out, nearest_layout, shown_shape
from tribe_np.oracle.recording import Recording
from tribe_np.shown import some_of

MOST_RUNS = 12  # to settle orders of axes that are not clear from what is expected


BoundsOf = Callable[[str], AccumulatedAndLocal]
"""The bounds of a tap, by its name."""


@dataclass(frozen=True, eq=False)
class LocalErrors:
    """What runs from theirs gave.

    Fields   taps with every layout settled; errors and bounds by name; since the taps that matter for one and were not
             given; notes why a bound is wider
    """

    taps: Mapping[str, PlacedTap]
    errors: Mapping[str, Deviation] = field(default_factory=dict)
    bounds: Mapping[str, Bound] = field(default_factory=dict)
    since: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)


def local_errors(
    runs: RunsFromTheirs, taps: Mapping[str, PlacedTap], names: Sequence[str], bounds: BoundsOf, precision: str
) -> LocalErrors:
    """The local errors of taps; `names` are all taps of the kit in the order of computation.

    Raises   TribeError where the model refuses to go on from theirs
    """
    taps, computed = _settled_run(runs, taps)
    given = placed_arrays(taps)
    unjudged = _unjudged(runs, taps, computed, lambda name: bounds(name).local.rms)
    errors = {
        name: taps[name].deviation(computed[name])
        for name in given
        if _has_shape_of(computed, taps[name]) and name not in unjudged
    }
    missing = [name for name in names if name not in given]
    more = runs.carried_over(given, missing, lambda name: bounds(name).local.rms, computed)
    local: dict[str, Bound] = {}
    since: dict[str, tuple[str, ...]] = {}
    for name in errors:
        local[name] = bounds(name).local
        if name in more:
            local[name] = widened(local[name], more[name], bounds(name).accumulated)
            since[name] = _last_missing(name, names, given)
    alarms = [name for name, error in errors.items() if not error.is_within(local[name])]
    notes: dict[str, str] = {}
    for name, bound in runs.rounding(given, computed, alarms, precision).items():
        if errors[name].is_within(bound):
            local[name], notes[name] = bound, f"from their numbers our own {precision} is as far off"
    return LocalErrors(taps, errors, local, since, notes | unjudged)


def with_own_rounding(
    runs: RunsFromTheirs, expected: Recording, alarms: Sequence[str], bounds: BoundsOf, precision: str
) -> BoundsOf:
    """The bounds, where the budget has none for this very tap and case made wider by what our own arithmetic is off."""
    own = runs.rounding({}, expected, [name for name in alarms if bounds(name).note], precision)

    def wider(tap: str) -> AccumulatedAndLocal:
        both = bounds(tap)
        return replace(both, accumulated=both.accumulated.or_wider(own[tap])) if tap in own else both

    return wider


def _unjudged(
    runs: RunsFromTheirs, taps: Mapping[str, PlacedTap], computed: Recording, sizes: Callable[[str], float]
) -> dict[str, str]:
    """Steps that cannot be told from theirs, and why: what has another shape from theirs, and what follows from that.

    Where theirs does not fit, a run goes on with what it computed itself.
    """
    given = placed_arrays(taps)
    unlike = [name for name in given if name in computed and not _has_shape_of(computed, taps[name])]
    found = {
        name: f"this step is not judged: from their taps before it it has shape {shown_shape(computed[name].shape)}"
        for name in unlike
    }
    for name, more in runs.carried_over(given, unlike, sizes, computed).items():
        if name not in found and more.rms < inf:
            found[name] = f"this step is not judged: what comes before it has another shape ({some_of(unlike, 1)})"
    return found


def placed_arrays(taps: Mapping[str, PlacedTap]) -> dict[str, np.ndarray]:
    """What a run goes on with, by the kit's names."""
    return {name: tap.array for name, tap in taps.items() if tap.array is not None}


def _last_missing(name: str, names: Sequence[str], given: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """The taps right before one that were not given; where there are none, the last such of all before it."""
    before = list(names[: names.index(name)])
    run: list[str] = []
    while before and before[-1] not in given:
        run.insert(0, before.pop())
    return tuple(run) or tuple([other for other in before if other not in given][-1:])


def _settled_run(runs: RunsFromTheirs, taps: Mapping[str, PlacedTap]) -> tuple[dict[str, PlacedTap], Recording]:
    """A run from theirs; where the order of axes is not clear, it is the one nearest to what comes out there.

    A tap is settled together with those of other layers that are like it.
    """
    found = dict(taps)
    unsettled = {name for name, tap in taps.items() if tap.array is not None and not tap.is_clear}
    for _ in range(MOST_RUNS):
        computed = runs.computed_from_finite(placed_arrays({n: tap for n, tap in found.items() if n not in unsettled}))
        first = next((name for name in computed.names() if name in unsettled), None)
        if first is None:
            return found, computed
        if not _has_shape_of(computed, found[first]):
            unsettled.discard(first)
            continue
        layout = nearest_layout(first, found[first].theirs, computed[first], found[first].row)
        for name in [name for name in unsettled if _kind_of(found[name]) == _kind_of(found[first])]:
            unsettled.discard(name)
            if _has_shape_of(computed, found[name]):
                found[name] = laid_out(found[name], layout, computed[name])
    return found, runs.computed_from_finite(placed_arrays(found))


def _has_shape_of(computed: Recording, tap: PlacedTap) -> bool:
    """Whether a step from theirs has the kit's shape: not where shapes follow from numbers that are wrong."""
    return tap.array is not None and tap.name in computed and computed[tap.name].shape == tap.array.shape


def _kind_of(tap: PlacedTap) -> tuple[str, tuple[int, ...]]:
    """The same for a tap of several layers."""
    return re.sub("[0-9]+", "{i}", tap.name), tap.theirs.shape
