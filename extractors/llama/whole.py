"""Blocks of words with every context run from its first token, in right-padded batches: upstream's own procedure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from extractors.llama.blocks import Running
from extractors.llama.model import LlamaModel
from extractors.llama.target import Pair, target_span, within_vocabulary
from extractors.llama.tokenizer import LlamaTokenizer
from tribe_np.backend import array_module
from tribe_np.protocols import Array


@dataclass(frozen=True, eq=False)
class WholeBlock:
    """One batch of words; see `extract.word_features` for `eos_is_padding`."""

    tokenizer: LlamaTokenizer
    pairs: Sequence[Pair]
    eos_is_padding: bool

    @cached_property
    def rows(self) -> list[np.ndarray]:
        """Token ids of each context."""
        return [np.array(self.tokenizer.encode_context(context), np.int32) for _, context in self.pairs]

    @property
    def n_tokens(self) -> int:
        """Tokens with the padding, which runs as well."""
        return len(self.rows) * max(map(len, self.rows))

    @property
    def n_tokens_alone(self) -> int:
        """Tokens of all contexts."""
        return sum(map(len, self.rows))

    def start(self, model: LlamaModel) -> Running:
        """The padded batch, ready to run.

        Raises   CheckpointError when the tokenizer belongs to another model; EventsError for a word without tokens
        """
        ids = np.full((len(self.rows), max(map(len, self.rows))), self.tokenizer.pad_id, np.int64)
        mask = np.zeros_like(ids)
        for b, row in enumerate(self.rows):
            ids[b, : len(row)] = row
            mask[b, : len(row)] = 1
        spans = []
        for b, (text, context) in enumerate(self.pairs):
            n_pads = int(np.sum(ids[b] == self.tokenizer.eos_id if self.eos_is_padding else mask[b] == 0))
            spans.append(target_span(self.tokenizer, text, context, ids.shape[1] - n_pads))
        # padding on the right changes no token before it; only the defect looks at the padding's own states
        attended = mask if self.eos_is_padding else None
        states = model.iterate_states(within_vocabulary(ids, model), model.context(), attended)
        return Running(
            states, lambda state: span_means(state, spans), lambda tokens: self.pairs[int(tokens.any(axis=1).argmax())]
        )


def whole_blocks(
    tokenizer: LlamaTokenizer, pairs: Sequence[Pair], batch_size: int, *, eos_is_padding: bool
) -> list[WholeBlock]:
    """Batches in the order of the words."""
    return [
        WholeBlock(tokenizer, pairs[first : first + batch_size], eos_is_padding)
        for first in range(0, len(pairs), batch_size)
    ]


def span_means(state: Array, spans: Sequence[tuple[int, int]]) -> Array:
    """The mean of each row's tokens within its span.

    Shapes   state (B, S, D), spans B x (first, stop) -> (B, D)
    """
    xp = array_module(state)
    return xp.stack([xp.mean(state[b, first:stop], axis=0) for b, (first, stop) in enumerate(spans)])
