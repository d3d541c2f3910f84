"""Mistakes that other ports made, made on purpose: each must be caught by the golden comparison."""

from dataclasses import replace

import numpy as np
import pytest

import tribe_np.encoder.transformer
from tests.encoder.golden_case import FLOAT32_BOUND, GoldenCase, load
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.ops import norm
from tribe_np.protocols import Array


def caught(case: GoldenCase, kernels: KernelSet = REFERENCE) -> bool:
    """Whether a stage leaves the float32 bound by a factor of ten."""
    with np.errstate(all="ignore"):
        errors = case.errors(kernels=kernels)
    return max(errors.values()) > 10 * FLOAT32_BOUND


def tanh_gelu(x: Array) -> Array:
    return 0.5 * x * (1 + np.tanh(0.7978845608028654 * (x + 0.044715 * x**3)))


def interleaved_rotary(x: Array, cos: Array, sin: Array) -> Array:
    """Partner of channel 2j is 2j + 1, as in GPT-J."""
    R = cos.shape[-1]
    turning = x[..., :R]
    cos, sin = np.repeat(cos[:, : R // 2], 2, axis=-1), np.repeat(sin[:, : R // 2], 2, axis=-1)
    partner = np.stack([-turning[..., 1::2], turning[..., ::2]], axis=-1).reshape(turning.shape)
    return np.concatenate([turning * cos + partner * sin, x[..., R:]], axis=-1)


def test_the_comparison_passes_without_a_mistake() -> None:
    assert not any(caught(load(name)) for name in ("released", "tiny_tokens_scale", "tiny_tokens_layer"))


def test_tanh_gelu() -> None:
    assert caught(load("released"), replace(REFERENCE, gelu=tanh_gelu))


def test_interleaved_rotary() -> None:
    assert caught(load("released"), replace(REFERENCE, rotate_half=interleaved_rotary))


def test_no_rotary() -> None:
    assert caught(load("released"), replace(REFERENCE, rotate_half=lambda x, cos, sin: x))


def test_alphabetical_modalities() -> None:
    case = load("released")
    dims = dict(sorted(case.build_args["feature_dims"].items()))
    assert list(dims) == ["audio", "text", "video"]
    assert caught(replace(case, build_args=case.build_args | {"feature_dims": dims}))


def test_gain_stored_minus_one() -> None:
    mistaken = replace(REFERENCE, scale_norm=lambda x, gain: norm.scale_norm(x, gain + 1))
    assert caught(load("released"), mistaken)


def test_gain_stored_minus_one_in_rms_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tribe_np.encoder.transformer, "length_norm", lambda x, gain: norm.length_norm(x, gain + 1))
    assert caught(load("xpos"))


@pytest.mark.parametrize("eps", [0.0, 1e-6])
def test_another_eps_in_scale_norm(eps: float) -> None:
    mistaken = replace(REFERENCE, scale_norm=lambda x, gain: norm.scale_norm(x, gain, eps=eps))
    assert caught(load("tiny_tokens_scale"), mistaken)


def test_dropped_eps_in_layer_norm() -> None:
    mistaken = replace(REFERENCE, layer_norm=lambda x, w, b, *, eps: norm.layer_norm(x, w, b, eps=0.0))
    assert caught(load("tiny_tokens_layer"), mistaken)


def test_residual_scale_on_the_branch() -> None:
    case = load("released")
    ones = {k: np.ones_like(v) if k.endswith("residual_scale") else v for k, v in case.state_dict.items()}
    assert caught(replace(case, state_dict=ones))


def test_recomputed_predictor_layout() -> None:
    case = load("alibi")
    predictor = case.state_dict["predictor.weights"]
    turned = np.ascontiguousarray(predictor.transpose(0, 2, 1)).reshape(predictor.shape)
    assert caught(replace(case, state_dict=case.state_dict | {"predictor.weights": turned}))


def test_causal_flag_ignored() -> None:
    case = load("xpos")
    assert caught(
        case,
        replace(
            REFERENCE,
            attention=lambda q, k, v, *, scale, bias, causal: REFERENCE.attention(q, k, v, scale=scale, bias=bias),
        ),
    )
