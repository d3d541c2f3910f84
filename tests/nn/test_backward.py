"""What a backward pass carries along, and the layers' gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.strategies import normal
from tribe_np.nn.backward import Backward, keeping, under
from tribe_np.nn.context import Context, Listener
from tribe_np.nn.layers import LayerNorm, Linear, RmsNorm

SILENT = Backward({}, Context())


def assert_slope(loss: Callable[[np.ndarray], float], x: np.ndarray, gradient: np.ndarray) -> None:
    direction = normal(3, *x.shape)
    expected = (loss(x + 1e-6 * direction) - loss(x - 1e-6 * direction)) / 2e-6
    assert gradient.shape == x.shape
    assert np.sum(gradient * direction) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("bias", [True, False])
def test_linear(bias: bool) -> None:
    weight, offset, x, grad = normal(1, 3, 4), normal(1, 3), normal(2, 2, 5, 4), normal(3, 2, 5, 3)
    grad_x, found = Linear(weight, offset if bias else None).vjp(x, grad, SILENT)
    assert set(found) == ({"weight", "bias"} if bias else {"weight"})
    assert_slope(lambda v: np.sum(Linear(weight, None)(v) * grad), x, grad_x)
    assert_slope(lambda v: np.sum(Linear(v, None)(x) * grad), weight, found["weight"])
    if bias:
        assert_slope(lambda v: np.sum(Linear(weight, v)(x) * grad), offset, found["bias"])
    assert Linear(weight, offset).vjp(x, grad, Backward({}, Context(), wants_weights=False))[1] == {}


@pytest.mark.parametrize("bias", [True, False])
def test_layer_norm(bias: bool) -> None:
    weight, offset, x, grad = normal(1, 4), normal(2, 4) if bias else None, normal(2, 2, 5, 4), normal(3, 2, 5, 4)
    grad_x, found = LayerNorm(weight, offset, 0.1).vjp(x, grad)
    assert set(found) == ({"weight", "bias"} if bias else {"weight"})
    assert_slope(lambda v: np.sum(LayerNorm(weight, offset, 0.1)(v, Context()) * grad), x, grad_x)
    assert_slope(lambda v: np.sum(LayerNorm(v, offset, 0.1)(x, Context()) * grad), weight, found["weight"])


def test_rms_norm() -> None:
    weight, x, grad = normal(1, 4), normal(2, 2, 5, 4), normal(3, 2, 5, 4)
    grad_x, found = RmsNorm(weight, 0.1).vjp(x, grad)
    assert_slope(lambda v: np.sum(RmsNorm(weight, 0.1)(v, Context()) * grad), x, grad_x)
    assert_slope(lambda v: np.sum(RmsNorm(v, 0.1)(x, Context()) * grad), weight, found["weight"])


def test_a_backward_pass_takes_and_shows_by_the_layers_path() -> None:
    heard: dict[str, Any] = {}
    back = Backward(
        {"layers.0.query": np.ones(2)}, Context(listeners=(Listener(heard.__setitem__),), path="gradient.model")
    )
    layer = back.at("layers", 0)
    assert layer.took("query") is back.kept["layers.0.query"]
    gradient = np.zeros(3)
    assert layer.see("query", gradient) is gradient
    layer.silent().see("key", gradient)
    assert list(heard) == ["gradient.model.layers.0.query"]
    with pytest.raises(KeyError, match=r"layers\.0\.missing"):
        layer.took("missing")


def test_keeping_keeps_and_still_shows() -> None:
    heard: dict[str, Any] = {}
    ctx, kept = keeping(Context(listeners=(Listener(heard.__setitem__, patterns=("*query",)),), path="model"))
    query = ctx.at("layers", 0).see("query", np.ones(2))
    ctx.at("layers", 0).see("key", np.ones(2))
    assert set(kept) == {"layers.0.query", "layers.0.key"}
    assert kept["layers.0.query"] is query
    assert list(heard) == ["model.layers.0.query"]


def test_under_names_what_lies_above() -> None:
    assert list(under(3, {"weight": 1, "bias": 2})) == ["3.weight", "3.bias"]
