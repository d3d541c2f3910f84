"""The transformer over time steps: pre-norm sublayers, even ones attention, odd ones feed-forward.

    r = x;  o = branch(norm(x));  x = o + r * residual_scale      (the scale is on the stream, not on the branch)

| key below `encoder.`                        | shape            |
|---------------------------------------------|------------------|
| layers.{i}.0.0.g (weight, or gamma + beta)  | (1,) or (D,)     |
| layers.{i}.1.to_q, to_k, to_v, to_out       | (D, D), i even   |
| layers.{i}.1.ff.0.0, ff.2                   | (M, D), (D, M), i odd |
| layers.{i}.2.residual_scale                 | (D,)             |
| rotary_pos_emb.inv_freq, .scale (xpos)      | (R/2,)           |
| rel_pos.relative_attention_bias.weight      | (32, N)          |
| final_norm.g                                | (1,) or (D,)     |

Source   x-transformers 1.27.20 AttentionLayers
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from tribe_np.backend import array_module
from tribe_np.encoder.config import MIN_ROTARY_DIM, TransformerConfig
from tribe_np.encoder.position import N_BUCKETS, alibi_bias, relative_bias, relative_bias_vjp, xpos_tables
from tribe_np.kernels.kernel_set import KernelSet
from tribe_np.nn.backward import Backward, Named, under
from tribe_np.nn.context import Context
from tribe_np.nn.layers import Linear
from tribe_np.nn.scores import attend
from tribe_np.ops.activation import gelu_vjp, softmax
from tribe_np.ops.attention import attention_vjp, causal_mask, merge_heads, mix_vjp, scores_vjp, split_heads
from tribe_np.ops.norm import layer_norm_vjp, length_norm, length_norm_vjp, scale_norm_vjp
from tribe_np.ops.rotary import rotary_tables, rotate_half_vjp
from tribe_np.protocols import Array, Weights

Tables: TypeAlias = tuple[tuple[Array, Array], tuple[Array, Array]]  # (cos, sin) of the queries, of the keys


def rotary_dim(head_dim: int) -> int:
    """Nominal number of rotated channels of each head: half of them, but at least 32.

    Source   x-transformers 1.27.20 AttentionLayers (rotary_emb_dim)
    """
    return max(head_dim // 2, MIN_ROTARY_DIM)


def n_frequencies(head_dim: int) -> int:
    """Number of rotary frequencies, and of rotated channel pairs."""
    return -(-rotary_dim(head_dim) // 2)


LAYER_NORM_EPS = 1e-5  # torch's default; no config field sets it


@dataclass(frozen=True, eq=False)
class Norm:
    """ScaleNorm, RMSNorm or a LayerNorm without bias; older torch stores the last as gamma and a beta of zeros."""

    kind: str  # "scale", "rms" or "layer"
    gain: Array  # (1,) or (D,)
    shift: Array | None = None  # (D,)

    @classmethod
    def from_weights(cls, weights: Weights, config: TransformerConfig, dim: int) -> "Norm":
        """Takes `g`, or `weight`, or `gamma` and `beta`."""
        if config.use_scalenorm:
            return cls("scale", weights.take("g", (1,)))
        if config.use_rmsnorm:
            return cls("rms", weights.take("g", (dim,)))
        if weights.has("gamma"):
            return cls("layer", weights.take("gamma", (dim,)), weights.take("beta", (dim,)))
        return cls("layer", weights.take("weight", (dim,)))

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        if self.kind == "scale":
            return ctx.kernels.scale_norm(x, self.gain)
        if self.kind == "rms":
            return length_norm(x, self.gain)
        return ctx.kernels.layer_norm(x, self.gain, self.shift, eps=LAYER_NORM_EPS)

    def vjp(self, x: Array, grad: Array) -> tuple[Array, Named]:
        """The gradients of x and of the gain; a beta is a buffer.

        Shapes   x (B, S, D), grad (B, S, D) -> (B, S, D), (1,) or (D,)
        """
        if self.kind == "layer":
            grad_x, gain, _ = layer_norm_vjp(x, self.gain, grad, eps=LAYER_NORM_EPS)
            return grad_x, {"weight" if self.shift is None else "gamma": gain}
        grad_x, gain = (scale_norm_vjp if self.kind == "scale" else length_norm_vjp)(x, self.gain, grad)
        return grad_x, {"g": gain}


@dataclass(frozen=True, eq=False)
class Position:
    """What attention knows about where tokens are, for one sequence length."""

    tables: Tables | None
    bias: Array | None  # (N, S, S)


class SublayerGradients(NamedTuple):
    """What a sublayer, or its branch, hands back; the last two are an attention's."""

    x: Array  # (B, S, D)
    weights: Named
    bias: Array | None = None  # (N, S, S), of the position's
    previous: Array | None = None  # (B, N, S, S), of the logits that residual attention was handed


