"""Mistakes in positions that are added: the encoder's table and biases, distances of Wav2Vec-BERT, DINOv2's table."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tribe_np.encoder.position import relative_bias
from tribe_np.nn.context import Context
from tribe_np.ops.attention import spread_distances
from tribe_np.ops.resize import resize_bicubic, resize_bicubic_plain
from tribe_np.oracle.diagnose.changes import beside, where, with_edit, with_weights
from tribe_np.oracle.diagnose.mistake import Change, Mistake
from tribe_np.oracle.diagnose.mistakes.rotary_mistakes import encoder_options
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array

T5_TABLE = "encoder.rel_pos.relative_attention_bias.weight"
TIME_TABLE = "time_pos_embed"
BIAS = "encoder.rel_pos.bias"
TABLE = "dinov2.embeddings.positions"


def _alibi(setup: Setup) -> bool:
    return bool(encoder_options(setup).get("alibi_pos_bias"))


def _alibi_of(change: Callable[[Array, Array], Array]) -> Any:
    """The bias (N, S, S) from signed distances (S, S) and slopes (N, 1, 1)."""

    def made(name: str, bias: Array, heard: Mapping[str, Array]) -> Array:
        steps = np.arange(bias.shape[-1], dtype=bias.dtype)
        slopes = -bias[:, :1, 1:2] if bias.shape[-1] > 1 else bias[:, :1, :1]
        return change(steps[None, :] - steps[:, None], slopes)

    return made


def _plain_slopes(distances: Array, slopes: Array) -> Array:
    n_heads = slopes.shape[0]
    plain = 2.0 ** (-8.0 * np.arange(1, n_heads + 1) / n_heads)
    return -np.abs(distances) * plain[:, None, None].astype(distances.dtype)


def _other_side(table: np.ndarray) -> np.ndarray:
    """Buckets of keys before and after the query exchanged; distance 0 has bucket 0 all the same."""
    half = len(table) // 2
    return np.concatenate([table[:1], table[half + 1 :], table[half : half + 1], table[1:half]])


def _t5_other_mask(setup: Setup) -> Setup | None:
    if T5_TABLE not in setup.weights:
        return None
    options = encoder_options(setup)
    width = int(setup.config["brain_model_config"].get("hidden", 256)) // int(options.get("heads", 8))
    causal, table = not options.get("causal", False), setup.weights[T5_TABLE]

    def bias(name: str, right: Array, heard: Mapping[str, Array]) -> Array:
        found: Array = relative_bias(
            table.astype(right.dtype), right.shape[-1], Context(), causal=causal, head_dim=width
        )
        return found

    return with_edit(BIAS, bias)(setup)


def _t5_unscaled(setup: Setup) -> Setup | None:
    options = encoder_options(setup)
    width = int(setup.config.get("brain_model_config", {}).get("hidden", 256)) // int(options.get("heads", 8))
    return with_edit(BIAS, lambda name, bias, heard: bias / width**0.5)(setup) if T5_TABLE in setup.weights else None


def _distances(change: Callable[[Array, int], Array]) -> Any:
    """Logits with another distance term: change(products with each distance (..., S, P), left span) (..., S, S)."""

    def made(setup: Setup) -> Setup | None:
        left = int(setup.config.get("left_max_position_embeddings", 64))

        def logits(name: str, right: Array, heard: Mapping[str, Array]) -> Array:
            products = heard[beside(name, "distances")]
            return right - spread_distances(products, 0, right.shape[-1], left) + change(products, left)

        return with_edit("*.logits", logits, "*.distances")(setup)

    return made


def _looked_up(
    products: Array, left: int, *, sign: int = 1, shift: int = 0, spans: tuple[int, int] | None = None
) -> Array:
    """Products of the clipped distance from each query to each key."""
    S, n = products.shape[-2:]
    low, high = (left, n - 1 - left) if spans is None else spans
    distances = sign * (np.arange(S)[None, :] - np.arange(S)[:, None]) + shift
    index = np.clip(distances, -low, high) + low
    return np.take_along_axis(products, np.broadcast_to(index, (*products.shape[:-1], S)), axis=-1)


def _unscaled(products: Array, left: int, width: int) -> Array:
    return spread_distances(products, 0, products.shape[-2], left) * width**0.5


def _distances_unscaled(setup: Setup) -> Setup | None:
    width = int(setup.config["hidden_size"]) // int(setup.config["num_attention_heads"])
    changed: Setup | None = _distances(lambda products, left: _unscaled(products, left, width))(setup)
    return changed


def _linear(table: Array, size: tuple[int, int]) -> Array:
    """Bilinear, pixels' centres aligned, no antialias.

    Shapes   table (D, H, W) -> (D, height, width)
    """
    for axis, n in ((1, size[0]), (2, size[1])):
        n_in = table.shape[axis]
        at = np.clip((np.arange(n) + 0.5) * n_in / n - 0.5, 0, n_in - 1)
        low = np.floor(at).astype(int)
        share = (at - low).astype(table.dtype).reshape([-1 if i == axis else 1 for i in range(3)])
        high = np.minimum(low + 1, n_in - 1)
        table = np.take(table, low, axis=axis) * (1 - share) + np.take(table, high, axis=axis) * share
    return table


def positions_resized(how: Callable[[Array, tuple[int, int]], Array] | None) -> Change:
    """DINOv2's positions resized otherwise, where they are; None takes the way that the other variant has."""

    def made(setup: Setup) -> Setup | None:
        table = setup.weights["embeddings.position_embeddings"]
        patch, grid = int(setup.config["patch_size"]), round((table.shape[1] - 1) ** 0.5)
        height, width = (side // patch for side in setup.inputs["pixel_values"].shape[2:])
        if (height, width) == (grid, grid) and setup.inputs["pixel_values"].shape[2:][0] == grid * patch:
            return None
        registers = setup.config["model_type"] == "dinov2_with_registers"
        resize = (resize_bicubic_plain if registers else resize_bicubic) if how is None else how

        def positions(name: str, right: Array, heard: Mapping[str, Array]) -> Array:
            pictures = table.astype(right.dtype)[0, 1:].reshape(grid, grid, -1).transpose(2, 0, 1)
            other = resize(pictures, (height, width)).transpose(1, 2, 0).reshape(1, height * width, -1)
            return np.concatenate([right[:, :1], other], axis=1)

        return with_edit(TABLE, positions)(setup)

    return made


_without_rows = with_edit(
    "encoder.time_pos_embed.output",
    lambda name, x, heard: x - heard[beside(name, "rows")],
    "encoder.time_pos_embed.rows",
)
TIME = "row i of the table is added to step i"
ALIBI = "scores get minus the distance times the head's slope, on both sides"
DISTANCE = "it is that of key minus query, clipped to the left and the right span"
POSITION_MISTAKES = (
    Mistake(
        "time-table-missing",
        ("encoder",),
        "time_pos_embed is not added",
        TIME,
        with_weights(TIME_TABLE, np.zeros_like),
        (where(lambda setup: TIME_TABLE in setup.weights, _without_rows),),
    ),
    Mistake(
        "time-table-from-one",
        ("encoder",),
        "the first step gets the second row of time_pos_embed",
        TIME,
        with_weights(TIME_TABLE, lambda table: np.roll(table, -1, axis=1)),
    ),
    Mistake(
        "alibi-missing",
        ("encoder",),
        "ALiBi's bias is not added",
        ALIBI,
        where(_alibi, with_edit(BIAS, lambda name, bias, heard: bias * 0)),
    ),
    Mistake(
        "alibi-grows",
        ("encoder",),
        "ALiBi's bias has the wrong sign: it grows with the distance",
        ALIBI,
        where(_alibi, with_edit(BIAS, lambda name, bias, heard: -bias)),
    ),
    Mistake(
        "alibi-one-sided",
        ("encoder",),
        "ALiBi's bias is the slope times key minus query, as in causal models",
        ALIBI,
        where(_alibi, with_edit(BIAS, _alibi_of(lambda distances, slopes: distances * slopes))),
    ),
    Mistake(
        "alibi-slopes",
        ("encoder",),
        "ALiBi's slopes are 2^(-8 k / N), also where N is no power of two",
        "those of the lower power of two, then every second one of twice that",
        where(_alibi, with_edit(BIAS, _alibi_of(_plain_slopes))),
    ),
    Mistake(
        "t5-sides",
        ("encoder",),
        "T5's buckets of keys before and after the query are exchanged",
        "the upper half of the buckets is for keys after the query",
        where(lambda setup: not encoder_options(setup).get("causal"), with_weights(T5_TABLE, _other_side)),
    ),
    Mistake(
        "t5-buckets",
        ("encoder",),
        "T5's buckets are those of the other mask: causal for both sides, or the reverse",
        "16 buckets a side, or 32 for the past where attention is causal",
        _t5_other_mask,
    ),
    Mistake(
        "t5-unscaled",
        ("encoder",),
        "T5's bias is not multiplied by sqrt(H)",
        "it is",
        _t5_unscaled,
    ),
    Mistake(
        "distances-missing",
        ("wav2vec_bert",),
        "scores have no term for the distance",
        DISTANCE,
        _distances(lambda products, left: np.zeros_like(products[..., :1])),
    ),
    Mistake(
        "distances-sign",
        ("wav2vec_bert",),
        "the distance is query minus key",
        DISTANCE,
        _distances(lambda products, left: _looked_up(products, left, sign=-1)),
    ),
    Mistake(
        "distances-spans",
        ("wav2vec_bert",),
        "the left and the right span are exchanged",
        DISTANCE,
        _distances(lambda products, left: _looked_up(products, left, spans=(products.shape[-1] - 1 - left, left))),
    ),
    Mistake(
        "distances-off-by-one",
        ("wav2vec_bert",),
        "the distance is off by one",
        DISTANCE,
        _distances(lambda products, left: _looked_up(products, left, shift=1)),
    ),
    Mistake(
        "distances-unscaled",
        ("wav2vec_bert",),
        "the term for the distance is not divided by sqrt(H)",
        "both terms of the scores are",
        _distances_unscaled,
    ),
    Mistake(
        "position-table-missing",
        ("dinov2",),
        "positions are not added",
        "each token but the registers has one",
        with_edit(TABLE, lambda name, table, heard: table * 0),
    ),
    Mistake(
        "position-table-antialias",
        ("dinov2",),
        "positions are resized with the antialias of the other variant",
        "without antialias; with it in models that have registers",
        positions_resized(None),
    ),
    Mistake(
        "position-table-bilinear",
        ("dinov2",),
        "positions are resized bilinearly",
        "bicubically",
        positions_resized(_linear),
    ),
)
