"""Another implementation against a kit: names matched, axes put as the kit has them, and both errors of every tap."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.backend import to_host
from tribe_np.errors import ConfigError, RecordingError, TribeError, reason_of
from tribe_np.oracle.budget.bounds import Bound, bound_of
from tribe_np.oracle.conformance.foreign_files import ONE_ARRAY, read_theirs
from tribe_np.oracle.conformance.kit_comparison import KitComparison, NameSuggestion, TapComparison
from tribe_np.oracle.conformance.local_errors import (
    BoundsOf,
    LocalErrors,
    local_errors,
    placed_arrays,
    with_own_rounding,
)  # fmt: skip
from tribe_np.oracle.conformance.local_runs import RunsFromTheirs
from tribe_np.oracle.conformance.matched_names import MatchedTaps, match_names, no_match, tap_of
from tribe_np.oracle.conformance.name_maps import NameMap, mapped_of, name_map, read_name_map
from tribe_np.oracle.conformance.name_suggestions import suggestions
from tribe_np.oracle.conformance.placed_taps import PlacedTap, place_tap, with_one_row
from tribe_np.oracle.conformance.summary_comparison import summary_row
from tribe_np.oracle.kits.kit import Kit, whole_kit
from tribe_np.oracle.kits.kit_reading import read_kit
from tribe_np.oracle.recording import Recording, SummaryRecording
from tribe_np.oracle.summaries import Summary, TapValues
from tribe_np.shown import quoted

MASKING = (
    "it is what the kit expects, though what they show before it is not: that is not what it is computed from, or two "
    "mistakes undo each other"
)
MOST_TAPS = 1 << 30
Theirs = Mapping[str, Any] | Recording | SummaryRecording | str | Path | np.ndarray
"""What `compare_kit` takes for another implementation's numbers."""
Names = str | Path | Mapping[str, Any]
"""A map of names, or its file; see `name_maps`."""


def compare_kit(
    kit: Kit | str | Path,
    theirs: Theirs,
    precision: str = "float32",
    *,
    names: Names | None = None,
    bounds: BoundsOf | None = None,
    steps: bool | None = None,
) -> KitComparison:
    """Another implementation's intermediates against a kit, tap by tap: where they depart, and by how much.

    kit      one in memory, or its folder
    theirs   their arrays by name (the kit's name, or one that differs in punctuation), as many as there are; the file
             or folder that holds them; or one array, or a file of one whose name is no tap's: the output. Summaries of
             them are compared too, all in all
    names    for other names: a map of them, or its file (`name_maps`)
    bounds   what a right port may be off at each tap; those of the budget (`bound_of`) where none are given
    steps    of a kit that holds summaries: whether all its numbers are computed anew, so that each step is checked by
             itself; None: where they take less than MOST_TAPS bytes
    Raises   KitError for a folder that is no whole kit; ConfigError, RecordingError, CheckpointError for a file or a
             map that cannot be used; RecordingError where no name is the kit's
    """
    kit = kit if isinstance(kit, Kit) else read_kit(kit)
    matched, origin = _matched(kit, theirs, names)
    if not matched.taps:
        raise no_match(matched, kit.tap_names(), _suggested(kit, matched), origin)
    whole, why_not = _whole(kit, matched, steps)
    found = compared(whole, matched, bounds or budget_bounds(kit, precision), precision)
    return replace(found, local_error=why_not) if why_not else found


def suggested_names(kit: Kit, theirs: Theirs, names: Names | None = None) -> dict[str, NameSuggestion]:
    """For names of theirs that the kit lacks the taps that they look like; also where none is the kit's.

    Raises   as compare_kit
    """
    return _suggested(kit, _matched(kit, theirs, names)[0])


