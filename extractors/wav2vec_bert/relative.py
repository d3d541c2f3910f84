"""Self-attention with an embedding for each clipped distance between query and key (Shaw et al. 2018).

The distance term is query . embedding[clip(key step - query step, -left, right)]. No (S, S, head_dim) tensor is
gathered: the products with all distances are taken once, then laid out along the diagonals, block by block of queries.
"""

from dataclasses import dataclass

from extractors.wav2vec_bert.config import Wav2VecBertConfig
from tribe_np.backend import array_module
from tribe_np.nn.context import Context
from tribe_np.nn.linear import Linear
from tribe_np.ops.attention import BLOCK_SCORES, merge_heads, split_heads
from tribe_np.protocols import Array, Weights


@dataclass(frozen=True, eq=False)
class RelativeKeyAttention:
    """Multi-head attention of every token to every token; one distance embedding shared by the heads of a layer.

    Source   transformers 5.23.0 Wav2Vec2BertSelfAttention (position_embeddings_type="relative_key")
    """

    linear_q: Linear
    linear_k: Linear
    linear_v: Linear
    linear_out: Linear
    distance_embedding: Array  # (left_span + 1 + right_span, H)
    n_heads: int
    left_span: int

    @classmethod
    def from_weights(cls, weights: Weights, config: Wav2VecBertConfig) -> "RelativeKeyAttention":
        """Takes linear_{q,k,v,out} and distance_embedding."""
        D = config.model_dim
        n_distances = config.left_span + 1 + config.right_span
        return cls(
            linear_q=Linear.from_weights(weights.at("linear_q"), D, D, bias=True),
            linear_k=Linear.from_weights(weights.at("linear_k"), D, D, bias=True),
            linear_v=Linear.from_weights(weights.at("linear_v"), D, D, bias=True),
            linear_out=Linear.from_weights(weights.at("linear_out"), D, D, bias=True),
            distance_embedding=weights.take("distance_embedding.weight", (n_distances, config.head_dim)),
            n_heads=config.n_heads,
            left_span=config.left_span,
        )

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        query = split_heads(self.linear_q(x), self.n_heads)
        ctx.see("query", query)
        key = split_heads(self.linear_k(x), self.n_heads)
        ctx.see("key", key)
        value = split_heads(self.linear_v(x), self.n_heads)
        ctx.see("value", value)
        mixed = merge_heads(relative_attention(query, key, value, self.distance_embedding, self.left_span, ctx))
        ctx.see("mixed", mixed)
        out = self.linear_out(mixed)
        ctx.see("output", out)
        return out


def relative_attention(query: Array, key: Array, value: Array, embedding: Array, left_span: int, ctx: Context) -> Array:
    """softmax over keys of (query . key + query . embedding[distance]) / sqrt(H), times value.

    Shapes   query, key, value (B, N, S, H), embedding (left_span + 1 + right_span, H) -> (B, N, S, H)
    Numerics both terms are scaled; blocks of queries hold whole rows, so they change no sum
    Source   transformers 5.23.0 _apply_relative_key_position_encoding
    """
    xp = array_module(query, key, value, embedding)
    B, N, S, H = query.shape
    out = xp.empty(query.shape, dtype=query.dtype)
    rows = max(1, BLOCK_SCORES // (B * N * S))
    for start in range(0, S, rows):
        block = query[:, :, start : start + rows]
        products = (block @ embedding.T) * H**-0.5
        bias = spread_distances(products, start, S, left_span)
        out[:, :, start : start + rows] = ctx.kernels.attention(block, key, value, scale=H**-0.5, bias=bias)
    return out


def spread_distances(products: Array, start: int, n_keys: int, left_span: int) -> Array:
    """Values per clipped distance laid out per key: out[i, r] = products[i, clip(r - start - i, -left, right) + left].

    Shapes   products (..., Q, left_span + 1 + right_span) of the queries from step `start` -> (..., Q, n_keys)
    Numerics copies only. Column r is kept at r + left_span of a wider row, so that every diagonal lies inside and is
             one slice of the flattened rows
    Source   transformers 5.23.0 _apply_relative_key_position_encoding
    """
    xp = array_module(products)
    *outer, n_queries, n_distances = products.shape
    width = n_keys + n_distances - 1
    steps = start + left_span + xp.arange(n_queries)[:, None]
    is_later = xp.arange(width)[None, :] > steps
    wide = xp.where(is_later, products[..., -1:], products[..., :1]).reshape(*outer, n_queries * width)
    for j in range(n_distances):
        wide[..., start + j :: width + 1] = products[..., j]
    return wide.reshape(*outer, n_queries, width)[..., left_span : left_span + n_keys]
