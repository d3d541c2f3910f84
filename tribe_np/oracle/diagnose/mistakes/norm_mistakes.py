"""Mistakes in normalisations: the gain, the root of the width, where eps goes, what is subtracted."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tribe_np.encoder.transformer import LAYER_NORM_EPS
from tribe_np.ops.norm import rms_norm, unit_norm
from tribe_np.oracle.diagnose.changes import any_of, where, with_kernels, with_weights
from tribe_np.oracle.diagnose.mistake import Change, Mistake
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array

OF_LAYERS = ("encoder.layers.?.0.0.weight", "encoder.layers.??.0.0.weight")  # a star takes layers.1.1.ff.0.0.weight too
GAINS = ("*.0.0.g", "*.final_norm.g", *OF_LAYERS, "*norm.weight", "*norm[12].weight")
WITH_LAYER_NORM = ("wav2vec_bert", "vjepa2", "dinov2", "encoder")
WITH_EPS = ("llama", *WITH_LAYER_NORM)
ALL_MODELS = ("encoder", "llama", "wav2vec_bert", "vjepa2", "dinov2")


def eps_of(setup: Setup) -> float:
    """The eps of a model's norms; of the encoder's LayerNorm where it has that."""
    config = setup.config
    return float(config.get("rms_norm_eps", config.get("layer_norm_eps", LAYER_NORM_EPS)))


def _has_layer_norm(setup: Setup) -> bool:
    if setup.model != "encoder":
        return setup.model != "llama"
    options = setup.config["brain_model_config"].get("encoder") or {}
    return not options.get("use_scalenorm", True) and not options.get("use_rmsnorm", False)


def _has_eps(setup: Setup) -> bool:
    return setup.model == "llama" or _has_layer_norm(setup)


def _layer_norm(divisor: Callable[[Array, float], Array], *, centre: bool = True) -> Any:
    """A layer norm that divides by something else."""

    def normed(x: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float) -> Array:
        x = x - x.mean(axis=-1, keepdims=True) if centre else x
        x = x / divisor(x, eps)
        x = x if weight is None else x * weight
        return x if bias is None else x + bias

    return normed


def _mean_square(x: Array) -> Array:
    return (x * x).mean(axis=-1, keepdims=True)


def _outside(x: Array, eps: float) -> Array:
    return np.sqrt(_mean_square(x)) + eps


def _unbiased(x: Array, eps: float) -> Array:
    return np.sqrt((x * x).sum(axis=-1, keepdims=True) / (x.shape[-1] - 1) + eps)


def _inside(x: Array, eps: float) -> Array:
    return np.sqrt(_mean_square(x) + eps)


def _other_eps(value: float) -> Change:
    """Norms whose eps is `value`, where it is not the model's."""

    def layer(x: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float) -> Array:
        return _layer_norm(_inside)(x, weight, bias, eps=value)

    change = with_kernels(layer_norm=layer, rms_norm=lambda x, weight, *, eps: rms_norm(x, weight, eps=value))
    return where(lambda setup: _has_eps(setup) and eps_of(setup) != value, change)


def _scale_norm_with(eps_in_mean: float) -> Change:
    return where(
        _has_scale_norm,
        with_kernels(scale_norm=lambda x, gain, *, eps=0.0: x / np.sqrt(_mean_square(x) + eps_in_mean) * gain),
    )


def _has_scale_norm(setup: Setup) -> bool:
    options = setup.config["brain_model_config"].get("encoder") or {}
    return bool(options.get("use_scalenorm", True))


EPS_RIGHT = "it is the checkpoint's, added to the mean square before the root"
CLAMPED = "the length is only kept from being under 1e-12: no eps inside a root"
NORM_MISTAKES = (
    Mistake(
        "gain-plus-one",
        ALL_MODELS,
        "the gain of the norms is 1 + the stored one",
        "it is the stored one (files of later x-transformers and of Gemma store gain - 1; these do not)",
        with_weights(GAINS, lambda g: 1 + g),
    ),
    Mistake(
        "gain-minus-one",
        ALL_MODELS,
        "the gain of the norms is the stored one minus 1",
        "it is the stored one",
        with_weights(GAINS, lambda g: g - 1),
    ),
    Mistake(
        "gains-missing",
        ALL_MODELS,
        "the gain of the norms is 1",
        "each norm has a stored gain",
        with_weights(GAINS, np.ones_like),
    ),
    Mistake(
        "scale-norm-root",
        ("encoder",),
        "ScaleNorm lacks the factor sqrt(D)",
        "it is x / length * sqrt(D) * g",
        where(_has_scale_norm, with_kernels(scale_norm=lambda x, gain, *, eps=1e-12: unit_norm(x, eps=eps) * gain)),
    ),
    Mistake(
        "scale-norm-eps-1e-5",
        ("encoder",),
        "ScaleNorm adds 1e-5 to the mean square inside the root",
        CLAMPED,
        _scale_norm_with(1e-5),
    ),
    Mistake(
        "scale-norm-eps-1e-6",
        ("encoder",),
        "ScaleNorm adds 1e-6 to the mean square inside the root",
        CLAMPED,
        _scale_norm_with(1e-6),
    ),
    Mistake(
        "scale-norm-centred",
        ("encoder",),
        "ScaleNorm subtracts the mean",
        "nothing is subtracted",
        where(
            _has_scale_norm,
            with_kernels(scale_norm=lambda x, gain, *, eps=1e-12: _layer_norm(_inside)(x, eps=0.0) * gain),
        ),
    ),
    Mistake("eps-1e-5", WITH_EPS, "the eps of the norms is 1e-5", EPS_RIGHT, _other_eps(1e-5)),
    Mistake("eps-1e-6", WITH_EPS, "the eps of the norms is 1e-6", EPS_RIGHT, _other_eps(1e-6)),
    Mistake("eps-missing", WITH_EPS, "the norms have no eps", EPS_RIGHT, _other_eps(0.0)),
    Mistake(
        "eps-outside-root",
        WITH_EPS,
        "the eps of the norms is added outside the root",
        EPS_RIGHT,
        where(
            _has_eps,
            with_kernels(
                layer_norm=_layer_norm(_outside),
                rms_norm=lambda x, weight, *, eps: _layer_norm(_outside, centre=False)(x, weight, eps=eps),
            ),
        ),
    ),
    Mistake(
        "variance-unbiased",
        WITH_LAYER_NORM,
        "the variance of LayerNorm is divided by D - 1",
        "it is divided by D",
        where(_has_layer_norm, with_kernels(layer_norm=_layer_norm(_unbiased))),
    ),
    Mistake(
        "layer-norm-not-centred",
        WITH_LAYER_NORM,
        "LayerNorm does not subtract the mean",
        "it does",
        where(_has_layer_norm, with_kernels(layer_norm=_layer_norm(_inside, centre=False))),
    ),
    Mistake(
        "rms-norm-centred",
        ("llama",),
        "RMSNorm subtracts the mean",
        "nothing is subtracted",
        any_of(with_kernels(rms_norm=lambda x, weight, *, eps: _layer_norm(_inside)(x, weight, eps=eps))),
    ),
)
