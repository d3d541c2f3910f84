"""Sums in other orders than BLAS's: arrays whose products and totals are added up as one is told.

Floating-point sums depend on their order, and every library has its own: blocks, lanes of a vector unit, one after the
other. All of them are right. `OrderedArray` is a NumPy array that hands matrix products and sums to an order; what is
computed from one is one again, so that a model runs in that order from the first tap on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Product = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""a (..., M, K), b (..., K, N) -> (..., M, N)."""


@dataclass(frozen=True)
class SumOrder:
    """How the K terms of a matrix product are added up; a sum is a product with ones."""

    name: str
    product: Product

    def total(self, x: np.ndarray, axis: Any, keepdims: bool) -> np.ndarray:
        """The sum along axes."""
        axes = tuple(range(x.ndim)) if axis is None else np.atleast_1d(axis) % x.ndim
        kept = [k for k in range(x.ndim) if k not in axes]
        flat = np.transpose(x, (*kept, *axes)).reshape(*(x.shape[k] for k in kept), -1)
        rows = flat.reshape(-1, flat.shape[-1])
        found = self.product(rows, np.ones((rows.shape[1], 1), x.dtype))[:, 0].reshape(flat.shape[:-1])
        shape = tuple(1 if k in axes else n for k, n in enumerate(x.shape))
        return found.reshape(shape) if keepdims else found


class OrderedArray(np.ndarray):
    """An array whose matrix products and sums are added up in `order`."""

    order: SumOrder

    def __array_finalize__(self, source: Any) -> None:
        """Views and copies keep the order."""
        if hasattr(source, "order"):
            self.order = source.order

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Products and sums by the order, all else by NumPy."""
        plain = [np.asarray(x) if isinstance(x, OrderedArray) else x for x in inputs]
        out = tuple(np.asarray(x) for x in options.pop("out", ()) or ())
        if ufunc is np.matmul and min(np.ndim(x) for x in plain) >= 2:
            found = self.order.product(*plain)
        elif ufunc is np.add and method == "reduce" and plain[0].dtype.kind == "f":
            found = self.order.total(plain[0], options.get("axis", 0), bool(options.get("keepdims")))
        else:
            found = getattr(ufunc, method)(*plain, **options, **({"out": out} if out else {}))
            out = ()
        if out:
            np.copyto(out[0], found)
            found = out[0]
        return ordered(found, self.order) if isinstance(found, np.ndarray) else found


def ordered(x: np.ndarray, order: SumOrder) -> OrderedArray:
    """The same numbers, which are added up in `order` from here on."""
    array = np.asarray(x).view(OrderedArray)
    array.order = order
    return array


@dataclass(frozen=True)
class OrderedModule:
    """A device whose arrays add up in an order: what is placed on it is an OrderedArray."""

    order: SumOrder

    def __getattr__(self, name: str) -> Any:
        """Everything else is NumPy's."""
        return getattr(np, name)

    def asarray(self, x: np.ndarray) -> np.ndarray:
        """The array, of floating-point numbers an ordered one."""
        return ordered(x, self.order) if x.dtype.kind == "f" else x


def reversed_order() -> SumOrder:
    """From the last term to the first."""
    return SumOrder("reversed", lambda a, b: _contiguous(a[..., ::-1]) @ _contiguous(b[..., ::-1, :]))


def permuted_order(seed: int) -> SumOrder:
    """Terms in a random order, the same in all rows."""

    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        order = np.random.default_rng(seed).permutation(a.shape[-1])
        found: np.ndarray = _contiguous(a[..., order]) @ _contiguous(b[..., order, :])
        return found

    return SumOrder(f"permuted {seed}", product)


def blocked_order(width: int) -> SumOrder:
    """Blocks of neighbouring terms, each by BLAS, added one after the other."""

    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        total: np.ndarray = a[..., :width] @ b[..., :width, :]
        for k in range(width, a.shape[-1], width):
            total = total + a[..., k : k + width] @ b[..., k : k + width, :]
        return total

    return SumOrder(f"blocks of {width}", product)


def lane_order(n_lanes: int) -> SumOrder:
    """As a vector unit does: each lane adds every n-th term, then the lanes are added."""

    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        lanes = [_one_by_one(a[..., j::n_lanes], b[..., j::n_lanes, :]) for j in range(min(n_lanes, a.shape[-1]))]
        total = lanes[0]
        for lane in lanes[1:]:
            total = total + lane
        return total

    return SumOrder(f"{n_lanes} lanes", product)


def sequential_order() -> SumOrder:
    """Term by term, each product and each sum rounded: a plain loop."""
    return SumOrder("sequential", _one_by_one)


def pairwise_order(leaf: int = 8) -> SumOrder:
    """Halves of halves, down to a few terms: as np.sum adds."""

    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        n_terms = a.shape[-1]
        if n_terms <= leaf:
            return _one_by_one(a, b)
        half = n_terms // 2
        total: np.ndarray = product(a[..., :half], b[..., :half, :]) + product(a[..., half:], b[..., half:, :])
        return total

    return SumOrder(f"pairwise to {leaf}", product)


def double_order() -> SumOrder:
    """In float64, rounded once: more exact than fused multiply-add, which rounds each sum but no product."""

    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        found: np.ndarray = (a.astype(np.float64) @ b.astype(np.float64)).astype(np.result_type(a, b))
        return found

    return SumOrder("double", product)


def fused_order() -> SumOrder:
    """Fused multiply-add, term by term: products are exact (float64 holds them), each sum is rounded."""

    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        dtype = np.result_type(a, b)
        total = np.zeros(_product_shape(a, b), dtype)
        for k in range(a.shape[-1]):
            exact = a[..., :, k, None].astype(np.float64) * b[..., k, None, :].astype(np.float64)
            total = (total + exact).astype(dtype)
        return total

    return SumOrder("fused", product)


def _one_by_one(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    total = np.zeros(_product_shape(a, b), np.result_type(a, b))
    for k in range(a.shape[-1]):
        total += a[..., :, k, None] * b[..., k, None, :]
    return total


def _product_shape(a: np.ndarray, b: np.ndarray) -> tuple[int, ...]:
    return (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])


def _contiguous(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x)
