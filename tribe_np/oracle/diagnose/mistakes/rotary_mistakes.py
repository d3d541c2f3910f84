"""Mistakes in rotary positions: which channels are pairs, which turn, by which angles."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from extractors.vjepa2.model import part_dim
from tribe_np.encoder.transformer import rotary_dim
from tribe_np.ops.rotary import rotate_adjacent, rotate_half
from tribe_np.oracle.budget.half_precision import rounded
from tribe_np.oracle.diagnose.changes import Memory, beside, where, with_config, with_edit, with_kernels
from tribe_np.oracle.diagnose.mistake import Change, Mistake
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array

INV_FREQ = "encoder.rotary_pos_emb.inv_freq"
BY_HALVES = ("encoder", "llama")
Turn = Callable[[Array, Array, Array], Array]


def encoder_options(setup: Setup) -> Mapping[str, Any]:
    """The transformer's section of the encoder's configuration; empty for another model."""
    return setup.config.get("brain_model_config", {}).get("encoder") or {}


def _turns(setup: Setup) -> bool:
    options = encoder_options(setup)
    return setup.model != "encoder" or options.get("rotary_pos_emb", True) or options.get("rotary_xpos", False)


def _plain(setup: Setup) -> bool:
    return _turns(setup) and not encoder_options(setup).get("rotary_xpos", False)


def _turned_by(turn: Turn) -> Change:
    """Another rotation, whichever layout the model has."""
    return where(_turns, with_kernels(rotate_half=turn, rotate_adjacent=turn))


def _in_pairs(x: Array, cos: Array, sin: Array) -> Array:
    half = cos.shape[-1] // 2
    return rotate_adjacent(x, np.repeat(cos[..., :half], 2, axis=-1), np.repeat(sin[..., :half], 2, axis=-1))


def _whole_head(x: Array, cos: Array, sin: Array) -> Array:
    width = x.shape[-1]
    angles = np.arange(cos.shape[0])[:, None] * 10000.0 ** (-np.arange(0, width, 2) / width)[None, :]
    angles = np.concatenate([angles, angles], axis=-1)
    return rotate_half(x, np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype))


def _from_one(x: Array, cos: Array, sin: Array) -> Array:
    if cos.shape[0] < 2:
        return x
    once_cos, once_sin = cos[1], sin[1]
    return rotate_half(x, cos * once_cos - sin * once_sin, sin * once_cos + cos * once_sin)


def _parts(table: Array, change: Callable[[Array], Array]) -> Array:
    """Each of V-JEPA's three parts of a table changed."""
    width = table.shape[-1] // 3
    return np.concatenate([change(table[..., i * width : (i + 1) * width]) for i in range(3)], axis=-1)


