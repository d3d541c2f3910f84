"""What a comparison with a kit found: a row for each tap, and what they say together."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tribe_np.card import Card
from tribe_np.oracle.budget.bounds import Bound
from tribe_np.oracle.conformance.deviations import Deviation
from tribe_np.shown import some_of


@dataclass(frozen=True)
class TapComparison:
    """One tap of the kit, in the order of computation.

    Fields   name the kit's; their_name where it is another; accumulated theirs against what the kit expects; local
             theirs against what is computed here from their own taps before it; None where it could not be had;
             bound and local_bound what a right port may have; since the taps before it that they did not give and that
             matter for it, so that its local error is theirs too; notes what else is to be told; fault why it could
             not be compared, though it was given; row the only one of the first axis that theirs holds, None for all
    """

    name: str
    their_name: str | None = None
    accumulated: Deviation | None = None
    local: Deviation | None = None
    bound: Bound | None = None
    local_bound: Bound | None = None
    since: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fault: str | None = None
    row: int | None = None

    @property
    def is_given(self) -> bool:
        """Whether theirs has it."""
        return self.their_name is not None

    @property
    def is_out(self) -> bool:
        """Whether it is further from what is expected than a right port may be, or not to be compared."""
        return self.fault is not None or _is_out(self.accumulated, self.bound)

    @property
    def is_locally_out(self) -> bool:
        """Whether its own step is wrong: from their taps before it, something else comes out."""
        return self.fault is not None or _is_out(self.local, self.local_bound)


def _is_out(error: Deviation | None, bound: Bound | None) -> bool:
    return error is not None and bound is not None and not error.is_within(bound)


@dataclass(frozen=True, eq=False, repr=False)
class KitComparison(Card):
    """Another implementation against a kit.

    Fields   rows one for each tap of the kit, in the order of computation; unknown names of theirs that the kit lacks;
             suggested their name to the kit's, for those that look like one; given their taps as the kit has them, by
             the kit's names; local_error why local errors could not be had, None where they were; bound_notes what
             stands in for bounds that were not measured
    """

    model: str
    case: str
    seed: int
    precision: str
    rows: tuple[TapComparison, ...]
    unknown: tuple[str, ...] = ()
    suggested: Mapping[str, "NameSuggestion"] = field(default_factory=dict)
    given: Mapping[str, np.ndarray] = field(default_factory=dict)
    local_error: str | None = None
    bound_notes: tuple[str, ...] = ()

    @property
    def conforms(self) -> bool:
        """Whether every tap that was given is within its bounds."""
        return not any(row.is_out or row.is_locally_out for row in self.rows)

    @property
    def is_partial(self) -> bool:
        """Whether little was compared: not the output, or less than was left out of theirs."""
        n_given = len(self.rows) - len(self.missing)
        return len(self.unknown) > n_given or not self.rows[-1].is_given

    @property
    def missing(self) -> tuple[str, ...]:
        """Taps of the kit that they did not give."""
        return tuple(row.name for row in self.rows if not row.is_given)

    @property
    def locally_out(self) -> tuple[TapComparison, ...]:
        """All steps that are wrong by themselves, in the order of computation."""
        return tuple(row for row in self.rows if row.is_locally_out)

    @property
    def first_out(self) -> TapComparison | None:
        """The first tap that is further off than a right port may be."""
        return next((row for row in self.rows if row.is_out), None)

    @property
    def first_locally_out(self) -> TapComparison | None:
        """The first step that is wrong by itself: where to look."""
        return next(iter(self.locally_out), None)

    @property
    def worst(self) -> TapComparison | None:
        """The tap that is furthest from what is expected."""
        compared = [row for row in self.rows if row.accumulated is not None]
        return max(compared, key=_distance_of, default=None)

    def row(self, name: str) -> TapComparison:
        """The row of a tap.

        Raises   KeyError
        """
        return next((row for row in self.rows if row.name == name), None) or _no_row(name)

    def facts(self) -> dict[str, object]:
        """See Card."""
        n_given = len(self.rows) - len(self.missing)
        return {
            "kit": f"{self.model}, {self.case}, seed {self.seed}",
            "precision": self.precision,
            "verdict": verdict(self),
            "taps": f"{n_given} of {len(self.rows)} given, {len(self.unknown)} unknown",
            "wrong steps": some_of([row.name for row in self.locally_out]) or None,
        }


@dataclass(frozen=True)
class NameSuggestion:
    """The tap of the kit that one of theirs looks like, and why: `reason` is for people."""

    tap: str
    reason: str


def verdict(comparison: KitComparison) -> str:
    """One sentence: whether it conforms, and where it first does not."""
    local, carried = comparison.first_locally_out, comparison.first_out
    if local is not None:
        before = ""
        if local.since:
            n = len(local.since)
            before = f" (or {local.since[0]} before it" if n == 1 else f" (or one of {n} taps before it"
            before += ", which was not given)" if n == 1 else ", which were not given)"
        return f"{local.name} is the first wrong step{before}: {_what(local)}"
    if carried is not None and comparison.local_error is not None:
        return f"{carried.name} is the first tap out of bounds: {_what(carried)}"
    if carried is not None:
        return (
            f"every step is right by itself, yet {carried.name} is out of bounds ({_what(carried)}): small errors "
            "carried along grow, or a stage that was not given differs"
        )
    return _within(comparison)


def _within(comparison: KitComparison) -> str:
    """That nothing is out of bounds, and what was not compared."""
    n_given, n_unknown = len(comparison.rows) - len(comparison.missing), len(comparison.unknown)
    if n_given == 1:
        said = "the only tap that was given is within its bounds"
    else:
        said = f"all {n_given} taps that were given are within their bounds"
    if n_unknown:
        said += (
            f"; {n_unknown} of theirs {'was' if n_unknown == 1 else 'were'} NOT compared, as the kit has no such name"
        )
    if not comparison.rows[-1].is_given:
        said += f"; the output, {comparison.rows[-1].name}, is not among them"
    return said


def _what(row: TapComparison) -> str:
    if row.fault is not None:
        return row.fault
    error, bound = (row.local, row.local_bound) if _is_out(row.local, row.local_bound) else (row.accumulated, row.bound)
    assert error is not None
    assert bound is not None, "a row that is out has both"
    if error.n_not_finite:
        return error.not_finite_words()
    if error.rms_over_rms > bound.rms:
        return f"off by {error.rms_over_rms:.2g} of its RMS, where {bound.rms:.1g} is allowed"
    return f"at its worst place off by {error.largest_over_rms:.2g} of its RMS, where {bound.largest:.1g} is allowed"


def _distance_of(row: TapComparison) -> float:
    assert row.accumulated is not None
    return float("inf") if row.accumulated.n_not_finite else row.accumulated.largest_over_rms


def _no_row(name: str) -> TapComparison:
    raise KeyError(name)
