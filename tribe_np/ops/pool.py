"""Pooling over time."""

from tribe_np.backend import array_module
from tribe_np.errors import ShapeError
from tribe_np.protocols import Array


def adaptive_pool(x: Array, n_bins: int, *, axis: int = -1) -> Array:
    """The mean over each of n_bins ranges of an axis.

    Shapes   x (..., T, ...) -> (..., R, ...) with R = n_bins, same dtype and module
    Numerics plain means; R = T is the identity
    Raises   ShapeError without a step or without a bin
    Source   torch 2.13.0 nn.AdaptiveAvgPool1d
    """
    xp = array_module(x)
    axis = axis % x.ndim
    before, n_steps, after = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    if n_steps < 1 or n_bins < 1:
        raise ShapeError(f"adaptive_pool: needs at least one step and one bin, got {n_steps} and {n_bins}")
    if n_steps == n_bins:
        return x
    if n_steps % n_bins == 0:
        return xp.mean(x.reshape(*before, n_bins, n_steps // n_bins, *after), axis=axis + 1)
    front = (slice(None),) * axis
    return xp.stack([xp.mean(x[(*front, slice(a, b))], axis=axis) for a, b in pool_bins(n_steps, n_bins)], axis=axis)


def adaptive_pool_vjp(grad: Array, n_steps: int, *, axis: int = -1) -> Array:
    """The gradient of x, from that of adaptive_pool(x, n_bins): each bin's share to every step of it.

    Shapes   grad (..., R, ...) -> (..., T, ...) with T = n_steps, same dtype and module
    Numerics linear in x, so that x is not needed; steps of several bins add up their shares
    Source   torch 2.13.0 nn.AdaptiveAvgPool1d, backward
    """
    xp = array_module(grad)
    axis = axis % grad.ndim
    before, n_bins, after = grad.shape[:axis], grad.shape[axis], grad.shape[axis + 1 :]
    if n_steps == n_bins:
        return grad
    if n_steps % n_bins == 0:
        return xp.repeat(grad / (n_steps // n_bins), n_steps // n_bins, axis=axis)
    front, total = (slice(None),) * axis, xp.zeros((*before, n_steps, *after), dtype=grad.dtype)
    for i, (a, b) in enumerate(pool_bins(n_steps, n_bins)):
        total[(*front, slice(a, b))] += grad[(*front, slice(i, i + 1))] / (b - a)
    return total


def pool_bins(n_steps: int, n_bins: int) -> list[tuple[int, int]]:
    """Half-open step ranges of adaptive pooling, floor(i T / R) to ceil((i + 1) T / R); disjoint only if R divides T.

    >>> pool_bins(10, 4)
    [(0, 3), (2, 5), (5, 8), (7, 10)]

    Source   torch 2.13.0 nn.AdaptiveAvgPool1d
    """
    return [(i * n_steps // n_bins, -((-(i + 1) * n_steps) // n_bins)) for i in range(n_bins)]
