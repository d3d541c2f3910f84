"""Mistakes in the weights that a port has: missing ones as zeros, matrices the wrong way round, other precisions."""

import re
from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatchcase

import numpy as np

from tribe_np.oracle.budget.half_precision import in_precision, rounded
from tribe_np.oracle.diagnose.changes import with_other_weights, with_weights
from tribe_np.oracle.diagnose.mistake import Change, Mistake
from tribe_np.oracle.diagnose.mistakes.norm_mistakes import ALL_MODELS
from tribe_np.oracle.kit_models.kit_model import EVERY_TAP
from tribe_np.oracle.setup import Setup

NORM_BIASES = ("*norm.bias", "*norm[12].bias")
ATTENTION_BIASES = ("*attn.*.bias", "*.attention.*.bias")
MLP_BIASES = ("*.ff.*.bias", "*.mlp.*.bias", "*_dense.bias")
FIRST_BIASES = ("projectors.*.bias", "feature_projection.projection.bias", "*.patch_embeddings.*.bias")
MISSING = "missing:"
"""What begins the id of a mistake that is one tensor's."""


def _rounding(kind: str) -> Change:
    return with_weights("*", lambda tensor: rounded(tensor, kind) if tensor.dtype == np.float32 else tensor)


def _square_transposed(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    square = {name: w for name, w in weights.items() if w.ndim == 2 and w.shape[0] == w.shape[1] and w.shape[0] > 1}
    return {name: w.T for name, w in square.items() if name.endswith(".weight")}


def _biases_but(*others: tuple[str, ...]) -> Change:
    """Biases that no other group has."""
    taken = tuple(pattern for group in others for pattern in group)

    def zeros(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        biases = [name for name in weights if name.endswith("bias") and not any(fnmatchcase(name, p) for p in taken)]
        return {name: np.zeros_like(weights[name]) for name in biases}

    return with_other_weights(zeros)


def _zeros(*patterns: str) -> Change:
    return with_weights(patterns, np.zeros_like)


def missing_tensors(setup: Setup) -> tuple[Mistake, ...]:
    """For every tensor of the model, and for those of all layers, the mistake that it is missing and taken as zeros."""

    def without(name: str) -> Mistake:
        sentence, right = f"{name} is missing, and zeros stand for it", "it is in the file"
        if "*" in name:
            sentence, right = f"{name} are missing, and zeros stand for them", "they are in the file"
        return Mistake(f"{MISSING}{name}", (setup.model,), sentence, right, _zeros(name))

    there = [name for name, tensor in setup.weights.items() if isinstance(tensor, np.ndarray) and tensor.any()]
    kinds = Counter(_kind_of(name) for name in there)
    return (*map(without, (kind for kind, count in kinds.items() if count > 1)), *map(without, there))


def _kind_of(name: str) -> str:
    """A tensor's name with * for the number of its layer: of every layer the same.

    >>> _kind_of("encoder.layers.3.1.ff.2.bias")
    'encoder.layers.*.1.ff.2.bias'
    """
    return re.sub(r"(?<=\.)(layers?\.)[0-9]+(?=\.)", r"\1*", name)


ADDED = "they are added"
F32 = "weights are float32, and so is the arithmetic"
WEIGHT_MISTAKES = (
    Mistake("biases-missing", ALL_MODELS, "all biases are missing", ADDED, _biases_but()),
    Mistake("norm-biases-missing", ALL_MODELS, "the biases of the norms are missing", ADDED, _zeros(*NORM_BIASES)),
    Mistake(
        "attention-biases-missing",
        ALL_MODELS,
        "the biases of attention are missing",
        ADDED,
        _zeros(*ATTENTION_BIASES),
    ),
    Mistake(
        "feed-forward-biases-missing",
        ALL_MODELS,
        "the biases of the feed-forward layers are missing",
        ADDED,
        _zeros(*MLP_BIASES),
    ),
    Mistake(
        "first-biases-missing",
        ALL_MODELS,
        "the biases of the projection into the model are missing",
        ADDED,
        _zeros(*FIRST_BIASES),
    ),
    Mistake(
        "square-transposed",
        ALL_MODELS,
        "square weights are used as (in, out)",
        "a linear layer is x @ weight.T: weights are (out, in)",
        with_other_weights(_square_transposed),
    ),
    Mistake(
        "embedding-scaled",
        ("llama",),
        "embeddings are multiplied by sqrt(D)",
        "they are taken as they are",
        with_weights("model.embed_tokens.weight", lambda table: table * np.float32(table.shape[1] ** 0.5)),
    ),
    Mistake("weights-bfloat16", ALL_MODELS, "weights are rounded to bfloat16", F32, _rounding("bfloat16")),
    Mistake("weights-float16", ALL_MODELS, "weights are rounded to float16", F32, _rounding("float16")),
    Mistake(
        "everything-bfloat16",
        ALL_MODELS,
        "weights and intermediates are bfloat16, or were saved in it",
        F32,
        lambda setup: in_precision(setup, "bfloat16", EVERY_TAP),
    ),
    Mistake(
        "everything-float16",
        ALL_MODELS,
        "weights and intermediates are float16, or were saved in it",
        F32,
        lambda setup: in_precision(setup, "float16", EVERY_TAP),
    ),
)
