"""Self-attention with an embedding for each clipped distance between query and key (Shaw et al. 2018)."""

from dataclasses import dataclass

from extractors.wav2vec_bert.config import Wav2VecBertConfig
from tribe_np.nn.context import Context
from tribe_np.nn.layers import Linear
from tribe_np.ops.attention import merge_heads, split_heads
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
        query = ctx.see("query", split_heads(self.linear_q(x), self.n_heads))
        key = ctx.see("key", split_heads(self.linear_k(x), self.n_heads))
        value = ctx.see("value", split_heads(self.linear_v(x), self.n_heads))
        mixed = ctx.kernels.relative_attention(
            query, key, value, self.distance_embedding, scale=query.shape[-1] ** -0.5, left_span=self.left_span
        )
        return ctx.see("output", self.linear_out(ctx.see("mixed", merge_heads(mixed))))