@dataclass(frozen=True, eq=False)
class Attention:
    """Self-attention with square projections and no biases.

    Source   x-transformers 1.27.20 Attention, Attend
    """

    to_q: Linear
    to_k: Linear
    to_v: Linear
    to_out: Linear
    n_heads: int
    causal: bool
    residual: bool  # add the previous attention's logits

    @classmethod
    def from_weights(cls, weights: Weights, config: TransformerConfig, dim: int) -> "Attention":
        """Takes the four projections."""
        return cls(
            Linear.from_weights(weights.at("to_q"), dim, dim, bias=False),
            Linear.from_weights(weights.at("to_k"), dim, dim, bias=False),
            Linear.from_weights(weights.at("to_v"), dim, dim, bias=False),
            Linear.from_weights(weights.at("to_out"), dim, dim, bias=False),
            config.heads,
            config.causal,
            config.residual_attn,
        )

    def __call__(
        self, x: Array, position: Position, previous: Array | None, ctx: Context
    ) -> tuple[Array, Array | None]:
        """The output, and the logits that residual attention hands to the next layer.

        Shapes   x (B, S, D) -> (B, S, D), (B, N, S, S) or None
        """
        query = ctx.see("query", split_heads(self.to_q(x), self.n_heads))
        key = ctx.see("key", split_heads(self.to_k(x), self.n_heads))
        value = ctx.see("value", split_heads(self.to_v(x), self.n_heads))
        if position.tables is not None:
            query = ctx.see("query_rotated", ctx.kernels.rotate_half(query, *position.tables[0]))
            key = ctx.see("key_rotated", ctx.kernels.rotate_half(key, *position.tables[1]))
        scale = query.shape[-1] ** -0.5
        if self.residual:
            previous = ctx.see("logits", self.logits(query, key, position.bias, previous, ctx.kernels))
            mixed = ctx.see("probabilities", ctx.kernels.softmax(previous)) @ value
        else:
            mixed = attend(ctx, query, key, value, scale=scale, bias=position.bias, causal=self.causal)
        return self.to_out(ctx.see("mixed", merge_heads(mixed))), previous

    def logits(self, query: Array, key: Array, bias: Array | None, previous: Array | None, kernels: KernelSet) -> Array:
        """This layer's logits on top of the previous layer's, so that a bias adds up with depth.

        Shapes   query, key (B, N, S, H), bias (N, S, S), previous (B, N, S, S) -> (B, N, S, S)
        """
        logits = kernels.attention_logits(query, key, scale=query.shape[-1] ** -0.5)
        if previous is not None:
            logits = logits + previous
        if bias is not None:
            logits = logits + bias
        if self.causal:
            n_tokens = query.shape[2]
            logits = logits + causal_mask(array_module(query), 0, n_tokens, n_tokens, dtype=logits.dtype)
        return logits

    def turned(self, position: Position, back: Backward) -> tuple[Array, Array]:
        """The queries and keys that the forward pass multiplied."""
        suffix = "" if position.tables is None else "_rotated"
        return back.took(f"query{suffix}"), back.took(f"key{suffix}")

    def vjp(
        self, x: Array, grad: Array, position: Position, logits: Array | None, later: Array | None, back: Backward
    ) -> SublayerGradients:
        """The gradients of x, of the position bias, of the previous logits and of the projections.

        `logits` are this layer's and `later` the next layer's gradient of them, both of residual attention.
        Shapes   x (B, S, D), grad (B, S, D), logits and later (B, N, S, S)
        """
        grad_mixed, to_out = self.to_out.vjp(back.took("mixed"), grad, back)
        mixed = split_heads(back.see("mixed", grad_mixed), self.n_heads)
        query, key, value, bias, previous = self._mixed_vjp(mixed, position, logits, later, back)
        if position.tables is not None:
            query = rotate_half_vjp(back.see("query_rotated", query), *position.tables[0])
            key = rotate_half_vjp(back.see("key_rotated", key), *position.tables[1])
        total, weights = 0.0, under("to_out", to_out)
        for name, linear, part in (
            ("query", self.to_q, query), ("key", self.to_k, key), ("value", self.to_v, value),
        ):  # fmt: skip
            grad_x, found = linear.vjp(x, merge_heads(back.see(name, part)), back)
            total, weights = total + grad_x, weights | under(f"to_{name[0]}", found)
        return SublayerGradients(total, weights, bias, previous)

    def _mixed_vjp(
        self, grad: Array, position: Position, logits: Array | None, later: Array | None, back: Backward
    ) -> tuple[Array, Array, Array, Array | None, Array | None]:
        """Of the turned query and key, the value, the bias and the previous logits, from that of the mixed values."""
        query, key = self.turned(position, back)
        value, scale = back.took("value"), query.shape[-1] ** -0.5
        if logits is None:
            found = attention_vjp(query, key, value, grad, scale=scale, bias=position.bias, causal=self.causal)
            return *found, None
        grad_logits, grad_value = mix_vjp(softmax(logits), value, grad)
        if later is not None:
            grad_logits = grad_logits + later
        grad_query, grad_key = scores_vjp(query, key, grad_logits, scale=scale)
        bias = None if position.bias is None else grad_logits.sum(axis=0)
        return grad_query, grad_key, grad_value, bias, grad_logits


