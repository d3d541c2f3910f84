"""Mistakes between queries and mixed values: heads, scale, mask, softmax, grouped keys."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from tribe_np.encoder.transformer import rotary_dim
from tribe_np.nn.scores import weighted_values
from tribe_np.ops.activation import softmax
from tribe_np.ops.attention import split_heads, spread_distances
from tribe_np.oracle.diagnose.changes import (
    all_of,
    beside,
    where,
    with_config,
    with_edit,
    with_other_weights,
    with_swapped,
)
from tribe_np.oracle.diagnose.mistake import Change, Mistake
from tribe_np.oracle.diagnose.mistakes.norm_mistakes import ALL_MODELS
from tribe_np.oracle.diagnose.mistakes.rotary_mistakes import encoder_options
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array

PICTURES = ("vjepa2", "dinov2")
QUERIES = ("to_q", "q_proj", "linear_q", "attention.query", "attention.attention.query")
KEYS = ("to_k", "k_proj", "linear_k", "attention.key", "attention.attention.key")
VALUES = ("to_v", "v_proj", "linear_v", "attention.value", "attention.attention.value")
OUTPUTS = ("to_out", "o_proj", "linear_out", "attention.proj", "attention.output.dense")
Logits = Callable[..., Array]


def with_other_scores(
    logits: Callable[..., Array] | None = None, weights: Callable[[Array], Array] = softmax
) -> Change:
    """Scores computed otherwise: logits(right, query, key, scale=, bias=, causal=), and the softmax of them."""

    def made(setup: Setup) -> Setup:
        right = setup.kernels.attention_logits
        used: Logits = right

        if logits is not None:

            def used(query: Array, key: Array, **how: Any) -> Array:
                return logits(right, query, key, **how)

        def attention(query: Array, key: Array, value: Array, **how: Any) -> Array:
            return weighted_values(weights(used(query, key, **how)), value)

        def relative(query: Array, key: Array, value: Array, table: Array, *, scale: float, left_span: int) -> Array:
            bias = spread_distances((query @ table.T) * scale, 0, key.shape[2], left_span)
            return attention(query, key, value, scale=scale, bias=bias)

        changed: dict[str, Any] = {"attention": attention, "relative_attention": relative}
        changed |= {"attention_logits": used} if logits is not None else {"softmax": weights}
        return replace(setup, kernels=replace(setup.kernels, **changed))

    return made


def _scaled(power: float) -> Logits:
    def logits(right: Logits, query: Array, key: Array, *, scale: float, **how: Any) -> Array:
        return right(query, key, scale=scale**power, **how)

    return logits


def _of_the_model(right: Logits, query: Array, key: Array, *, scale: float, **how: Any) -> Array:
    return right(query, key, scale=scale * query.shape[1] ** -0.5, **how)


def _even_share(setup: Setup) -> Setup | None:
    width, heads = int(setup.config["hidden_size"]), int(setup.config["num_attention_heads"])
    if int(setup.config.get("head_dim") or width // heads) * heads == width:
        return None
    scale = (width / heads) ** -0.5
    return with_other_scores(lambda right, query, key, **how: right(query, key, **{**how, "scale": scale}))(setup)


def _causal(value: bool) -> Logits:
    def logits(right: Logits, query: Array, key: Array, *, causal: bool = False, **how: Any) -> Array:
        return right(query, key, causal=value, **how)

    return logits


def _sees_next(right: Logits, query: Array, key: Array, *, causal: bool = False, **how: Any) -> Array:
    scores = right(query, key, causal=False, **how)
    ahead = np.arange(key.shape[2])[None, :] > np.arange(query.shape[2])[:, None] + 1
    return np.where(ahead, -np.inf, scores).astype(scores.dtype)


def _tiled_logits(right: Logits, query: Array, key: Array, **how: Any) -> Array:
    return right(query, np.tile(key, (1, query.shape[1] // key.shape[1], 1, 1)), **how)


def _tiled_mix(name: str, mixed: Array, heard: Mapping[str, Array]) -> Array:
    probabilities, value = heard[beside(name, "probabilities")], heard[beside(name, "value")]
    out = probabilities @ np.tile(value, (1, probabilities.shape[1] // value.shape[1], 1, 1))
    return out.transpose(0, 2, 1, 3).reshape(mixed.shape)


def _over_queries(scores: Array) -> Array:
    return softmax(scores.swapaxes(-1, -2)).swapaxes(-1, -2)


def _over_heads(scores: Array) -> Array:
    return np.moveaxis(softmax(np.moveaxis(scores, 1, -1)), -1, 1)


def _not_transposed(name: str, mixed: Array, heard: Mapping[str, Array]) -> Array:
    return split_heads(mixed, heard[beside(name, "query")].shape[1]).reshape(mixed.shape)


def is_causal(setup: Setup) -> bool:
    """Whether a token sees only those before it."""
    return setup.model == "llama" or bool(encoder_options(setup).get("causal"))


def _adds_scores(setup: Setup) -> bool:
    return bool(encoder_options(setup).get("residual_attn"))


def n_heads(setup: Setup) -> tuple[int, int]:
    """Heads of queries, and of keys and values."""
    config = setup.config
    if setup.model == "encoder":
        heads = int(encoder_options(setup).get("heads", 8))
        return heads, heads
    heads = int(config["num_attention_heads"])
    return heads, int(config.get("num_key_value_heads") or heads)


def _fast_heads(setup: Setup, *, merged: bool = True) -> Setup | None:
    """The head as the fast index of the channels, in the projections and, where `merged`, in the output's."""
    (N, K), found = n_heads(setup), {}
    for name, tensor in setup.weights.items():
        layer = name.rpartition(".")[0]
        heads = N if layer.endswith((*QUERIES, *OUTPUTS)) else K
        if layer.endswith((*QUERIES, *KEYS, *VALUES)):
            found[name] = tensor[_interleaved(tensor.shape[0], heads)]
        elif merged and layer.endswith(OUTPUTS) and tensor.ndim == 2:
            found[name] = tensor[:, _interleaved(tensor.shape[1], heads)]
    return with_other_weights(lambda _: found)(setup)


