"""How far a run is from the right numbers at each tap: accumulated over all steps, and of each step alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from tribe_np.nn.context import COSTLY
from tribe_np.nn.stages import PREFIX
from tribe_np.oracle.budget.honest_variants import HonestVariant
from tribe_np.oracle.kit_models.kit_catalogue import kit_model
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.recording import Recording
from tribe_np.oracle.setup import Setup
from tribe_np.oracle.taps import row_of


@dataclass(frozen=True)
class TapError:
    """Root mean square and largest absolute error, both over the root mean square of the reference."""

    rms: float
    largest: float

    @classmethod
    def between(cls, theirs: np.ndarray, reference: np.ndarray) -> "TapError":
        """Infinite entries must be the same in both, and have no error then; so must NaN not be there at all."""
        if theirs.shape != reference.shape:
            return cls(inf, inf)
        a, b = np.asarray(theirs, np.float64).ravel(), np.asarray(reference, np.float64).ravel()
        finite = np.isfinite(b)
        if not np.array_equal(a[~finite], b[~finite]) or not np.isfinite(a[finite]).all():
            return cls(inf, inf)
        a, b = a[finite], b[finite]
        if b.size == 0 or np.array_equal(a, b):
            return cls(0.0, 0.0)
        scale, difference = sqrt(float(np.mean(b * b))), np.abs(a - b)
        if scale == 0:
            return cls(inf, inf)
        return cls(sqrt(float(np.mean(difference**2))) / scale, float(np.max(difference)) / scale)

    def or_worse(self, other: "TapError") -> "TapError":
        """The larger of each."""
        return TapError(max(self.rms, other.rms), max(self.largest, other.largest))


@dataclass(frozen=True)
class RunErrors:
    """Of one run, by the names of its taps, in the order of computation."""

    accumulated: Mapping[str, TapError]
    local: Mapping[str, TapError]

    def or_worse(self, other: "RunErrors") -> "RunErrors":
        """The larger error at each tap of either."""
        return RunErrors(_worse(self.accumulated, other.accumulated), _worse(self.local, other.local))


def _worse(one: Mapping[str, TapError], other: Mapping[str, TapError]) -> dict[str, TapError]:
    none = TapError(0.0, 0.0)
    return {name: one.get(name, none).or_worse(other.get(name, none)) for name in dict.fromkeys([*one, *other])}


def passes_of(model: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is heard of a model's kits: with attention's logits and probabilities, and without.

    Attention runs step by step where somebody asks for them, and in one kernel where nobody does.
    """
    heard = kit_model(model).heard
    return heard, tuple(pattern for pattern in heard if not pattern.endswith(COSTLY))


def errors_of(setup: Setup, variant: HonestVariant, expected: Recording, precision: str = "float32") -> RunErrors:
    """The variant's runs of `setup` against what is expected, and each of its steps against the same in float64.

    Raises   MissingDependencyError where the variant cannot run here
    """
    found = RunErrors({}, {})
    passes = passes_of(setup.model)
    for patterns in passes if variant.order is None else passes[:1]:  # an order is the same in a kernel and beside it
        with variant.around():
            theirs = run_setup(variant(setup, precision, patterns), patterns=patterns).taps
        found = found.or_worse(run_errors(setup, theirs, expected))
    return found


def run_errors(setup: Setup, theirs: Recording, expected: Recording) -> RunErrors:
    """What another run recorded against what is expected, and each of its steps against the same in float64."""
    asked = any(name.endswith(COSTLY) for name in theirs.names())
    steps = run_setup(setup, given=theirs.arrays, patterns=passes_of(setup.model)[0 if asked else 1]).taps
    names = [name for name in theirs.names() if name in expected]
    return RunErrors(
        {name: TapError.between(theirs[name], expected[name]) for name in names},
        {name: TapError.between(theirs[name], steps[name]) for name in names},
    )


def generic_tap(name: str) -> tuple[str, int]:
    """A tap's name with {i} for its layer, and the layer's number; 0 where it has none.

    >>> generic_tap("llama.layers.12.self_attn.query")
    ('llama.layers.{i}.self_attn.query', 12)
    """
    plain = name.partition("@")[0]  # a second call is the same tap
    row = row_of(plain) if plain.startswith(f"{PREFIX}.") else None
    if row is not None:  # whose numbers are events and clips
        return row.name, 0
    found = re.search(r"(?<=\.)\d+(?=\.|$)", plain)
    if found is None:
        return plain, 0
    return f"{plain[: found.start()]}{{i}}{plain[found.end() :]}", int(found[0])
