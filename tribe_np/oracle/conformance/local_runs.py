"""Runs of the kit's model from what another implementation computed: what each step of theirs should have given."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from math import inf

import numpy as np

from tribe_np.errors import TribeError
from tribe_np.nn.context import Edit
from tribe_np.nn.stages import PREFIX
from tribe_np.oracle.budget.bounds import LARGEST_FACTOR, RMS_FACTOR, Bound
from tribe_np.oracle.budget.half_precision import in_precision
from tribe_np.oracle.conformance.deviations import deviation_of
from tribe_np.oracle.kit_models.kit_catalogue import kit_model
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.recording import Recording
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array


@dataclass(frozen=True, eq=False)
class RunsFromTheirs:
    """The runs of a kit's model, with the patterns of the taps that the kit holds."""

    setup: Setup
    patterns: tuple[str, ...]

    @classmethod
    def of(cls, setup: Setup, names: Collection[str]) -> "RunsFromTheirs":
        """For the taps of those names: a kit may leave out attention's scores, which take much memory."""
        heard = kit_model(setup.model).heard
        return cls(setup, tuple(p for p in heard if any(fnmatchcase(name, p) for name in names)))

    def computed(self, given: Mapping[str, np.ndarray]) -> Recording:
        """What comes out of every step that starts from theirs, in float64, by the kit's names.

        Raises   TribeError where the model refuses what it meets
        """
        return self._run(self.setup, given)

    def computed_from_finite(self, given: Mapping[str, np.ndarray]) -> Recording:
        """`computed`; without what is not finite, where the model refuses that."""
        try:
            return self.computed(given)
        except TribeError:
            return self.computed({name: array for name, array in given.items() if np.isfinite(array).all()})

    def rounding(
        self, given: Mapping[str, np.ndarray], computed: Recording, names: Iterable[str], precision: str
    ) -> dict[str, Bound]:
        """What a right port may have at taps, from how far our own arithmetic of a precision is off there.

        From numbers of another size than the kit's, rounding may be larger than in the kit: from logits a hundred times
        as large, say, after a mistake before them.
        """
        wanted = list(names)
        if not wanted:
            return {}
        try:
            ours = self._run(in_precision(self.setup, precision, self.patterns), given)
        except TribeError:
            return {}
        return {
            name: as_far_off_as_ours(ours[name], computed[name]) for name in wanted if _has_shape(ours, name, computed)
        }

    def carried_over(
        self, given: Mapping[str, np.ndarray], missing: Collection[str], sizes: Callable[[str], float],
        computed: Recording,
    ) -> dict[str, Bound]:  # fmt: skip
        """How far taps are moved by rounding in those that were not given: what their local errors may have more.

        Each missing tap is moved by noise of the size that rounding may have there (`sizes`, over its RMS); those that
        do not move are computed from given taps alone.
        """
        if not missing:
            return {}
        try:
            moved = self._moved(given, self._rounded_ones(given, missing, computed), sizes)
        except TribeError:
            moved = None
        if moved is None or not _are_alike(moved, computed):  # what is moved decides what is computed
            return {name: Bound(inf, inf) for name in computed.names()}
        errors = {name: deviation_of(moved[name], computed[name]) for name in computed.names() if name not in missing}
        return {
            name: Bound(error.rms_over_rms, 2 * error.largest_over_rms)
            for name, error in errors.items()
            if error.largest > 0.0
        }

    def _moved(
        self, given: Mapping[str, np.ndarray], names: Collection[str], sizes: Callable[[str], float]
    ) -> Recording:
        noise: Edit = _Noise(frozenset(names), sizes)
        edits = (*self.setup.edits, *((pattern, noise) for pattern in self.patterns))
        return self._run(replace(self.setup, edits=edits), given)

    def _rounded_ones(
        self, given: Mapping[str, np.ndarray], names: Collection[str], computed: Recording
    ) -> frozenset[str]:
        """The names without stages of the pipeline that our own float32 has exactly: times, tokens, decoded samples."""
        stages = [name for name in names if name.startswith(f"{PREFIX}.")]
        if not stages:
            return frozenset(names)
        ours = self._run(replace(self.setup, precision="float32"), given)
        exact = {n for n in stages if n in ours and np.array_equal(ours[n], computed[n], equal_nan=True)}
        return frozenset(names) - exact

    def _run(self, setup: Setup, given: Mapping[str, np.ndarray]) -> Recording:
        with np.errstate(all="ignore"):  # theirs may be anything
            return run_setup(setup, given=given, patterns=self.patterns).taps


def _has_shape(recording: Recording, name: str, other: Recording) -> bool:
    return name in recording and name in other and recording[name].shape == other[name].shape


def _are_alike(one: Recording, other: Recording) -> bool:
    """Whether two runs computed the same taps, in the same shapes."""
    return one.names() == other.names() and all(one[name].shape == other[name].shape for name in one.names())


class _Noise:
    """An edit that moves some taps a little, and knows how often it met each name."""

    def __init__(self, names: frozenset[str], sizes: Callable[[str], float]) -> None:
        self._names, self._sizes = names, sizes
        self._met: dict[str, int] = {}
        self._random = np.random.default_rng(0)

    def __call__(self, name: str, array: Array) -> Array:
        self._met[name] = count = self._met.get(name, 0) + 1
        name = name if count == 1 else f"{name}@{count}"
        if name not in self._names or array.dtype.kind != "f":
            return array
        finite = array[np.isfinite(array)]
        size = self._sizes(name) * float(np.sqrt(np.mean(np.square(finite)))) if finite.size else 0.0
        moved: Array = array + size * self._random.standard_normal(array.shape)
        return moved


def as_far_off_as_ours(ours: np.ndarray, computed: np.ndarray) -> Bound:
    """What a right port may have at a tap, from how far our own arithmetic of its precision is off there."""
    error = deviation_of(ours, computed)
    return Bound(RMS_FACTOR * error.rms_over_rms, LARGEST_FACTOR * error.largest_over_rms)


def widened(bound: Bound, more: Bound, most: Bound) -> Bound:
    """A bound with what is carried over, at most `most`, where that is larger."""
    rms = max(bound.rms, min(bound.rms + more.rms, most.rms))
    return Bound(rms, max(bound.largest, min(bound.largest + more.largest, most.largest)))
