"""A checkpoint folder with one more subject: everything of another checkpoint, and a row for a person's head.

The new row is the last one before the average subject's, which stays where upstream looks for it: at `n_subjects`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.errors import CheckpointError, ConfigError, ShapeError
from tribe_np.formats.checkpoint import BUILD_ARGS_NAME, CONFIG_NAME, LIGHTNING_PREFIX, Checkpoint, open_checkpoint
from tribe_np.formats.config_edit import edited_config
from tribe_np.formats.safetensors import TensorEntry, read_header, write_safetensors
from tribe_np.formats.weights import SINGLE_NAME, read_json
from tribe_np.outputs.whole import check_own_target, write_whole
from tribe_np.pipeline.subjects import subject_names
from tribe_np.shown import quoted

WEIGHTS, BIAS = "predictor.weights", "predictor.bias"
FIT_NAME = "fit.json"
LAYERS = ("brain_model_config", "subject_layers")
NAMES = ("data", "subject_id", "predefined_mapping")


@dataclass(frozen=True, eq=False)
class PersonHead:
    """A person's subject layer.

    Shapes   weights (C, V), bias (V,): a column of NaN was not fitted, and predicts 0
    """

    name: str
    weights: np.ndarray
    bias: np.ndarray

    @property
    def not_fitted(self) -> np.ndarray:
        """Indices of the columns that hold a NaN or infinity."""
        return np.flatnonzero(~(np.isfinite(self.weights).all(axis=0) & np.isfinite(self.bias)))

    def facts(self) -> dict[str, Any]:
        """What fit.json says of columns without a fit."""
        return {"n_not_fitted": len(self.not_fitted), "not_fitted": self.not_fitted.tolist()}


@dataclass(frozen=True)
class FittedCheckpoint:
    """What was written: where the person stands, and how many columns predict 0 for want of a fit."""

    folder: Path
    index: int
    n_subjects: int
    n_not_fitted: int


@dataclass(frozen=True)
class _Place:
    """Where a person will stand among the rows of the subject layer; None where the person is the only one."""

    at: int | None
    names: Mapping[str, int]  # of the others


def check_place(checkpoint: Path, name: str, *, alone: bool = False) -> None:
    """Refuses a checkpoint or a name with which `write_fitted_checkpoint` could not end, before any work.

    Raises   CheckpointError, ConfigError
    """
    _place(open_checkpoint(checkpoint), name, alone)


def _place(opened: Checkpoint, name: str, alone: bool) -> _Place:
    layers = EncoderConfig.from_dict(opened.brain_model_config).predictor
    if alone and not layers.has_average_row:
        raise ConfigError(f"{opened.folder}: has no average subject, whose place the person could take")
    at = opened.weights.shape(WEIGHTS)[0] - int(layers.has_average_row)
    names = {n: i for n, i in subject_names(opened.config["data"]).items() if i < at}
    if not name or name.isdigit() or name in names:
        why = "is a subject of the checkpoint already" if name in names else "is no name: digits mean an index"
        raise ConfigError(f"subject {quoted(name)} {why}; choose another name")
    return _Place(None, {}) if alone else _Place(at, names)


def write_fitted_checkpoint(
    checkpoint: Path, folder: Path, person: PersonHead, record: Mapping[str, Any], *, alone: bool = False,
    maps: Mapping[str, np.ndarray] | None = None, pictures: Mapping[str, bytes] | None = None,
) -> FittedCheckpoint:  # fmt: skip
    """Writes `folder` whole: config.yaml, model.safetensors, build_args.json, `record` as fit.json, `maps` as .npy,
    `pictures` by file name.

    alone    the person is the only row and stands in the average subject's place: what upstream's `from_pretrained`,
             which takes one row and no more, predicts is this person
    Raises   CheckpointError, ConfigError for a checkpoint that has no place for a subject; ShapeError for weights of
             another size; OutputError
    """
    opened = open_checkpoint(checkpoint)
    stored = {entry.name.removeprefix(LIGHTNING_PREFIX): entry for entry in opened.entries}
    _check_sizes(opened, stored, person)
    place = _place(opened, person.name, alone)
    check_own_target(folder, "fit", {"checkpoint": checkpoint})
    arrays, bf16 = _kept(stored)
    for name, row in ((WEIGHTS, person.weights), (BIAS, person.bias)):
        if name in stored:
            arrays[name] = _with_row(stored[name], row, person.not_fitted, place.at)
    n_subjects = 0 if place.at is None else place.at + 1
    changes: dict[tuple[str, ...], Any] = {
        (*LAYERS, "n_subjects"): n_subjects, (*LAYERS, "average_subjects"): False,
        NAMES: None if place.at is None else {**place.names, person.name: place.at},
    }  # fmt: skip
    fitted = {person.name: None} if alone else {**fitted_names(checkpoint), person.name: place.at}
    said = {**record, "subject": person.name, "index": place.at, "fitted": fitted, **person.facts()}
    text = (checkpoint / CONFIG_NAME).read_text(encoding="utf-8")
    edited = edited_config(text, changes, origin=str(checkpoint / CONFIG_NAME))

    def fill(partial: Path) -> None:
        (partial / CONFIG_NAME).write_text(edited, encoding="utf-8")
        _write_json(partial / BUILD_ARGS_NAME, dict(opened.build_args))
        _write_json(partial / FIT_NAME, said)
        write_safetensors(partial / SINGLE_NAME, arrays, metadata=_metadata(checkpoint), bf16=bf16)
        for name, values in (maps or {}).items():
            np.save(partial / f"{name}.npy", values)
        for name, drawn in (pictures or {}).items():
            (partial / name).write_bytes(drawn)

    write_whole(folder, fill, "fit")
    return FittedCheckpoint(folder, place.at or 0, n_subjects, len(person.not_fitted))


def fitted_names(checkpoint: Path) -> dict[str, int | None]:
    """Index by name of the subjects that `fit` wrote into a checkpoint; None for one in the average subject's place."""
    path = checkpoint / FIT_NAME
    found = read_json(path).get("fitted") if path.is_file() else None
    return {str(name): k for name, k in found.items()} if isinstance(found, Mapping) else {}


