"""What LLaMA takes: a pass over the tokens of many words, and a stimulus of words in their contexts.

Arithmetic of a token in one layer, with D the stream's width, M the feed-forward's, N and K heads of width H for
queries and for keys, and S tokens before it:   2 (2 D N H + 2 D K H + 3 D M) + 4 N H S
"""

from extractors.common.costs import WORDS_A_SECOND, Load, scores
from extractors.llama.config import LlamaConfig
from extractors.llama.passes import MAX_NODES

AT_ONCE = f"{MAX_NODES} tokens in one pass"
UNREAD = ("embed_tokens.", "lm_head.")  # only the rows of tokens that occur are read; logits are not needed
CONTEXT_WORDS = 1024  # before a word, at most
TOKENS_A_WORD = 1.35  # a round number for English, not measured on a stimulus
MOST_TOKENS_A_WORD = 4  # run for a word at most, on average, while contexts share their beginnings


def work(config: LlamaConfig, load: Load, itemsize: int) -> int:
    """Bytes of a pass: the stream five times and the feed-forward's width four times for every token; a mask."""
    D, M, S = config.model_dim, config.mlp_dim, _tokens_at_once(load)
    kept = load.n_words * 4 * D  # two layer groups, while they are put together twice
    return itemsize * (S * (6 * D + 4 * M) + S * S // 4 + scores(config.n_heads, S) + kept)


def _tokens_at_once(load: Load) -> int:
    if load.n_words_at_once is None:
        return MAX_NODES
    n_tokens = max(1, MOST_TOKENS_A_WORD * load.n_words_at_once)
    return n_tokens if load.is_padded else min(MAX_NODES, n_tokens)


def flop(config: LlamaConfig, load: Load) -> float:
    """Words whose contexts share their beginning run once, later ones each with all of theirs, or every `stride`th."""
    n_shared = min(load.n_words, CONTEXT_WORDS + 1)
    once, alone = (speech_second(config, shared=shared) / WORDS_A_SECOND for shared in (True, False))
    return n_shared * once + (load.n_words - n_shared) * alone / load.stride


def flop_per_second(config: LlamaConfig, load: Load, frequency: float) -> dict[str, float | str]:
    """Speech, early and late in a stimulus."""
    return {
        f"first {CONTEXT_WORDS + 1} words": speech_second(config, shared=True),
        "later words, exact contexts": speech_second(config, shared=False),
        "assumed": f"speech of {WORDS_A_SECOND} words a second, {TOKENS_A_WORD} tokens a word",
    }


def speech_second(config: LlamaConfig, *, shared: bool) -> float:
    """A second of speech: each token once, half a full context before it (`shared`: the first 1,025 words, or less).

    Without `shared`, every word runs all tokens of its full context, as later words do with exact contexts.
    """
    context = CONTEXT_WORDS * TOKENS_A_WORD
    tokens = WORDS_A_SECOND * (TOKENS_A_WORD if shared else context)
    return tokens * config.n_layers * token(config, context / 2)


def token(config: LlamaConfig, n_before: float) -> float:
    """One token through one layer, with `n_before` tokens to attend to."""
    D, width = config.model_dim, config.n_heads * config.head_dim
    kv_width = config.n_kv_heads * config.head_dim
    return 2.0 * (2 * D * width + 2 * D * kv_width + 3 * D * config.mlp_dim) + 4 * width * n_before
