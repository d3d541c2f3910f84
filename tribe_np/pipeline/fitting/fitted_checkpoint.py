"""A checkpoint folder with one more subject: everything of another checkpoint, and a row for a person's head.

The new row is the last one before the average subject's, which stays where upstream looks for it: at `n_subjects`.
Where everything was trained, other subjects' rows fit it no more: the person and the average subject are all there is.

Beside it stands best.ckpt with the person as its one row: the only form that upstream's `from_pretrained` takes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.errors import CheckpointError, ConfigError, ShapeError
from tribe_np.formats.checkpoint import (
    BUILD_ARGS_NAME,
    CONFIG_NAME,
    LIGHTNING_NAME,
    LIGHTNING_PREFIX,
    Checkpoint,
    open_checkpoint,
)
from tribe_np.formats.config_edit import edited_config
from tribe_np.formats.safetensors import TensorEntry, read_header, write_safetensors
from tribe_np.formats.torch_writing import write_torch
from tribe_np.formats.weights import SINGLE_NAME, read_json
from tribe_np.outputs.cell_tables import SEPARATORS, write_rows
from tribe_np.outputs.whole import check_own_target, write_whole
from tribe_np.pipeline.subjects import subject_names
from tribe_np.shown import quoted

WEIGHTS, BIAS = "predictor.weights", "predictor.bias"
FIT_NAME = "fit.json"
AVERAGE = "average"  # what --subject calls the average one
LAYERS = ("brain_model_config", "subject_layers")
NAMES = ("data", "subject_id", "predefined_mapping")
NO_BEST = "not written: upstream's from_pretrained opens checkpoints with an average subject alone"


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


def _place(opened: Checkpoint, name: str, alone: bool, *, is_first: bool = False) -> _Place:
    layers = EncoderConfig.from_dict(opened.brain_model_config).predictor
    if alone and not layers.has_average_row:
        raise ConfigError(f"{opened.folder}: has no average subject, whose place the person could take")
    at = opened.weights.shape(WEIGHTS)[0] - int(layers.has_average_row)
    names = {n: i for n, i in subject_names(opened.config["data"]).items() if i < at}
    why = {
        "is a subject of the checkpoint already": name in names,
        "means the average subject": name == AVERAGE,
        "is no name: digits mean an index": not name or name.isdigit(),
        "is no name that can be typed and read again": not name.isprintable() or name != name.strip(),
    }  # fmt: skip
    if any(why.values()):
        raise ConfigError(f"subject {quoted(name)} {next(w for w in why if why[w])}; choose another name")
    return _Place(None, {}) if alone else _Place(0, {}) if is_first else _Place(at, names)


def write_fitted_checkpoint(
    checkpoint: Path, folder: Path, person: PersonHead, record: Mapping[str, Any], *, alone: bool = False,
    maps: Mapping[str, np.ndarray] | None = None, tables: Mapping[str, list[list[str]]] | None = None,
    trained: Mapping[str, np.ndarray] | None = None, pictures: Mapping[str, bytes] | None = None,
) -> FittedCheckpoint:  # fmt: skip
    """Writes `folder` whole: config.yaml, model.safetensors, build_args.json, best.ckpt, `record` as fit.json.

    alone    the person is the only row of model.safetensors too, in the average subject's place
    maps     arrays for .npy files; tables: rows for .tsv files; by name; pictures: files by their names
    trained  everything, where all of it was trained; of its subject layer the average subject's row is kept
    Raises   CheckpointError, ConfigError for a checkpoint that has no place for a subject; ShapeError for weights of
             another size; OutputError
    """
    opened = open_checkpoint(checkpoint)
    stored = {entry.name.removeprefix(LIGHTNING_PREFIX): entry for entry in opened.entries}
    _check_sizes(opened, stored, person)
    place = _place(opened, person.name, alone, is_first=trained is not None)
    check_own_target(folder, "fit", {"checkpoint": checkpoint})
    arrays, bf16 = _kept(stored, trained)
    mine = _own_rows(stored, person)
    table = mine if place.at is None else _with_rows(stored, mine, place.at, trained)
    n_subjects = 0 if place.at is None else place.at + 1
    changes: dict[tuple[str, ...], Any] = {
        (*LAYERS, "n_subjects"): n_subjects, (*LAYERS, "average_subjects"): False,
        NAMES: None if place.at is None else {**place.names, person.name: place.at},
    }  # fmt: skip
    others = {} if alone or trained is not None else fitted_names(checkpoint)
    fitted = {**others, person.name: place.at}
    opens = EncoderConfig.from_dict(opened.brain_model_config).predictor.has_average_row
    said = {
        **record, "subject": person.name, "index": place.at, "fitted": fitted, **person.facts(),
        "best_ckpt": f"{person.name} alone" if opens else NO_BEST,
    }  # fmt: skip
    text = (checkpoint / CONFIG_NAME).read_text(encoding="utf-8")
    edited = edited_config(text, changes, origin=str(checkpoint / CONFIG_NAME))

    def fill(partial: Path) -> None:
        (partial / CONFIG_NAME).write_text(edited, encoding="utf-8")
        _write_json(partial / BUILD_ARGS_NAME, dict(opened.build_args))
        _write_json(partial / FIT_NAME, said)
        write_safetensors(partial / SINGLE_NAME, arrays | table, metadata=_metadata(checkpoint), bf16=bf16)
        if opens:
            _write_lightning(partial / LIGHTNING_NAME, arrays | mine, bf16, opened.build_args)
        _write_beside(partial, maps or {}, tables or {}, pictures or {})

    write_whole(folder, fill, "fit")
    return FittedCheckpoint(folder, place.at or 0, n_subjects, len(person.not_fitted))


def _write_beside(
    partial: Path, maps: Mapping[str, np.ndarray], tables: Mapping[str, list[list[str]]], pictures: Mapping[str, bytes]
) -> None:
    """What stands beside the checkpoint: arrays, tables, pictures."""
    for name, values in maps.items():
        np.save(partial / f"{name}.npy", values)
    for name, rows in tables.items():
        write_rows(partial / f"{name}.tsv", rows, SEPARATORS[".tsv"])
    for name, drawn in pictures.items():
        (partial / name).write_bytes(drawn)


def fitted_names(checkpoint: Path) -> dict[str, int | None]:
    """Index by name of the subjects that `fit` wrote into a checkpoint; None for one in the average subject's place."""
    path = checkpoint / FIT_NAME
    found = read_json(path).get("fitted") if path.is_file() else None
    return {str(name): k for name, k in found.items()} if isinstance(found, Mapping) else {}


