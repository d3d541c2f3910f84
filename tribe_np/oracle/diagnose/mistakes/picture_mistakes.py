"""Mistakes in V-JEPA 2 and DINOv2: the order of pixels and tokens, first tokens, the scale of branches."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tribe_np.oracle.diagnose.changes import with_edit, with_inputs, with_weights
from tribe_np.oracle.diagnose.mistake import Change, Mistake
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array

PICTURES = ("vjepa2", "dinov2")
PATCH_WEIGHTS = ("encoder.embeddings.patch_embeddings.proj.weight", "embeddings.patch_embeddings.projection.weight")
PROJECTED = "*.patch_embeddings.proj*.output"
TOKENS = "dinov2.embeddings.output"


def _grid(setup: Setup) -> tuple[int, int, int]:
    """Patches in depth, rows, columns."""
    shape, patch = setup.inputs["pixel_values"].shape, int(setup.config["patch_size"])
    tubelet = int(setup.config.get("tubelet_size", 2))
    depth = max(1, shape[1] // tubelet) if setup.model == "vjepa2" else 1
    return depth, shape[-2] // patch, shape[-1] // patch


def _tokens(axes: tuple[int, int, int]) -> Change:
    """Tokens in the order of other axes of the grid (depth, row, column)."""

    def made(setup: Setup) -> Setup | None:
        grid = _grid(setup)
        order = np.arange(np.prod(grid)).reshape(grid).transpose(axes).reshape(-1)
        if np.array_equal(order, np.arange(len(order))):
            return None
        return with_edit(PROJECTED, lambda name, array, heard: array[:, order])(setup)

    return made


def _channels(setup: Setup) -> dict[str, np.ndarray]:
    pixels = setup.inputs["pixel_values"]
    return {**setup.inputs, "pixel_values": np.flip(pixels, axis=2 if setup.model == "vjepa2" else 1)}


def _read_as(order: Callable[[int], tuple[int, ...]]) -> Change:
    """The kernel's numbers where the pixels of a patch are flattened in another order of axes.

    `order` of the number of axes (channel, depth, row, column or without depth) gives theirs.
    """

    def read(kernel: np.ndarray) -> np.ndarray:
        axes = order(kernel.ndim - 1)
        theirs = kernel.reshape(kernel.shape[0], *(kernel.shape[1:][axis] for axis in axes))
        back = np.argsort(axes)
        return theirs.transpose(0, *(1 + back))

    return with_weights(PATCH_WEIGHTS, read)


def _few_frames(setup: Setup) -> dict[str, np.ndarray] | None:
    pixels, tubelet = setup.inputs["pixel_values"], int(setup.config.get("tubelet_size", 2))
    if setup.model != "vjepa2" or pixels.shape[1] >= tubelet:
        return None
    blank = np.zeros((pixels.shape[0], tubelet - pixels.shape[1], *pixels.shape[2:]), pixels.dtype)
    return {**setup.inputs, "pixel_values": np.concatenate([pixels, blank], axis=1)}


def _n_registers(setup: Setup) -> int:
    return int(setup.weights["embeddings.register_tokens"].shape[1]) if _has_registers(setup) else 0


def _has_registers(setup: Setup) -> bool:
    return "embeddings.register_tokens" in setup.weights


def _class_last(setup: Setup) -> Setup | None:
    return with_edit(TOKENS, lambda name, x, heard: np.concatenate([x[:, 1:], x[:, :1]], axis=1))(setup)


def _registers(change: Callable[[Array, int], Array]) -> Any:
    def made(setup: Setup) -> Setup | None:
        n = _n_registers(setup)
        return with_edit(TOKENS, lambda name, x, heard: change(x, 1 + n))(setup) if n else None

    return made


ORDER = "row by row"
FLAT = "channel, (depth,) row, column: as the kernel lies in the file"
PICTURE_MISTAKES = (
    Mistake(
        "patches-column-major",
        PICTURES,
        "patches of a picture are in column-major order",
        ORDER,
        _tokens((0, 2, 1)),
    ),
    Mistake(
        "tokens-depth-last",
        ("vjepa2",),
        "the depth is the fast index of the tokens",
        "depth, row, column",
        _tokens((1, 2, 0)),
    ),
    Mistake(
        "channels-bgr",
        PICTURES,
        "channels are in the order blue, green, red",
        "red, green, blue",
        with_inputs(_channels),
    ),
    Mistake(
        "pixels-channel-last",
        PICTURES,
        "pixels of a patch are flattened with the channel as the fast index",
        FLAT,
        _read_as(lambda n: (*range(1, n), 0)),
    ),
    Mistake(
        "pixels-transposed",
        PICTURES,
        "rows and columns within a patch are exchanged",
        FLAT,
        _read_as(lambda n: (*range(n - 2), n - 1, n - 2)),
    ),
    Mistake(
        "pixels-depth-first",
        ("vjepa2",),
        "pixels of a tubelet are flattened with the depth as the slow index",
        FLAT,
        _read_as(lambda n: (1, 0, *range(2, n))),
    ),
    Mistake(
        "few-frames-blank",
        ("vjepa2",),
        "a clip shorter than a tubelet is filled up with zeros",
        "its frames are repeated",
        with_inputs(_few_frames),
    ),
    Mistake(
        "class-token-last",
        ("dinov2",),
        "the class token stands behind the patches",
        "it is the first token",
        _class_last,
    ),
    Mistake(
        "registers-first",
        ("dinov2",),
        "registers stand before the class token",
        "they follow it",
        _registers(lambda x, n: np.concatenate([x[:, 1:n], x[:, :1], x[:, n:]], axis=1)),
    ),
    Mistake(
        "registers-last",
        ("dinov2",),
        "registers stand behind the patches",
        "they follow the class token",
        _registers(lambda x, n: np.concatenate([x[:, :1], x[:, n:], x[:, 1:n]], axis=1)),
    ),
    Mistake(
        "class-position-missing",
        ("dinov2",),
        "the class token has no position",
        "it has the table's first",
        with_edit(
            "dinov2.embeddings.positions", lambda name, x, heard: np.concatenate([x[:, :1] * 0, x[:, 1:]], axis=1)
        ),
    ),
    Mistake(
        "layer-scale-missing",
        ("dinov2",),
        "the scale of the branches (lambda1) is ignored",
        "what is added to the stream is multiplied by it",
        with_weights("*.lambda1", np.ones_like),
    ),
)