@dataclass(frozen=True, eq=False)
class FeedForward:
    """second(gelu(first(x))), with the exact GELU.

    Source   x-transformers 1.27.20 FeedForward
    """

    first: Linear
    second: Linear

    @classmethod
    def from_weights(cls, weights: Weights, config: TransformerConfig, dim: int) -> "FeedForward":
        """Takes `ff.0.0` and `ff.2`."""
        inner = dim * config.ff_mult
        return cls(
            Linear.from_weights(weights.at("ff", 0, 0), dim, inner, bias=True),
            Linear.from_weights(weights.at("ff", 2), inner, dim, bias=True),
        )

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        hidden = ctx.see("hidden", self.first(x))
        return self.second(ctx.see("activated", ctx.kernels.gelu(hidden)))

    def vjp(self, x: Array, grad: Array, back: Backward) -> tuple[Array, Named]:
        """The gradients of x and of both layers.

        Shapes   x (B, S, D), grad (B, S, D) -> (B, S, D), and as the weights
        """
        grad, second = self.second.vjp(back.took("activated"), grad, back)
        grad = back.see("hidden", gelu_vjp(back.took("hidden"), back.see("activated", grad)))
        grad, first = self.first.vjp(x, grad, back)
        return grad, under("ff.0.0", first) | under("ff.2", second)


