"""The V-JEPA 2 encoder: patches of 2 frames x 16 x 16 pixels, a transformer over all of them at once.

Not here: the predictor (upstream runs it and throws its output away; its weights are not even read).

| key                                                    | shape                    |
|--------------------------------------------------------|--------------------------|
| encoder.embeddings.patch_embeddings.proj.weight        | (D, 3, tubelet, patch, patch) |
| encoder.layer.{i}.norm{1,2}.{weight,bias}              | (D,)                     |
| encoder.layer.{i}.attention.{query,key,value,proj}.weight | (D, D)                |
| encoder.layer.{i}.mlp.fc1.weight, fc2.weight           | (M, D), (D, M)           |
| encoder.layernorm.{weight,bias}                        | (D,)                     |

Rotary positions are three-dimensional, and odd. A head's channels are three equal parts (depth, row, column) and a
rest that passes. Within a part the *angle* of channel e is that of frequency e mod (part / 2), as in the half layout,
but its *partner* is the adjacent channel, as in the interleaved layout. So the two members of a pair turn by different
angles: not a rotation, lengths change, and scores depend on absolute positions. The weights were trained with it;
it must stay.

Names may carry the prefix `vjepa2.`, as in the checkpoints of video classifiers, whose own parts are not read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from extractors.common.model import FolderModel, LayerStack, open_weights
from extractors.vjepa2.config import VJepa2Config
from extractors.vjepa2.preprocess import VideoProcessor
from tribe_np.backend import array_module, device_module
from tribe_np.errors import ShapeError
from tribe_np.nn.context import Context
from tribe_np.nn.layers import LayerNorm, Linear
from tribe_np.nn.scores import attend
from tribe_np.ops.attention import merge_heads, split_heads
from tribe_np.protocols import Array, Weights
from tribe_np.runtime import Runtime

THETA = 10000.0
"""The base of the rotary frequencies; a literal in the source, no configuration key."""
MLP_ROWS = 1024
"""Tokens that the feed-forward takes at once: 25 MB at the released width instead of 200."""
IGNORED = {
    "predictor.": "upstream throws the predictor's output away",
    "pooler.": "of a video classifier, which reads the encoder's output",
    "classifier.": "of a video classifier",
}


@dataclass(frozen=True, eq=False)
class PatchEmbedding:
    """A linear map of each tubelet's pixels.

    Source   transformers 5.23.0 VJEPA2Embeddings
    """

    proj: Linear  # (D, channels * tubelet * patch * patch)
    tubelet_size: int
    patch_size: int

    @classmethod
    def from_weights(cls, weights: Weights, config: VJepa2Config) -> "PatchEmbedding":
        """Takes the three-dimensional convolution's kernel as a matrix."""
        D, C, tubelet, patch = config.model_dim, config.n_channels, config.tubelet_size, config.patch_size
        kernel = weights.take("weight", (D, C, tubelet, patch, patch))
        return cls(Linear(kernel.reshape(D, -1), weights.take("bias", (D,))), tubelet, patch)

    def __call__(self, pixels: Array, ctx: Context) -> Array:
        """Shapes   pixels (B, n_video_frames, C, height, width) -> (B, S, D); tokens by depth, row, column."""
        return ctx.see("proj.output", self.proj(tubelets(pixels, self.tubelet_size, self.patch_size)))


def tubelets(pixels: Array, tubelet_size: int, patch_size: int) -> Array:
    """Pixels cut into boxes of tubelet_size frames and patch_size x patch_size pixels.

    Shapes   pixels (B, n_video_frames, C, height, width) -> (B, S, C * tubelet * patch * patch)
    Numerics what does not fill a box at the end of an axis is left out; fewer frames than a tubelet are repeated
    Source   transformers 5.23.0 VJEPA2Embeddings.forward (Conv3d with stride = kernel)
    """
    xp = array_module(pixels)
    if pixels.shape[1] < tubelet_size:
        pixels = xp.concatenate([pixels] * tubelet_size, axis=1)
    B, n_video_frames, C, height, width = pixels.shape
    depth, rows, columns = n_video_frames // tubelet_size, height // patch_size, width // patch_size
    pixels = pixels[:, : depth * tubelet_size, :, : rows * patch_size, : columns * patch_size]
    boxes = pixels.reshape(B, depth, tubelet_size, C, rows, patch_size, columns, patch_size)
    return boxes.transpose(0, 1, 4, 6, 3, 2, 5, 7).reshape(B, depth * rows * columns, -1)


