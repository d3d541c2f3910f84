"""The stand-in refuses what it is there to catch, and computes what NumPy computes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.fake_device import FakeArray, module

X = np.arange(6.0).reshape(2, 3) + 1

MISUSES: dict[str, Callable[[FakeArray], Any]] = {
    "a NumPy function": lambda x: np.exp(x),
    "a NumPy reduction": lambda x: np.sum(x),
    "a NumPy list function": lambda x: np.concatenate([x, x]),
    "np.asarray": lambda x: np.asarray(x),
    "np.array": lambda x: np.array([x]),
    "host right of it": lambda x: x + X,
    "host left of it": lambda x: X + x,
    "host matrix product": lambda x: X.T @ x,
    "a NumPy scalar right of it": lambda x: x * np.float32(2),
    "a NumPy scalar left of it": lambda x: np.float64(2) * x,
    "host in its own function": lambda x: module.exp(X),
    "host in a list": lambda x: module.stack([x, X]),
    "host keyword": lambda x: module.full((2,), fill_value=X[0, 0]),
    "host index": lambda x: x[np.array([0])],
    "host assigned": lambda x: x.__setitem__(0, X[0]),
}


@pytest.mark.parametrize("misuse", MISUSES)
def test_misuse_is_a_type_error(misuse: str) -> None:
    with pytest.raises(TypeError):
        MISUSES[misuse](module.asarray(X))


@pytest.mark.parametrize("name", ["einsum_path2", "vecdot", "asnumpy2", "get_include", "erf"])
def test_names_that_are_not_shared(name: str) -> None:
    with pytest.raises(AttributeError):
        getattr(module, name)


def test_methods_that_a_device_lacks() -> None:
    with pytest.raises(AttributeError):
        module.asarray(X).tofile("x")
    with pytest.raises(TypeError):
        hash(module.asarray(X))


def test_values_are_numpys() -> None:
    x = module.asarray(X)
    y = (2 * x - x / 3) ** 2 @ x.T
    np.testing.assert_array_equal(module.asnumpy(y), (2 * X - X / 3) ** 2 @ X.T)
    np.testing.assert_array_equal(module.asnumpy(module.where(x > 2, -x, abs(x))), np.where(X > 2, -X, X))
    assert float(module.sum(x)) == 21
    assert int(module.argmax(x)) == 5
    assert bool(module.all(~(x < 0)))
    assert [float(row.sum()) for row in x] == [6, 15]
    assert len(x) == 2
    assert x.T.shape == (3, 2)
    assert module.float32 is np.float32
    assert module.asarray(x) is x
    assert module.asarray(x, np.float32).dtype == np.float32
    assert "FakeArray" in repr(x)
    assert [part.shape for part in module.split(x, 3, axis=1)] == [(2, 1)] * 3


def test_changing_in_place_is_seen_through_a_view_and_not_on_the_host() -> None:
    host = X.copy()
    x = module.asarray(host)
    row = x[0]
    row += 10
    x[1] = row
    np.testing.assert_array_equal(module.asnumpy(x), [[11, 12, 13]] * 2)
    np.testing.assert_array_equal(host, X)