def feed_in_blocks(layer: FeedForward, x: Array, ctx: Context) -> Array:
    """layer(x), D hidden channels at a time: a block stays in the cache and is all that is held.

    In one piece one window of the released model takes 0.32 or 0.37 s by chance, in blocks 0.33.
    Shapes   x (B, S, D) -> (B, S, D)
    Numerics the blocks' outputs are added in order: layer(x) up to rounding
    """
    if ctx.in_one_piece:
        return layer(x, ctx)
    blocks = hidden_blocks(layer, x.shape[-1])
    with ctx.joined(len(blocks), axis=-1) as block_ctx:
        total = blocks[0](x, block_ctx)
        for block in blocks[1:]:
            total += block(x, block_ctx)  # the product is ours: no further array
    return total


def hidden_blocks(layer: FeedForward, width: int) -> list[FeedForward]:
    """The layer cut along its hidden channels: the outputs of the pieces add up to its own."""
    (first, second), blocks = (layer.first, layer.second), []
    for start in range(0, first.weight.shape[0], width):
        hidden = slice(start, start + width)
        blocks.append(
            FeedForward(
                Linear(first.weight[hidden], None if first.bias is None else first.bias[hidden]),
                Linear(second.weight[:, hidden], second.bias if start == 0 else None),
            )
        )
    return blocks


@dataclass(frozen=True, eq=False)
class Sublayer:
    """A norm, a branch, and the scale of the stream that the branch's output is added to."""

    norm: Norm
    branch: Attention | FeedForward
    residual_scale: Array | None  # (D,)

    @classmethod
    def from_weights(cls, weights: Weights, config: TransformerConfig, dim: int, index: int) -> "Sublayer":
        """Takes sublayer `index`: attention when even, feed-forward when odd."""
        branch: type[Attention] | type[FeedForward] = FeedForward if index % 2 else Attention
        return cls(
            Norm.from_weights(weights.at(0, 0), config, dim),
            branch.from_weights(weights.at(1), config, dim),
            weights.at(2).take("residual_scale", (dim,)) if config.scale_residual else None,
        )

    def __call__(
        self, x: Array, position: Position, previous: Array | None, ctx: Context
    ) -> tuple[Array, Array | None]:
        """Shapes   x (B, S, D) -> (B, S, D), and residual attention's logits."""
        normed = ctx.see("norm.output", self.norm(x, ctx))
        if isinstance(self.branch, Attention):
            out, previous = self.branch(normed, position, previous, ctx)
        else:
            out = feed_in_blocks(self.branch, normed, ctx)
        out = ctx.see("branch", out)
        residual = x if self.residual_scale is None else ctx.see("residual", x * self.residual_scale)
        return ctx.see("output", out + residual), previous

    def vjp(
        self, x: Array, grad: Array, position: Position, logits: Array | None, later: Array | None, back: Backward
    ) -> SublayerGradients:
        """The gradients of x and of the weights; for attention also what `Attention.vjp` hands back.

        Shapes   x (B, S, D), grad (B, S, D) -> (B, S, D), and as the weights
        """
        out, normed = back.see("branch", back.see("output", grad)), back.took("norm.output")
        if isinstance(self.branch, Attention):
            branch = self.branch.vjp(normed, out, position, logits, later, back)
        else:
            branch = SublayerGradients(*self.branch.vjp(normed, out, back))
        grad_x, norm = self.norm.vjp(x, back.see("norm.output", branch.x))
        weights = under("0.0", norm) | under(1, branch.weights)
        if self.residual_scale is not None:
            weights["2.residual_scale"] = (grad * x).sum(axis=(0, 1))
            grad = grad * self.residual_scale
        return branch._replace(x=grad_x + grad, weights=weights)


