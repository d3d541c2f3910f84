"""Blocks of words whose contexts begin alike: a token that several contexts share is run once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from extractors.llama.blocks import Running
from extractors.llama.model import LlamaModel
from extractors.llama.prefix_tree import PrefixForest, plan_passes
from extractors.llama.target import Pair, target_span, within_vocabulary
from extractors.llama.tokenizer import LlamaTokenizer
from tribe_np.backend import array_module
from tribe_np.protocols import Array


@dataclass(frozen=True, eq=False)
class SharedBlock:
    """Words whose contexts run as one forest."""

    pairs: Sequence[Pair]  # in the order of the families' contexts
    families: Sequence[Sequence[np.ndarray]]  # token ids of the contexts that share a tree
    n_targets: Sequence[int]  # how many of the last tokens are the word's
    n_tokens: int

    @property
    def n_tokens_alone(self) -> int:
        """Tokens of all contexts."""
        return sum(len(ids) for family in self.families for ids in family)

    def start(self, model: LlamaModel) -> Running:
        """The forest, ready to run.

        Raises   CheckpointError when the tokenizer belongs to another model
        """
        forest = PrefixForest.grow(self.families)
        within_vocabulary(forest.token_ids, model)
        nodes = [model.runtime.place(np.array(forest.last_nodes(i, n))) for i, n in enumerate(self.n_targets)]

        def first_word(tokens: np.ndarray) -> Pair:
            """The word whose own tokens are among them, else the one with the shortest context that holds one.

            A value that overflows inside attention reaches all tokens of its block: the layer is right all the same.
            """
            own = [i for i, n in enumerate(self.n_targets) if tokens[0, forest.last_nodes(i, n)].any()]
            if own:
                return self.pairs[min(own, key=lambda i: int(forest.positions[forest.ends[i]]))]
            lengths = [int(forest.positions[end]) + 1 for end in forest.ends]
            by_length = sorted(range(len(lengths)), key=lengths.__getitem__)
            return self.pairs[next(i for i in by_length if tokens[0, forest.last_nodes(i, lengths[i])].any())]

        states = model.iterate_forest_states(forest, model.context())
        return Running(states, lambda state: node_means(state, nodes), first_word)


def shared_blocks(tokenizer: LlamaTokenizer, pairs: Sequence[Pair], max_nodes: int) -> list[SharedBlock]:
    """All words in blocks of at most `max_nodes` tokens (or of one longer context), not in order.

    Raises   EventsError for text that is no valid Unicode
    """
    contexts = [np.array(tokenizer.encode_context(context), np.int32) for _, context in pairs]
    spans = [target_span(tokenizer, *pair, len(ids)) for pair, ids in zip(pairs, contexts, strict=True)]
    return [
        SharedBlock(
            [pairs[n] for n in one.members],
            [[contexts[n] for n in family] for family in one.families],
            [spans[n][1] - spans[n][0] for n in one.members],
            one.n_nodes,
        )
        for one in plan_passes(contexts, max_nodes)
    ]


def node_means(state: Array, nodes: Sequence[Array]) -> Array:
    """The mean over each word's nodes.

    Shapes   state (1, S, D), nodes n_words x (n,) integers -> (n_words, D)
    """
    xp = array_module(state)
    return xp.stack([xp.mean(state[0][chosen], axis=0) for chosen in nodes])