def _check_sizes(opened: Checkpoint, stored: Mapping[str, TensorEntry], person: PersonHead) -> None:
    """Refuses a head that is not of the checkpoint's sizes.

    Raises   CheckpointError, ShapeError, ConfigError
    """
    config = EncoderConfig.from_dict(opened.brain_model_config)
    n_out, n_in = BuildArgs.from_dict(opened.build_args).n_outputs, config.low_rank_head or config.hidden
    shape = opened.weights.shape(WEIGHTS)
    if len(shape) != 3 or shape[1:] != (n_in, n_out):
        raise CheckpointError(f"{opened.folder}: {WEIGHTS} must have shape (rows, {n_in}, {n_out}), got {shape}")
    if config.predictor.bias != (BIAS in stored):
        raise CheckpointError(f"{opened.folder}: subject_layers.bias does not fit the weights")
    if person.weights.shape != (n_in, n_out) or person.bias.shape != (n_out,):
        raise ShapeError(
            f"the head of {quoted(person.name)} must have weights ({n_in}, {n_out}) and bias ({n_out},), got "
            f"{person.weights.shape} and {person.bias.shape}"
        )
    if not config.predictor.bias and np.any(np.nan_to_num(person.bias)):
        raise ConfigError(f"{opened.folder}: its subject layers have no bias, which the fit needs")


def _kept(stored: Mapping[str, TensorEntry]) -> tuple[dict[str, np.ndarray], frozenset[str]]:
    """Everything but the subject layer as it is stored, and which of it is bfloat16."""
    kept = {name: entry for name, entry in stored.items() if name not in (WEIGHTS, BIAS)}
    return {n: e.stored() for n, e in kept.items()}, frozenset(n for n, e in kept.items() if e.dtype == "BF16")


def _with_row(entry: TensorEntry, row: np.ndarray, not_fitted: np.ndarray, at: int | None) -> np.ndarray:
    """The stored rows with a new one at a place, or the new one alone; float32, or float64 where the checkpoint is."""
    dtype = np.float64 if entry.dtype == "F64" else np.float32
    mine = row.astype(dtype)[None]
    mine[..., not_fitted] = 0
    if at is None:
        return mine
    table = entry.read(dtype)
    return np.concatenate([table[:at], mine, table[at:]])


def _metadata(checkpoint: Path) -> dict[str, str]:
    """What the file said of itself; a random model says that it is one."""
    path = checkpoint / SINGLE_NAME
    return read_header(path)[1] if path.is_file() else {"format": "pt"}


def _write_json(path: Path, mapping: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(mapping, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
