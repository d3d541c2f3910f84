"""Mistakes around the encoder's transformer: modalities on the way in; head, subjects and pooling on the way out."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from tribe_np.oracle.diagnose.changes import Memory, where, with_config, with_edit, with_inputs, with_weights
from tribe_np.oracle.diagnose.mistake import Change, Mistake
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array

MODEL = ("encoder",)
FEATURES = "features."
POOLED, STEPS = "encoder.output", "encoder.predictor.output"
SUBJECT_ROWS = ("predictor.weights", "predictor.bias")
ALL_ROWS = (*SUBJECT_ROWS, "projectors.*.weights", "projectors.*.bias")


def _sorted_modalities(config: Mapping[str, Any]) -> dict[str, Any] | None:
    build = config["model_build_args"]
    known = build["feature_dims"]
    if list(known) == sorted(known):
        return None
    return {**config, "model_build_args": {**build, "feature_dims": {name: known[name] for name in sorted(known)}}}


def _dims(setup: Setup) -> Mapping[str, Any]:
    known: Mapping[str, Any] = setup.config["model_build_args"]["feature_dims"]
    return known


def _absent_projected(setup: Setup) -> dict[str, np.ndarray] | None:
    """Zeros for the modalities that are absent."""
    B, *_, T = next(x.shape for name, x in setup.inputs.items() if name.startswith(FEATURES))
    absent = {f"{FEATURES}{name}": dims for name, dims in _dims(setup).items() if dims is not None}
    zeros = {name: np.zeros((B, *dims, T), np.float32) for name, dims in absent.items() if name not in setup.inputs}
    return {**setup.inputs, **zeros} if zeros else None


def _zeroed_absent(setup: Setup) -> dict[str, np.ndarray] | None:
    """Without the modalities that are zero."""
    zero = [name for name, x in setup.inputs.items() if name.startswith(FEATURES) and not x.any()]
    return {name: x for name, x in setup.inputs.items() if name not in zero} if zero else None


def _interleaved_groups(setup: Setup) -> Setup | None:
    """Columns of the projectors in the order in which features lie with the layer group as the fast index."""
    found = {}
    for modality, dims in _dims(setup).items():
        name = f"projectors.{modality}.weight"
        if dims is not None and name in setup.weights and setup.weights[name].shape[1] == prod(dims):
            groups, width = dims
            found[name] = setup.weights[name][:, np.arange(groups * width).reshape(width, groups).T.reshape(-1)]
    return replace(setup, weights={**setup.weights, **found}) if found else None


def _joined(change: Callable[[Array, int], Array]) -> Change:
    """Features otherwise, before they are projected: change(them (B, T, G F), G)."""

    def made(setup: Setup) -> Setup | None:
        groups = {f"encoder.projectors.{name}.joined": dims[0] for name, dims in _dims(setup).items() if dims}
        if setup.config["brain_model_config"].get("layer_aggregation") == "mean":
            return None
        return with_edit(groups, lambda name, x, heard: change(x, groups[name]))(setup)

    return made


def _groups_fast(x: Array, groups: int) -> Array:
    return x.reshape(*x.shape[:2], groups, -1).swapaxes(-1, -2).reshape(x.shape)


def _groups_reversed(x: Array, groups: int) -> Array:
    return x.reshape(*x.shape[:2], groups, -1)[..., ::-1, :].reshape(x.shape)


def _not_transposed(x: Array, groups: int) -> Array:
    return x.swapaxes(1, 2).reshape(x.shape)


def _read_the_other_way(matrix: np.ndarray) -> np.ndarray:
    """The numbers of each matrix in memory, taken for its transpose."""
    turned = matrix.reshape(*matrix.shape[:-2], matrix.shape[-1], matrix.shape[-2])
    return turned.swapaxes(-1, -2)


def _rows(setup: Setup) -> int:
    return int(setup.weights["predictor.weights"].shape[0])


def _by_index(setup: Setup) -> bool:
    average = (setup.config["brain_model_config"].get("subject_layers") or {}).get("average_subjects", False)
    return _rows(setup) > 1 and "subject_index" in setup.inputs and not average


def _by_average(setup: Setup) -> bool:
    return _rows(setup) > 1 and not _by_index(setup)


def _last_row(change: Any) -> Any:
    """The average subject's row is another one."""
    return with_weights(ALL_ROWS, lambda rows: np.concatenate([rows[:-1], change(rows)[None]]))


def _next_row(rows: np.ndarray) -> np.ndarray:
    return np.roll(rows, -1, axis=0)


def _pooled(steps: Array, bins: list[tuple[int, int]]) -> Array:
    return np.stack([steps[..., start:stop].mean(axis=-1) for start, stop in bins], axis=-1)


