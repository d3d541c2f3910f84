"""Wav2Vec-BERT 2.0: log-mel pairs to hidden states, a conformer with relative-key attention and causal convolution.

Not wav2vec 2.0: no raw-waveform front end, no strided adapter in the path, no norm after the last layer. No attention
mask, as upstream calls it: a padding row in the input is attended to.

| key of the checkpoint (a `wav2vec2_bert.` prefix is dropped)  | shape                | meaning                     |
|---------------------------------------------------------------|----------------------|-----------------------------|
| feature_projection.layer_norm.{weight,bias}                   | (F,)                 | on the input, F = 160       |
| feature_projection.projection.{weight,bias}                   | (D, F), (D,)         | to state 0                  |
| encoder.layers.I.{ffn1,self_attn,ffn2,final}_layer_norm.*     | (D,)                 | before each part; at the end|
| encoder.layers.I.ffn{1,2}.{intermediate,output}_dense.*       | (M, D), (D, M)       | halved feed-forwards        |
| encoder.layers.I.self_attn.linear_{q,k,v,out}.*               | (D, D), (D,)         | attention                   |
| encoder.layers.I.self_attn.distance_embedding.weight          | (left+1+right, H)    | one per clipped distance    |
| encoder.layers.I.conv_module.{,depthwise_}layer_norm.*        | (D,)                 | before, and inside          |
| encoder.layers.I.conv_module.pointwise_conv{1,2}.weight       | (2D, D, 1), (D, D, 1)| values first, then gates    |
| encoder.layers.I.conv_module.depthwise_conv.weight            | (D, 1, W)            | last tap: the current step  |
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from extractors.common.model import FolderModel, LayerStack, open_weights
from extractors.wav2vec_bert.config import Wav2VecBertConfig
from extractors.wav2vec_bert.filterbank import FilterbankConfig
from tribe_np.backend import array_module
from tribe_np.errors import ShapeError
from tribe_np.formats.weights import read_json
from tribe_np.nn.context import Context
from tribe_np.nn.layers import LayerNorm, Linear
from tribe_np.nn.scores import attend_by_distance
from tribe_np.ops.attention import merge_heads, split_heads
from tribe_np.protocols import Array, Weights
from tribe_np.runtime import Runtime

PREPROCESSOR_NAME = "preprocessor_config.json"
UNUSED = {
    "masked_spec_embed": "fills masked steps in training",
    "adapter.": "behind the encoder: changes no hidden state",
    "intermediate_ffn.": "behind the encoder: changes no hidden state",
    "lm_head.": "head of a fine-tuned checkpoint",
    "classifier.": "head of a fine-tuned checkpoint",
    "projector.": "head of a fine-tuned checkpoint",
}


@dataclass(frozen=True, eq=False)
class FeatureProjection:
    """The input normalised and brought to the model's width: hidden state 0.

    Source   transformers 5.23.0 Wav2Vec2BertFeatureProjection
    """

    layer_norm: LayerNorm
    projection: Linear

    @classmethod
    def from_weights(cls, weights: Weights, config: Wav2VecBertConfig) -> "FeatureProjection":
        """Takes layer_norm and projection."""
        return cls(
            LayerNorm.from_weights(weights.at("layer_norm"), config.input_dim, eps=config.layer_norm_eps),
            Linear.from_weights(weights.at("projection"), config.input_dim, config.model_dim, bias=True),
        )

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, S, F) -> (B, S, D)."""
        normed = ctx.see("layer_norm.output", self.layer_norm(x, ctx))
        return ctx.see("output", self.projection(normed))


