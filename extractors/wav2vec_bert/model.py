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
from typing import Any

from extractors.common.stack import LayerStack
from extractors.wav2vec_bert.config import Wav2VecBertConfig
from extractors.wav2vec_bert.filterbank import FilterbankConfig
from extractors.wav2vec_bert.layer import ConformerLayer
from tribe_np.backend import array_module, dtype_of, to_device
from tribe_np.card import Card
from tribe_np.errors import ShapeError
from tribe_np.formats.weights import open_folder, read_json
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.nn.context import Context, open_context
from tribe_np.nn.linear import Linear
from tribe_np.nn.norm import LayerNorm
from tribe_np.protocols import Array, Device, Weights

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
        normed = self.layer_norm(x, ctx)
        ctx.see("layer_norm.output", normed)
        out = self.projection(normed)
        ctx.see("output", out)
        return out


@dataclass(frozen=True, eq=False, repr=False)
class Wav2VecBertModel(Card):
    """The encoder with its weights, and how its input is made.

    Source   transformers 5.23.0 Wav2Vec2BertModel
    """

    config: Wav2VecBertConfig
    feature_projection: FeatureProjection
    layers: LayerStack[ConformerLayer]
    filterbank: FilterbankConfig | None  # None where the folder has no preprocessor_config.json
    dtype: Any
    device: Device
    kernels: KernelSet

    def facts(self) -> dict[str, object]:
        """See Card."""
        return self.config.facts(self.layers.place, self.dtype, self.kernels)

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        *,
        precision: str = "float32",
        device: Device = "cpu",
        kernels: KernelSet = REFERENCE,
        streaming: bool = False,
    ) -> "Wav2VecBertModel":
        """The model of a HuggingFace folder: config.json, safetensors, preprocessor_config.json (for sound only).

        With `streaming`, one layer at a time is in memory; the numbers are the same.
        Raises   CheckpointError or ConfigError, naming the file and key
        """
        folder, dtype = Path(folder), dtype_of(precision)
        weights = open_folder(
            folder,
            dtype=dtype,
            place=lambda array: to_device(array, device),
            rename=lambda name: name.removeprefix("wav2vec2_bert."),
        )
        config = Wav2VecBertConfig.from_folder(folder)
        preprocessor = folder / PREPROCESSOR_NAME
        model = cls(
            config=config,
            feature_projection=FeatureProjection.from_weights(weights.at("feature_projection"), config),
            layers=LayerStack.load(
                lambda i: ConformerLayer.from_weights(weights.at("encoder", "layers", i), config),
                config.n_layers,
                streaming=streaming,
            ),
            filterbank=FilterbankConfig.from_dict(read_json(preprocessor), origin=preprocessor)
            if preprocessor.exists()
            else None,
            dtype=dtype,
            device=device,
            kernels=kernels,
        )
        weights.finish(UNUSED)
        return model

    def hidden_states(self, input_features: Array) -> Array:
        """All hidden states, the projected input first; the last is transformers' last_hidden_state.

        Shapes   input_features (B, S, F) -> (n_layers + 1, B, S, D), in the model's precision, on its device
        Raises   ShapeError
        Source   transformers 5.23.0 Wav2Vec2BertModel(output_hidden_states=True), no attention mask
        """
        states = [state for _, state in self.iterate_states(input_features, open_context("wav2vec_bert", self.kernels))]
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
        x = to_device(input_features, self.device).astype(self.dtype)
        x = self.feature_projection(x, ctx.at("feature_projection"))
        yield 0, x
        for i, layer in enumerate(self.layers):
            x = layer(x, ctx.at("encoder", "layers", i))
            yield i + 1, x
