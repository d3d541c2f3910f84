"""Arithmetic of the brain encoder per second of stimulus: matrix products only, a multiply-add counted as 2."""

import math
from collections.abc import Iterable

from tribe_np.formats.safetensors import TensorEntry


def encoder_per_second(
    entries: Iterable[TensorEntry], n_outputs: int, *, hidden: int, frequency: float, tr: float, duration: float
) -> float:
    """Every matrix once a step (read-out: once a TR, as one map where that is smaller), attention.

    `n_outputs` are the vertices that are computed.

    2 x numbers of the matrices x steps a second, and 4 D S for each attention over the S steps of a window.
    """
    steps, read_out, n_attentions = 0, {}, 0
    for entry in entries:
        name = entry.name.removeprefix("model.")
        if name.startswith(("projectors.", "combiner.", "encoder.")) and name.endswith("weight"):
            steps += math.prod(entry.shape) if len(entry.shape) > 1 else 0
            n_attentions += name.endswith(".to_q.weight")
        elif name == "low_rank_head.weight":
            read_out[name] = math.prod(entry.shape)
        elif name == "predictor.weights":
            read_out[name] = entry.shape[-2] * n_outputs  # of one row
    products = min(sum(read_out.values()), hidden * n_outputs)
    attention = 4 * hidden * frequency * duration * n_attentions
    return frequency * (2 * steps + attention) + 2 * products / tr