def _doubled(part: Array) -> Array:
    return np.repeat(part[..., : part.shape[-1] // 2], 2, axis=-1)


def _true_pairs(x: Array, cos: Array, sin: Array) -> Array:
    return rotate_adjacent(x, _parts(cos, _doubled), _parts(sin, _doubled))


def _true_halves(x: Array, cos: Array, sin: Array) -> Array:
    width = cos.shape[-1] // 3
    pieces = [slice(i * width, (i + 1) * width) for i in range(3)]
    turned = [rotate_half(x[..., p], cos[..., p], sin[..., p]) for p in pieces]
    return np.concatenate([*turned, x[..., 3 * width :]], axis=-1)


def _in_order(table: Array, *parts: int) -> Array:
    width = table.shape[-1] // 3
    return np.concatenate([table[..., i * width : (i + 1) * width] for i in parts], axis=-1)


def _columns_first(x: Array, cos: Array, sin: Array) -> Array:
    return rotate_adjacent(x, _in_order(cos, 0, 2, 1), _in_order(sin, 0, 2, 1))


def _with_table(change: Callable[[Array], Array]) -> Change:
    """Both tables are others."""
    return with_edit(("*.rotary*.cos", "*.rotary*.sin"), lambda name, table, heard: change(table))


def _with_angles(angles_of: Callable[[Array, Array], Array]) -> Change:
    """The tables are made anew, of angles (S, R / 2) from positions (S, 1) and the frequencies (R / 2,) that it has."""

    def table(name: str, right: Array, heard: Memory) -> Array:
        frequencies = heard[beside(name, "inv_freq")]
        angles = angles_of(np.arange(right.shape[0], dtype=right.dtype)[:, None], frequencies).astype(right.dtype)
        return (np.cos if name.endswith("cos") else np.sin)(np.concatenate([angles, angles], axis=-1))

    return with_edit(("*.rotary*.cos", "*.rotary*.sin"), table, "*.rotary*.inv_freq")


def _coarse_frequencies(kind: str) -> Mistake:
    """Frequencies of a coarser precision; or angles of it, from frequencies that are shown as they should be."""

    def angles(positions: Array, frequencies: Array) -> Array:
        return rounded(rounded(positions, kind) * rounded(frequencies, kind), kind)

    edit = with_edit("*.rotary*.inv_freq", lambda name, x, heard: rounded(x, kind).astype(x.dtype))
    return Mistake(
        f"rotary-frequencies-{kind}", BY_HALVES, f"rotary frequencies or angles are {kind}", COARSE,
        where(_plain, edit),
        (where(_plain, _with_angles(angles)),),
    )  # fmt: skip


def _scaled_otherwise(change: Callable[[Mapping[str, Any], Array], Array]) -> Change:
    """Other frequencies than LLaMA 3.1's scaling gives: change(its settings, unscaled frequencies)."""

    def made(setup: Setup) -> Setup | None:
        key = next((key for key in ("rope_scaling", "rope_parameters") if setup.config.get(key)), None)
        scaling = setup.config[key] if key else {}
        if scaling.get("rope_type") != "llama3":
            return None
        theta = float(scaling.get("rope_theta") or setup.config["rope_theta"])

        def frequencies(name: str, right: Array, heard: Memory) -> Array:
            exponents = np.arange(right.size) / right.size
            return change(scaling, theta**-exponents).astype(np.float32).astype(right.dtype)

        return with_edit("*.rotary_emb.inv_freq", frequencies)(setup)

    return made


def _blended(scaling: Mapping[str, Any], plain: Array, *, length: float | None = None, inverted: bool = False) -> Array:
    low, high, factor = (float(scaling[key]) for key in ("low_freq_factor", "high_freq_factor", "factor"))
    turns = (length or float(scaling["original_max_position_embeddings"])) * plain / (2 * np.pi)
    share = np.clip((turns - low) / (high - low), 0, 1)
    if inverted:
        share = np.where((share > 0) & (share < 1), 1 - share, share)
    blended: Array = (1 - share) * plain / factor + share * plain
    return blended


def _xpos_lengths(x: Array, cos: Array, sin: Array, power: float) -> Array:
    lengths = np.hypot(cos, sin) ** power
    return rotate_half(x, cos / lengths, sin / lengths)


def _frequencies_of_the_head(setup: Setup) -> Setup | None:
    """The stored table made anew with the head's width in the exponent instead of the rotated one's."""
    brain = setup.config["brain_model_config"]
    width = int(brain.get("hidden", 256)) // int(encoder_options(setup).get("heads", 8))
    stored = setup.weights[INV_FREQ]
    exponents = -2.0 * np.arange(len(stored)) / width
    return replace(setup, weights={**setup.weights, INV_FREQ: (10000.0**exponents).astype(stored.dtype)})


def _without_scaling(config: Mapping[str, Any]) -> dict[str, Any] | None:
    return {**config, "rope_scaling": None} if config.get("rope_scaling") else None


def _has_rest(setup: Setup) -> bool:
    if not _plain(setup) or INV_FREQ not in setup.weights:
        return False
    heads = int(encoder_options(setup).get("heads", 8))
    width = int(setup.config["brain_model_config"].get("hidden", 256)) // heads
    return rotary_dim(width) < width


def _vjepa_turns(setup: Setup) -> bool:
    return part_dim(int(setup.config["hidden_size"]) // int(setup.config["num_attention_heads"])) > 0


BLENDED = "fast frequencies stay, slow ones are divided by `factor`, and those between are blended by their turns"
COARSE = "frequencies, angles and their tables are float32, whatever the weights are"
HALVES = "channel j is turned with channel j + R / 2"
ODD = "V-JEPA's weights were trained with angles of the half layout and partners of the adjacent one: not a rotation"
ROTARY_MISTAKES = (
    Mistake(
        "rotary-adjacent",
        BY_HALVES,
        "rotary positions turn adjacent channels (interleaved)",
        HALVES,
        where(_plain, with_kernels(rotate_half=_in_pairs)),
    ),
    Mistake(
        "rotary-whole-head",
        ("encoder",),
        "rotary positions turn all channels of a head",
        "they turn max(H / 2, 32) of them; the rest pass",
        where(_has_rest, with_kernels(rotate_half=_whole_head)),
    ),
    Mistake(
        "rotary-missing",
        (*BY_HALVES, "vjepa2"),
        "there are no rotary positions",
        "queries and keys are turned",
        _turned_by(lambda x, cos, sin: x),
    ),
    Mistake(
        "rotary-backwards",
        (*BY_HALVES, "vjepa2"),
        "rotary positions turn the other way: the sine has the wrong sign",
        "a cos - b sin, b cos + a sin",
        where(
            _turns,
            with_kernels(
                rotate_half=lambda x, cos, sin: rotate_half(x, cos, -sin),
                rotate_adjacent=lambda x, cos, sin: rotate_adjacent(x, cos, -sin),
            ),
        ),
    ),
    Mistake(
        "rotary-from-one",
        BY_HALVES,
        "rotary positions count from 1",
        "they count from 0",
        where(_plain, with_kernels(rotate_half=_from_one)),
        (where(_plain, _with_angles(lambda positions, frequencies: (positions + 1) * frequencies)),),
    ),
    Mistake(
        "rotary-keys-missing",
        (*BY_HALVES, "vjepa2"),
        "keys are not turned",
        "queries and keys are turned",
        where(_turns, with_edit("*.key_rotated", lambda name, x, heard: heard[beside(name, "key")], "*.key")),
    ),
    Mistake(
        "rotary-frequencies",
        ("encoder",),
        "rotary frequencies are made anew, with the head's width in the exponent",
        "they are the stored ones, 10000^(-2j / R) for R rotated channels",
        where(_has_rest, _frequencies_of_the_head),
    ),
    Mistake(
        "rotary-scaling-missing",
        ("llama",),
        "rope_scaling is ignored",
        "LLaMA 3.1 and later divide the slow frequencies by `factor`",
        with_config(_without_scaling),
    ),
    Mistake(
        "rotary-theta-10000",
        ("llama",),
        "rope_theta is 10000",
        "it is the checkpoint's",
        with_config(lambda config: {**config, "rope_theta": 10000.0} if "rope_theta" in config else None),
    ),
    Mistake(
        "vjepa-rotary-corrected",
        ("vjepa2",),
        "rotary positions are 'corrected': both channels of a pair turn by one angle",
        ODD,
        where(_vjepa_turns, with_kernels(rotate_adjacent=_true_pairs)),
        (where(_vjepa_turns, _with_table(lambda table: _parts(table, _doubled))),),
    ),
    Mistake(
        "vjepa-rotary-halves",
        ("vjepa2",),
        "rotary positions turn the halves of each part",
        ODD,
        where(_vjepa_turns, with_kernels(rotate_adjacent=_true_halves)),
    ),
    Mistake(
        "vjepa-rotary-columns-first",
        ("vjepa2",),
        "rotary positions are in the order depth, column, row",
        "depth, row, column",
        where(_vjepa_turns, with_kernels(rotate_adjacent=_columns_first)),
        (where(_vjepa_turns, _with_table(lambda table: _in_order(table, 0, 2, 1))),),
    ),
    Mistake(
        "vjepa-rotary-depth-last",
        ("vjepa2",),
        "rotary positions are in the order column, row, depth",
        "depth, row, column",
        where(_vjepa_turns, _with_table(lambda table: _in_order(table, 2, 1, 0))),
    ),
    Mistake(
        "vjepa-rotary-one-half",
        ("vjepa2",),
        "rotary positions turn the halves of all turned channels, as LLaMA's do",
        ODD,
        where(_vjepa_turns, with_kernels(rotate_adjacent=rotate_half)),
    ),
    Mistake(
        "rotary-mixed",
        BY_HALVES,
        "rotary positions turn adjacent channels, with the table that is made for halves",
        HALVES,
        where(_plain, with_kernels(rotate_half=rotate_adjacent)),
    ),
    _coarse_frequencies("bfloat16"),
    _coarse_frequencies("float16"),
    Mistake(
        "rotary-scaling-linear",
        ("llama",),
        "all rotary frequencies are divided by rope_scaling's factor",
        BLENDED,
        _scaled_otherwise(lambda scaling, plain: plain / float(scaling["factor"])),
    ),
    Mistake(
        "rotary-scaling-length",
        ("llama",),
        "original_max_position_embeddings is taken to be 8192, whatever the configuration says",
        BLENDED,
        _scaled_otherwise(lambda scaling, plain: _blended(scaling, plain, length=8192.0)),
    ),
    Mistake(
        "rotary-scaling-inverted",
        ("llama",),
        "rotary frequencies between the slow and the fast ones are blended the other way round",
        BLENDED,
        _scaled_otherwise(lambda scaling, plain: _blended(scaling, plain, inverted=True)),
    ),
    Mistake(
        "xpos-missing",
        ("encoder",),
        "xpos does not scale queries and keys",
        "the rotated channels of queries grow with the position, those of keys shrink",
        where(
            lambda setup: bool(encoder_options(setup).get("rotary_xpos")),
            with_kernels(rotate_half=lambda x, cos, sin: _xpos_lengths(x, cos, sin, 1)),
        ),
    ),
    Mistake(
        "xpos-swapped",
        ("encoder",),
        "xpos scales keys as queries and queries as keys",
        "the rotated channels of queries grow with the position, those of keys shrink",
        where(
            lambda setup: bool(encoder_options(setup).get("rotary_xpos")),
            with_kernels(rotate_half=lambda x, cos, sin: _xpos_lengths(x, cos, sin, 2)),
        ),
    ),
)
