"""Kernels compared at every stage of the brain encoder, and a wrong kernel found.

A `KernelSet` is a record of the hot operations. `dataclasses.replace` swaps one of them for a function of your own; a
trace of the reference and one of the other set, compared stage by stage, say where the two part.

Run it: python examples/compare_kernels.py. It prints (without the extra `numba`, not the second line):

    reference against itself: largest error 0.0e+00
    numba: largest error 1.8e-14
    own gelu: largest error 7.1e-15
    three own kernels at once: first error above 1e-10 at encoder.layers.1.activated: 8.2e-04
    one by one: attention 9.4e-15, gelu 1.5e-03, scale_norm 1.3e-14
    the wrong kernel is gelu

Errors are the largest difference over the root mean square of the reference.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.special import ndtr

from tribe_np import FmriEncoder, Recording, trace
from tribe_np.encoder.random import write_random
from tribe_np.errors import MissingDependencyError
from tribe_np.kernels.choose import kernel_set
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.oracle import compare

BOUND = 1e-10  # in float64 rounding stays far below it; a mistake does not


def own_gelu(x: np.ndarray) -> np.ndarray:
    """x times the share of a normal distribution below x: right, since it is the definition."""
    return x * ndtr(x)


def tanh_gelu(x: np.ndarray) -> np.ndarray:
    """The approximation that some libraries call by the same name: wrong here, by a little."""
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def own_attention(
    query: np.ndarray, key: np.ndarray, value: np.ndarray, *, scale: float, bias: Any = None, causal: bool = False
) -> np.ndarray:
    """All scores at once, (B, N, S, T): right, as long as nobody asks for a bias or a mask."""
    if bias is not None or causal:
        raise NotImplementedError("own_attention has no bias and no mask")
    scores = np.exp(query @ key.swapaxes(-1, -2) * scale)
    return scores / scores.sum(axis=-1, keepdims=True) @ value


def own_scale_norm(x: np.ndarray, gain: np.ndarray, *, eps: float = 1e-12) -> np.ndarray:
    """Each token rescaled to length gain * sqrt(D)."""
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return x * (gain * x.shape[-1] ** 0.5 / np.maximum(length, eps))


def main() -> None:
    """Two right sets, one with a mistake, and the search for it."""
    rng = np.random.default_rng(0)
    features = {"audio": rng.standard_normal((1, 2, 24, 20))}  # (B, G, F, T)
    with TemporaryDirectory() as folder:
        write_random(folder, seed=0, feature_dims={"audio": (2, 24)}, n_outputs=100, n_output_timesteps=10)

        def record(kernels: KernelSet) -> Recording:
            encoder = FmriEncoder.from_pretrained(folder, precision="float64", kernels=kernels)
            with trace() as recording:
                encoder(features)
            return recording

        run_all(record)


def run_all(record: Callable[[KernelSet], Recording]) -> None:
    """`record` runs the encoder on a kernel set and gives every named intermediate."""
    reference = record(REFERENCE)

    def largest_error(kernels: KernelSet) -> float:
        return max(row.max_error for row in compare(record(kernels), reference, strict=True))

    print(f"reference against itself: largest error {largest_error(REFERENCE):.1e}")
    right = {"own gelu": replace(REFERENCE, name="own", gelu=own_gelu)}
    with suppress(MissingDependencyError):
        right = {"numba": kernel_set("numba"), **right}
    for name, kernels in right.items():
        error = largest_error(kernels)
        print(f"{name}: largest error {error:.1e}")
        if error > BOUND:
            raise SystemExit(f"{name} is not the same operation")

    # one of these three is wrong: the first stage above the bound says where, swapping one at a time says which
    entries: dict[str, Any] = {"attention": own_attention, "gelu": tanh_gelu, "scale_norm": own_scale_norm}
    three = record(replace(REFERENCE, name="three", **entries))
    rows = compare(three, reference, strict=True)  # in the order of computation
    first = next((row for row in rows if row.max_error > BOUND), None)
    if first is None:
        raise SystemExit("the wrong kernel was not noticed")
    print(f"three own kernels at once: first error above {BOUND} at {first.name}: {first.max_error:.1e}")
    errors = {name: largest_error(replace(REFERENCE, name=name, **{name: entries[name]})) for name in entries}
    print("one by one: " + ", ".join(f"{name} {error:.1e}" for name, error in errors.items()))
    wrong = [name for name, error in errors.items() if error > BOUND]
    print(f"the wrong kernel is {' and '.join(wrong)}")
    if wrong != ["gelu"]:
        raise SystemExit("the search found something else")


if __name__ == "__main__":
    main()
