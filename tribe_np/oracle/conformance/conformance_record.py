"""A comparison as what --json prints: every tap, with names that stay."""

from math import isfinite
from typing import Any

from tribe_np.oracle.budget.bounds import Bound
from tribe_np.oracle.conformance.comparison_text import state_of
from tribe_np.oracle.conformance.deviations import Deviation
from tribe_np.oracle.conformance.kit_comparison import KitComparison, TapComparison, verdict

FORMAT = "tribe-np-comparison/1"


def conformance_record(found: KitComparison) -> dict[str, Any]:
    """Everything that was found; numbers that are not finite are null, as JSON has none."""
    first, local = found.first_out, found.first_locally_out
    return {
        "format": FORMAT,
        "model": found.model,
        "case": found.case,
        "seed": found.seed,
        "precision": found.precision,
        "conforms": found.conforms,
        "verdict": verdict(found),
        "first_out_of_bounds": None if first is None else first.name,
        "first_wrong_step": None if local is None else local.name,
        "wrong_steps": [row.name for row in found.locally_out],
        "local_errors_unknown": found.local_error,
        "bound_notes": list(found.bound_notes),
        "missing": list(found.missing),
        "unknown": list(found.unknown),
        "suggested": {name: {"tap": one.tap, "reason": one.reason} for name, one in found.suggested.items()},
        "taps": [_row_record(row) for row in found.rows],
    }


def _row_record(row: TapComparison) -> dict[str, Any]:
    return {
        "name": row.name,
        "their_name": row.their_name,
        "state": state_of(row).lower(),
        "accumulated": _error_record(row.accumulated),
        "accumulated_bound": _bound_record(row.bound),
        "local": _error_record(row.local),
        "local_bound": _bound_record(row.local_bound),
        "since_not_given": list(row.since),
        "notes": list(row.notes),
        "fault": row.fault,
    }


def _error_record(error: Deviation | None) -> dict[str, Any] | None:
    if error is None:
        return None
    return {
        "max_abs": json_number(error.largest),
        "max_over_rms": json_number(error.largest_over_rms),
        "rms_over_rms": json_number(error.rms_over_rms),
        "ulp": json_number(error.ulp),
        "worst_index": list(error.worst),
        "theirs": json_number(error.theirs),
        "reference": json_number(error.reference),
        "not_finite": error.n_not_finite,
        "first_not_finite": None if error.first_not_finite is None else list(error.first_not_finite),
    }


def _bound_record(bound: Bound | None) -> dict[str, float] | None:
    return None if bound is None else {"rms_over_rms": bound.rms, "max_over_rms": bound.largest}


def json_number(value: float) -> float | None:
    """The number, or None where JSON has none for it."""
    return value if isfinite(value) else None
