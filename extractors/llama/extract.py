"""Text features: for each word, the mean over its tokens of layer-grouped hidden states of its context.

Contexts that begin alike share their passes (`shared`); whole contexts in batches are the reference for that.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from extractors.common.layers import LayerSelection
from extractors.llama.model import LlamaModel
from extractors.llama.prefix_tree import MAX_NODES
from extractors.llama.shared import Report, SharedPasses
from extractors.llama.target import Pair, target_span, within_vocabulary
from extractors.llama.tokenizer import LlamaTokenizer
from tribe_np.backend import array_module, to_host
from tribe_np.errors import CheckpointError, ConfigError, EventsError
from tribe_np.protocols import Array
from tribe_np.timeline.events import Event

Progress = Callable[[int, int], None]


def word_features(
    model: LlamaModel,
    tokenizer: LlamaTokenizer,
    words: Sequence[Event],
    *,
    selection: LayerSelection,
    batch_size: int = 4,
    eos_is_padding: bool = False,
    shared: bool = True,
    max_nodes: int = MAX_NODES,
    progress: Progress | None = None,
    report: Report | None = None,
) -> list[np.ndarray]:
    """One feature vector per layer group for each word; equal (text, context) pairs are computed once.

    With `shared`, tokens that contexts begin with in common are run once, at most `max_nodes` at a time, and `report`
    hears early how long all will take. Without it, or with `eos_is_padding`, whole contexts run in batches.
    Shapes   -> len(words) arrays (G, F) on the host, in the model's dtype
    Numerics mean over the word's tokens, then over each group's states, in the model's dtype; `shared`, `max_nodes`
             and `batch_size` change the rounding alone
    Raises   EventsError for a word without text or context; CheckpointError when the model gives NaN
    Source   neuralset 0.0.2 HuggingFaceText._get_data. `eos_is_padding` repeats its padding count: ids equal to
             end-of-text, wherever they stand, are taken for padding, so a literal end-of-text in a context shifts
             the word, and a model with another padding token averages padding. Without it the attention mask
             decides, as later versions do; where pad := eos and no text holds the marker, the two are equal
    """
    for name, value in (("batch_size", batch_size), ("max_nodes", max_nodes)):
        if value < 1:
            raise ConfigError(f"{name} must be at least 1, got {value}")
    if eos_is_padding and tokenizer.eos_id is None:
        raise ConfigError("eos_is_padding: the tokenizer names no eos_token in its tokenizer_config.json")
    counts = Counter(_checked(word) for word in words)
    tally = _Tally(len(words), progress)
    if shared and not eos_is_padding:
        passes = SharedPasses.of(tokenizer, list(counts))
        blocks = passes.run(model, selection, max_nodes=max_nodes, report=report, show=tally.show)
    else:
        blocks = _whole_contexts(model, tokenizer, list(counts), selection, batch_size, eos_is_padding)
    found: dict[Pair, np.ndarray] = {}
    for pairs, features in blocks:
        for b, pair in enumerate(pairs):
            if not np.all(np.isfinite(features[:, b])):
                raise CheckpointError(f"the text model gives NaN for the word {pair[0]!r}; its weights are unusable")
            found[pair] = np.array(features[:, b])
        tally.add(sum(counts[pair] for pair in pairs))
    return [found[word.text, word.context] for word in words]


@dataclass
class _Tally:
    """Words done; those of a pass come all at once, so it is told in parts."""

    total: int
    progress: Progress | None
    done: int = 0
    told: int = 0

    def add(self, n_words: int) -> None:
        """So many more words are done."""
        self.done += n_words
        self.show(0, 0.0)

    def show(self, n_words: int, share: float) -> None:
        """That share of the next `n_words` is done."""
        now = self.done + int(n_words * share)
        if self.progress is not None and now > self.told:
            self.progress(now, self.total)
            self.told = now


def _checked(word: Event) -> Pair:
    if not word.text:
        raise EventsError(f"the word at {word.start:g} s of timeline {word.timeline} has no text")
    if not word.context:
        raise EventsError(
            f"the word {word.text!r} at {word.start:g} s of timeline {word.timeline} has no context; "
            "add contexts, and remove the words that stay without"
        )
    return word.text, word.context


def _whole_contexts(
    model: LlamaModel, tokenizer: LlamaTokenizer, pairs: Sequence[Pair], selection: LayerSelection, batch_size: int,
    eos_is_padding: bool,
) -> Iterator[tuple[list[Pair], np.ndarray]]:  # fmt: skip
    """Batches in the order of the words, every context from its first token: upstream's own procedure."""
    for first in range(0, len(pairs), batch_size):
        batch = list(pairs[first : first + batch_size])
        yield batch, to_host(batch_features(model, tokenizer, batch, selection, eos_is_padding=eos_is_padding))


def batch_features(
    model: LlamaModel,
    tokenizer: LlamaTokenizer,
    pairs: Sequence[Pair],
    selection: LayerSelection,
    *,
    eos_is_padding: bool = False,
) -> Array:
    """Features of one right-padded batch, in the model's dtype on its device.

    Shapes   -> (G, B, F)
    """
    rows = [tokenizer.encode_context(context) for _, context in pairs]
    ids = np.full((len(rows), max(map(len, rows))), tokenizer.pad_id, np.int64)
    mask = np.zeros_like(ids)
    for b, row in enumerate(rows):
        ids[b, : len(row)] = row
        mask[b, : len(row)] = 1
    spans = []
    for b, (text, context) in enumerate(pairs):
        n_pads = int(np.sum(ids[b] == tokenizer.eos_id if eos_is_padding else mask[b] == 0))
        spans.append(target_span(tokenizer, text, context, ids.shape[1] - n_pads))
    # padding on the right changes no token before it; only the defect looks at the padding's own states
    states = model.iterate_states(within_vocabulary(ids, model), model.context(), mask if eos_is_padding else None)
    n_states = model.config.n_states
    means = ((number, span_means(state, spans)) for number, state in selection.pick(states, n_states))
    return selection.aggregate(means, n_states)


def span_means(state: Array, spans: Sequence[tuple[int, int]]) -> Array:
    """The mean of each row's tokens within its span.

    Shapes   state (B, S, D), spans B x (first, stop) -> (B, D)
    """
    xp = array_module(state)
    return xp.stack([xp.mean(state[b, first:stop], axis=0) for b, (first, stop) in enumerate(spans)])
