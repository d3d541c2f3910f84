"""From a model's hidden states to its features: what the extract.py of every model does after its own first steps.

states = finite_states(model.iterate_states(...))            looked at as they go by
features = group_features(states, pool)                      (B, S, D) -> what a feature keeps -> layer groups
finite_features(features)                                    a sum of finite states may be too large
"""

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TypeVar

import numpy as np

from extractors.common.layers import LayerSelection
from extractors.common.model import FolderModel
from tribe_np.backend import array_module, to_host
from tribe_np.errors import NotFiniteError
from tribe_np.protocols import Array

Stimulus = TypeVar("Stimulus")


def finite_states(
    states: Iterable[tuple[int, Array]],
    *,
    model: str,
    first: str,
    layers: str,
    n_layers: int,
    final_norm: bool = False,
    of: Callable[[np.ndarray], str] | None = None,
) -> Iterator[tuple[int, Array]]:
    """The same states in the same order, looked at as they go by: after one that is not finite none could be.

    `of` says whose the tokens (B, S) are that are not finite, to go into the message.
    Shapes   each state (B, S, D); number 0 is what `first` gives, number i + 1 what layer i of `layers` gives, the
             last one normalised in a model with a `final_norm`
    Raises   NotFiniteError, which names the model and the layer
    """
    for number, state in states:
        finite = array_module(state).isfinite(state)
        if not bool(finite.all()):
            whose = "" if of is None else of(np.logical_not(to_host(finite).all(axis=-1)))
            place = first if number == 0 else f"{layers}.{number - 1}"
            place = f"{place} or the norm after it" if final_norm and number == n_layers > 0 else place
            raise NotFiniteError(
                f"the {model} model gives NaN or infinite values{whose}, first in {place} of its {n_layers} layers; "
                "its weights are unusable"
            )
        yield number, state


def group_features(
    states: Iterable[tuple[int, Array]],
    pool: Callable[[Array], Array],
    *,
    selection: LayerSelection,
    n_states: int,
    subselect: bool = True,
) -> np.ndarray:
    """Each state that enters a layer group, pooled; then the mean (or sum) of each group. Layers above do not run.

    Shapes   states (number, (B, S, D)) in order, pool (B, S, D) -> (...): -> (G, ...) on the host
    Source   neuralset 0.0.2 HuggingFaceMixin._aggregate_tokens, _aggregate_layers
    """
    pooled = ((number, pool(state)) for number, state in selection.pick(states, n_states, subselect=subselect))
    features: np.ndarray = to_host(selection.aggregate(pooled, n_states, subselect=subselect))
    return features


def finite_features(features: np.ndarray, *, model: str, of: str = "") -> np.ndarray:
    """The same features, all finite.

    Raises   NotFiniteError, which names the model
    """
    if not np.isfinite(features).all():
        raise NotFiniteError(
            f"the {model} model gives values{of} whose mean over tokens or layers is not finite; "
            "try --precision float64"
        )
    return features


def mean_over_tokens(state: Array) -> Array:
    """The mean of every channel over all tokens.

    Shapes   state (1, S, D) -> (D,), same dtype and module
    Numerics tokens are laid side by side first: along a row NumPy adds in pairs, across rows one after the other,
             which over 8,192 tokens loses 7e-6 over RMS in float32 (2e-7 in pairs; torch 4e-7)
    Source   torch 2.13.0 Tensor.mean
    """
    xp = array_module(state)
    return xp.mean(xp.ascontiguousarray(state[0].T), axis=-1)


def feature_columns(
    model: FolderModel,
    stimuli: Iterable[Stimulus],
    features: Callable[[Stimulus], np.ndarray],
    *,
    selection: LayerSelection,
    progress: Callable[[int, int], object] | None,
) -> np.ndarray:
    """A column per clip or picture; `progress` is called with those done and in all (0: not known).

    Shapes   features(stimulus) (G, D) -> (G, D, n); no stimuli give (G, D, 0)
    """
    columns = []
    for stimulus in stimuli:
        columns.append(features(stimulus))
        if progress is not None:
            progress(len(columns), len(stimuli) if isinstance(stimuli, Sized) else 0)
    if not columns:
        shape = (len(selection.groups(model.config.n_states)), model.config.model_dim, 0)
        return np.zeros(shape, model.runtime.dtype)
    return np.stack(columns, axis=-1)
