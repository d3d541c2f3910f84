"""Runs of the kit's model from what another implementation computed: what each step of theirs should have given."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

import numpy as np

from tribe_np.oracle.budget.bounds import LARGEST_FACTOR, RMS_FACTOR, Bound
from tribe_np.oracle.conformance.deviations import deviation_of
from tribe_np.oracle.kit_models.kit_model import EVERY_TAP
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.recording import Recording
from tribe_np.oracle.setup import Setup
from tribe_np.oracle.taps import row_of
from tribe_np.protocols import Array


def run_from(setup: Setup, given: Mapping[str, np.ndarray]) -> Recording:
    """What comes out of every step that starts from theirs, by the kit's names.

    Raises   TribeError where the model refuses what it meets
    """
    with np.errstate(all="ignore"):  # theirs may be anything
        return run_setup(setup, given=given).taps


def carried_over(
    setup: Setup, given: Mapping[str, np.ndarray], missing: Collection[str], sizes: Callable[[str], float],
    computed: Recording,
) -> dict[str, Bound]:  # fmt: skip
    """How far taps are moved by rounding in those that they did not give: what their local errors may have more.

    Each missing tap is moved by noise of the size that rounding may have there (`sizes`, over its RMS); those that do
    not move are computed from given taps alone.
    """
    noise = _Noise(frozenset(missing), sizes)
    moved = run_from(replace(setup, edits=(*setup.edits, *((pattern, noise) for pattern in EVERY_TAP))), given)
    found = {}
    for name in computed.names():
        error = deviation_of(moved[name], computed[name]) if name in moved else None
        if error is not None and error.largest > 0.0 and name not in noise.moved:
            found[name] = Bound(error.rms_over_rms, 2 * error.largest_over_rms)
        elif name in noise.moved:
            found[name] = Bound(0.0, 0.0)
    return found


class _Noise:
    """An edit that moves some taps a little, and knows how often it met each name."""

    def __init__(self, names: frozenset[str], sizes: Callable[[str], float]) -> None:
        self._names, self._sizes = names, sizes
        self._met: dict[str, int] = {}
        self._random = np.random.default_rng(0)
        self.moved: set[str] = set()

    def __call__(self, name: str, array: Array) -> Array:
        self._met[name] = count = self._met.get(name, 0) + 1
        name = name if count == 1 else f"{name}@{count}"
        row = row_of(name)
        if name not in self._names or array.dtype.kind != "f" or (row is not None and row.exact):
            return array
        self.moved.add(name)
        finite = array[np.isfinite(array)]
        size = self._sizes(name) * float(np.sqrt(np.mean(np.square(finite)))) if finite.size else 0.0
        moved: Array = array + size * self._random.standard_normal(array.shape)
        return moved


def as_far_off_as_ours(ours: np.ndarray, computed: np.ndarray) -> Bound:
    """What a right port may have at a tap, from how far our own arithmetic of that precision is off there.

    From numbers of another size than the kit's, rounding may be larger than in the kit: from logits a hundred times as
    large, say, after a mistake before them.
    """
    error = deviation_of(ours, computed)
    return Bound(RMS_FACTOR * error.rms_over_rms, LARGEST_FACTOR * error.largest_over_rms)


def widened(bound: Bound, more: Bound, most: Bound) -> Bound:
    """A bound with what is carried over, at most `most`, where that is larger."""
    rms = max(bound.rms, min(bound.rms + more.rms, most.rms))
    return Bound(rms, max(bound.largest, min(bound.largest + more.largest, most.largest)))
