"""Every op's vector-Jacobian product against finite differences of the op beside it."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tests.strategies import normal
from tribe_np.backend import to_device, to_host
from tribe_np.ops import activation, attention, conv, norm, pool, rotary

Arrays = Mapping[str, np.ndarray]
X = {"x": normal(1, 2, 7, 6)}
HEADS = {"query": normal(2, 2, 4, 5, 6), "key": normal(3, 2, 2, 7, 6), "value": normal(4, 2, 2, 7, 6)}
SQUARE = {name: normal(5 + i, 2, 3, 6, 4) for i, name in enumerate(("query", "key", "value"))}
COS, SIN = normal(8, 7, 4), normal(9, 7, 4)  # any numbers: both tables of every channel are its own


def given(
    name: str, arrays: Arrays, op: Callable[..., Any], vjp: Callable[..., Any], *fixed: Any, **options: Any
) -> Any:
    return pytest.param(arrays, op, vjp, fixed, options, id=name)


CASES = [
    given("gelu", X, activation.gelu, activation.gelu_vjp),
    given("sigmoid", X, activation.sigmoid, activation.sigmoid_vjp),
    given("silu", X, activation.silu, activation.silu_vjp),
    given("glu", X, activation.glu, activation.glu_vjp),
    given("silu_gate", X | {"up": normal(7, 2, 7, 6)}, activation.silu_gate, activation.silu_gate_vjp),
    given("relu", X, activation.relu, activation.relu_vjp),
    given("elu", X, activation.elu, activation.elu_vjp),
    given("prelu", X | {"slope": np.array([0.3])}, activation.prelu, activation.prelu_vjp),
    given("layer_norm", X | {"w": normal(2, 6), "b": normal(3, 6)}, norm.layer_norm, norm.layer_norm_vjp, eps=0.1),
    given("rms_norm", X | {"w": normal(2, 6)}, norm.rms_norm, norm.rms_norm_vjp, eps=0.1),
    given("scale_norm", X | {"g": normal(2, 1)}, norm.scale_norm, norm.scale_norm_vjp),
    given("scale_norm_short", X | {"g": normal(2, 1)}, norm.scale_norm, norm.scale_norm_vjp, eps=2.0),
    given("length_norm", X | {"g": normal(2, 6)}, norm.length_norm, norm.length_norm_vjp),
    given("unit_norm", X, norm.unit_norm, norm.unit_norm_vjp),
    given("unit_norm_short", X, norm.unit_norm, norm.unit_norm_vjp, eps=2.0),
    given("rotate_half", X, rotary.rotate_half, rotary.rotate_half_vjp, COS, SIN),
    given("rotate_half_whole", {"x": normal(1, 2, 7, 4)}, rotary.rotate_half, rotary.rotate_half_vjp, COS, SIN),
    given("rotate_adjacent", X, rotary.rotate_adjacent, rotary.rotate_adjacent_vjp, COS, SIN),
    given("depthwise", X | {"w": normal(2, 6, 4)}, conv.depthwise, conv.depthwise_vjp, pad_left=2, pad_right=1),
    given("depthwise_even", X | {"w": normal(2, 6, 4)}, conv.depthwise, conv.depthwise_vjp, pad_left=2, pad_right=2),
    given("depthwise_causal", X | {"w": normal(2, 6, 3)}, conv.depthwise_causal, conv.depthwise_causal_vjp),
    given("attention", HEADS, attention.attention, attention.attention_vjp, scale=0.4),
    given("attention_causal", HEADS, attention.attention, attention.attention_vjp, scale=0.4, causal=True),
    given(
        "attention_bias", HEADS | {"bias": normal(6, 4, 5, 7)}, attention.attention, attention.attention_vjp, scale=0.4
    ),
    given(
        "attention_bias_of_all", HEADS | {"bias": normal(6, 1, 1, 7)}, attention.attention, attention.attention_vjp,
        scale=0.4, causal=True,
    ),
    given(
        "relative_attention", SQUARE | {"embedding": normal(9, 5, 4)}, attention.relative_attention,
        attention.relative_attention_vjp, scale=0.5, left_span=3,
    ),
]  # fmt: skip
for n_bins in (7, 14, 1, 3, 5, 9):
    CASES.append(given(f"adaptive_pool_{n_bins}", X, pool.adaptive_pool, pool.adaptive_pool_vjp, n_bins, axis=1))


def call_op(op: Callable[..., Any], arrays: Arrays, fixed: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    named = {name: x for name, x in arrays.items() if name == "bias"}  # a keyword of attention
    return op(*[x for name, x in arrays.items() if name not in named], *fixed, **named, **options)


def call_vjp(vjp: Callable[..., Any], arrays: Arrays, grad: Any, fixed: tuple[Any, ...], options: Any) -> list[Any]:
    """The gradient of each array, whatever the product needs of them."""
    wanted = inspect.signature(vjp).parameters
    if vjp is pool.adaptive_pool_vjp:
        found = vjp(grad, arrays["x"].shape[options["axis"]], **options)
    elif "cos" in wanted:
        found = vjp(grad, *fixed)
    elif vjp is norm.layer_norm_vjp:
        found = vjp(arrays["x"], arrays["w"], grad, **options)
    else:
        named = {name: x for name, x in arrays.items() if name == "bias"}
        found = vjp(*[x for name, x in arrays.items() if name not in named], grad, **named, **options)
    return list(found) if isinstance(found, tuple) else [found]


@pytest.mark.parametrize(("arrays", "op", "vjp", "fixed", "options"), CASES)
def test_the_product_is_the_slope(arrays: Any, op: Any, vjp: Any, fixed: Any, options: Any) -> None:
    out = call_op(op, arrays, fixed, options)
    grad = normal(11, *out.shape)
    found = call_vjp(vjp, arrays, grad, fixed, options)
    step = 1e-6
    for (name, x), gradient in zip(arrays.items(), found, strict=False):
        assert gradient.shape == x.shape
        numeric = np.empty_like(x)
        for index in np.ndindex(x.shape):
            ends = []
            for sign in (1, -1):
                moved = x.copy()
                moved[index] += sign * step
                ends.append(np.sum(call_op(op, {**arrays, name: moved}, fixed, options) * grad))
            numeric[index] = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(gradient, numeric, rtol=2e-8, atol=2e-8 * np.abs(numeric).max(), err_msg=name)


@pytest.mark.parametrize(("arrays", "op", "vjp", "fixed", "options"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_array_module_gives_the_same(
    arrays: Any, op: Any, vjp: Any, fixed: Any, options: Any, dtype: Any, xp: Any
) -> None:
    arrays = {name: x.astype(dtype) for name, x in arrays.items()}
    fixed = tuple(x.astype(dtype) if isinstance(x, np.ndarray) else x for x in fixed)
    grad = normal(11, *call_op(op, arrays, fixed, options).shape, dtype=dtype)
    expected = call_vjp(vjp, arrays, grad, fixed, options)
    copies = {name: x.copy() for name, x in arrays.items()}

    def moved(x: Any) -> Any:
        return to_device(x, xp) if isinstance(x, np.ndarray) else x

    there = {name: moved(x) for name, x in arrays.items()}
    found = call_vjp(vjp, there, moved(grad), tuple(moved(x) for x in fixed), options)
    for one, other in zip(found, expected, strict=True):
        if other is None:
            assert one is None
            continue
        assert one.dtype == dtype
        np.testing.assert_allclose(to_host(one), other, rtol=1e-5 if xp.__name__ == "cupy" else 0, atol=0)
    for name, x in arrays.items():
        np.testing.assert_array_equal(x, copies[name])


def test_softmax_needs_its_result_alone() -> None:
    x, grad = normal(1, 3, 5), normal(2, 3, 5)
    x[1, 2] = -np.inf
    weights = activation.softmax(x)
    found = activation.softmax_vjp(weights, grad)
    for row in range(3):
        jacobian = np.diag(weights[row]) - np.outer(weights[row], weights[row])
        np.testing.assert_allclose(found[row], jacobian @ grad[row], atol=1e-15)
    assert found[1, 2] == 0


@pytest.mark.parametrize(("start", "n_keys"), [(0, 7), (2, 7), (0, 3), (5, 12)])
def test_distances_are_added_up_where_they_were_spread(start: int, n_keys: int) -> None:
    products, grad = normal(1, 2, 3, 5), normal(2, 2, 3, n_keys)  # both are linear: one is the other's transpose
    spread = attention.spread_distances(products, start, n_keys, 3)
    found = attention.spread_distances_vjp(grad, start, 5, 3)
    assert np.sum(spread * grad) == pytest.approx(np.sum(products * found), rel=1e-13)


def test_the_two_steps_of_attention_are_its_product() -> None:
    query, key, value = SQUARE.values()
    grad = normal(11, *query.shape)
    weights = activation.softmax(query @ key.swapaxes(-1, -2) * 0.4)
    scores, of_value = attention.mix_vjp(weights, value, grad)
    found = *attention.scores_vjp(query, key, scores, scale=0.4), of_value
    for one, other in zip(found, attention.attention_vjp(query, key, value, grad, scale=0.4), strict=False):
        np.testing.assert_allclose(one, other, atol=1e-14)


def test_blocks_change_no_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    grad = normal(11, *HEADS["query"].shape)
    bias = normal(6, 4, 5, 7)
    whole = attention.attention_vjp(*HEADS.values(), grad, scale=0.4, bias=bias, causal=True)
    monkeypatch.setattr(attention, "BLOCK_SCORES", 40)
    parts = attention.attention_vjp(*HEADS.values(), grad, scale=0.4, bias=bias, causal=True)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-14)


def test_a_zero_token_has_a_finite_gradient() -> None:
    zero, gain = np.zeros((1, 4)), np.array([2.0])
    grad_x, grad_gain = norm.scale_norm_vjp(zero, gain, np.ones((1, 4)))
    np.testing.assert_allclose(grad_x, 2 * 2 / 1e-12)  # divided by the eps, as torch
    assert grad_gain == 0
