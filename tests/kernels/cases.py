"""One small call of every KernelSet entry: what the contract tests run on every set."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.strategies import normal


@dataclass(frozen=True)
class Case:
    """Arguments of one call."""

    entry: str
    about: str
    arrays: tuple[np.ndarray, ...]
    options: dict[str, Any]

    def arguments(self, dtype: Any, move: Callable[[np.ndarray], Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments in a dtype, each array moved."""
        options = {
            name: move(value.astype(dtype)) if isinstance(value, np.ndarray) else value
            for name, value in self.options.items()
        }
        return [move(array.astype(dtype)) for array in self.arrays], options


def _attention(about: str, n: int, k: int, s: int, t: int, **options: Any) -> Case:
    arrays = (normal(1, 2, n, s, 8, scale=3), normal(2, 2, k, t, 8), normal(3, 2, k, t, 8))
    return Case("attention", about, arrays, {"scale": 0.35, **options})


def _relative(about: str, s: int, left: int, right: int) -> Case:
    arrays = (*(normal(seed, 2, 3, s, 8) for seed in (1, 2, 3)), normal(4, left + 1 + right, 8))
    return Case("relative_attention", about, arrays, {"scale": 0.35, "left_span": left})


def _logits(about: str, n: int, k: int, s: int, t: int, **options: Any) -> Case:
    arrays = (normal(1, 2, n, s, 8, scale=3), normal(2, 2, k, t, 8))
    return Case("attention_logits", about, arrays, {"scale": 0.35, **options})


INFINITE = np.where(normal(4, 1, 1, 5, 6) > 0.5, -np.inf, 0.0)
INFINITE[..., 0] = 0.0
CASES = (
    Case("softmax", "rows", (normal(0, 3, 2, 7, scale=4),), {}),
    Case("softmax", "masked", (np.array([[0.0, -np.inf, 1e4], [-1e4, 1e4, 3.0]]),), {}),
    Case("softmax", "no rows", (normal(0, 0, 3),), {}),
    Case("softmax", "one column", (normal(0, 4, 1),), {}),
    Case("gelu", "plain", (normal(0, 3, 40, scale=3),), {}),
    Case("gelu", "tails", (np.array([-40.0, -6.0, -0.0, 0.0, 6.0, 40.0]),), {}),
    Case("silu_gate", "plain", (normal(0, 3, 9, scale=9), normal(1, 3, 9)), {}),
    Case("silu_gate", "tails", (np.array([-1e4, -90.0, 0.0, 90.0]), np.ones(4)), {}),
    Case("silu", "plain", (normal(0, 3, 9, scale=9),), {}),
    Case("silu", "tails", (np.array([-1e4, -90.0, -0.0, 0.0, 90.0]),), {}),
    Case("glu", "plain", (normal(0, 3, 5, 8, scale=5),), {}),
    Case("glu", "tails", (np.array([[2.0, 3.0, -1.0, 1.0, -200.0, 200.0, 0.0, -1.0]]),), {}),
    Case("layer_norm", "plain", (normal(0, 2, 3, 16) + 2, normal(1, 16), normal(2, 16)), {"eps": 1e-5}),
    Case("layer_norm", "bare", (normal(0, 5, 4),), {"eps": 1e-6}),
    Case("layer_norm", "weight only", (normal(0, 5, 4), normal(1, 4)), {"eps": 1e-6}),
    Case("layer_norm", "zero token", (np.zeros((2, 4)), normal(1, 4), normal(2, 4)), {"eps": 1e-5}),
    Case("rms_norm", "plain", (normal(0, 2, 3, 16), normal(1, 16)), {"eps": 1e-5}),
    Case("rms_norm", "large eps", (normal(0, 3, 5), normal(1, 5)), {"eps": 2.0}),
    Case("rms_norm", "zero token", (np.zeros((2, 4)), normal(1, 4)), {"eps": 1e-5}),
    Case("scale_norm", "plain", (normal(0, 2, 3, 16), normal(1, 1)), {}),
    Case("scale_norm", "zero token", (np.zeros((2, 4)), normal(1, 1)), {}),
    Case("scale_norm", "eps above the length", (normal(0, 2, 4), normal(1, 1)), {"eps": 100.0}),
    Case("rotate_half", "whole head", (normal(0, 2, 3, 5, 8), normal(1, 5, 8), normal(2, 5, 8)), {}),
    Case("rotate_half", "part of the head", (normal(0, 5, 8), normal(1, 5, 6), normal(2, 5, 6)), {}),
    Case("rotate_adjacent", "whole head", (normal(0, 2, 3, 5, 8), normal(1, 5, 8), normal(2, 5, 8)), {}),
    Case("rotate_adjacent", "part of the head", (normal(0, 5, 8), normal(1, 5, 6), normal(2, 5, 6)), {}),
    Case("depthwise_causal", "plain", (normal(0, 2, 9, 3), normal(1, 3, 4)), {}),
    Case("depthwise_causal", "kernel longer than the input", (normal(0, 2, 3), normal(1, 3, 7)), {}),
    _attention("plain", 4, 4, 5, 5),
    _attention("grouped", 6, 2, 5, 5),
    _attention("more keys than queries, causal", 4, 2, 3, 6, causal=True),
    _attention("causal", 2, 2, 6, 6, causal=True),
    _attention("bias", 4, 4, 5, 6, bias=normal(5, 1, 4, 5, 6)),
    _attention("mask", 4, 2, 5, 6, bias=INFINITE),
    _attention("bias of keys, causal", 4, 2, 5, 5, bias=normal(6, 2, 1, 1, 5), causal=True),
    _logits("grouped", 6, 2, 5, 5),
    _logits("bias of keys", 4, 4, 5, 5, bias=normal(6, 2, 1, 1, 5)),
    _relative("both sides", 9, 3, 2),
    _relative("farther than the stimulus", 4, 9, 7),
    _relative("the past only", 6, 2, 0),
)
