"""Attention whose scores are shown to those who ask for them.

A kernel goes from queries, keys and values to their mixture in one step, and holds no matrix of every pair of tokens.
Who asks for `logits` or `probabilities` gets them beside the kernel's result, which stays the same to the bit. Where
an edit hears one of them, the mixture is computed from what it leaves there, step by step:

    logits         ctx.kernels.attention_logits(...): scaled, with bias, -inf at what a query must not see
    probabilities  ctx.kernels.softmax(logits)
    mixed          probabilities @ value

So a mistake in the scale, the mask or the softmax is planted by replacing one of these two kernels (and `attention`
or `relative_attention` besides, for runs that nobody edits), and shows at the name where it happens.
"""

from collections.abc import Callable

from tribe_np.nn.context import Context
from tribe_np.ops.attention import spread_distances
from tribe_np.protocols import Array


def attend(
    ctx: Context, query: Array, key: Array, value: Array, *,
    scale: float, bias: Array | None = None, causal: bool = False,
) -> Array:  # fmt: skip
    """softmax(query . key * scale + bias) . value, with grouped key/value heads.

    Shapes   query (B, N, S, H), key, value (B, K, T, H), bias to (B, N, S, T) -> (B, N, S, H); taps (B, N, S, T)
    """
    return with_scores(
        ctx, value, lambda: ctx.kernels.attention(query, key, value, scale=scale, bias=bias, causal=causal),
        lambda: ctx.kernels.attention_logits(query, key, scale=scale, bias=bias, causal=causal),
    )  # fmt: skip


def attend_by_distance(
    ctx: Context, query: Array, key: Array, value: Array, embedding: Array, *, scale: float, left_span: int
) -> Array:
    """Attention whose scores have a term for the clipped distance between query and key.

    Shapes   query, key, value (B, N, S, H), embedding (P, H) -> (B, N, S, H); the tap `distances` is (B, N, S, P): each
             query's scaled product with the embedding of each distance, from `left_span` behind it on
    """

    def logits() -> Array:
        distances = ctx.see("distances", (query @ embedding.T) * scale)
        bias = spread_distances(distances, 0, key.shape[2], left_span)
        return ctx.kernels.attention_logits(query, key, scale=scale, bias=bias)

    return with_scores(
        ctx, value,
        lambda: ctx.kernels.relative_attention(query, key, value, embedding, scale=scale, left_span=left_span), logits,
    )  # fmt: skip


def with_scores(ctx: Context, value: Array, fused: Callable[[], Array], logits: Callable[[], Array]) -> Array:
    """fused(), or the same from logits() where an edit hears the scores; shows them to those who ask.

    Shapes   value (B, K, T, H); fused() (B, N, S, H), logits() (B, N, S, T) -> (B, N, S, H)
    """
    names = ("distances", "logits", "probabilities")
    if not any(map(ctx.asks, names)):
        return fused()
    probabilities = ctx.see("probabilities", ctx.kernels.softmax(ctx.see("logits", logits())))
    return weighted_values(probabilities, value) if any(map(ctx.edits, names)) else fused()


def weighted_values(probabilities: Array, value: Array) -> Array:
    """Each query's mean of the values, weighted; N / K query heads share a key/value head.

    Shapes   probabilities (B, N, S, T), value (B, K, T, H) -> (B, N, S, H)
    """
    (B, N, S, T), (K, H) = probabilities.shape, value.shape[1::2]
    grouped = probabilities.reshape(B, K, N // K, S, T) @ value[:, :, None]
    return grouped.reshape(B, N, S, H)
