"""Text features: for each word, the mean over its tokens of layer-grouped hidden states of its context.

Which tokens are the word's is decided by counting: those of the context, less those of the context's text before the
word tokenised alone. The prefix's ids need not begin the context's ids; that is upstream's rule, and kept.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from extractors.common.layers import LayerSelection
from extractors.llama.model import LlamaModel
from extractors.llama.tokenizer import LlamaTokenizer
from tribe_np.backend import array_module, to_host
from tribe_np.errors import CheckpointError, ConfigError, EventsError
from tribe_np.protocols import Array
from tribe_np.timeline.events import Event

Pair = tuple[str, str]  # a word's text and its context
Progress = Callable[[int, int], None]


def word_features(
    model: LlamaModel,
    tokenizer: LlamaTokenizer,
    words: Sequence[Event],
    *,
    selection: LayerSelection,
    batch_size: int = 4,
    eos_is_padding: bool = False,
    progress: Progress | None = None,
) -> list[np.ndarray]:
    """One feature vector per layer group for each word; equal (text, context) pairs are computed once.

    Shapes   -> len(words) arrays (G, F) on the host, in the model's dtype
    Numerics mean over the word's tokens, then over each group's states, in the model's dtype
    Raises   EventsError for a word without text or context; CheckpointError when the model gives NaN
    Source   neuralset 0.0.2 HuggingFaceText._get_data. `eos_is_padding` repeats its padding count: ids equal to
             end-of-text, wherever they stand, are taken for padding, so a literal end-of-text in a context shifts
             the word, and a model with another padding token averages padding. Without it the attention mask
             decides, as later versions do; where pad := eos and no text holds the marker, the two are equal
    """
    if batch_size < 1:
        raise ConfigError(f"batch_size must be at least 1, got {batch_size}")
    if eos_is_padding and tokenizer.eos_id is None:
        raise ConfigError("eos_is_padding: the tokenizer names no eos_token in its tokenizer_config.json")
    keys = [_checked(word) for word in words]
    counts = Counter(keys)
    unique = list(counts)
    found: dict[Pair, np.ndarray] = {}
    done = 0
    for first in range(0, len(unique), batch_size):
        batch = unique[first : first + batch_size]
        features = to_host(batch_features(model, tokenizer, batch, selection, eos_is_padding=eos_is_padding))
        for b, pair in enumerate(batch):
            if not np.all(np.isfinite(features[:, b])):
                raise CheckpointError(f"the text model gives NaN for the word {pair[0]!r}; its weights are unusable")
            found[pair] = np.array(features[:, b])
            done += counts[pair]
        if progress is not None:
            progress(done, len(keys))
    return [found[key] for key in keys]


def _checked(word: Event) -> Pair:
    if not word.text:
        raise EventsError(f"the word at {word.start:g} s of timeline {word.timeline} has no text")
    if not word.context:
        raise EventsError(
            f"the word {word.text!r} at {word.start:g} s of timeline {word.timeline} has no context; "
            "add contexts, and remove the words that stay without"
        )
    return word.text, word.context


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
    states = model.iterate_states(_within_vocabulary(ids, model), model.context(), mask if eos_is_padding else None)
    n_states = model.config.n_states
    means = ((number, span_means(state, spans)) for number, state in selection.pick(states, n_states))
    return selection.aggregate(means, n_states)


def target_span(tokenizer: LlamaTokenizer, text: str, context: str, n_tokens: int) -> tuple[int, int]:
    """Half-open range of the word's tokens among the `n_tokens` of its context: the last ones, at least one.

    Raises   EventsError when no tokens are left
    Source   neuralset 0.0.2 HuggingFaceText._get_data; a text longer than its context has an empty prefix
    """
    prefix = context[: -len(text)].rstrip()
    n_prefix = len(tokenizer.encode(prefix)) if prefix else 0
    if n_tokens < 1:
        raise EventsError(f"the context of the word {text!r} holds nothing but end-of-text markers")
    return max(0, n_tokens - max(1, n_tokens - n_prefix)), n_tokens


def span_means(state: Array, spans: Sequence[tuple[int, int]]) -> Array:
    """The mean of each row's tokens within its span.

    Shapes   state (B, S, D), spans B x (first, stop) -> (B, D)
    """
    xp = array_module(state)
    return xp.stack([xp.mean(state[b, first:stop], axis=0) for b, (first, stop) in enumerate(spans)])


def _within_vocabulary(ids: np.ndarray, model: LlamaModel) -> np.ndarray:
    if ids.max() >= model.config.vocab_size:
        raise CheckpointError(
            f"tokenizer.json gives id {ids.max()}, but the model's vocab_size is {model.config.vocab_size}; "
            "they belong to different models"
        )
    return ids
