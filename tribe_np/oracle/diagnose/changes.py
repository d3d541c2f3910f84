"""What mistakes are made of: other weights, inputs, settings, kernels, or another number in an intermediate's place."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from tribe_np.oracle.diagnose.mistake import Change
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array

Memory = dict[str, Array]
"""The last array of each name that was heard, as the pass went on with it."""


def with_weights(which: str | tuple[str, ...], change: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Every tensor that matches a pattern is changed; it keeps its shape and dtype.

    None   where no tensor matches, or none differs in the end
    """
    patterns = (which,) if isinstance(which, str) else which

    def choose(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {
            name: change(tensor).astype(tensor.dtype)
            for name, tensor in weights.items()
            if any(fnmatchcase(name, pattern) for pattern in patterns)
        }

    return with_other_weights(choose)


def with_other_weights(choose: Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray] | None]) -> Change:
    """`choose` says which tensors stand in the place of others; None or nothing is where the mistake cannot be made."""

    def made(setup: Setup) -> Setup | None:
        others = choose(setup.weights) or {}
        others = {name: tensor for name, tensor in others.items() if not np.array_equal(tensor, setup.weights[name])}
        return replace(setup, weights={**setup.weights, **others}) if others else None

    return made


def with_swapped(*pairs: tuple[str, str]) -> Change:
    """Tensors whose names have the one and the other of a pair in the same place change places, if of one shape."""

    def choose(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for first, second in pairs:
            for name in weights:
                other = name.replace(first, second)
                if first in name and other in weights and weights[name].shape == weights[other].shape:
                    found |= {name: weights[other], other: weights[name]}
        return found

    return with_other_weights(choose)


def with_config(change: Callable[[Mapping[str, Any]], Mapping[str, Any] | None]) -> Change:
    """`change` makes another config.json of the kit's; None where the mistake cannot be made."""

    def made(setup: Setup) -> Setup | None:
        config = change(setup.config)
        # the order of keys is a setting too: that of the modalities
        if config is None or json.dumps(config) == json.dumps(setup.config):
            return None
        return replace(setup, config=config)

    return made


def with_kernels(**kernels: Any) -> Change:
    """Operations of the kernel set are others."""
    return lambda setup: replace(setup, kernels=replace(setup.kernels, **kernels))


def with_inputs(change: Callable[[Setup], Mapping[str, np.ndarray] | None]) -> Change:
    """`change` makes other inputs; None where the mistake cannot be made."""

    def made(setup: Setup) -> Setup | None:
        inputs = change(setup)
        return None if inputs is None else replace(setup, inputs=inputs)

    return made


def with_edit(which: str | Iterable[str], change: Callable[[str, Array, Memory], Array], *watched: str) -> Change:
    """The pass goes on with change(name, array, memory) instead of each intermediate that matches a pattern.

    `watched` are patterns of earlier intermediates, which `memory` holds by name.
    """

    patterns = (which,) if isinstance(which, str) else tuple(which)

    def made(setup: Setup) -> Setup:
        memory: Memory = {}

        def hear(name: str, array: Array) -> None:
            memory[name] = array

        def edit(name: str, array: Array) -> Array:
            return change(name, array, memory)

        taps = (*setup.taps, *((heard, hear) for heard in watched))
        return replace(setup, edits=(*setup.edits, *((pattern, edit) for pattern in patterns)), taps=taps)

    return made


def beside(name: str, leaf: str) -> str:
    """The name of another leaf of the same layer.

    >>> beside("encoder.layers.0.query_rotated", "query")
    'encoder.layers.0.query'
    """
    return f"{name.rpartition('.')[0]}.{leaf}"


def all_of(*changes: Change) -> Change:
    """One change after the other; it cannot be made where one of them cannot."""

    def made(setup: Setup) -> Setup | None:
        found: Setup | None = setup
        for change in changes:
            found = None if found is None else change(found)
        return found

    return made


def any_of(*changes: Change) -> Change:
    """Those of the changes that can be made; None where none can."""

    def made(setup: Setup) -> Setup | None:
        found, changed = setup, False
        for change in changes:
            after = change(found)
            if after is not None:
                found, changed = after, True
        return found if changed else None

    return made


def where(applies: Callable[[Setup], bool], change: Change) -> Change:
    """The change, where the run is of that kind."""
    return lambda setup: change(setup) if applies(setup) else None
