"""Honest implementations of every model in float32: right, and each a little off in its own way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tribe_np.errors import MissingDependencyError
from tribe_np.kernels.kernel_set import KernelSet
from tribe_np.kernels.numba_set import numba_set
from tribe_np.nn.stages import PREFIX
from tribe_np.ops.activation import softmax
from tribe_np.optional import require
from tribe_np.oracle.budget import sum_orders
from tribe_np.oracle.budget.half_precision import in_precision
from tribe_np.oracle.budget.honest_kernels import (
    exp2_softmax,
    fused_set,
    moments_set,
    online_set,
    plain_sigmoid,
    short_erf_set,
    sigmoid_set,
    tanh_sigmoid,
)
from tribe_np.oracle.budget.sum_orders import OrderedModule, SumOrder
from tribe_np.oracle.kit_models.kit_model import EVERY_TAP
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array


@dataclass(frozen=True)
class HonestVariant:
    """A right way to run a model in float32: a change of its setup, and what is set around the run."""

    name: str
    kernels: Callable[[], KernelSet] | None = None
    order: SumOrder | None = None
    n_threads: int = 1

    def __call__(
        self, setup: Setup, precision: str = "float32", patterns: tuple[str, ...] = EVERY_TAP
    ) -> Setup:  # fmt: skip
        """The setup in a precision, computed this way; its edits hear the taps that match the patterns.

        Raises   MissingDependencyError where its kernels need a package that is not there
        """
        setup = in_precision(setup, precision, patterns)
        if self.kernels is not None:
            setup = replace(setup, kernels=self.kernels())
        return setup if self.order is None else summed_in(setup, self.order, patterns)

    @contextmanager
    def around(self) -> Iterator[None]:
        """Sets the threads of BLAS, where threadpoolctl is there to set them."""
        with threads_of_blas(self.n_threads):
            yield

    @property
    def is_available(self) -> bool:
        """Whether the packages it needs are there."""
        try:
            if self.kernels is not None:
                self.kernels()
        except MissingDependencyError:
            return False
        return True


def summed_in(setup: Setup, order: SumOrder, patterns: tuple[str, ...]) -> Setup:
    """The setup with sums in another order: weights, inputs and every intermediate are arrays that add up so."""
    module = OrderedModule(order)

    def go_on(name: str, array: Array) -> Array:
        return module.asarray(array)

    # media are prepared by the host
    edits = (*setup.edits, *((pattern, go_on) for pattern in patterns if not pattern.startswith(f"{PREFIX}.")))
    return replace(setup, device=module, edits=edits)


def threads_of_blas(number: int) -> Any:
    """A block in which BLAS has that many threads; one that changes nothing without threadpoolctl."""
    try:
        limits = require("threadpoolctl", extra="numba", why="setting BLAS's threads")
    except MissingDependencyError:
        return nullcontext()
    return limits.threadpool_limits(limits=number, user_api="blas")


HONEST = (
    HonestVariant("reference"),
    HonestVariant("two threads", n_threads=2),
    HonestVariant("numba", numba_set),
    HonestVariant("reversed", order=sum_orders.reversed_order()),
    HonestVariant("permuted", order=sum_orders.permuted_order(1)),
    HonestVariant("blocks of 4", order=sum_orders.blocked_order(4)),
    HonestVariant("blocks of 16", order=sum_orders.blocked_order(16)),
    HonestVariant("blocks of 64", order=sum_orders.blocked_order(64)),
    HonestVariant("pairwise", order=sum_orders.pairwise_order()),
    HonestVariant("sequential", order=sum_orders.sequential_order()),
    HonestVariant("double accumulation", fused_set, sum_orders.double_order()),
    HonestVariant("online softmax", partial(online_set, 8)),
    HonestVariant("norms by moments", moments_set),
    HonestVariant("powers of two", partial(sigmoid_set, "powers of two", plain_sigmoid, exp2_softmax)),
    HonestVariant("short erf", short_erf_set),
)
"""Those that make the bounds."""

HELD_OUT = (
    HonestVariant("blocks of 32", order=sum_orders.blocked_order(32)),
    HonestVariant("8 lanes", order=sum_orders.lane_order(8)),
    HonestVariant("fused multiply-add", order=sum_orders.fused_order()),
    HonestVariant("permuted otherwise", order=sum_orders.permuted_order(2)),
    HonestVariant("online softmax of 3", partial(online_set, 3)),
    HonestVariant("sigmoid by tanh", partial(sigmoid_set, "sigmoid by tanh", tanh_sigmoid, softmax)),
)
"""Those that tests hold against bounds which they had no part in."""
