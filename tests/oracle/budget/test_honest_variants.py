"""Other right ways to compute: the same in float64, another rounding in float32."""

from collections.abc import Mapping
from dataclasses import fields

import numpy as np
import pytest

from tests.kernels.cases import CASES, Case
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.oracle.budget.half_precision import rounded
from tribe_np.oracle.budget.honest_variants import HELD_OUT, HONEST, HonestVariant
from tribe_np.oracle.budget.sum_orders import OrderedArray, SumOrder, ordered
from tribe_np.oracle.budget.tap_errors import TapError, passes_of
from tribe_np.oracle.kit_models.kit_catalogue import MODELS
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit import Kit, make_kit

VARIANTS = [*HONEST, *HELD_OUT]
ORDERS = [variant.order for variant in VARIANTS if variant.order is not None]
SHORT_ERF = 4e-7


def name(of: HonestVariant | SumOrder) -> str:
    return of.name


@pytest.mark.parametrize("order", ORDERS, ids=name)
def test_an_order_adds_up_the_same_terms(order: SumOrder, rng: np.random.Generator) -> None:
    a, b = rng.standard_normal((2, 3, 5, 37)), rng.standard_normal((3, 37, 4))
    np.testing.assert_allclose(order.product(a, b), a @ b, atol=1e-12)
    found = ordered(a, order) @ b
    assert isinstance(found, OrderedArray)
    np.testing.assert_allclose(np.asarray(found), a @ b, atol=1e-12)
    np.testing.assert_allclose(np.mean(ordered(a, order), axis=(1, 3)), np.mean(a, axis=(1, 3)), atol=1e-12)
    whole = ordered(np.arange(6), order)
    assert np.sum(whole) == 15, "whole numbers are added by NumPy"


def test_an_order_reaches_what_is_written_into_and_what_is_computed_from_views(rng: np.random.Generator) -> None:
    seen = []

    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        seen.append(a.shape)
        return a @ b

    x = ordered(rng.standard_normal((4, 6)), SumOrder("watched", product))
    out = np.zeros((4, 4))
    np.matmul(x[:, ::2], x[:, ::2].T, out=out)
    assert seen == [(4, 3)]
    np.testing.assert_array_equal(out, np.asarray(x)[:, ::2] @ np.asarray(x)[:, ::2].T)
    (x * 2).reshape(2, 12) @ np.ones((12, 1))
    assert seen[1:] == [(2, 12)]


KERNELS = [variant for variant in VARIANTS if variant.kernels is not None and variant.is_available]


@pytest.mark.parametrize("variant", KERNELS, ids=name)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.entry}-{case.about}")
def test_kernels_are_those_of_the_reference(variant: HonestVariant, case: Case) -> None:
    arguments, options = case.arguments(np.float64, lambda array: array)
    expected = getattr(REFERENCE, case.entry)(*arguments, **options)
    found = getattr(variant.kernels(), case.entry)(*arguments, **options)
    bound = SHORT_ERF if variant.name == "short erf" else 1e-12
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=bound * np.max(np.abs(expected), initial=1.0))


def test_a_set_of_kernels_names_all() -> None:
    for variant in KERNELS:
        kernels = variant.kernels()
        assert all(callable(getattr(kernels, field.name)) for field in fields(KernelSet) if field.name != "name")


@pytest.mark.parametrize("model", MODELS)
def test_every_variant_is_another_rounding(model: str) -> None:
    """Each variant of a kind that the model has computes other bits somewhere, and the right numbers everywhere."""
    kit = make_kit(model, seed=5)
    plain, same = both_passes(HONEST[0], kit), []
    for variant in filter(lambda variant: variant.is_available, VARIANTS):
        theirs = both_passes(variant, kit)
        assert max(TapError.between(x[tap], kit.expected[tap]).rms for x in theirs for tap in x) < 1e-4, variant.name
        if all(np.array_equal(x[tap], y[tap]) for x, y in zip(plain, theirs, strict=True) for tap in x):
            same.append(variant.name)
    assert set(same) <= {"reference", "two threads", *NOT_EVERYWHERE}


NOT_EVERYWHERE = ("short erf", "blocks of 64", "sigmoid by tanh")
"""There may be no GELU, no sum of more than 64 terms, no sigmoid."""


def both_passes(variant: HonestVariant, kit: Kit) -> list[Mapping[str, np.ndarray]]:
    return [
        run_setup(variant(kit.setup, patterns=patterns), patterns=patterns).taps.arrays
        for patterns in passes_of(kit.model)
    ]


def test_half_precisions_round_to_the_nearest_even() -> None:
    x = np.array([1.0, 1 + 2.0**-8, 1 + 3 * 2.0**-8, -1 - 2.0**-7, 3e38, np.inf, -np.inf, 0.0, 1e-40], np.float32)
    found = rounded(x, "bfloat16")
    assert found[:4].tolist() == [1.0, 1.0, 1 + 2.0**-6, -1 - 2.0**-7]
    assert np.all((found.view(np.uint32) & 0xFFFF) == 0)
    assert found[5:8].tolist() == [np.inf, -np.inf, 0.0]
    assert np.isnan(rounded(np.array([np.nan]), "bfloat16")).all()
    np.testing.assert_array_equal(rounded(x[:4], "float16"), x[:4].astype(np.float16).astype(np.float32))
    assert rounded(np.array([1e6]), "float16")[0] == np.inf
