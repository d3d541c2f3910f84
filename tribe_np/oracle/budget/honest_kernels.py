"""Other right ways to compute the hot operations: what ports do, and what rounds differently.

Each is an entry of a `KernelSet`, with the contract of its reference in `tribe_np.ops`. None is exact in float32, nor
is the reference; none is a mistake.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from typing import Any

import numpy as np

from tribe_np.kernels.kernel_set import REFERENCE, ActivationKernel, AttentionKernel, KernelSet
from tribe_np.ops.attention import causal_mask, spread_distances
from tribe_np.protocols import Array

LOG2_E = 1.4426950408889634
ROOT_HALF = 0.7071067811865476


def exp2_softmax(x: Array) -> Array:
    """softmax by powers of two, as GPU kernels take them."""
    weights = np.exp2((x - np.max(x, axis=-1, keepdims=True)) * LOG2_E)
    return weights * (1.0 / np.sum(weights, axis=-1, keepdims=True))


def plain_sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)) in one branch, by powers of two; exp may overflow to infinity, which is right."""
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp2(-x * LOG2_E))


def tanh_sigmoid(x: Array) -> Array:
    """(1 + tanh(x / 2)) / 2: the same function."""
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def short_erf(x: Array) -> Array:
    """erf by five terms, to 1.5e-7.

    Source   Abramowitz and Stegun 7.1.26
    """
    t = 1.0 / (1.0 + 0.3275911 * np.abs(x))
    terms = ((((1.061405429 * t - 1.453152027) * t) + 1.421413741) * t - 0.284496736) * t + 0.254829592
    return np.sign(x) * (1.0 - terms * t * np.exp(-x * x))


def short_gelu(x: Array) -> Array:
    """The exact form of GELU, with the short erf."""
    return 0.5 * x * (1.0 + short_erf(x * ROOT_HALF))


def moments_layer_norm(x: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float) -> Array:
    """layer_norm whose variance is the mean square minus the squared mean."""
    mean = np.mean(x, axis=-1, keepdims=True)
    variance = np.maximum(np.mean(x * x, axis=-1, keepdims=True) - mean * mean, 0)
    scale = 1.0 / np.sqrt(variance + eps)
    shift = -mean * scale
    normed = x * scale + shift
    normed = normed if weight is None else normed * weight
    return normed if bias is None else normed + bias


def divided_rms_norm(x: Array, weight: Array, *, eps: float) -> Array:
    """rms_norm that multiplies by the gain first and divides by the root."""
    return (x * weight) / np.sqrt(np.sum(x * x, axis=-1, keepdims=True) / x.shape[-1] + eps)


def gathered_scale_norm(x: Array, gain: Array, *, eps: float = 1e-12) -> Array:
    """scale_norm with one factor for each token."""
    length = np.sqrt(np.sum(x * x, axis=-1, keepdims=True))
    return x * (gain * x.shape[-1] ** 0.5 / np.maximum(length, eps))


