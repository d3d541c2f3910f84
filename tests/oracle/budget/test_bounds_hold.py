"""Bounds let honest implementations pass that had no part in them, and small mistakes stand outside."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.oracle.budget.bound_sets import measured_case
from tribe_np.oracle.budget.bounds import bound_of, measured_cases, measured_sets
from tribe_np.oracle.budget.honest_variants import HELD_OUT, HONEST, HonestVariant
from tribe_np.oracle.budget.tap_errors import RunErrors, TapError, errors_of, run_errors
from tribe_np.oracle.conformance.comparing_kits import compare_kit
from tribe_np.oracle.kit_models.kit_catalogue import MODELS, kit_model
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit import Kit, make_kit, planned_kit, with_expected
from tribe_np.protocols import Array

HELD_OUT_SEEDS = (11, 12, 13)
VARIANTS = [*HELD_OUT, HONEST[0]]
BOTH = ("numba", "norms by moments", "double accumulation")
CASES = [(model, case.name) for model in MODELS for case in kit_model(model).cases]


def outside(kit: Kit, errors: RunErrors, precision: str = "float32") -> dict[str, list[str]]:
    """Taps that are beyond a bound, and which of their errors are."""
    found: dict[str, list[str]] = {}
    for name in errors.accumulated:
        bounds = bound_of(kit.model, kit.case, name, precision)
        assert bounds.note == "", f"{name}: {bounds.note}"
        pairs = {"accumulated": (bounds.accumulated, errors.accumulated), "local": (bounds.local, errors.local)}
        out = [kind for kind, (bound, of) in pairs.items() if not bound.holds(of[name])]
        if out:
            found[name] = out
    return found


@pytest.mark.parametrize("variant", [v for v in VARIANTS if v.is_available], ids=lambda variant: variant.name)
@pytest.mark.parametrize("model", MODELS)
def test_variants_and_seeds_that_made_no_bound_pass(model: str, variant: HonestVariant) -> None:
    kit = make_kit(model, seed=HELD_OUT_SEEDS[0])
    assert outside(kit, errors_of(kit.setup, variant, kit.expected)) == {}


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
@pytest.mark.parametrize("model", MODELS)
def test_half_precisions_pass(model: str, precision: str) -> None:
    kit = make_kit(model, seed=HELD_OUT_SEEDS[1])
    for variant in (HELD_OUT[0], HELD_OUT[4]):
        assert outside(kit, errors_of(kit.setup, variant, kit.expected, precision), precision) == {}


@pytest.mark.parametrize("model", ["encoder", "wav2vec_bert", "dinov2"])
def test_a_layer_of_the_released_model_passes_at_its_full_length(model: str) -> None:
    """The encoder's released kit has 200 steps, whose angles are larger than those of fewer."""
    record = kit_model(model)
    for first in (0, 5):
        plan = planned_kit(model, record.released(), record.released_sizes(), seed=21, layers=(first, first + 1))
        kit = replace(with_expected(plan), origin="released")
        assert compare_kit(kit, run_setup(replace(kit.setup, precision="float32")).taps).conforms


def test_every_case_has_bounds() -> None:
    assert [f"{model}/{case}" for model, case in CASES if case not in measured_cases(model)] == []


@pytest.mark.oracle
@pytest.mark.parametrize(("model", "case"), CASES)
def test_every_case_passes_with_seeds_that_made_no_bound(model: str, case: str) -> None:
    for seed in HELD_OUT_SEEDS:
        kit = make_kit(model, case, seed=seed)
        for variant in filter(lambda variant: variant.is_available, [*VARIANTS, *_named(BOTH)]):
            assert outside(kit, errors_of(kit.setup, variant, kit.expected)) == {}, (seed, variant.name)


def _named(names: tuple[str, ...]) -> list[HonestVariant]:
    return [variant for variant in HONEST if variant.name in names]


def tanh_gelu(x: Array) -> Array:
    return 0.5 * x * (1 + np.tanh(0.7978845608028654 * (x + 0.044715 * x**3)))


