"""A run of a kit's model, with other numbers put in the place of its intermediates.

What another implementation computed can be `given`: each intermediate is then computed from theirs, which tells the
error of one step (local) from what earlier steps brought along (accumulated).
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from tribe_np.errors import ShapeError
from tribe_np.nn.context import Listener, listening
from tribe_np.oracle.kit_models.kit_catalogue import kit_model
from tribe_np.oracle.layer_parts import STREAM, LayerPart
from tribe_np.oracle.recording import Recording, SummaryRecording
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array


@dataclass(frozen=True, eq=False)
class Run:
    """What a run computed: each intermediate before another was put in its place, and the output."""

    taps: Recording
    output: np.ndarray | None = field(default=None)  # None where the run ended before


class _ReachedError(Exception):
    """The intermediate that a run was to end at."""


def run_setup(
    setup: Setup, *, given: Mapping[str, np.ndarray] | None = None, until: str | None = None,
    patterns: tuple[str, ...] | None = None,
) -> Run:  # fmt: skip
    """Runs the model once and records what it computes.

    given    intermediates by name that the pass goes on with, in place of those that it computed itself
    patterns which taps are heard; None: those that the model's kits hold
    until    the name of the last intermediate that is wanted: what comes after does not run
    Raises   ShapeError where a given intermediate has another shape than the computed one; what the model raises
    """
    computed = Recording()
    theirs, strict = dict(given or {}), kit_model(setup.model).has_fixed_shapes
    patterns = kit_model(setup.model).heard if patterns is None else patterns

    def hear(name: str, array: Array) -> None:
        computed.add(name, array)
        if name == until:
            raise _ReachedError

    def put(name: str, array: Array) -> Array:
        # a name met again (@2) is another intermediate: `computed` has just counted it
        return _like(theirs[name], array, name, strict) if (name := computed.names()[-1]) in theirs else array

    return Run(computed, _output(setup, Listener(hear, patterns=patterns), Listener(edit=put, patterns=patterns)))


def summarised(setup: Setup) -> SummaryRecording:
    """Runs the model once and keeps a summary of each intermediate: of full-size models there is no room for more."""
    computed = SummaryRecording()
    _output(setup, Listener(computed.add, patterns=kit_model(setup.model).heard))
    return computed


def _output(setup: Setup, *listeners: Listener) -> np.ndarray | None:
    """The model's output; None where the run was to end before."""
    edits = (Listener(edit=edit, patterns=(pattern,)) for pattern, edit in setup.edits)
    heard = (*edits, *listeners, *(Listener(tap, patterns=(pattern,)) for pattern, tap in setup.taps))
    record = kit_model(setup.model)
    if setup.layers is not None and record.layers is not None:
        part = LayerPart.of(record.layers, setup.config, setup.layers)
        heard = tuple(part.listeners((*heard, *_ending(part.last_tap)), setup.inputs.get(STREAM)))
        setup = part.shortened(setup)
    with ExitStack() as stack:
        for listener in heard:
            stack.enter_context(listening(listener))
        try:
            return record.run(setup)
        except _ReachedError:
            return None


def _ending(at: str | None) -> list[Listener]:
    """Ends the run when everybody has heard a tap."""

    def end(name: str, array: Array) -> None:
        raise _ReachedError

    return [] if at is None else [Listener(end, patterns=(at,))]


def _like(theirs: np.ndarray, ours: Array, name: str, strict: bool) -> Array:
    if theirs.shape != tuple(ours.shape):
        if not strict:
            return ours
        raise ShapeError(f"{name}: the given intermediate has shape {theirs.shape}, the model's is {tuple(ours.shape)}")
    return np.asarray(theirs).astype(ours.dtype)