def part_dim(head_dim: int) -> int:
    """Channels of each of the three parts: the even number at or below a third of the head.

    Source   transformers 5.23.0 VJEPA2RopeAttention.__init__
    """
    return 2 * ((head_dim // 3) // 2)


def grid_positions(xp: Any, n_tokens: int, grid_size: int) -> tuple[Array, Array, Array]:
    """(depth, row, column) of each token, counted on the configured grid whatever the size of the input.

    Shapes   -> three (S,) integer arrays
    Source   transformers 5.23.0 VJEPA2RopeAttention.get_position_ids
    """
    tokens = xp.arange(n_tokens)
    within = tokens % (grid_size * grid_size)
    return tokens // (grid_size * grid_size), within // grid_size, within % grid_size


def frequencies(xp: Any, head_dim: int, *, dtype: Any) -> Array:
    """Radians per position of each pair of channels, of any of the three parts: 1 / 10000^(2m / part).

    Shapes   -> (part / 2,) in `dtype`, computed in it
    Source   transformers 5.23.0 rotate_queries_or_keys
    """
    half = part_dim(head_dim) // 2
    exponents = xp.arange(half, dtype=dtype) / max(half, 1)
    return 1.0 / THETA**exponents


def position_tables(omega: Array, n_tokens: int, grid_size: int) -> tuple[Array, Array]:
    """Cosines and sines of every token and turning channel.

    Shapes   omega (part / 2,) -> cos (S, 3 * part), sin (S, 3 * part), in its dtype
    Source   transformers 5.23.0 rotate_queries_or_keys
    """
    xp = array_module(omega)
    angles = []
    for positions in grid_positions(xp, n_tokens, grid_size):
        turn = positions.astype(omega.dtype)[:, None] * omega[None, :]
        angles += [turn, turn]
    angles = xp.concatenate(angles, axis=-1)
    return xp.cos(angles), xp.sin(angles)


@dataclass(frozen=True, eq=False)
class VJepa2Layer:
    """Attention over all tokens with rotary positions, then a feed-forward; both pre-norm and residual.

    Source   transformers 5.23.0 VJEPA2Layer
    """

    norm1: LayerNorm
    query: Linear
    key: Linear
    value: Linear
    proj: Linear
    norm2: LayerNorm
    fc1: Linear
    fc2: Linear
    n_heads: int

    @classmethod
    def from_weights(cls, weights: Weights, config: VJepa2Config) -> "VJepa2Layer":
        """Takes one `encoder.layer.{i}`."""
        D, M, eps, qkv_bias = config.model_dim, config.mlp_dim, config.layer_norm_eps, config.qkv_bias
        attention = weights.at("attention")
        return cls(
            norm1=LayerNorm.from_weights(weights.at("norm1"), D, eps=eps),
            query=Linear.from_weights(attention.at("query"), D, D, bias=qkv_bias),
            key=Linear.from_weights(attention.at("key"), D, D, bias=qkv_bias),
            value=Linear.from_weights(attention.at("value"), D, D, bias=qkv_bias),
            proj=Linear.from_weights(attention.at("proj"), D, D, bias=True),
            norm2=LayerNorm.from_weights(weights.at("norm2"), D, eps=eps),
            fc1=Linear.from_weights(weights.at("mlp", "fc1"), D, M, bias=True),
            fc2=Linear.from_weights(weights.at("mlp", "fc2"), M, D, bias=True),
            n_heads=config.n_heads,
        )

    def __call__(self, x: Array, tables: tuple[Array, Array], ctx: Context) -> Array:
        """Shapes   x (B, S, D), tables 2 x (S, R) -> (B, S, D)."""
        normed = ctx.see("norm1.output", self.norm1(x, ctx))
        x = ctx.see("attention.stream", x + self.attend(normed, tables, ctx.at("attention")))
        normed = ctx.see("norm2.output", self.norm2(x, ctx))
        return ctx.see("output", x + self.feed_forward(normed, ctx.at("mlp")))

    def attend(self, x: Array, tables: tuple[Array, Array], ctx: Context) -> Array:
        """Shapes   x (B, S, D), tables 2 x (S, R) -> (B, S, D)."""
        query = ctx.see("query", split_heads(self.query(x), self.n_heads))
        key = ctx.see("key", split_heads(self.key(x), self.n_heads))
        value = ctx.see("value", split_heads(self.value(x), self.n_heads))
        query = ctx.see("query_rotated", ctx.kernels.rotate_adjacent(query, *tables))
        key = ctx.see("key_rotated", ctx.kernels.rotate_adjacent(key, *tables))
        mixed = attend(ctx, query, key, value, scale=query.shape[-1] ** -0.5)
        return ctx.see("output", self.proj(ctx.see("mixed", merge_heads(mixed))))

    def feed_forward(self, x: Array, ctx: Context) -> Array:
        """fc2(gelu(fc1(x))), some tokens at a time.

        Shapes   x (B, S, D) -> (B, S, D)
        """
        rows = x.reshape(-1, x.shape[-1])
        if ctx.in_one_piece or rows.shape[0] <= MLP_ROWS:
            return ctx.see("output", self._some_rows(x, ctx))
        blocks = [rows[start : start + MLP_ROWS] for start in range(0, rows.shape[0], MLP_ROWS)]
        with ctx.joined(len(blocks), axis=0, leading=x.shape[:-1]) as part_ctx:
            out = [self._some_rows(block, part_ctx) for block in blocks]
        return ctx.see("output", array_module(x).concatenate(out, axis=0).reshape(x.shape))

    def _some_rows(self, x: Array, ctx: Context) -> Array:
        hidden = ctx.see("hidden", self.fc1(x))
        return self.fc2(ctx.see("activated", ctx.kernels.gelu(hidden)))


@dataclass(frozen=True, eq=False, repr=False)
class VJepa2Model(FolderModel):
    """The encoder of a HuggingFace V-JEPA 2 folder, with its video processor."""

    tap_prefix: ClassVar[str] = "vjepa2"
    stored_prefix: ClassVar[str] = "vjepa2."

    config: VJepa2Config
    layers: LayerStack[VJepa2Layer]
    processor: VideoProcessor
    patch_embeddings: PatchEmbedding
    layernorm: LayerNorm
    omega: Array  # (part / 2,), of the rotary positions; upstream computes them in the dtype of the pass

    @classmethod
    def load(cls, folder: str | Path, runtime: Runtime) -> Self:
        """See FolderModel; the folder holds the video processor's file besides."""
        config = VJepa2Config.from_folder(folder)
        weights = open_weights(folder, runtime, cls.own_name)
        return cls.from_weights(weights, config, VideoProcessor.from_folder(folder), runtime)

    @classmethod
    def from_weights(cls, weights: Weights, config: VJepa2Config, processor: VideoProcessor, runtime: Runtime) -> Self:
        """Takes every tensor, by its own name (see `own_name`); CheckpointError for what is left over."""
        encoder = weights.at("encoder")
        model = cls(
            processor=processor,
            patch_embeddings=PatchEmbedding.from_weights(encoder.at("embeddings", "patch_embeddings", "proj"), config),
            layers=LayerStack.load(
                lambda i: VJepa2Layer.from_weights(encoder.at("layer", i), config),
                config.n_layers,
                streaming=runtime.streaming,
            ),
            layernorm=LayerNorm.from_weights(encoder.at("layernorm"), config.model_dim, eps=config.layer_norm_eps),
            omega=frequencies(device_module(runtime.device), config.head_dim, dtype=runtime.dtype),
            config=config,
            runtime=runtime,
        )
        weights.finish(ignore=IGNORED)
        return model

    def hidden_states(self, pixel_values: Array, *, final_norm: bool = False) -> Array:
        """Every state: the patch embedding, then each layer's output; the last one normalised if asked for.

        Shapes   pixel_values (B, n_video_frames, 3, height, width) -> (n_layers + 1, B, S, D)
        Numerics `final_norm=False` is transformers >= 5.4, True is <= 5.3
        Raises   ShapeError for another number of axes or channels, or a clip smaller than one patch
        Source   transformers 5.23.0 VJEPA2Model(skip_predictor=True, output_hidden_states=True)
        """
        running = self.iterate_states(pixel_values, self.context(), final_norm=final_norm)
        states = [state for _, state in running]
        return array_module(*states).stack(states)

    def iterate_states(
        self, pixel_values: Array, ctx: Context, *, final_norm: bool = False
    ) -> Iterator[tuple[int, Array]]:
        """The states of `hidden_states` one at a time with their numbers, so that a caller keeps only what it needs."""
        x = self.runtime.place(self._checked(pixel_values)).astype(self.runtime.dtype)
        ctx = ctx.at("encoder")
        x = self.patch_embeddings(x, ctx.at("embeddings", "patch_embeddings"))
        yield 0, x
        tables = self._tables(x.shape[1], ctx.at("rotary"))
        for i, layer in enumerate(self.layers):
            x = layer(x, tables, ctx.at("layer", i))
            if i + 1 < len(self.layers):
                yield i + 1, x
        if final_norm:
            x = ctx.see("layernorm.output", self.layernorm(x, ctx))
        yield len(self.layers), x

    def _tables(self, n_tokens: int, ctx: Context) -> tuple[Array, Array]:
        omega = ctx.see("inv_freq", self.omega)
        cos, sin = position_tables(omega, n_tokens, self.config.grid_size)
        return ctx.see("cos", cos), ctx.see("sin", sin)

    def _checked(self, pixel_values: Array) -> Array:
        shape, patch = pixel_values.shape, self.config.patch_size
        if len(shape) != 5 or shape[2] != self.config.n_channels:
            raise ShapeError(
                f"pixel_values must be (B, n_video_frames, {self.config.n_channels}, height, width), got {shape}"
            )
        if 0 in shape or min(shape[3:]) < patch:
            raise ShapeError(f"pixel_values {shape}: empty, or smaller than one {patch} x {patch} patch")
        return pixel_values