def _write_lightning(
    path: Path, arrays: Mapping[str, np.ndarray], bf16: frozenset[str], build_args: Mapping[str, Any]
) -> None:
    """What upstream's `from_pretrained` reads of a checkpoint, its names with Lightning's prefix."""
    state = {f"{LIGHTNING_PREFIX}{name}": array for name, array in arrays.items()}
    top = {"state_dict": state, "model_build_args": dict(build_args)}
    write_torch(path, top, bf16=frozenset(f"{LIGHTNING_PREFIX}{name}" for name in bf16))


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


def _kept(
    stored: Mapping[str, TensorEntry], trained: Mapping[str, np.ndarray] | None
) -> tuple[dict[str, np.ndarray], frozenset[str]]:
    """Everything but the subject layer as it is stored or trained, and which of it is bfloat16."""
    kept = {name: entry for name, entry in stored.items() if name not in (WEIGHTS, BIAS)}
    if trained is not None:
        return {name: trained[name] for name in kept}, frozenset()
    return {n: e.stored() for n, e in kept.items()}, frozenset(n for n, e in kept.items() if e.dtype == "BF16")


def _own_rows(stored: Mapping[str, TensorEntry], person: PersonHead) -> dict[str, np.ndarray]:
    """A person's rows as tables of one: float32, or float64 where the checkpoint is."""
    rows = {}
    for name, row in ((WEIGHTS, person.weights), (BIAS, person.bias)):
        if name in stored:
            rows[name] = row.astype(np.float64 if stored[name].dtype == "F64" else np.float32)[None]
            rows[name][..., person.not_fitted] = 0
    return rows


def _with_rows(
    stored: Mapping[str, TensorEntry], mine: Mapping[str, np.ndarray], at: int, trained: Mapping[str, np.ndarray] | None
) -> dict[str, np.ndarray]:
    """The rows that stay, with the person's among them: those stored, or what was trained for unseen subjects."""
    tables = {}
    for name, row in mine.items():
        others = stored[name].read(row.dtype) if trained is None else trained[name][1:]
        tables[name] = np.concatenate([others[:at], row, others[at:]])
    return tables


def _metadata(checkpoint: Path) -> dict[str, str]:
    """What the file said of itself; a random model says that it is one."""
    path = checkpoint / SINGLE_NAME
    return read_header(path)[1] if path.is_file() else {"format": "pt"}


def _write_json(path: Path, mapping: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(mapping, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
