"""Taps of which one side is a summary: samples and statistics are compared, all in all, and no step by itself."""

from collections.abc import Callable
from dataclasses import replace
from math import isfinite, prod

import numpy as np

from tribe_np.oracle.budget.bounds import AccumulatedAndLocal
from tribe_np.oracle.conformance.deviations import MASKED, Deviation, deviation_of
from tribe_np.oracle.conformance.kit_comparison import TapComparison
from tribe_np.oracle.conformance.placed_taps import nearest_layout, unlike_shapes
from tribe_np.oracle.differences import difference_of
from tribe_np.oracle.summaries import Summary, TapValues, sample_places


def summary_row(
    name: str,
    given: tuple[str, TapValues] | None,
    reference: TapValues,
    bounds: Callable[[str], AccumulatedAndLocal],
) -> TapComparison:
    """The row of a tap, with the accumulated error that samples and statistics show."""
    if given is None:
        return TapComparison(name)
    their_name, values = given
    wanted = reference if isinstance(reference, Summary) else Summary.of(reference)
    note = ""
    if isinstance(values, np.ndarray):
        found = nearest_layout(name, values, reference)
        if found is not None and found.layout.row is None:
            note = found.layout.note
            values = summarised_as(found.layout.applied(values, wanted.shape), wanted)
    if tuple(values.shape) != wanted.shape:
        return TapComparison(name, their_name, fault=unlike_shapes(values.shape, wanted.shape))
    assert isinstance(values, Summary)
    error, notes = summary_deviation(values, wanted), (note,) if note else ()
    return TapComparison(name, their_name, error, bound=bounds(name).accumulated, notes=notes)


def summarised_as(array: np.ndarray, reference: Summary) -> Summary:
    """The summary of an array; what is masked in it is -infinity where the reference has such."""
    if reference.n_not_finite and array.dtype.kind == "f":
        array = np.where(array <= MASKED, -np.inf, array)
    return Summary.of(array)


def summary_deviation(theirs: Summary, reference: Summary) -> Deviation:
    """The error that two summaries show: that of the samples, or of a statistic where it is larger.

    Numerics no more than the error of the whole arrays, and below it as a rule; the worst place is of the samples
    """
    sampled, whole = deviation_of(theirs.sample, reference.sample), difference_of("", theirs, reference)
    not_finite = max(sampled.n_not_finite, abs(theirs.n_not_finite - reference.n_not_finite))
    n_theirs = sampled.n_theirs
    if not_finite != sampled.n_not_finite:  # more than the samples show
        n_theirs = not_finite if theirs.n_not_finite > reference.n_not_finite else 0
    found = replace(
        sampled, worst=_place(sampled.worst, reference), n_not_finite=not_finite, n_theirs=n_theirs,
        first_not_finite=None if sampled.first_not_finite is None else _place(sampled.first_not_finite, reference),
    )  # fmt: skip
    if not isfinite(whole.max_error):
        return found
    largest = whole.max_error * reference.rms
    return replace(found, largest=largest, largest_over_rms=whole.max_error, rms_over_rms=whole.rms_error)


def _place(at: tuple[int, ...], reference: Summary) -> tuple[int, ...]:
    """A place of the sample as one of the array."""
    if not at or not reference.shape:
        return ()
    places = sample_places(prod(reference.shape))
    return tuple(int(index) for index in np.unravel_index(places[at[0]], reference.shape))