def online_attention(
    query: Array, key: Array, value: Array, *, scale: float, bias: Array | None = None, causal: bool = False,
    width: int = 8,
) -> Array:  # fmt: skip
    """Attention with a running maximum over blocks of keys: flash attention's sums."""
    (B, N, S, _), (K, T) = query.shape, key.shape[1:3]
    scaled, mask = query * scale, causal_mask(np, T - S, T, T, dtype=query.dtype)
    biases = None if bias is None else np.broadcast_to(bias, (B, N, S, T))
    keys, values = (np.repeat(x, N // K, axis=1) for x in (key, value))
    largest = np.full((B, N, S, 1), -np.inf, query.dtype)
    total, mixed = np.zeros_like(largest), np.zeros((B, N, S, value.shape[-1]), query.dtype)
    for start in range(0, T, width):
        seen = slice(start, start + width)
        scores = scaled @ keys[:, :, seen].swapaxes(-1, -2)
        scores = scores if biases is None else scores + biases[..., seen]
        scores = np.where(mask[:, seen] < 0, mask[:, seen], scores) if causal else scores
        higher = np.maximum(largest, np.max(scores, axis=-1, keepdims=True))
        reference = np.where(np.isfinite(higher), higher, 0)
        fading, weights = np.exp(largest - reference), np.exp(scores - reference)
        total = total * fading + np.sum(weights, axis=-1, keepdims=True)
        mixed, largest = mixed * fading + weights @ values[:, :, seen], higher
    return mixed / total


def whole_attention(
    query: Array, key: Array, value: Array, *, scale: float, bias: Array | None = None, causal: bool = False,
    softmax: ActivationKernel = exp2_softmax,
) -> Array:  # fmt: skip
    """Attention in one piece, the query scaled before the product, with a softmax of one's own."""
    N, K, S, T = query.shape[1], key.shape[1], query.shape[2], key.shape[2]
    keys, values = (np.repeat(x, N // K, axis=1) for x in (key, value))
    scores = (query * scale) @ keys.swapaxes(-1, -2)
    scores = scores if bias is None else scores + bias
    if causal:
        mask = causal_mask(np, T - S, T, T, dtype=query.dtype)
        scores = np.where(mask < 0, mask, scores)
    return softmax(scores) @ values


def relative_by(attention: AttentionKernel) -> Callable[..., Array]:
    """relative_attention through another attention: the distance term is its bias."""

    def relative(query: Array, key: Array, value: Array, embedding: Array, *, scale: float, left_span: int) -> Array:
        bias = spread_distances((query @ embedding.T) * scale, 0, query.shape[2], left_span)
        return attention(query, key, value, scale=scale, bias=bias)

    return relative


def fused(kernel: Callable[..., Array]) -> Callable[..., Array]:
    """The kernel in float64, its result rounded to the dtype of its first argument."""

    def called(x: Array, *others: Any, **options: Any) -> Array:
        wide = [y.astype(np.float64) if isinstance(y, np.ndarray) else y for y in (x, *others)]
        named = {k: y.astype(np.float64) if isinstance(y, np.ndarray) else y for k, y in options.items()}
        return kernel(*wide, **named).astype(x.dtype)

    return called


def fused_set() -> KernelSet:
    """Every operation of the reference, rounded once at its end."""
    entries = {field.name: fused(getattr(REFERENCE, field.name)) for field in fields(KernelSet) if field.name != "name"}
    return KernelSet("fused", **entries)


def online_set(width: int) -> KernelSet:
    """Attention with an online softmax over blocks of `width` keys."""
    attention: Any = partial(online_attention, width=width)
    return replace(
        REFERENCE, name=f"online softmax of {width}", attention=attention, relative_attention=relative_by(attention)
    )


def moments_set() -> KernelSet:
    """Norms that differ from the reference in every place where there is a choice."""
    return replace(
        REFERENCE, name="norms by moments", layer_norm=moments_layer_norm, rms_norm=divided_rms_norm,
        scale_norm=gathered_scale_norm,
    )  # fmt: skip


def sigmoid_set(name: str, sigmoid: ActivationKernel, softmax: ActivationKernel) -> KernelSet:
    """All that goes through exp, by another sigmoid and another softmax."""
    attention: Any = partial(whole_attention, softmax=softmax)

    def glu(x: Array) -> Array:
        passing, gate = np.split(x, 2, axis=-1)
        return passing * sigmoid(gate)

    return replace(
        REFERENCE, name=name, softmax=softmax, silu=lambda x: x * sigmoid(x), glu=glu,
        silu_gate=lambda gate, up: gate * up * sigmoid(gate), attention=attention,
        relative_attention=relative_by(attention),
    )  # fmt: skip


def short_erf_set() -> KernelSet:
    """GELU by the short erf."""
    return replace(REFERENCE, name="short erf", gelu=short_gelu)
