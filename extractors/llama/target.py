"""Which tokens of a context are the word's: those of the context, less those of the text before it tokenised alone.

The prefix's ids need not begin the context's ids; that is upstream's rule, and kept.
"""

import numpy as np

from extractors.llama.model import LlamaModel
from extractors.llama.tokenizer import LlamaTokenizer
from tribe_np.errors import CheckpointError, EventsError

Pair = tuple[str, str]  # a word's text and its context


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


def within_vocabulary(ids: np.ndarray, model: LlamaModel) -> np.ndarray:
    """The ids, all of which the model knows.

    Raises   CheckpointError
    """
    if ids.max() >= model.config.vocab_size:
        raise CheckpointError(
            f"tokenizer.json gives id {ids.max()}, but the model's vocab_size is {model.config.vocab_size}; "
            "they belong to different models"
        )
    return ids