def _whole(kit: Kit, matched: MatchedTaps, steps: bool | None) -> tuple[Kit, str | None]:
    """The kit with every number of its taps, where that is wanted and can be had; and why not.

    Raises   KitError where what is computed is not what the kit holds; with `steps` ConfigError where it cannot be
    """
    if kit.summary is None:
        return kit, None
    if any(isinstance(values, Summary) for _, values in matched.taps.values()) and not steps:
        return kit, None  # which is told of theirs
    n_bytes = 8 * sum(prod(summary.shape) for summary in kit.summary.summaries.values())
    if steps is False or (steps is None and n_bytes > MOST_TAPS):
        return kit, f"the kit holds summaries; --steps computes all numbers of its taps ({n_bytes / 1e9:.2g} GB)"
    try:
        return whole_kit(kit), None
    except ConfigError as error:
        if steps:
            raise
        return kit, str(error)


def budget_bounds(kit: Kit, precision: str) -> BoundsOf:
    """What honest implementations of the kit's case were off, and a few times that.

    Raises   ConfigError for a precision without bounds, when asked for a tap
    """
    return lambda tap: bound_of(kit.model, kit.bounds_case, kit.bounds_name(tap), precision)


def _expected(kit: Kit) -> Mapping[str, TapValues]:
    return kit.expected.arrays if kit.summary is None else kit.summary.summaries


def _matched(kit: Kit, theirs: Theirs, names: Names | None) -> tuple[MatchedTaps, str]:
    """Theirs by the kit's names, and how the whole of it is called in messages."""
    taps = kit.tap_names()
    mapped: NameMap = {}
    if names is not None:
        mapped = name_map(names, taps) if isinstance(names, Mapping) else read_name_map(names, taps)
    arrays, origin = _arrays(kit, theirs, mapped)
    matched = match_names(arrays, taps, mapped)
    if not matched.taps and _is_one_array(theirs) and matched.unknown:  # a file of any name: the output
        (name, values), output = next(iter(matched.unknown.items())), taps[-1]
        if prod(values.shape) in _sizes_of(_expected(kit)[output].shape):
            return MatchedTaps({output: (name, values)}), origin
    return matched, origin


def _is_one_array(theirs: Theirs) -> bool:
    """Whether it is a file that holds one array, and no name but the file's own."""
    return isinstance(theirs, (str, Path)) and Path(theirs).suffix.lower() in ONE_ARRAY and not Path(theirs).is_dir()


def _sizes_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """How many numbers an array has that may be of a shape: all of them, or those of one row."""
    return (prod(shape), prod(shape[1:]))


def _suggested(kit: Kit, matched: MatchedTaps) -> dict[str, NameSuggestion]:
    lacking = {name: values for name, values in _expected(kit).items() if name not in matched.taps}
    return suggestions(matched.unknown, lacking)


def _arrays(kit: Kit, theirs: Theirs, names: NameMap) -> tuple[Mapping[str, TapValues], str]:
    """What they gave by their names, and how the whole of it is called in messages."""
    if isinstance(theirs, (str, Path)):
        return read_theirs(theirs, partial(_shape_of, kit, names, is_alone=_is_one_array(theirs))), str(theirs)
    if isinstance(theirs, (Recording, SummaryRecording)):
        theirs = dict(theirs.values)
    given = theirs if isinstance(theirs, Mapping) else {kit.tap_names()[-1]: theirs}
    return {str(name): _host_numbers(str(name), array) for name, array in given.items()}, "theirs"


def _shape_of(kit: Kit, names: NameMap, name: str, *, is_alone: bool = False) -> tuple[int, ...] | None:
    """The shape that a raw file of that name has; one that is alone and has another name is the output."""
    mapped = mapped_of(name, names)
    if mapped is not None and mapped.shape is not None:
        return mapped.shape
    tap = tap_of(name if mapped is None or mapped.tap is None else mapped.tap, kit.tap_names())
    if tap is None and is_alone:
        tap = kit.tap_names()[-1]
    return None if tap is None else tuple(_expected(kit)[tap].shape)