def eps_beside_length(x: Array, gain: Array, *, eps: float = 1e-12) -> Array:
    return x / (np.sqrt(np.mean(x * x, axis=-1, keepdims=True)) + 1e-6) * gain


def eps_outside_root(x: Array, weight: Array, *, eps: float) -> Array:
    return weight * (x / (np.sqrt(np.mean(x * x, axis=-1, keepdims=True)) + eps))


def eps_outside_deviation(x: Array, weight: Array, bias: Array | None = None, *, eps: float) -> Array:
    centred = x - np.mean(x, axis=-1, keepdims=True)
    normed = centred / (np.sqrt(np.mean(centred * centred, axis=-1, keepdims=True)) + eps)
    return normed * weight if bias is None else normed * weight + bias


def with_kernels(**entries: Callable[..., Array]) -> KernelSet:
    return replace(REFERENCE, **entries)


NORMS = ("norm.output", "norm1.output", "norm2.output")
ENDS = (*NORMS, "output")  # a layer of Wav2Vec-BERT ends with a norm
MISTAKES = [  # the first tap that is off, and the others that the mistake makes
    ("encoder", with_kernels(gelu=tanh_gelu), "layers.1.activated", ("activated",)),
    ("vjepa2", with_kernels(gelu=tanh_gelu), "layer.0.mlp.activated", ("activated",)),
    ("dinov2", with_kernels(gelu=tanh_gelu), "layer.0.mlp.activated", ("activated",)),
    ("encoder", with_kernels(scale_norm=eps_beside_length), "layers.0.norm.output", NORMS),
    ("llama", with_kernels(rms_norm=eps_outside_root), "layers.0.input_layernorm.output", ("norm.output",)),
    ("wav2vec_bert", with_kernels(layer_norm=eps_outside_deviation), "feature_projection.layer_norm.output", ENDS),
    ("vjepa2", with_kernels(layer_norm=eps_outside_deviation), "layer.0.norm1.output", NORMS),
    ("dinov2", with_kernels(layer_norm=eps_outside_deviation), "layer.0.norm1.output", NORMS),
]  # fmt: skip


@pytest.mark.parametrize(("model", "kernels", "first", "leaves"), MISTAKES)
def test_small_mistakes_stand_outside_where_they_are_made(
    model: str, kernels: KernelSet, first: str, leaves: tuple[str, ...]
) -> None:
    """Local errors are beyond their bounds where the mistake is made, and nowhere else."""
    kit = make_kit(model, seed=0)
    theirs = run_setup(replace(kit.setup, kernels=kernels, precision="float32")).taps
    found = outside(kit, run_errors(kit.setup, theirs, kit.expected))
    assert next(iter(found)).endswith(first)
    assert all(name.endswith(leaves) for name, out in found.items() if "local" in out)


@pytest.mark.parametrize("model", ["llama", "wav2vec_bert"])
def test_measured_again_they_are_the_same_within_a_factor_of_two(model: str) -> None:
    committed = measured_sets()[model, "plain", "float32"]
    again = measured_case(model, "plain", range(2))
    assert list(again) == list(committed)
    for name, tap in again.items():
        pairs = [(tap.local, committed[name].local)]
        pairs += [(error, committed[name].at(layer, None)) for layer, error in tap.accumulated.items()]
        for error, before in pairs:
            assert error.rms <= 2 * before.rms + TINY, name
            assert before.rms <= 2 * error.rms + TINY, name
            assert error.largest <= 2 * before.largest + TINY, name


TINY = 2.0**-26


def test_errors_of_infinite_and_absent_numbers() -> None:
    reference = np.array([1.0, -1.0, -np.inf])
    assert TapError.between(np.array([1.0, -1.1, -np.inf]), reference).largest == pytest.approx(0.1)
    for theirs in ([1.0, -1.0, 0.0], [1.0, np.nan, -np.inf], [np.inf, -1.0, -np.inf]):
        assert TapError.between(np.array(theirs), reference).rms == np.inf
    assert TapError.between(np.zeros(3), np.zeros(3)).rms == 0
    assert TapError.between(np.ones(3), np.zeros(3)).rms == np.inf
    assert TapError.between(np.ones(3), np.ones(2)).rms == np.inf
