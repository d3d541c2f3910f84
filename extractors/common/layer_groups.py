"""Layer groups: from a model's hidden states to its features.

`LayerSelection` says which states take part and how they are grouped. What follows is what the extract.py of every
model does after its own first steps:

states = finite_states(model.iterate_states(...))            looked at as they go by
features = group_features(states, pool)                      (B, S, D) -> what a feature keeps -> layer groups
finite_features(features)                                    a sum of finite states may be too large

Source   neuralset 0.0.2 HuggingFaceMixin._aggregate_layers, _aggregate_tokens (cache_n_layers)
"""

from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from extractors.common.model import FolderModel
from tribe_np.backend import array_module, to_host
from tribe_np.errors import ConfigError, NotFiniteError
from tribe_np.nn.context import Context
from tribe_np.nn.stages import SILENT
from tribe_np.protocols import Array
from tribe_np.shown import quoted
from tribe_np.timeline.features import RELEASED_LAYERS

MOST_LAYERS = 1000  # asked for; the deepest model has 40
LAYER_AGGREGATIONS = ("group_mean", "mean", "sum", None)
Input = TypeVar("Input")


@dataclass(frozen=True)
class LayerSelection:
    """Fractions of the depth, turned into groups of hidden states (state 0 is the embedding output).

    Released values: fractions (0.5, 0.75, 1.0), group_mean: G = 2 groups. `cache_n_layers` comes from the
    checkpoint's config.yaml only; None there means that every state takes part.
    """

    fractions: tuple[float, ...]
    aggregation: str | None = "group_mean"
    cache_n_layers: int | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.fractions) <= MOST_LAYERS or any(not 0 <= f <= 1 for f in self.fractions):
            raise ConfigError(f"layers must be fractions between 0 and 1, got {quoted(self.fractions)}")
        if self.aggregation not in LAYER_AGGREGATIONS:
            raise ConfigError(f"layer_aggregation must be one of {LAYER_AGGREGATIONS}, got {quoted(self.aggregation)}")
        if self.cache_n_layers is not None and self.cache_n_layers < 2:  # upstream refuses 1: "None instead of 1"
            raise ConfigError(f"cache_n_layers must be absent or at least 2, got {quoted(self.cache_n_layers)}")

    def keeps_group_axis(self, n_states: int, *, subselect: bool = True) -> bool:
        """Whether upstream's features have an axis of layer groups, (G, F), or none, (F,): a mean or sum, or one state.

        `aggregate` always has the axis; only `aggregation` None keeps it upstream for a single state.
        """
        if self.aggregation is None:
            return True
        return self.aggregation == "group_mean" and len(self._indices(n_states, subselect)) > 1

    def _indices(self, n_states: int, subselect: bool) -> list[int]:
        """Places among the cached states where the fractions fall, each once, ascending."""
        last = (len(self.cached_states(n_states)) if subselect else n_states) - 1
        return sorted({int(f * last) for f in self.fractions})

    def cached_states(self, n_states: int) -> list[int]:
        """States that survive `cache_n_layers`: round-half-even of an even spread; all when it is None or that many."""
        if self.cache_n_layers is None or self.cache_n_layers >= n_states:
            return list(range(n_states))
        return [round(x) for x in np.linspace(0, n_states - 1, self.cache_n_layers).tolist()]

    def groups(self, n_states: int, *, subselect: bool = True) -> list[list[int]]:
        """Hidden state numbers of each layer group, in the model's own numbering.

        >>> LayerSelection((0.5, 0.75, 1.0)).groups(9)
        [[4, 5], [6, 7, 8]]

        `subselect=False` ignores `cache_n_layers`: the audio extractor never aggregates tokens, where it acts.
        Indices are truncated: int(f * (M - 1)); group_mean takes the half-open spans between them, the last closed.
        """
        kept = self.cached_states(n_states) if subselect else list(range(n_states))
        indices = self._indices(n_states, subselect)
        if len(indices) == 1:
            return [[kept[indices[0]]]]
        if self.aggregation is None:
            return [[kept[i]] for i in indices]
        if self.aggregation in ("mean", "sum"):
            return [[kept[i] for i in indices]]
        indices[-1] += 1
        return [kept[a:b] for a, b in pairwise(indices)]

    def aggregate(self, states: Iterable[tuple[int, Array]], n_states: int, *, subselect: bool = True) -> Array:
        """The mean (or sum) of each group over a stream of (state number, array), keeping one total per group.

        Shapes   each array (...) -> (G, ...)
        Numerics states are added in order in their own dtype, then divided by the count
        Raises   ConfigError when the stream ends before the last state that is needed
        """
        groups = self.groups(n_states, subselect=subselect)
        totals: list[Array] = [None] * len(groups)
        for number, state in states:
            for g, members in enumerate(groups):
                if number in members:
                    totals[g] = state if totals[g] is None else totals[g] + state
        if any(total is None for total in totals):
            raise ConfigError(f"the model gave fewer than the {n_states} hidden states that {self} asks for")
        if self.aggregation != "sum":
            totals = [total / len(members) for total, members in zip(totals, groups, strict=True)]
        return array_module(totals[0]).stack(totals)

    def pick(
        self, states: Iterable[tuple[int, Array]], n_states: int, *, subselect: bool = True
    ) -> Iterator[tuple[int, Array]]:
        """The states that enter any group; ends after the last of them, so that the layers above never run."""
        needed = self.needed(n_states, subselect=subselect)
        for number, state in states:
            if number in needed:
                yield number, state
            if number == max(needed):
                return

    def needed(self, n_states: int, *, subselect: bool = True) -> frozenset[int]:
        """Numbers of the states that enter any group: the others need not be kept."""
        return frozenset(number for group in self.groups(n_states, subselect=subselect) for number in group)


RELEASED_SELECTION = LayerSelection(RELEASED_LAYERS)


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
    ctx: Context = SILENT,
) -> np.ndarray:
    """Each state that enters a layer group, pooled; then the mean (or sum) of each group. Layers above do not run.

    With `ctx`, `states.NUMBER` (S, D) of the only row and `states.NUMBER.pooled` are shown.
    Shapes   states (number, (B, S, D)) in order, pool (B, S, D) -> (...): -> (G, ...) on the host
    Source   neuralset 0.0.2 HuggingFaceMixin._aggregate_tokens, _aggregate_layers
    """
    picked = selection.pick(states, n_states, subselect=subselect)
    if ctx.is_heard:
        picked = ((number, ctx.see(f"states.{number}", state[0])[None]) for number, state in picked)
    pooled = ((number, ctx.see(f"states.{number}.pooled", pool(state))) for number, state in picked)
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
    stimuli: Iterable[Input],
    features: Callable[[Input], np.ndarray],
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
