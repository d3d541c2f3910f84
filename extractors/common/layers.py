"""Which hidden states of a model become features, and how they are grouped.

Source   neuralset 0.0.2 HuggingFaceMixin._aggregate_layers, _aggregate_tokens (cache_n_layers)
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tribe_np.backend import array_module
from tribe_np.errors import ConfigError
from tribe_np.protocols import Array
from tribe_np.shown import quoted

MOST_LAYERS = 1000  # asked for; the deepest model has 40
AGGREGATIONS = ("group_mean", "mean", "sum", None)


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
        if self.aggregation not in AGGREGATIONS:
            raise ConfigError(f"layer_aggregation must be one of {AGGREGATIONS}, got {quoted(self.aggregation)}")
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
