"""LLaMA (1 to 3.2) as array operations: token ids in, hidden states out. No logits, no sampling.

    embed_tokens.weight                       (vocab, D)   rows gathered, unscaled
    layers.{i}.input_layernorm.weight         (D,)
    layers.{i}.self_attn.{q,k,v}_proj.weight  (N H, D), (K H, D), (K H, D)   head = slow index of the output
    layers.{i}.self_attn.o_proj.weight        (D, N H)
    layers.{i}.post_attention_layernorm.weight (D,)
    layers.{i}.mlp.{gate,up}_proj.weight      (M, D)
    layers.{i}.mlp.down_proj.weight           (D, M)
    norm.weight                               (D,)         on the last hidden state only

Names may carry the prefix `model.`; `lm_head.weight` is not read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from extractors.common.model import FolderModel, LayerStack, open_weights
from extractors.llama.config import LlamaConfig
from extractors.llama.passes import PrefixForest, TreeSpan
from extractors.llama.rope import inverse_frequencies
from tribe_np.backend import array_module, to_device, to_host
from tribe_np.errors import ShapeError
from tribe_np.kernels.kernel_set import KernelSet
from tribe_np.nn.context import Context
from tribe_np.nn.layers import Linear, RmsNorm
from tribe_np.nn.scores import with_scores
from tribe_np.ops.attention import causal_mask, merge_heads, split_heads
from tribe_np.ops.rotary import rotary_tables
from tribe_np.protocols import Array, Device, Weights
from tribe_np.runtime import Runtime

Tables = tuple[Array, Array]  # cosines and sines, (S, H) each


class Attend(Protocol):
    """Attention that knows who sees whom: `CausalAttention`, or `TreeAttention` for contexts that begin alike."""

    def __call__(self, query: Array, key: Array, value: Array, *, scale: float, kernels: KernelSet) -> Array:
        """Shapes   query (B, N, S, H), key, value (B, K, S, H) -> (B, N, S, H)."""

    def logits(self, query: Array, key: Array, *, scale: float, kernels: KernelSet) -> Array:
        """Shapes   query (B, N, S, H), key (B, K, S, H) -> (B, N, S, S); -inf at what a token does not see."""


@dataclass(frozen=True, eq=False)
class CausalAttention:
    """Attention in which every token sees those before it and itself, in every row of a batch."""

    bias: Array | None  # (B, 1, 1, S), -inf at padding

    def __call__(self, query: Array, key: Array, value: Array, *, scale: float, kernels: KernelSet) -> Array:
        """Shapes   query (B, N, S, H), key, value (B, K, S, H) -> (B, N, S, H)."""
        return kernels.attention(query, key, value, scale=scale, bias=self.bias, causal=True)

    def logits(self, query: Array, key: Array, *, scale: float, kernels: KernelSet) -> Array:
        """See Attend."""
        return kernels.attention_logits(query, key, scale=scale, bias=self.bias, causal=True)


@dataclass(frozen=True, eq=False)
class TreeAttention:
    """Attention along the branches of a forest of contexts that begin alike: a node sees its ancestors and itself.

    Source   transformers 5.23.0 LlamaAttention, one sequence per context: the same sums over the same keys
    """

    trees: tuple[TreeSpan, ...]
    biases: tuple[Array | None, ...]  # per tree (1, 1, branch nodes, nodes): 0 at ancestors, -inf elsewhere

    @classmethod
    def of(cls, forest: PrefixForest, *, dtype: Any, device: Device) -> "TreeAttention":
        """Prepares the masks of the branches; trunks need none."""
        biases = []
        may, may_not = np.array([0.0, -np.inf], dtype)
        for tree in forest.trees:
            seen = _ancestors(forest.parents[tree.start : tree.stop] - tree.start, tree.fork - tree.start)
            bias = np.where(seen, may, may_not)[None, None]
            biases.append(to_device(bias, device) if len(seen) else None)
        return cls(forest.trees, tuple(biases))

    def __call__(self, query: Array, key: Array, value: Array, *, scale: float, kernels: KernelSet) -> Array:
        """Shapes   query (1, N, S, H), key, value (1, K, S, H) -> (1, N, S, H), S over all nodes."""
        parts = []
        for tree, bias in zip(self.trees, self.biases, strict=True):
            trunk = (x[:, :, tree.start : tree.fork] for x in (query, key, value))
            parts.append(kernels.attention(*trunk, scale=scale, causal=True))
            if bias is not None:
                seen = (key[:, :, tree.start : tree.stop], value[:, :, tree.start : tree.stop])
                parts.append(kernels.attention(query[:, :, tree.fork : tree.stop], *seen, scale=scale, bias=bias))
        return array_module(query).concatenate(parts, axis=2)

    def logits(self, query: Array, key: Array, *, scale: float, kernels: KernelSet) -> Array:
        """See Attend; -inf between trees as well."""
        xp, S = array_module(query), query.shape[2]
        mask = xp.full((1, 1, S, S), -xp.inf, dtype=query.dtype)
        for tree, bias in zip(self.trees, self.biases, strict=True):
            trunk = slice(tree.start, tree.fork)
            mask[..., trunk, trunk] = causal_mask(
                xp, 0, tree.fork - tree.start, tree.fork - tree.start, dtype=mask.dtype
            )
            if bias is not None:
                mask[..., tree.fork : tree.stop, tree.start : tree.stop] = bias
        return kernels.attention_logits(query, key, scale=scale, bias=mask)


def _ancestors(parents: np.ndarray, fork: int) -> np.ndarray:
    """Which nodes each branch node sees.

    Shapes   parents (S,) within one tree, whose trunk is [0, fork) -> (S - fork, S) booleans
    """
    seen = np.zeros((len(parents) - fork, len(parents)), bool)
    for node in range(fork, len(parents)):
        parent = parents[node]
        if parent < fork:
            seen[node - fork, : parent + 1] = True
        else:
            seen[node - fork] = seen[parent - fork]
        seen[node - fork, node] = True
    return seen


@dataclass(frozen=True, eq=False)
class LlamaAttention:
    """Causal attention with rotary positions; N / K query heads share one key/value head.

    Source   transformers 5.23.0 LlamaAttention
    """

    q_proj: Linear
    k_proj: Linear
    v_proj: Linear
    o_proj: Linear
    n_heads: int
    n_kv_heads: int
    head_dim: int

    @classmethod
    def from_weights(cls, weights: Weights, config: LlamaConfig) -> "LlamaAttention":
        """Takes the four projections."""
        D, N, K, H = config.model_dim, config.n_heads, config.n_kv_heads, config.head_dim
        bias = config.attention_bias
        return cls(
            Linear.from_weights(weights.at("q_proj"), D, N * H, bias=bias),
            Linear.from_weights(weights.at("k_proj"), D, K * H, bias=bias),
            Linear.from_weights(weights.at("v_proj"), D, K * H, bias=bias),
            Linear.from_weights(weights.at("o_proj"), N * H, D, bias=bias),
            N, K, H,
        )  # fmt: skip

    def __call__(self, x: Array, tables: Tables, attend: Attend, ctx: Context) -> Array:
        """Shapes   x (B, S, D), tables (S, H) twice -> (B, S, D)."""
        query = ctx.see("query", split_heads(self.q_proj(x), self.n_heads))
        key = ctx.see("key", split_heads(self.k_proj(x), self.n_kv_heads))
        value = ctx.see("value", split_heads(self.v_proj(x), self.n_kv_heads))
        query = ctx.see("query_rotated", ctx.kernels.rotate_half(query, *tables))
        key = ctx.see("key_rotated", ctx.kernels.rotate_half(key, *tables))
        how: dict[str, Any] = {"scale": self.head_dim**-0.5, "kernels": ctx.kernels}
        mixed = with_scores(
            ctx, value, lambda: attend(query, key, value, **how), lambda: attend.logits(query, key, **how)
        )
        return self.o_proj(ctx.see("mixed", merge_heads(mixed)))


@dataclass(frozen=True, eq=False)
class LlamaMlp:
    """down(silu(gate(x)) * up(x)).

    Source   transformers 5.23.0 LlamaMLP
    """

    gate_proj: Linear
    up_proj: Linear
    down_proj: Linear

    @classmethod
    def from_weights(cls, weights: Weights, config: LlamaConfig) -> "LlamaMlp":
        """Takes the three projections."""
        D, M, bias = config.model_dim, config.mlp_dim, config.mlp_bias
        return cls(
            Linear.from_weights(weights.at("gate_proj"), D, M, bias=bias),
            Linear.from_weights(weights.at("up_proj"), D, M, bias=bias),
            Linear.from_weights(weights.at("down_proj"), M, D, bias=bias),
        )

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        gate = ctx.see("gate_proj.output", self.gate_proj(x))
        up = ctx.see("up_proj.output", self.up_proj(x))
        return self.down_proj(ctx.see("gated", ctx.kernels.silu_gate(gate, up)))


@dataclass(frozen=True, eq=False)
class LlamaLayer:
    """x + attention(norm(x)), then x + mlp(norm(x)).

    Source   transformers 5.23.0 LlamaDecoderLayer
    """

    input_layernorm: RmsNorm
    self_attn: LlamaAttention
    post_attention_layernorm: RmsNorm
    mlp: LlamaMlp

    @classmethod
    def from_weights(cls, weights: Weights, config: LlamaConfig) -> "LlamaLayer":
        """Takes every tensor below `layers.{i}`."""
        D, eps = config.model_dim, config.rms_norm_eps
        return cls(
            RmsNorm.from_weights(weights.at("input_layernorm"), D, eps=eps),
            LlamaAttention.from_weights(weights.at("self_attn"), config),
            RmsNorm.from_weights(weights.at("post_attention_layernorm"), D, eps=eps),
            LlamaMlp.from_weights(weights.at("mlp"), config),
        )

    def __call__(self, x: Array, tables: Tables, attend: Attend, ctx: Context) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        normed = ctx.see("input_layernorm.output", self.input_layernorm(x, ctx))
        branch = ctx.see("self_attn.output", self.self_attn(normed, tables, attend, ctx.at("self_attn")))
        x = ctx.see("self_attn.stream", x + branch)
        normed = ctx.see("post_attention_layernorm.output", self.post_attention_layernorm(x, ctx))
        return ctx.see("output", x + ctx.see("mlp.output", self.mlp(normed, ctx.at("mlp"))))


@dataclass(frozen=True, eq=False, repr=False)
class LlamaModel(FolderModel):
    """The decoder without its head.

    Source   transformers 5.23.0 LlamaModel
    """

    tap_prefix: ClassVar[str] = "llama"
    stored_prefix: ClassVar[str] = "model."

    config: LlamaConfig
    layers: LayerStack[LlamaLayer]
    embed: Callable[[np.ndarray], Array]  # token ids -> rows of embed_tokens, read when asked for
    norm: RmsNorm
    inv_freq: Array  # (H/2,)

    @classmethod
    def load(cls, folder: str | Path, runtime: Runtime) -> Self:
        """See FolderModel; the embedding table always stays in its file."""
        weights = open_weights(folder, runtime, cls.own_name)
        return cls.from_weights(weights, LlamaConfig.from_folder(folder), runtime)

    @classmethod
    def from_weights(cls, weights: Weights, config: LlamaConfig, runtime: Runtime) -> Self:
        """Takes every tensor, by its own name (see `own_name`); CheckpointError for what is left over."""
        model = cls(
            embed=weights.rows("embed_tokens.weight", (config.vocab_size, config.model_dim)),
            layers=LayerStack.load(
                lambda i: LlamaLayer.from_weights(weights.at("layers", i), config),
                config.n_layers,
                streaming=runtime.streaming,
            ),
            norm=RmsNorm.from_weights(weights.at("norm"), config.model_dim, eps=config.rms_norm_eps),
            inv_freq=runtime.place(inverse_frequencies(config).astype(runtime.dtype)),
            config=config,
            runtime=runtime,
        )
        tables = {f"layers.{i}.self_attn.rotary_emb.inv_freq": "old files store it" for i in range(config.n_layers)}
        weights.finish(ignore={"lm_head.weight": "logits are not used", **tables})
        return model

    def hidden_states(self, token_ids: Array, attention_mask: Array | None = None) -> Array:
        """Every hidden state: 0 the embeddings, i the stream after layer i, the last one after the final norm.

        Shapes   token_ids (B, S) integers, attention_mask (B, S) -> (n_layers + 1, B, S, D) on the device
        Raises   ShapeError for ids that are not integers of shape (B, S) within the vocabulary, or a bad mask
        Source   transformers 5.23.0 LlamaModel(output_hidden_states=True); the raw output of the last layer is
                 not among them
        """
        states = [state for _, state in self.iterate_states(token_ids, self.context(), attention_mask)]
        return array_module(states[0]).stack(states)

    def iterate_states(
        self, token_ids: Array, ctx: Context, attention_mask: Array | None = None
    ) -> Iterator[tuple[int, Array]]:
        """The hidden states one by one, as (number, state), so that the caller keeps only what it needs.

        `attention_mask` is 1 at tokens and 0 at padding on the right. Tokens never see what follows them, so the
        mask changes nothing but the states at the padding itself.
        """
        ids = checked_ids(token_ids, self.config.vocab_size)
        attend = CausalAttention(self._padding_bias(ids, attention_mask))
        yield from self._states(ids, None, attend, ctx)

    def iterate_forest_states(self, forest: PrefixForest, ctx: Context) -> Iterator[tuple[int, Array]]:
        """The hidden states of all nodes of a forest, one by one: those that each context alone has, to rounding.

        A tap sees the intermediates of `iterate_states` with S over the nodes, and first the forest itself:
        `forest.token_ids`, `forest.positions` and `forest.parents`, integers (S,).
        Shapes   -> (number, state (1, S, D))
        """
        at = ctx.at("forest")
        forest = replace(
            forest, token_ids=at.see("token_ids", forest.token_ids), positions=at.see("positions", forest.positions),
            parents=at.see("parents", forest.parents),
        )  # fmt: skip
        ids = checked_ids(forest.token_ids[None], self.config.vocab_size)
        positions = self.runtime.place(forest.positions)
        attend = TreeAttention.of(forest, dtype=self.inv_freq.dtype, device=self.runtime.device)
        yield from self._states(ids, positions, attend, ctx)

    def _states(
        self, ids: np.ndarray, positions: Array | None, attend: Attend, ctx: Context
    ) -> Iterator[tuple[int, Array]]:
        """`positions` (S,) of the tokens; None counts them from 0."""
        x = ctx.see("embed_tokens.output", self.embed(ids))
        yield 0, x
        tables = self._tables(ids.shape[1], positions, ctx.at("rotary_emb"))
        for i, layer in enumerate(self.layers):
            x = layer(x, tables, attend, ctx.at("layers", i))
            if i + 1 < self.config.n_layers:
                yield i + 1, x
        x = ctx.see("norm.output", self.norm(x, ctx))
        yield self.config.n_layers, x

    def _tables(self, n_tokens: int, positions: Array | None, ctx: Context) -> Tables:
        inv_freq = ctx.see("inv_freq", self.inv_freq)
        cos, sin = rotary_tables(inv_freq, n_tokens if positions is None else int(positions.max()) + 1)
        if positions is not None:
            cos, sin = cos[positions], sin[positions]
        return ctx.see("cos", cos), ctx.see("sin", sin)

    def _padding_bias(self, ids: np.ndarray, attention_mask: Array | None) -> Array | None:
        if attention_mask is None:
            return None
        mask = to_host(attention_mask)
        if mask.shape != ids.shape or not np.all((mask == 0) | (mask == 1)):
            raise ShapeError(f"attention_mask must be 0 or 1 of shape {ids.shape}, got shape {mask.shape}")
        if np.any(mask[:, 0] == 0) or np.any(np.diff(mask.astype(np.int8), axis=1) > 0):
            raise ShapeError("attention_mask must start with 1 in every row, and pad on the right")
        if np.all(mask == 1):
            return None
        bias = np.where(mask[:, None, None, :] == 1, 0.0, -np.inf).astype(self.inv_freq.dtype)
        return self.runtime.place(bias)


def checked_ids(token_ids: Array, vocab_size: int) -> np.ndarray:
    """Token ids on the host, where the embedding rows are gathered.

    Raises   ShapeError when they are not integers of shape (B, S), are empty, or lie outside the vocabulary
    """
    ids = np.asarray(token_ids) if isinstance(token_ids, (list, tuple)) else to_host(token_ids)
    if ids.ndim != 2 or ids.size == 0 or ids.dtype.kind not in "iu":
        raise ShapeError(f"token_ids must be integers of shape (B, S), got {ids.dtype} of shape {ids.shape}")
    if ids.min() < 0 or ids.max() >= vocab_size:
        raise ShapeError(
            f"token_ids must lie in 0..{vocab_size - 1}, got {ids.min()}..{ids.max()}; "
            "the tokenizer belongs to another model"
        )
    return ids
