"""Features of models of pictures: every token counts the same, so a state becomes its mean over all tokens."""

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, TypeVar

import numpy as np

from extractors.common.layers import LayerSelection
from tribe_np.backend import array_module, to_host
from tribe_np.errors import NotFiniteError
from tribe_np.protocols import Array

Stimulus = TypeVar("Stimulus")


def token_mean_features(
    stimuli: Iterable[Stimulus],
    states: Callable[[Stimulus], Iterable[tuple[int, Array]]],
    *,
    selection: LayerSelection,
    n_states: int,
    model_dim: int,
    dtype: Any,
    progress: Callable[[int, int], object] | None,
) -> np.ndarray:
    """A column of features per picture or clip; `progress` is called with those done and in all (0: not known).

    Shapes   states(stimulus): (number, state (1, S, D)) in order -> (G, D, n) on the host; none give (G, D, 0)
    Numerics token mean of each state that enters a group, then the group's mean; layers above the last are not run
    Raises   NotFiniteError when a mean is not finite
    Source   neuralset 0.0.2 HuggingFaceMixin._aggregate_tokens, _aggregate_layers
    """

    def means(stimulus: Stimulus) -> Iterator[tuple[int, Array]]:
        for number, state in selection.pick(states(stimulus), n_states):
            yield number, mean_over_tokens(state[0])

    columns = []
    for stimulus in stimuli:
        columns.append(to_host(selection.aggregate(means(stimulus), n_states)))
        if not np.isfinite(columns[-1]).all():
            raise NotFiniteError("the mean of a state over its tokens is not finite; try --precision float64")
        if progress is not None:
            progress(len(columns), len(stimuli) if isinstance(stimuli, Sized) else 0)
    if not columns:
        return np.zeros((len(selection.groups(n_states)), model_dim, 0), dtype)
    return np.stack(columns, axis=-1)


def mean_over_tokens(state: Array) -> Array:
    """The mean of every channel.

    Shapes   state (S, D) -> (D,), same dtype and module
    Numerics tokens are laid side by side first: along a row NumPy adds in pairs, across rows one after the other,
             which over 8,192 tokens loses 7e-6 over RMS in float32 (2e-7 in pairs; torch 4e-7)
    Source   torch 2.13.0 Tensor.mean
    """
    xp = array_module(state)
    return xp.mean(xp.ascontiguousarray(state.T), axis=-1)
