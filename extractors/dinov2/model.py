"""DINOv2: patches of 14 x 14 pixels and a class token, a transformer with a learned scale on every residual.

| key (hub spelling; transformers 5.23's q_proj, k_proj, v_proj, o_proj are read as well)  | shape               |
|-------------------------------------------------------------------------------------------|---------------------|
| embeddings.cls_token, embeddings.position_embeddings                                      | (1, 1, D), (1, P, D) |
| embeddings.patch_embeddings.projection.weight                                             | (D, 3, patch, patch) |
| encoder.layer.{i}.attention.attention.{query,key,value}.weight                            | (D, D)              |
| encoder.layer.{i}.attention.output.dense.weight                                           | (D, D)              |
| encoder.layer.{i}.layer_scale{1,2}.lambda1, norm{1,2}.weight                              | (D,)                |
| encoder.layer.{i}.mlp.fc1.weight, fc2.weight                                              | (M, D), (D, M)      |
| encoder.layer.{i}.mlp.weights_{in,out}.weight, in a gated model (the giant one)           | (2 M, D), (D, M)    |

The rows of weights_in are the gate's, then the other map's; 5.23 has gate_proj, up_proj and down_proj. Variants with
registers have `embeddings.register_tokens` (1, R, D) besides.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from extractors.common.model import FolderModel, LayerStack, open_weights
from extractors.dinov2.config import DinoV2Config
from extractors.dinov2.preprocess import PictureProcessor
from tribe_np.backend import array_module
from tribe_np.errors import ShapeError
from tribe_np.nn.context import Context
from tribe_np.nn.layers import LayerNorm, Linear
from tribe_np.nn.scores import attend
from tribe_np.ops.attention import merge_heads, split_heads
from tribe_np.ops.resize import resize_bicubic, resize_bicubic_plain
from tribe_np.protocols import Array, Weights
from tribe_np.runtime import Runtime

Resize = Callable[[Array, tuple[int, int]], Array]
SPELLINGS = {
    ".attention.attention.query.": ".attention.q_proj.",
    ".attention.attention.key.": ".attention.k_proj.",
    ".attention.attention.value.": ".attention.v_proj.",
    ".attention.output.dense.": ".attention.o_proj.",
    ".mlp.weights_out.": ".mlp.down_proj.",
}
IGNORED = {
    "embeddings.mask_token": "only used in training",
    "layernorm.": "hidden states are taken before the final norm",
    "classifier.": "the head of an image classifier",
}


def current_spelling(name: str) -> str:
    """A stored tensor's name as transformers 5.23 spells it.

    Source   transformers 5.23.0 conversion_mapping
    """
    for old, new in SPELLINGS.items():
        name = name.replace(old, new)
    return name.removeprefix("dinov2.").removeprefix("dinov2_with_registers.")


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Patches as tokens, the class token before them, positions added; registers, which have none, in between.

    Source   transformers 5.23.0 Dinov2Embeddings, Dinov2WithRegistersEmbeddings
    """

    projection: Linear  # (D, channels * patch * patch)
    cls_token: Array  # (1, 1, D)
    position_embeddings: Array  # (1, 1 + grid * grid, D)
    register_tokens: Array | None  # (1, R, D)
    patch_size: int

    @classmethod
    def from_weights(cls, weights: Weights, config: DinoV2Config) -> "Embeddings":
        """Takes the convolution's kernel as a matrix."""
        D, R, patch, n_positions = config.model_dim, config.n_registers, config.patch_size, config.grid_size**2 + 1
        projection = weights.at("patch_embeddings", "projection")
        kernel = projection.take("weight", (D, config.n_channels, patch, patch))
        return cls(
            projection=Linear(kernel.reshape(D, -1), projection.take("bias", (D,))),
            cls_token=weights.take("cls_token", (1, 1, D)),
            position_embeddings=weights.take("position_embeddings", (1, n_positions, D)),
            register_tokens=weights.take("register_tokens", (1, R, D)) if R else None,
            patch_size=patch,
        )

    def __call__(self, pixels: Array, ctx: Context) -> Array:
        """Shapes   pixels (B, C, height, width) -> (B, 1 + R + S, D); patches by row, column."""
        xp = array_module(pixels)
        B, C, height, width = pixels.shape
        patch, rows, columns = self.patch_size, height // self.patch_size, width // self.patch_size
        boxes = pixels[:, :, : rows * patch, : columns * patch].reshape(B, C, rows, patch, columns, patch)
        boxes = boxes.transpose(0, 2, 4, 1, 3, 5).reshape(B, rows * columns, -1)
        patches = ctx.see("patch_embeddings.projection.output", self.projection(boxes))
        first = xp.broadcast_to(self.cls_token, (B, 1, patches.shape[-1]))
        positions = self.position_embeddings
        if rows * columns != positions.shape[1] - 1 or height != width:
            resize = resize_bicubic_plain if self.register_tokens is None else resize_bicubic
            positions = resized_positions(positions, rows, columns, resize)
        x = xp.concatenate([first, patches], axis=1) + ctx.see("positions", positions)
        if self.register_tokens is not None:
            registers = xp.broadcast_to(self.register_tokens, (B, *self.register_tokens.shape[1:]))
            x = xp.concatenate([x[:, :1], registers, x[:, 1:]], axis=1)
        return ctx.see("output", x)


