"""One conformer layer: half a feed-forward, attention, causal convolution, half a feed-forward, norm."""

from dataclasses import dataclass

from extractors.wav2vec_bert.config import Wav2VecBertConfig
from tribe_np.nn.context import Context
from tribe_np.nn.layers import LayerNorm, Linear
from tribe_np.ops.attention import merge_heads, split_heads
from tribe_np.protocols import Array, Weights


@dataclass(frozen=True, eq=False)
class FeedForward:
    """Linear, swish, linear.

    Source   transformers 5.23.0 Wav2Vec2BertFeedForward
    """

    intermediate_dense: Linear
    output_dense: Linear

    @classmethod
    def from_weights(cls, weights: Weights, config: Wav2VecBertConfig) -> "FeedForward":
        """Takes intermediate_dense and output_dense."""
        D, M = config.model_dim, config.mlp_dim
        return cls(
            Linear.from_weights(weights.at("intermediate_dense"), D, M, bias=True),
            Linear.from_weights(weights.at("output_dense"), M, D, bias=True),
        )

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        activated = ctx.see("activated", ctx.kernels.silu(self.intermediate_dense(x)))
        return ctx.see("output", self.output_dense(activated))


@dataclass(frozen=True, eq=False)
class RelativeKeyAttention:
    """Multi-head attention of every token to every token, with an embedding for each clipped distance between them.

    The heads of a layer share the embedding (Shaw et al. 2018).
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


@dataclass(frozen=True, eq=False)
class ConvolutionModule:
    """Gated pointwise, causal depthwise over time, layer norm (not batch norm), swish, pointwise.

    Source   transformers 5.23.0 Wav2Vec2BertConvolutionModule
    """

    layer_norm: LayerNorm
    pointwise_conv1: Linear  # (2D, D): values, then gates
    depthwise_conv: Array  # (D, W); the last tap is the current step's
    depthwise_layer_norm: LayerNorm
    pointwise_conv2: Linear

    @classmethod
    def from_weights(cls, weights: Weights, config: Wav2VecBertConfig) -> "ConvolutionModule":
        """Takes both norms and the three convolutions, none with a bias."""
        D, eps = config.model_dim, config.layer_norm_eps
        return cls(
            layer_norm=LayerNorm.from_weights(weights.at("layer_norm"), D, eps=eps),
            pointwise_conv1=Linear(weights.take("pointwise_conv1.weight", (2 * D, D, 1))[:, :, 0], None),
            depthwise_conv=weights.take("depthwise_conv.weight", (D, 1, config.conv_width))[:, 0],
            depthwise_layer_norm=LayerNorm.from_weights(weights.at("depthwise_layer_norm"), D, eps=eps),
            pointwise_conv2=Linear(weights.take("pointwise_conv2.weight", (D, D, 1))[:, :, 0], None),
        )

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        gated = ctx.see("gated", ctx.kernels.glu(self.pointwise_conv1(self.layer_norm(x, ctx))))
        convolved = ctx.see("depthwise_conv.output", ctx.kernels.depthwise_causal(gated, self.depthwise_conv))
        return ctx.see("output", self.pointwise_conv2(ctx.kernels.silu(self.depthwise_layer_norm(convolved, ctx))))


@dataclass(frozen=True, eq=False)
class ConformerLayer:
    """From one hidden state to the next.

    Source   transformers 5.23.0 Wav2Vec2BertEncoderLayer
    """

    ffn1_layer_norm: LayerNorm
    ffn1: FeedForward
    self_attn_layer_norm: LayerNorm
    self_attn: RelativeKeyAttention
    conv_module: ConvolutionModule
    ffn2_layer_norm: LayerNorm
    ffn2: FeedForward
    final_layer_norm: LayerNorm

    @classmethod
    def from_weights(cls, weights: Weights, config: Wav2VecBertConfig) -> "ConformerLayer":
        """Takes every tensor of one layer."""
        norms = {
            name: LayerNorm.from_weights(weights.at(name), config.model_dim, eps=config.layer_norm_eps)
            for name in ("ffn1_layer_norm", "self_attn_layer_norm", "ffn2_layer_norm", "final_layer_norm")
        }
        return cls(
            **norms,
            ffn1=FeedForward.from_weights(weights.at("ffn1"), config),
            self_attn=RelativeKeyAttention.from_weights(weights.at("self_attn"), config),
            conv_module=ConvolutionModule.from_weights(weights.at("conv_module"), config),
            ffn2=FeedForward.from_weights(weights.at("ffn2"), config),
        )

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        x = self.ffn1(self.ffn1_layer_norm(x, ctx), ctx.at("ffn1")) * 0.5 + x
        x = self.self_attn(self.self_attn_layer_norm(x, ctx), ctx.at("self_attn")) + x
        x = x + self.conv_module(x, ctx.at("conv_module"))
        x = self.ffn2(self.ffn2_layer_norm(x, ctx), ctx.at("ffn2")) * 0.5 + x
        return ctx.see("output", self.final_layer_norm(x, ctx))