def _interleaved(width: int, heads: int) -> np.ndarray:
    return np.arange(width).reshape(width // heads, heads).T.reshape(-1)


def _other_heads(setup: Setup) -> Setup | None:
    """Another number of heads that the weights allow: the next smaller one, or else the next larger one."""
    config, (N, K) = setup.config, n_heads(setup)
    if setup.model == "encoder":
        return _other_encoder_heads(setup, N)
    smaller = [n for n in range(N - 1, 0, -1) if N % n == 0 and K % (N // n) == 0]
    if not smaller:
        return None
    factor = N // smaller[0]
    heads: dict[str, Any] = {"num_attention_heads": N // factor}
    if "num_key_value_heads" in config:
        heads["num_key_value_heads"] = K // factor
    if config.get("head_dim"):
        heads["head_dim"] = config["head_dim"] * factor
    return with_config(lambda config: {**config, **heads})(setup)


def _other_encoder_heads(setup: Setup, heads: int) -> Setup | None:
    brain, options = setup.config["brain_model_config"], encoder_options(setup)
    width = int(brain.get("hidden", 256))
    pairs = rotary_dim(width // heads)
    others = [n for n in range(1, width // 32 + 1) if width % n == 0 and n != heads and rotary_dim(width // n) == pairs]
    if not others or options.get("rel_pos_bias"):
        return None
    encoder = {**options, "heads": min(others, key=lambda n: (abs(n - heads), n))}
    return replace(setup, config={**setup.config, "brain_model_config": {**brain, "encoder": encoder}})


def _sees_all(setup: Setup) -> bool:
    return not is_causal(setup) and not _adds_scores(setup)


def _is_masked(setup: Setup) -> bool:
    return is_causal(setup) and not _adds_scores(setup)


def _is_grouped(setup: Setup) -> bool:
    heads, key_heads = n_heads(setup)
    return 1 < key_heads < heads


def _alone(name: str, logits: Array, heard: Mapping[str, Array]) -> Array:
    """Logits without those of the attention before, which stand under the last name that was heard."""
    layer = int(name.split(".")[2])
    before = heard.get(f"encoder.layers.{layer - 2}.logits")
    if before is None:
        return logits
    seen = np.isfinite(logits)
    return np.where(seen, np.where(seen, logits, 0) - np.where(seen, before, 0), logits).astype(logits.dtype)


SCALE = "it is 1 / sqrt(H), the width of a head"
HEADS = "a channel's index is head * H + place in the head"
ATTENTION_MISTAKES = (
    Mistake("scale-missing", ALL_MODELS, "scores are not divided by sqrt(H)", SCALE, with_other_scores(_scaled(0))),
    Mistake("scale-twice", ALL_MODELS, "scores are divided by sqrt(H) twice", SCALE, with_other_scores(_scaled(2))),
    Mistake(
        "scale-of-all-heads",
        ALL_MODELS,
        "scores are divided by the root of all heads' width",
        SCALE,
        with_other_scores(_of_the_model),
    ),
    Mistake(
        "scale-of-an-even-share",
        ("llama",),
        "scores are divided by sqrt(hidden_size / heads)",
        "it is 1 / sqrt(head_dim), which need not be that",
        _even_share,
    ),
    Mistake(
        "softmax-over-queries",
        ALL_MODELS,
        "the softmax runs over queries",
        "it runs over keys",
        with_other_scores(weights=_over_queries),
    ),
    Mistake(
        "softmax-over-heads",
        ALL_MODELS,
        "the softmax runs over heads",
        "it runs over keys",
        where(_sees_all, with_other_scores(weights=_over_heads)),
    ),
    Mistake(
        "causal-added",
        ALL_MODELS,
        "attention is causal",
        "every token sees all",
        where(_sees_all, with_other_scores(_causal(True))),
    ),
    Mistake(
        "causal-missing",
        ("encoder", "llama"),
        "attention is not causal",
        "a token sees itself and those before it",
        where(_is_masked, with_other_scores(_causal(False))),
    ),
    Mistake(
        "causal-sees-next",
        ("encoder", "llama"),
        "the causal mask is off by one: a token sees the next one",
        "a token sees itself and those before it",
        where(_is_masked, with_other_scores(_sees_next)),
    ),
    Mistake(
        "groups-tiled",
        ("llama",),
        "query head n reads key/value head n modulo K",
        "it reads n // (N / K): each key/value head is repeated, not the whole row of them",
        where(
            _is_grouped,
            all_of(with_other_scores(_tiled_logits), with_edit("*.mixed", _tiled_mix, "*.probabilities", "*.value")),
        ),
    ),
    Mistake(
        "heads-number",
        ("encoder", "llama", *PICTURES),
        "the number of heads is another",
        "it is the configuration's",
        _other_heads,
    ),
    Mistake(
        "heads-fast",
        ALL_MODELS,
        "channels are split with the head as the fast index",
        HEADS,
        _fast_heads,
        (partial(_fast_heads, merged=False),),  # and merged as they should be
    ),
    Mistake(
        "heads-not-transposed",
        ALL_MODELS,
        "heads are merged without moving their axis behind the tokens",
        HEADS,
        with_edit("*.mixed", _not_transposed, "*.query"),
    ),
    Mistake(
        "keys-for-queries",
        ALL_MODELS,
        "the projections of queries and keys are swapped",
        "each has its own",
        with_swapped(*zip(QUERIES, KEYS, strict=True)),
    ),
    Mistake(
        "keys-for-values",
        ALL_MODELS,
        "the projections of keys and values are swapped",
        "each has its own",
        with_swapped(*zip(KEYS, VALUES, strict=True)),
    ),
    Mistake(
        "residual-attention-alone",
        ("encoder",),
        "residual attention does not add the scores of the attention before",
        "scores add up from layer to layer",
        where(_adds_scores, with_edit("*.logits", _alone, "*.logits")),
    ),
)