def resized_positions(table: Array, rows: int, columns: int, resize: Resize = resize_bicubic_plain) -> Array:
    """The position table for another grid; the class token's entry stays. Variants with registers antialias it.

    Shapes   table (1, 1 + grid * grid, D) -> (1, 1 + rows * columns, D)
    Source   transformers 5.23.0 interpolate_pos_encoding of Dinov2Embeddings, Dinov2WithRegistersEmbeddings
    """
    xp = array_module(table)
    D, grid = table.shape[-1], round((table.shape[1] - 1) ** 0.5)
    pictures = table[:, 1:].reshape(grid, grid, D).transpose(2, 0, 1)
    resized = resize(pictures, (rows, columns)).transpose(1, 2, 0).reshape(1, rows * columns, D)
    return xp.concatenate([table[:, :1], resized], axis=1)


@dataclass(frozen=True, eq=False)
class GeluMlp:
    """fc2(gelu(fc1(x))).

    Source   transformers 5.23.0 Dinov2MLP
    """

    fc1: Linear
    fc2: Linear

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        hidden = ctx.see("hidden", self.fc1(x))
        return ctx.see("output", self.fc2(ctx.see("activated", ctx.kernels.gelu(hidden))))


@dataclass(frozen=True, eq=False)
class SwiGlu:
    """down_proj(silu(gate_proj(x)) * up_proj(x)).

    Source   transformers 5.23.0 Dinov2SwiGLUFFN
    """

    gate_proj: Linear
    up_proj: Linear
    down_proj: Linear

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        gate = ctx.see("gate_proj.output", self.gate_proj(x))
        up = ctx.see("up_proj.output", self.up_proj(x))
        return ctx.see("output", self.down_proj(ctx.see("gated", ctx.kernels.silu_gate(gate, up))))


def take_feed_forward(weights: Weights, config: DinoV2Config) -> GeluMlp | SwiGlu:
    """Takes one `encoder.layer.{i}.mlp`."""
    D, M = config.model_dim, config.mlp_dim
    if not config.is_gated:
        return GeluMlp(
            Linear.from_weights(weights.at("fc1"), D, M, bias=True),
            Linear.from_weights(weights.at("fc2"), M, D, bias=True),
        )
    if weights.has("weights_in.weight"):
        weight, bias = weights.take("weights_in.weight", (2 * M, D)), weights.take("weights_in.bias", (2 * M,))
        gate, up = Linear(weight[:M], bias[:M]), Linear(weight[M:], bias[M:])
    else:
        gate, up = (Linear.from_weights(weights.at(name), D, M, bias=True) for name in ("gate_proj", "up_proj"))
    return SwiGlu(gate, up, Linear.from_weights(weights.at("down_proj"), M, D, bias=True))


