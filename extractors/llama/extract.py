"""Text features: for each word, the mean over its tokens of layer-grouped hidden states of its context.

Contexts that begin alike share their passes (`shared`); whole contexts in batches (`whole`) are the reference for that.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from extractors.common.layers import LayerSelection
from extractors.llama.blocks import Block, Kept, Nothing, Report, run_blocks
from extractors.llama.model import LlamaModel
from extractors.llama.prefix_tree import MAX_NODES
from extractors.llama.shared import shared_blocks
from extractors.llama.target import Pair
from extractors.llama.tokenizer import LlamaTokenizer
from extractors.llama.whole import whole_blocks
from tribe_np.errors import ConfigError, EventsError
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
    kept: Kept | None = None,
    progress: Progress | None = None,
    report: Report | None = None,
) -> list[np.ndarray]:
    """One feature vector per layer group for each word; equal (text, context) pairs are computed once.

    With `shared`, tokens that contexts begin with in common are run once, at most `max_nodes` at a time. Without it, or
    with `eos_is_padding`, whole contexts run in batches. Blocks found in `kept` are not run again; `report` hears early
    how long the others will take.
    Shapes   -> len(words) arrays (G, F) on the host, in the model's dtype
    Numerics mean over the word's tokens, then over each group's states, in the model's dtype; `shared`, `max_nodes`
             and `batch_size` change the rounding alone
    Raises   EventsError for a word without text or context; CheckpointError when a hidden state is not finite
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
    blocks: Sequence[Block]
    if shared and not eos_is_padding:
        blocks = shared_blocks(tokenizer, list(counts), max_nodes)
    else:
        blocks = whole_blocks(tokenizer, list(counts), batch_size, eos_is_padding=eos_is_padding)
    found: dict[Pair, np.ndarray] = {}
    kept = kept if kept is not None else Nothing()
    for pairs, features in run_blocks(blocks, model, selection, kept=kept, report=report, show=tally.show):
        for b, pair in enumerate(pairs):
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
            "TribeModel.complete_events adds contexts"
        )
    return word.text, word.context