@dataclass(frozen=True, eq=False)
class Transformer:
    """2 * depth sublayers and a last norm."""

    layers: tuple[Sublayer, ...]
    final_norm: Norm
    inv_freq: Array | None  # (R/2,), the stored buffer
    xpos_scale: Array | None  # (R/2,), the stored buffer
    relative_table: Array | None  # (32, N)
    config: TransformerConfig

    @classmethod
    def from_weights(cls, weights: Weights, config: TransformerConfig, dim: int) -> "Transformer":
        """Takes everything below `encoder.`."""
        n_freq = (n_frequencies(dim // config.heads),)
        rotary, relative = weights.at("rotary_pos_emb"), weights.at("rel_pos", "relative_attention_bias")
        return cls(
            tuple(Sublayer.from_weights(weights.at("layers", i), config, dim, i) for i in range(2 * config.depth)),
            Norm.from_weights(weights.at("final_norm"), config, dim),
            rotary.take("inv_freq", n_freq) if config.uses_rotary else None,
            rotary.take("scale", n_freq) if config.rotary_xpos else None,
            relative.take("weight", (N_BUCKETS, config.heads)) if config.rel_pos_bias else None,
            config,
        )

    def position(self, x: Array, ctx: Context) -> Position:
        """Tables and bias for a sequence as long as x (B, S, D)."""
        _, n_tokens, dim = x.shape
        rotary, relative = ctx.at("rotary_pos_emb"), ctx.at("rel_pos")
        tables: Tables | None = None
        if self.inv_freq is not None:
            inv_freq = rotary.see_table("inv_freq", self.inv_freq)
            if self.xpos_scale is not None:
                tables = xpos_tables(inv_freq, self.xpos_scale, n_tokens, rotary)
            else:
                cos, sin = rotary_tables(inv_freq, n_tokens)
                both = rotary.see_table("cos", cos), rotary.see_table("sin", sin)
                tables = (both, both)
        bias = None
        if self.relative_table is not None:
            head_dim, causal = dim // self.config.heads, self.config.causal
            bias = relative_bias(self.relative_table, n_tokens, relative, causal=causal, head_dim=head_dim)
        elif self.config.alibi_pos_bias:
            bias = alibi_bias(x, self.config.heads, n_tokens, relative)
        return Position(tables, bias)

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        position = self.position(x, ctx)
        previous: Array | None = None
        for i, layer in enumerate(self.layers):
            x, previous = layer(x, position, previous, ctx.at("layers", i))
        return ctx.see("final_norm.output", self.final_norm(x, ctx))

    def vjp(self, x: Array, grad: Array, back: Backward) -> tuple[Array, Named]:
        """The gradients of x and of everything below `encoder.` that is trained; inv_freq and scale are buffers.

        Shapes   x (B, S, D), grad (B, S, D) -> (B, S, D), and as the weights
        """
        position = self.position(x, Context())
        layers = [back.at("layers", i) for i in range(len(self.layers))]
        inputs, logits = [x, *(layer.took("output") for layer in layers)], self._all_logits(position, layers)
        grad, final_norm = self.final_norm.vjp(inputs[-1], back.see("final_norm.output", grad))
        gradients = under("final_norm", final_norm)
        later: Array | None = None
        bias: Array = 0.0
        for i in reversed(range(len(layers))):
            found = self.layers[i].vjp(inputs[i], grad, position, logits.get(i), later, layers[i])
            grad, gradients = found.x, gradients | under(f"layers.{i}", found.weights)
            if isinstance(self.layers[i].branch, Attention):
                later = found.previous
                bias = bias if found.bias is None else bias + found.bias
        if self.relative_table is not None and layers:
            head_dim = x.shape[-1] // self.config.heads
            table = relative_bias_vjp(bias, causal=self.config.causal, head_dim=head_dim)
            gradients["rel_pos.relative_attention_bias.weight"] = table
        return grad, gradients

    def _all_logits(self, position: Position, layers: Sequence[Backward]) -> dict[int, Array]:
        """The logits of each layer of residual attention, which the forward pass does not show; none without it."""
        logits: dict[int, Array] = {}
        previous: Array | None = None
        for i, (layer, back) in enumerate(zip(self.layers, layers, strict=True)):
            if isinstance(layer.branch, Attention) and layer.branch.residual:
                turned, kernels = layer.branch.turned(position, back), back.ctx.kernels
                previous = layer.branch.logits(*turned, position.bias, previous, kernels)
                logits[i] = previous
        return logits
