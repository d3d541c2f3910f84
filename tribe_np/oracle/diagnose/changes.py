"""What mistakes are made of: other weights, inputs, settings, kernels, or another number in an intermediate's place."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from tribe_np.encoder.random import merged
from tribe_np.oracle.diagnose.mistake import Change
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array

Memory = dict[str, Array]
"""The last array of each name that was heard, as the pass went on with it."""


def with_weights(pattern: str | tuple[str, ...], change: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Every tensor that matches a pattern is changed; it keeps its shape and dtype.

    Applies   where a tensor matches
    """
    patterns = (pattern,) if isinstance(pattern, str) else pattern

    def made(setup: Setup) -> Setup | None:
        names = [name for name in setup.weights if any(fnmatchcase(name, p) for p in patterns)]
        changed = {name: change(setup.weights[name]).astype(setup.weights[name].dtype) for name in names}
        return replace(setup, weights={**setup.weights, **changed}) if names else None

    return made


def with_other_weights(choose: Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray] | None]) -> Change:
    """`choose` says which tensors stand in the place of others; None or nothing is where the mistake cannot be made."""

    def made(setup: Setup) -> Setup | None:
        others = choose(setup.weights)
        return replace(setup, weights={**setup.weights, **others}) if others else None

    return made


def with_swapped(first: str, second: str) -> Change:
    """Tensors whose names have `first` and `second` in the same place change places, where their shapes agree."""

    def choose(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        pairs = [(name, name.replace(first, second)) for name in weights if first in name]
        fitting = [(a, b) for a, b in pairs if b in weights and weights[a].shape == weights[b].shape]
        return {a: weights[b] for a, b in fitting} | {b: weights[a] for a, b in fitting}

    return with_other_weights(choose)


def with_config(change: Callable[[Mapping[str, Any]], Mapping[str, Any] | None]) -> Change:
    """`change` says which keys of config.json are others, section by section (None leaves a key out); None where the
    mistake cannot be made."""

    def made(setup: Setup) -> Setup | None:
        keys = change(setup.config)
        return None if keys is None else replace(setup, config=merged(setup.config, keys))

    return made


def with_kernels(**kernels: Any) -> Change:
    """Operations of the kernel set are others."""
    return lambda setup: replace(setup, kernels=replace(setup.kernels, **kernels))


def with_inputs(change: Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray] | None]) -> Change:
    """`change` makes the inputs of those of the kit; None where the mistake cannot be made."""

    def made(setup: Setup) -> Setup | None:
        inputs = change(setup.inputs)
        return None if inputs is None else replace(setup, inputs=inputs)

    return made


def with_edit(pattern: str, change: Callable[[str, Array, Memory], Array], *watched: str) -> Change:
    """The pass goes on with change(name, array, memory) instead of each intermediate that matches.

    `watched` are patterns of earlier intermediates, which `memory` holds by name.
    """

    def made(setup: Setup) -> Setup:
        memory: Memory = {}

        def hear(name: str, array: Array) -> None:
            memory[name] = array

        def edit(name: str, array: Array) -> Array:
            return change(name, array, memory)

        return replace(
            setup,
            edits=(*setup.edits, (pattern, edit)),
            taps=(*setup.taps, *((p, hear) for p in watched)),
        )

    return made


def all_of(*changes: Change) -> Change:
    """One change after the other; it cannot be made where one of them cannot."""

    def made(setup: Setup) -> Setup | None:
        found: Setup | None = setup
        for change in changes:
            found = None if found is None else change(found)
        return found

    return made


def where(applies: Callable[[Setup], bool], change: Change) -> Change:
    """The change, where the run is of that kind."""
    return lambda setup: change(setup) if applies(setup) else None
