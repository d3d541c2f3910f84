"""Word features from shared passes: a token that several contexts begin with is run once.

Layers run over all tokens of a pass before the next is read, and of each state only the words' token means are kept.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from extractors.common.layers import LayerSelection
from extractors.llama.model import LlamaModel
from extractors.llama.prefix_tree import Pass, PrefixForest, plan_passes
from extractors.llama.target import Pair, target_span, within_vocabulary
from extractors.llama.tokenizer import LlamaTokenizer
from tribe_np.backend import array_module, to_device, to_host
from tribe_np.protocols import Array

States = Iterator[tuple[int, Array]]


@dataclass(frozen=True)
class TextWork:
    """What the features of some words take; known once a layer of the first pass has run."""

    n_words: int  # of different text or context
    n_tokens: int  # run, shared ones once
    n_tokens_alone: int  # that one pass per word would run
    seconds: float  # expected for all of them


Report = Callable[[TextWork], None]
Show = Callable[[int, float], None]  # words of a pass, and the share of it that is done


@dataclass(frozen=True)
class SharedPasses:
    """The work on some words, planned before any of it is done."""

    pairs: Sequence[Pair]
    contexts: Sequence[np.ndarray]  # token ids
    n_targets: Sequence[int]  # how many of the last tokens are the word's

    @classmethod
    def of(cls, tokenizer: LlamaTokenizer, pairs: Sequence[Pair]) -> "SharedPasses":
        """Tokenises every context.

        Raises   EventsError for text that is no valid Unicode
        """
        contexts = [np.array(tokenizer.encode_context(context), np.int32) for _, context in pairs]
        spans = [target_span(tokenizer, *pair, len(ids)) for pair, ids in zip(pairs, contexts, strict=True)]
        return cls(pairs, contexts, [stop - first for first, stop in spans])

    def run(
        self,
        model: LlamaModel,
        selection: LayerSelection,
        *,
        max_nodes: int,
        report: Report | None = None,
        show: Show | None = None,
    ) -> Iterator[tuple[list[Pair], np.ndarray]]:
        """Words and their features, pass after pass, not in order; `show` is told which share of a pass is done.

        Shapes   -> words and (G, n words, F) in the model's dtype
        Raises   CheckpointError when the tokenizer belongs to another model
        """
        passes = plan_passes(self.contexts, max_nodes)
        n_states = model.config.n_states
        last = max(selection.needed(n_states))
        for number, one in enumerate(passes):
            forest = PrefixForest.grow([[self.contexts[n] for n in family] for family in one.families])
            within_vocabulary(forest.token_ids, model)
            members = one.members
            watch = _Watch(last, partial(show, len(members)) if show is not None else None)
            if number == 0 and report is not None:
                watch.timed = partial(self._report, report, last, passes)
            states = watch(model.iterate_forest_states(forest, model.context()))
            nodes = [
                to_device(np.array(forest.last_nodes(i, self.n_targets[n])), model.device)
                for i, n in enumerate(members)
            ]
            means = ((i, node_means(state, nodes)) for i, state in selection.pick(states, n_states))
            yield [self.pairs[n] for n in members], to_host(selection.aggregate(means, n_states))

    def _report(self, report: Report, n_layers: int, passes: Sequence[Pass], layer_seconds: float) -> None:
        n_tokens = sum(one.n_nodes for one in passes)
        seconds = layer_seconds * n_layers * n_tokens / passes[0].n_nodes
        report(TextWork(len(self.pairs), n_tokens, sum(map(len, self.contexts)), seconds))


def node_means(state: Array, nodes: Sequence[Array]) -> Array:
    """The mean over each word's nodes.

    Shapes   state (1, S, D), nodes n_words x (n,) integers -> (n_words, D)
    """
    xp = array_module(state)
    return xp.stack([xp.mean(state[0][chosen], axis=0) for chosen in nodes])


@dataclass
class _Watch:
    """Looks at the states of one pass as they go by: how far it is, and how long a layer takes."""

    last: int  # state after which nothing runs
    show: Callable[[float], None] | None = None
    timed: Callable[[float], None] | None = None

    def __call__(self, states: States) -> States:
        layer = min(2, self.last)  # the second layer is timed: the first warms up
        began = 0.0
        for number, state in states:
            if self.timed is not None and self.last > 0 and number in (layer - 1, layer):
                to_host(state[:, :1, :1])  # waits until the device is here
                if number == layer:
                    self.timed(time.perf_counter() - began)
                began = time.perf_counter()
            if self.show is not None and self.last:
                self.show(number / self.last)
            yield number, state
