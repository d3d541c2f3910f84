"""Which tap of the kit a name looks like that the kit lacks: by its values, whatever its axes; else by its name."""

from collections.abc import Mapping
from difflib import SequenceMatcher
from math import prod

import numpy as np

from tribe_np.oracle.conformance.kit_comparison import NameSuggestion
from tribe_np.oracle.conformance.layouts import find_layout
from tribe_np.oracle.conformance.matched_names import plain_name
from tribe_np.oracle.summaries import TapValues

ALIKE_VALUES = 0.9  # correlation
ALIKE_NAMES = 0.5
NEAR_FACTS = 0.2  # by which mean square and extremes of the same values may differ, over their size
MOST_NAMES = 1000


def suggestions(unknown: Mapping[str, TapValues], taps: Mapping[str, TapValues]) -> dict[str, NameSuggestion]:
    """A tap for each name that looks like one, no tap twice; `taps` are those that nobody gave.

    What has a tap's values comes first, the nearest before others; then what has its size and is called alike.
    """
    names = list(unknown)[:MOST_NAMES]
    arrays = {name: values for name, values in taps.items() if isinstance(values, np.ndarray)}
    facts = {name: _facts(array) for name, array in arrays.items()}
    theirs = {name: values for name in names if isinstance(values := unknown[name], np.ndarray)}
    by_value = sorted(
        ((r, name, tap, note) for name, array in theirs.items() for tap, r, note in _alike(array, arrays, facts)),
        reverse=True,
    )
    found: dict[str, NameSuggestion] = {}
    taken: set[str] = set()
    for r, name, tap, note in by_value:
        if name not in found and tap not in taken:
            found[name] = NameSuggestion(tap, f"{note or 'same shape'}, r {r:.6f}")
            taken.add(tap)
    for name in names:
        likeness, tap = max(
            (
                (_likeness(name, tap), tap)
                for tap in taps
                if tap not in taken and prod(taps[tap].shape) == prod(unknown[name].shape)
            ),
            default=(0.0, ""),
        )
        if name not in found and likeness >= ALIKE_NAMES:
            found[name] = NameSuggestion(tap, "as many values, and a name like it")
            taken.add(tap)
    return {name: found[name] for name in names if name in found}


def _alike(
    array: np.ndarray, taps: Mapping[str, np.ndarray], facts: Mapping[str, np.ndarray]
) -> list[tuple[str, float, str]]:
    """Taps that hold nearly the same values: name, correlation, and how the axes differ."""
    mine = _facts(array)
    found = []
    for tap, reference in taps.items():
        if reference.size != array.size or np.abs(facts[tap] - mine).max() > NEAR_FACTS * max(facts[tap][0], mine[0]):
            continue
        layout = find_layout(array, reference)
        if layout is not None:
            r = _correlation(layout.layout.applied(array, reference.shape), reference)
            if r >= ALIKE_VALUES:
                found.append((tap, r, layout.layout.note))
    return found


def _facts(array: np.ndarray) -> np.ndarray:
    """What no order of axes changes: RMS, mean, and RMS of the positive values."""
    values = np.asarray(array, np.float64).reshape(-1)
    values = values[np.isfinite(values) & (np.abs(values) < 1e30)]
    if not values.size:
        return np.zeros(3)
    positive = np.maximum(values, 0)
    return np.array([np.sqrt(np.mean(values**2)), np.mean(values), np.sqrt(np.mean(positive**2))])


def _correlation(theirs: np.ndarray, reference: np.ndarray) -> float:
    a, b = np.asarray(theirs, np.float64).reshape(-1), np.asarray(reference, np.float64).reshape(-1)
    finite = np.isfinite(a) & np.isfinite(b) & (np.abs(a) < 1e30) & (np.abs(b) < 1e30)
    a, b = a[finite], b[finite]
    if a.size < 2 or a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.clip(np.mean((a - a.mean()) * (b - b.mean())) / (a.std() * b.std()), -1, 1))


def _likeness(name: str, tap: str) -> float:
    one, other = plain_name(name), plain_name(tap)
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