def _host_numbers(name: str, given: Any) -> TapValues:
    """An array of any library as NumPy's; bfloat16, which NumPy lacks, as float32."""
    if isinstance(given, Summary):
        return given
    if hasattr(given, "detach"):  # a tensor of PyTorch, maybe on a device
        given = given.detach().cpu()
        given = given.float() if str(given.dtype) == "torch.bfloat16" else given
    try:
        array = np.asarray(to_host(given) if hasattr(given, "__array_namespace__") else given)
    except ValueError as error:  # lists of unequal lengths, or an output and something else
        raise RecordingError(f"theirs: {quoted(name)} is no array of numbers: {reason_of(error)}") from error
    if array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    if array.dtype.kind not in "fiub":
        raise RecordingError(f"theirs: {quoted(name)} holds {array.dtype} values; expected real numbers")
    return array


def compared(kit: Kit, matched: MatchedTaps, bounds: BoundsOf, precision: str) -> KitComparison:
    """The comparison of what was matched."""
    arrays = {name: (own, x) for name, (own, x) in matched.taps.items() if isinstance(x, np.ndarray)}
    given: Mapping[str, np.ndarray] = {}
    if kit.summary is not None or len(arrays) < len(matched.taps):
        who = "the kit" if kit.summary is not None else "theirs"
        expected = _expected(kit)
        rows = [summary_row(name, matched.taps.get(name), expected[name], bounds) for name in expected]
        why_not: str | None = f"{who} holds summaries, from which nothing can be computed"
    else:
        rows, given, why_not = _whole_rows(kit, arrays, bounds, precision)
    bound_notes = tuple(dict.fromkeys(note for row in rows if (note := bounds(row.name).note)))
    return KitComparison(
        kit.model, kit.case, kit.seed, precision, tuple(rows), tuple(matched.unknown), _suggested(kit, matched), given,
        why_not, bound_notes,
    )  # fmt: skip


def _whole_rows(
    kit: Kit, theirs: Mapping[str, tuple[str, np.ndarray]], bounds: BoundsOf, precision: str
) -> tuple[list[TapComparison], Mapping[str, np.ndarray], str | None]:
    """A row for each tap, theirs in the kit's layout, and why steps could not be checked by themselves."""
    expected = kit.expected
    names = [name for name in expected.names() if name in theirs]
    taps = with_one_row({name: place_tap(name, *theirs[name], expected[name]) for name in names}, expected.arrays)
    runs, why_not = None, None
    try:
        runs = RunsFromTheirs.of(kit.setup, expected.names())
        local = local_errors(runs, taps, expected.names(), bounds, precision)
    except TribeError as error:
        local, why_not = LocalErrors(taps), str(error)
    if runs is not None:
        off = [name for name in names if _is_off(local.taps[name], expected[name], bounds(name).accumulated)]
        bounds = with_own_rounding(runs, expected, off, bounds, precision)
    return _rows(expected, local, bounds), placed_arrays(local.taps), why_not


def _is_off(tap: PlacedTap, expected: np.ndarray, bound: Bound) -> bool:
    return tap.array is not None and not tap.deviation(expected).is_within(bound)


def _rows(expected: Recording, local: LocalErrors, bounds: BoundsOf) -> list[TapComparison]:
    return [_row(name, local.taps.get(name), expected[name], bounds, local) for name in expected.names()]


def _row(name: str, tap: PlacedTap | None, expected: np.ndarray, bounds: BoundsOf, local: LocalErrors) -> TapComparison:
    if tap is None:
        return TapComparison(name)
    if tap.array is None:
        return TapComparison(name, tap.their_name, fault=tap.fault)
    notes = tuple(note for note in (tap.note, local.notes.get(name, "")) if note)
    row = TapComparison(
        name, tap.their_name, tap.deviation(expected), local.errors.get(name), bounds(name).accumulated,
        local.bounds.get(name), local.since.get(name, ()), notes, row=tap.row,
    )  # fmt: skip
    return replace(row, notes=(*notes, MASKING)) if row.is_locally_out and not row.is_out else row
