"""bfloat16 and float16, emulated: numbers rounded at declared points, arithmetic in float32 between them.

NumPy has no bfloat16, and the half precisions of devices differ in what they keep wider. What they have in common is
what is stored: these points are rounded, to nearest and ties to even, and nothing else is (see POINTS).
"""

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError
from tribe_np.oracle.kit_models.kit_catalogue import kit_model
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array

POINTS = (
    "every weight but the float32 tables that upstream builds (inverse frequencies)",
    "every input that is a floating-point number",
    "of the pipeline nothing before the models' inputs: media are prepared in float32 by everybody",
    "every tap but inverse frequencies; logits and probabilities where the run shows them",
)
"""Where numbers are rounded. Sums, norms and softmax between two points are float32."""
TABLES = ("inv_freq",)
HALVES = ("bfloat16", "float16")
MANTISSA_CUT = 16  # bits of a float32 that bfloat16 does not have


def rounded(x: np.ndarray, precision: str) -> np.ndarray:
    """The nearest numbers of a precision, as float32; beyond float16's largest number, infinity.

    Raises   ConfigError for a precision that is not known
    """
    plain = np.asarray(x, np.float32)
    if precision == "float32":
        return plain
    if precision == "float16":
        with np.errstate(over="ignore"):
            return plain.astype(np.float16).astype(np.float32)
    if precision != "bfloat16":
        raise ConfigError(f"precision must be float32, {' or '.join(HALVES)}, got {precision!r:.40}")
    bits = np.ascontiguousarray(plain).view(np.uint32)
    kept_is_odd = (bits >> MANTISSA_CUT) & np.uint32(1)
    near = (bits + np.uint32(0x7FFF) + kept_is_odd) & np.uint32(0xFFFF0000)
    return np.where(np.isfinite(plain), near.view(np.float32), plain).reshape(plain.shape)


def in_precision(setup: Setup, precision: str, patterns: tuple[str, ...]) -> Setup:
    """The setup in float32 with the declared points rounded; taps that match the patterns are among them."""
    setup = replace(setup, precision="float32")
    if precision == "float32":
        return setup
    wide = kit_model(setup.model).wide

    def go_on(name: str, array: Array) -> Array:
        if array.dtype.kind != "f" or name.endswith(TABLES) or any(fnmatchcase(name, pattern) for pattern in wide):
            return array
        return rounded(array, precision)

    def coarse(arrays: Any) -> dict[str, np.ndarray]:
        return {name: go_on(name, array) for name, array in arrays.items()}

    edits = tuple((pattern, go_on) for pattern in patterns)
    return replace(
        setup, weights=coarse(setup.weights), inputs=coarse(setup.inputs), edits=(*setup.edits, *edits)
    )  # fmt: skip