@dataclass(frozen=True, eq=False)
class DinoV2Layer:
    """Attention and a feed-forward, each pre-norm, scaled per channel, residual.

    Source   transformers 5.23.0 Dinov2Layer
    """

    norm1: LayerNorm
    query: Linear
    key: Linear
    value: Linear
    output: Linear
    layer_scale1: Array  # (D,)
    norm2: LayerNorm
    mlp: GeluMlp | SwiGlu
    layer_scale2: Array  # (D,)
    n_heads: int

    @classmethod
    def from_weights(cls, weights: Weights, config: DinoV2Config) -> "DinoV2Layer":
        """Takes one `encoder.layer.{i}`."""
        D, eps, qkv_bias = config.model_dim, config.layer_norm_eps, config.qkv_bias
        attention = weights.at("attention")
        return cls(
            norm1=LayerNorm.from_weights(weights.at("norm1"), D, eps=eps),
            query=Linear.from_weights(attention.at("q_proj"), D, D, bias=qkv_bias),
            key=Linear.from_weights(attention.at("k_proj"), D, D, bias=qkv_bias),
            value=Linear.from_weights(attention.at("v_proj"), D, D, bias=qkv_bias),
            output=Linear.from_weights(attention.at("o_proj"), D, D, bias=True),
            layer_scale1=weights.take("layer_scale1.lambda1", (D,)),
            norm2=LayerNorm.from_weights(weights.at("norm2"), D, eps=eps),
            mlp=take_feed_forward(weights.at("mlp"), config),
            layer_scale2=weights.take("layer_scale2.lambda1", (D,)),
            n_heads=config.n_heads,
        )

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        normed = ctx.see("norm1.output", self.norm1(x, ctx))
        scaled = ctx.see("layer_scale1.output", self.attend(normed, ctx.at("attention")) * self.layer_scale1)
        x = ctx.see("attention.stream", x + scaled)
        normed = ctx.see("norm2.output", self.norm2(x, ctx))
        scaled = ctx.see("layer_scale2.output", self.mlp(normed, ctx.at("mlp")) * self.layer_scale2)
        return ctx.see("output", x + scaled)

    def attend(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        query = ctx.see("query", split_heads(self.query(x), self.n_heads))
        key = ctx.see("key", split_heads(self.key(x), self.n_heads))
        value = ctx.see("value", split_heads(self.value(x), self.n_heads))
        mixed = attend(ctx, query, key, value, scale=query.shape[-1] ** -0.5)
        return ctx.see("output", self.output(ctx.see("mixed", merge_heads(mixed))))


@dataclass(frozen=True, eq=False, repr=False)
class DinoV2Model(FolderModel):
    """The model of a HuggingFace DINOv2 folder, with its picture processor."""

    tap_prefix: ClassVar[str] = "dinov2"

    config: DinoV2Config
    layers: LayerStack[DinoV2Layer]
    processor: PictureProcessor
    embeddings: Embeddings

    @classmethod
    def load(cls, folder: str | Path, runtime: Runtime) -> Self:
        """See FolderModel; the folder holds preprocessor_config.json besides."""
        config = DinoV2Config.from_folder(folder)
        weights = open_weights(folder, runtime, current_spelling)
        return cls.from_weights(weights, config, PictureProcessor.from_folder(folder), runtime)

    @classmethod
    def from_weights(
        cls, weights: Weights, config: DinoV2Config, processor: PictureProcessor, runtime: Runtime
    ) -> Self:
        """Takes every tensor, by its own name (see `current_spelling`); CheckpointError for what is left over."""
        encoder = weights.at("encoder", "layer")
        model = cls(
            processor=processor,
            embeddings=Embeddings.from_weights(weights.at("embeddings"), config),
            layers=LayerStack.load(
                lambda i: DinoV2Layer.from_weights(encoder.at(i), config), config.n_layers, streaming=runtime.streaming
            ),
            config=config,
            runtime=runtime,
        )
        weights.finish(ignore=IGNORED)
        return model

    def hidden_states(self, pixel_values: Array) -> Array:
        """Every state before the final norm: the embedding, then each layer's output.

        Shapes   pixel_values (B, 3, height, width) -> (n_layers + 1, B, 1 + R + S, D); the class token first, then
                 the registers, if any
        Raises   ShapeError for another number of axes or channels, or a picture smaller than one patch
        Source   transformers 5.23.0 Dinov2Model, Dinov2WithRegistersModel (output_hidden_states=True)
        """
        states = [state for _, state in self.iterate_states(pixel_values, self.context())]
        return array_module(*states).stack(states)

    def iterate_states(self, pixel_values: Array, ctx: Context) -> Iterator[tuple[int, Array]]:
        """The states of `hidden_states` one at a time with their numbers; stop early and later layers do not run.

        Raises   ShapeError as `hidden_states`
        """
        shape = pixel_values.shape
        if len(shape) != 4 or shape[1] != self.config.n_channels:
            raise ShapeError(f"pixel_values must be (B, {self.config.n_channels}, height, width), got {shape}")
        if 0 in shape or min(shape[2:]) < self.config.patch_size:
            raise ShapeError(f"pixel_values {shape}: empty, or smaller than one patch")
        x = self.embeddings(self.runtime.place(pixel_values).astype(self.runtime.dtype), ctx.at("embeddings"))
        yield 0, x
        for i, layer in enumerate(self.layers):
            x = layer(x, ctx.at("encoder", "layer", i))
            yield i + 1, x