@dataclass(frozen=True, eq=False)
class SwishFeedForward:
    """Linear, swish, linear.

    Source   transformers 5.23.0 Wav2Vec2BertFeedForward
    """

    intermediate_dense: Linear
    output_dense: Linear

    @classmethod
    def from_weights(cls, weights: Weights, config: Wav2VecBertConfig) -> "SwishFeedForward":
        """Takes intermediate_dense and output_dense."""
        D, M = config.model_dim, config.mlp_dim
        return cls(
            Linear.from_weights(weights.at("intermediate_dense"), D, M, bias=True),
            Linear.from_weights(weights.at("output_dense"), M, D, bias=True),
        )

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        hidden = ctx.see("hidden", self.intermediate_dense(x))
        activated = ctx.see("activated", ctx.kernels.silu(hidden))
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
        mixed = attend_by_distance(
            ctx, query, key, value, self.distance_embedding, scale=query.shape[-1] ** -0.5, left_span=self.left_span
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
        x = ctx.see("layer_norm.output", self.layer_norm(x, ctx))
        x = ctx.see("pointwise_conv1.output", self.pointwise_conv1(x))
        x = ctx.see("gated", ctx.kernels.glu(x))
        x = ctx.see("depthwise_conv.output", ctx.kernels.depthwise_causal(x, self.depthwise_conv))
        x = ctx.see("depthwise_layer_norm.output", self.depthwise_layer_norm(x, ctx))
        x = ctx.see("activated", ctx.kernels.silu(x))
        return ctx.see("output", self.pointwise_conv2(x))


@dataclass(frozen=True, eq=False)
class ConformerLayer:
    """From one hidden state to the next.

    Source   transformers 5.23.0 Wav2Vec2BertEncoderLayer
    """

    ffn1_layer_norm: LayerNorm
    ffn1: SwishFeedForward
    self_attn_layer_norm: LayerNorm
    self_attn: RelativeKeyAttention
    conv_module: ConvolutionModule
    ffn2_layer_norm: LayerNorm
    ffn2: SwishFeedForward
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
            ffn1=SwishFeedForward.from_weights(weights.at("ffn1"), config),
            self_attn=RelativeKeyAttention.from_weights(weights.at("self_attn"), config),
            conv_module=ConvolutionModule.from_weights(weights.at("conv_module"), config),
            ffn2=SwishFeedForward.from_weights(weights.at("ffn2"), config),
        )

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        normed = ctx.see("ffn1_layer_norm.output", self.ffn1_layer_norm(x, ctx))
        x = ctx.see("ffn1.stream", self.ffn1(normed, ctx.at("ffn1")) * 0.5 + x)
        normed = ctx.see("self_attn_layer_norm.output", self.self_attn_layer_norm(x, ctx))
        x = ctx.see("self_attn.stream", self.self_attn(normed, ctx.at("self_attn")) + x)
        x = ctx.see("conv_module.stream", x + self.conv_module(x, ctx.at("conv_module")))
        normed = ctx.see("ffn2_layer_norm.output", self.ffn2_layer_norm(x, ctx))
        x = ctx.see("ffn2.stream", self.ffn2(normed, ctx.at("ffn2")) * 0.5 + x)
        return ctx.see("output", self.final_layer_norm(x, ctx))


@dataclass(frozen=True, eq=False, repr=False)
class Wav2VecBertModel(FolderModel):
    """The encoder with its weights, and how its input is made.

    Source   transformers 5.23.0 Wav2Vec2BertModel
    """

    tap_prefix: ClassVar[str] = "wav2vec_bert"
    stored_prefix: ClassVar[str] = "wav2vec2_bert."

    config: Wav2VecBertConfig
    layers: LayerStack[ConformerLayer]
    feature_projection: FeatureProjection
    filterbank: FilterbankConfig | None  # None where the folder has no preprocessor_config.json

    @classmethod
    def load(cls, folder: str | Path, runtime: Runtime) -> Self:
        """See FolderModel; for sound the folder holds preprocessor_config.json besides."""
        weights = open_weights(folder, runtime, cls.own_name)
        config = Wav2VecBertConfig.from_folder(folder)
        preprocessor = Path(folder) / PREPROCESSOR_NAME
        filterbank = None
        if preprocessor.exists():
            filterbank = FilterbankConfig.from_dict(read_json(preprocessor), origin=preprocessor)
        return cls.from_weights(weights, config, filterbank, runtime)

    @classmethod
    def from_weights(
        cls, weights: Weights, config: Wav2VecBertConfig, filterbank: FilterbankConfig | None, runtime: Runtime
    ) -> Self:
        """Takes every tensor, by its own name (see `own_name`); CheckpointError for what is left over."""
        model = cls(
            feature_projection=FeatureProjection.from_weights(weights.at("feature_projection"), config),
            layers=LayerStack.load(
                lambda i: ConformerLayer.from_weights(weights.at("encoder", "layers", i), config),
                config.n_layers,
                streaming=runtime.streaming,
            ),
            filterbank=filterbank,
            config=config,
            runtime=runtime,
        )
        weights.finish(ignore=UNUSED)
        return model

    def hidden_states(self, input_features: Array) -> Array:
        """All hidden states, the projected input first; the last is transformers' last_hidden_state.

        Shapes   input_features (B, S, F) -> (n_layers + 1, B, S, D), in the model's precision, on its device
        Raises   ShapeError
        Source   transformers 5.23.0 Wav2Vec2BertModel(output_hidden_states=True), no attention mask
        """
        states = [state for _, state in self.iterate_states(input_features, self.context())]
        return array_module(*states).stack(states)

    def iterate_states(self, input_features: Array, ctx: Context) -> Iterator[tuple[int, Array]]:
        """(number, hidden state) one after another, so that a caller keeps only what it needs.

        Shapes   input_features (B, S, F) -> each state (B, S, D)
        Raises   ShapeError
        """
        if input_features.ndim != 3 or input_features.shape[-1] != self.config.input_dim or 0 in input_features.shape:
            raise ShapeError(
                f"wav2vec_bert: input_features must have shape (B, S, {self.config.input_dim}), "
                f"got {tuple(input_features.shape)}"
            )
        x = self.runtime.place(input_features).astype(self.runtime.dtype)
        x = self.feature_projection(x, ctx.at("feature_projection"))
        yield 0, x
        for i, layer in enumerate(self.layers):
            x = layer(x, ctx.at("encoder", "layers", i))
            yield i + 1, x