def _bins_by(reduce: Callable[[Array], Array]) -> Change:
    """One number for the steps (..., bin) of each bin."""

    def pooled(name: str, right: Array, heard: Memory) -> Array:
        steps, R = heard[STEPS], right.shape[-1]
        T = steps.shape[-1]
        return np.stack([reduce(steps[..., i * T // R : -(-(i + 1) * T // R)]) for i in range(R)], axis=-1)

    return with_edit(POOLED, pooled, STEPS)


def _floor_bins(name: str, pooled: Array, heard: Memory) -> Array:
    steps, n = heard[STEPS], pooled.shape[-1]
    edges = [i * steps.shape[-1] // n for i in range(n + 1)]
    return _pooled(steps, [(start, max(stop, start + 1)) for start, stop in pairwise(edges)])


def _equal_bins(name: str, pooled: Array, heard: Memory) -> Array:
    steps, n = heard[STEPS], pooled.shape[-1]
    size = max(1, steps.shape[-1] // n)
    return _pooled(steps, [(min(i * size, steps.shape[-1] - 1), (i + 1) * size) for i in range(n)])


def _uneven(setup: Setup) -> bool:
    n_steps = next(x.shape[-1] for name, x in setup.inputs.items() if name.startswith(FEATURES))
    return bool(n_steps % int(setup.config["model_build_args"]["n_output_timesteps"]))


def _delta(kernel: np.ndarray) -> np.ndarray:
    found = np.zeros_like(kernel)
    found[..., kernel.shape[-1] // 2] = 1
    return found


POOL = "bin i is the mean of steps floor(i T / R) to ceil((i + 1) T / R)"
SUBJECT = "row s of the predictor is subject s; the average subject has the last row"
ENCODER_MISTAKES = (
    Mistake(
        "modalities-sorted",
        MODEL,
        "modalities are put together in alphabetical order",
        "in the order of feature_dims: text, audio, video",
        with_config(_sorted_modalities),
    ),
    Mistake(
        "groups-interleaved",
        MODEL,
        "features are read with the layer group as the fast index",
        "one layer group after the other: index g * F + f",
        _interleaved_groups,
        (_joined(_groups_fast),),
    ),
    Mistake(
        "groups-reversed",
        MODEL,
        "layer groups are in reverse order",
        "from the first layers to the last",
        _joined(_groups_reversed),
    ),
    Mistake(
        "features-not-transposed",
        MODEL,
        "features (B, G, F, T) are reshaped to (B, T, G F) without moving their last axis",
        "the steps' axis is moved, then groups and features are joined",
        _joined(_not_transposed),
    ),
    Mistake(
        "absent-projected",
        MODEL,
        "a modality that is absent goes through its projector as zeros, and so is its bias",
        "its share is zero after the projector",
        with_inputs(_absent_projected),
    ),
    Mistake(
        "zeroed-absent",
        MODEL,
        "a modality whose features are all zero is left out",
        "its share is the projector's bias",
        with_inputs(_zeroed_absent),
    ),
    Mistake(
        "smoothing-missing",
        MODEL,
        "there is no smoothing over time",
        "temporal_smoothing.weight is a kernel a channel",
        with_weights("temporal_smoothing.weight", _delta),
    ),
    Mistake(
        "smoothing-reversed",
        MODEL,
        "the smoothing kernels are reversed",
        "torch's convolution is a correlation",
        with_weights("temporal_smoothing.weight", lambda kernel: kernel[..., ::-1]),
    ),
    Mistake(
        "head-transposed",
        MODEL,
        "low_rank_head.weight is read as (D, C)",
        "it is (C, D), as every linear layer's",
        with_weights("low_rank_head.weight", _read_the_other_way),
    ),
    Mistake(
        "predictor-transposed",
        MODEL,
        "predictor.weights is read as (rows, V, C)",
        "it is (rows, C, V), not transposed as a linear layer's",
        with_weights("predictor.weights", _read_the_other_way),
    ),
    Mistake(
        "subject-next-row",
        MODEL,
        "the subject's row of the predictor is the next one",
        SUBJECT,
        where(_by_index, with_weights(ALL_ROWS, _next_row)),
    ),
    Mistake(
        "average-first-row",
        MODEL,
        "the average subject has the first row",
        SUBJECT,
        where(_by_average, _last_row(lambda rows: rows[0])),
    ),
    Mistake(
        "average-mean-row",
        MODEL,
        "the average subject is the mean over all rows",
        SUBJECT,
        where(_by_average, _last_row(lambda rows: rows.mean(axis=0))),
    ),
    Mistake(
        "pool-first-step",
        MODEL,
        "of each bin the first step is taken",
        POOL,
        _bins_by(lambda x: x[..., 0]),
    ),
    Mistake("pool-last-step", MODEL, "of each bin the last step is taken", POOL, _bins_by(lambda x: x[..., -1])),
    Mistake("pool-maximum", MODEL, "of each bin the maximum is taken", POOL, _bins_by(lambda x: x.max(axis=-1))),
    Mistake("pool-sum", MODEL, "each bin is the sum of its steps", POOL, _bins_by(lambda x: x.sum(axis=-1))),
    Mistake(
        "pool-floor-bins",
        MODEL,
        "bins end at floor((i + 1) T / R)",
        POOL,
        where(_uneven, with_edit(POOLED, _floor_bins, STEPS)),
    ),
    Mistake(
        "pool-equal-bins",
        MODEL,
        "every bin has floor(T / R) steps",
        POOL,
        where(_uneven, with_edit(POOLED, _equal_bins, STEPS)),
    ),
)
