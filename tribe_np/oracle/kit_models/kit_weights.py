"""How weights are drawn so that mistakes show: gains that are not 1, biases, attention far from uniform."""

from collections.abc import Collection
from math import prod

from tribe_np.oracle.generator import TensorRecipe, exponent_for

GAINS = ("g", "gamma", "residual_scale", "lambda1", "running_var")
"""Leaves that scale channels; so does a `weight` of one axis."""
BIAS_EXPONENT = 17
"""Exponent of what is added per channel: a standard deviation of 0.29."""


def drawn(name: str, shape: tuple[int, ...], *, enlarged: Collection[str] = (), n_inputs: int = 0) -> TensorRecipe:
    """The recipe of a weight that keeps the size of what it is applied to.

    enlarged   parts of names whose weights are twice as large: of queries and keys, for attention far from uniform
    n_inputs   that each output sums over; all axes but the first where it is not given
    """
    leaf = name.rpartition(".")[2]
    if leaf in GAINS or (leaf == "weight" and len(shape) == 1):
        return TensorRecipe(name, shape, "gain")
    if len(shape) == 1:
        return TensorRecipe(name, shape, exponent=BIAS_EXPONENT)
    gain = int(any(part in name for part in enlarged))
    return TensorRecipe(name, shape, exponent=exponent_for(n_inputs or prod(shape[1:]), gain=gain))
