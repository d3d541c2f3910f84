"""Upstream's float32 islands: steps that it takes in float32 whatever the model's precision, and what each does.

An island is planted in a run that is float64 everywhere else, so that the error at a tap is that island's alone. What
is right (`expected` of a kit) has none of them, but for tables of inverse frequencies, which are weights.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tribe_np.kernels.kernel_set import ActivationKernel, RmsNormKernel
from tribe_np.oracle.budget.honest_fronts import positions_in_float32
from tribe_np.oracle.budget.honest_kernels import relative_by, whole_attention
from tribe_np.oracle.budget.tap_errors import TapError
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit import Kit
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array

TABLES_OF_ANGLES = ("*.cos", "*.sin")


@dataclass(frozen=True)
class Island:
    """A step of upstream in float32.

    Fields   models whose upstream takes it; meaning one sentence; source where it stands; change plants it in a run
    """

    name: str
    models: tuple[str, ...]
    meaning: str
    source: str
    change: Callable[[Setup], Setup]


def with_narrow_softmax(setup: Setup) -> Setup:
    """softmax of float32 logits in float32; both matrix products stay as they are."""
    softmax = narrowed(setup.kernels.softmax)

    def attention(query: Array, key: Array, value: Array, **options: Any) -> Array:
        return whole_attention(query, key, value, **options, softmax=softmax)

    kernels = replace(
        setup.kernels, softmax=softmax, attention=attention, relative_attention=relative_by(attention)
    )  # fmt: skip
    return replace(setup, kernels=kernels)


def with_narrow_norm(setup: Setup) -> Setup:
    """The root mean square and the division by it in float32; the gain is multiplied in the model's precision."""
    norm: RmsNormKernel = setup.kernels.rms_norm

    def rms_norm(x: Array, weight: Array, *, eps: float) -> Array:
        narrow = x.astype(np.float32)
        return weight * norm(narrow, np.ones(x.shape[-1:], np.float32), eps=eps).astype(x.dtype)

    return replace(setup, kernels=replace(setup.kernels, rms_norm=rms_norm))


def with_narrow_taps(patterns: tuple[str, ...]) -> Callable[[Setup], Setup]:
    """Taps that depend on no weight and no input are those of a run in float32."""

    def change(setup: Setup) -> Setup:
        tables = run_setup(replace(setup, precision="float32"), patterns=patterns).taps

        def put(name: str, array: Array) -> Array:
            return tables[name].astype(array.dtype)

        return replace(setup, edits=(*setup.edits, *((pattern, put) for pattern in patterns)))

    return change


def narrowed(kernel: ActivationKernel) -> ActivationKernel:
    """The kernel on float32, its result in the dtype that came."""

    def narrow(x: Array) -> Array:
        return kernel(x.astype(np.float32)).astype(x.dtype)

    return narrow


ISLANDS = (
    Island(
        "softmax", ("encoder", "llama", "vjepa2"), "softmax of attention's logits in float32",
        "x-transformers 1.27.20 Attend; transformers 5.23.0 eager_attention_forward", with_narrow_softmax,
    ),
    Island(
        "norms", ("llama",), "root mean square and division by it in float32", "transformers 5.23.0 LlamaRMSNorm",
        with_narrow_norm,
    ),
    Island(
        "angles", ("llama",), "angles, cosines and sines in float32", "transformers 5.23.0 LlamaRotaryEmbedding",
        with_narrow_taps(TABLES_OF_ANGLES),
    ),
    Island(
        "positions", ("dinov2",), "the position table resized in float32", "transformers 5.23.0 Dinov2Embeddings",
        lambda setup: positions_in_float32(setup) or setup,
    ),
)  # fmt: skip
"""All that there are in the models' code at the pinned versions; Wav2Vec-BERT has none."""


def islands_of(model: str) -> list[Island]:
    """Those of a model's upstream."""
    return [island for island in ISLANDS if model in island.models]


def island_effects(kit: Kit, patterns: tuple[str, ...] = ("*",)) -> dict[str, Mapping[str, TapError]]:
    """The error at each tap, by the island that alone makes it; under "all" with every island of the model."""
    changes: dict[str, Callable[[Setup], Setup]] = {island.name: island.change for island in islands_of(kit.model)}
    if len(changes) > 1:
        changes["all"] = _one_after_another(list(changes.values()))
    found: dict[str, Mapping[str, TapError]] = {}
    for name, change in changes.items():
        taps = run_setup(change(kit.setup), patterns=patterns).taps
        found[name] = {tap: TapError.between(taps[tap], kit.expected[tap]) for tap in taps.names()}
    return found


def _one_after_another(changes: list[Callable[[Setup], Setup]]) -> Callable[[Setup], Setup]:
    def change(setup: Setup) -> Setup:
        for one in changes:
            setup = one(setup)
        return setup

    return change
