"""Kits read back from their folders, with every file checked before any of its numbers is believed."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import CheckpointError, ConfigError, KitError, ShapeError, TribeError, reason_of
from tribe_np.files.small_files import MEGABYTE, check_regular, read_small_file
from tribe_np.formats.safetensors import TensorEntry, read_header
from tribe_np.formats.weights import read_json
from tribe_np.oracle.generator import TensorRecipe, stream_key
from tribe_np.oracle.kit_models.kit_catalogue import MODELS
from tribe_np.oracle.kit_models.kit_model import KitRecipe
from tribe_np.oracle.kits.kit import LARGE, ORIGINS, Kit, planned_kit
from tribe_np.oracle.kits.kit_files import (
    CONFIG,
    EXPECTED_FILE,
    FORMAT,
    FORMAT_VERSION,
    INPUTS_FILE,
    MANIFEST,
    STORED_TABLES,
    SUMMARY_HOLDS,
    SUMS,
    WEIGHTS_FILE,
    sha256_of_file,
)  # fmt: skip
from tribe_np.oracle.kits.lazy_tensors import FileTensor, generated
from tribe_np.oracle.recording import Recording, SummaryRecording
from tribe_np.shown import quoted, some_of

MOST_JSON = 64 * MEGABYTE  # the manifest of LLaMA 3.2 3B takes 1 MB
NUMBERS = {"F64": "float64", "F32": "float32", "I64": "int64", "I32": "int32", "U8": "uint8", "BOOL": "bool"}
"""dtypes that kits hold, by the format's name."""


def read_kit(folder: str | Path) -> Kit:
    """The kit in a folder; where it holds summaries, `whole_kit` computes what is expected anew.

    Raises   KitError, naming the file: of another version, missing, truncated, edited, or contradicting the manifest
    """
    folder = Path(folder)
    if not os.path.isdir(folder):
        what = "is a file" if os.path.lexists(folder) else "no such folder"
        raise KitError(f"{folder}: {what}; expected the folder of a kit that tribe-np oracle dump wrote")
    manifest = read_manifest(folder)
    check_digests(folder, manifest)
    try:
        return _kit_of(folder, manifest)
    except KitError:
        raise
    except (ConfigError, CheckpointError, ShapeError) as error:
        raise KitError(f"{folder}: {error}") from error


def read_manifest(folder: Path) -> dict[str, Any]:
    """manifest.json, of this version and with all its parts.

    Raises   KitError
    """
    path = folder / MANIFEST
    if not os.path.lexists(path):
        inside = sorted(p.name for p in folder.iterdir() if (p / MANIFEST).is_file())
        hint = f"; there are kits in it, such as {folder / inside[0]}" if inside else ""
        raise KitError(f"{folder}: holds no {MANIFEST}; expected a kit that tribe-np oracle dump wrote{hint}")
    try:
        manifest = read_json(path, most=MOST_JSON)
    except CheckpointError as error:
        raise KitError(str(error)) from error
    if manifest.get("format") != FORMAT:
        raise KitError(f"{path}: its format is {quoted(manifest.get('format'))}, expected {FORMAT!r}")
    version = manifest.get("format_version")
    if version != FORMAT_VERSION:
        made_by = _of(path, manifest, "versions", dict).get("tribe_np") if "versions" in manifest else None
        raise KitError(
            f"{path}: a kit of format {quoted(version)}, made by tribe_np {quoted(made_by)}; this version reads format "
            f"{FORMAT_VERSION}: make the kit anew with tribe-np oracle dump"
        )
    return manifest


def check_digests(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Every file is as it was written: those of SHA256SUMS, and the fixed ones as the manifest says too.

    Raises   KitError that names the first other one
    """
    sums = _read_sums(folder / SUMS)
    named = _of(folder / MANIFEST, manifest, "sha256", dict)
    needed = [CONFIG, INPUTS_FILE, EXPECTED_FILE, MANIFEST, *([WEIGHTS_FILE] if WEIGHTS_FILE in named else [])]
    if missing := [name for name in needed if name not in sums]:
        raise KitError(f"{folder / SUMS}: has no digest of {missing[0]}")
    for name, digest in sorted(sums.items(), key=lambda item: item[0] != MANIFEST):  # what it says is believed next
        if not os.path.lexists(folder / name):
            raise KitError(f"{folder / name}: is missing; {SUMS} names it")
        check_regular(folder / name, error=KitError)
        try:
            found = sha256_of_file(folder / name)
        except OSError as error:
            raise KitError(f"{folder / name}: cannot be read: {reason_of(error)}") from error
        if found != digest or (name in named and found != named[name]):
            raise KitError(f"{folder / name}: was edited or damaged: its SHA-256 is not that of {SUMS}")


def _read_sums(path: Path) -> dict[str, str]:
    if not os.path.lexists(path):
        raise KitError(f"{path}: is missing, and with it the digests of the kit's files")
    try:
        lines = read_small_file(path, most=MEGABYTE, error=KitError).decode("ascii").splitlines()
    except UnicodeDecodeError as error:
        raise KitError(f"{path}: is damaged: not ASCII") from error
    pairs = [line.split("  ", 1) for line in lines]
    if not all(len(pair) == 2 and len(pair[0]) == 64 and Path(pair[1]).name == pair[1] for pair in pairs):
        raise KitError(f"{path}: is damaged: expected lines of a SHA-256, two spaces and the name of a file")
    return {name: digest for digest, name in pairs}


def _kit_of(folder: Path, manifest: Mapping[str, Any]) -> Kit:
    path = folder / MANIFEST
    row, recipes = _of(path, manifest, "kit", dict), _of(path, manifest, "recipe", dict)
    contract, source = _of(path, manifest, "contract", dict), _of(path, manifest, "weights", dict)
    model, origin, layers = row.get("model"), row.get("origin"), row.get("layers")
    if model not in tuple(MODELS):
        raise KitError(f"{path}: a kit of {quoted(model)}; known are {', '.join(MODELS)}")
    if origin not in tuple(ORIGINS) or not str(row.get("seed")).isdecimal():
        raise KitError(f"{path}: the kit's origin or seed is damaged")
    try:
        config = read_json(folder / CONFIG, most=MOST_JSON)
    except CheckpointError as error:
        raise KitError(str(error)) from error
    seed, sizes = int(str(row["seed"])), _of(path, row, "sizes", dict)
    is_summary = contract.get("expected_holds") == SUMMARY_HOLDS
    kit = _plan(path, str(model), config, sizes, seed, _layers(path, layers))
    weights, inputs = (
        [TensorRecipe.from_json(r) for r in _of(path, recipes, key, list)] for key in ("weights", "inputs")
    )
    tables = _read_tables(folder, source, _of(path, recipes, "tables", list))
    arrays = _read_inputs(folder, _rows(path, contract, "inputs"))
    names = [name for name in _of(path, recipes, "chosen_inputs", list) if isinstance(name, str)]
    chosen = {name: arrays[name] for name in names if name in arrays}
    recipe = KitRecipe(tuple(weights), tuple(inputs), tables, chosen)
    return replace(
        kit, case=_of(path, row, "case", str), meaning=str(row.get("meaning")), origin=str(origin), recipe=recipe,
        weights=_read_weights(folder, source, recipe, seed), inputs=arrays,
        expected=Recording() if is_summary else _read_expected(folder, _rows(path, contract, "taps")),
        weight_files=_of(path, source, "files", dict),
        summary=_read_summaries(folder, _rows(path, contract, "taps")) if is_summary else None,
    )  # fmt: skip


def _plan(
    path: Path, model: str, config: dict[str, Any], sizes: dict[str, Any], seed: int, layers: tuple[int, int] | None
) -> Kit:
    """The kit without its tensors, but with what a run of some layers alone needs besides them."""
    stream_key("", seed)
    if layers is None:
        return Kit(model, "", seed, config, KitRecipe((), ()), {}, {}, Recording(), sizes=sizes)
    try:
        return planned_kit(model, config, sizes, seed=seed, layers=layers, lazy=True)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        if isinstance(error, TribeError):
            raise
        raise KitError(f"{path}: the sizes of the inputs are damaged: {quoted(sizes)}") from error


def _layers(path: Path, value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(n, int) for n in value):
        raise KitError(f"{path}: layers must be two numbers, got {quoted(value)}")
    return value[0], value[1]


def _of(path: Path, mapping: Mapping[str, Any], key: str, kind: type) -> Any:
    """A part of the manifest."""
    if not isinstance(mapping.get(key), kind):
        raise KitError(f"{path}: {key!r} is missing or no {'object' if kind is dict else kind.__name__}")
    return mapping[key]


def _read_weights(folder: Path, source: Mapping[str, Any], recipe: KitRecipe, seed: int) -> Mapping[str, Any]:
    if not source.get("in_kit"):
        return {} if source.get("files") else {**generated(recipe.weights, seed, lazy=True), **recipe.stored}
    path = folder / WEIGHTS_FILE
    entries = _entries(path)
    wanted = {tensor.name: (tensor.dtype, tuple(tensor.shape)) for tensor in recipe.weights}
    if not source.get("files"):
        _check_names(path, entries, [*wanted, *recipe.stored])
    for name, entry in entries.items():
        _check_form(path, entry, *wanted.get(name, ("float32", entry.shape)))
    if sum(entry.n_bytes for entry in entries.values()) > LARGE:
        return {name: FileTensor.of(entries[name]) for name in sorted(entries)}  # they stay in the file
    return {name: _finite(path, entries[name]) for name in sorted(entries)}


def _read_tables(folder: Path, source: Mapping[str, Any], names: list[Any]) -> dict[str, np.ndarray]:
    if not names:
        return {}
    path = folder / (WEIGHTS_FILE if source.get("in_kit") else STORED_TABLES)
    entries = _entries(path)
    _check_names(path, {name: entry for name, entry in entries.items() if name in names}, [str(n) for n in names])
    return {name: _finite(path, entries[name]) for name in names}


def _read_inputs(folder: Path, rows: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    path = folder / INPUTS_FILE
    entries = _entries_of(path, rows)
    return {name: _finite(path, entry) for name, entry in entries.items()}


def _read_expected(folder: Path, rows: list[dict[str, Any]]) -> Recording:
    path, arrays = folder / EXPECTED_FILE, {}
    for name, entry in _entries_of(path, rows).items():
        arrays[name] = array = entry.read()
        if array.dtype.kind == "f" and np.isnan(array).any():  # logits of what a token does not see are -infinity
            raise KitError(f"{path}: tap {name} holds NaN")
    return Recording(arrays)


def _read_summaries(folder: Path, rows: list[dict[str, Any]]) -> SummaryRecording:
    path = folder / EXPECTED_FILE
    try:
        found = SummaryRecording.load(path)
    except CheckpointError as error:
        raise KitError(str(error)) from error
    _check_names(path, found.summaries, [row["name"] for row in rows])
    for row in rows:
        summary = found[row["name"]]
        if (list(summary.shape), summary.dtype) != (row["shape"], row.get("dtype")):
            raise KitError(
                f"{path}: the summary of {row['name']} is of {summary.dtype} {summary.shape}, which is another"
            )
    return found


def _rows(path: Path, contract: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The rows of inputs or taps, each with a name, a dtype and a shape."""
    rows: list[dict[str, Any]] = _of(path, contract, key, list)
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("name"), str) or not isinstance(row.get("shape"), list):
            raise KitError(f"{path}: a row of the {key} has no name or no shape")
    return rows


def _entries_of(path: Path, rows: list[dict[str, Any]]) -> dict[str, TensorEntry]:
    """The tensors of a file that holds those of the rows and no others, in their order."""
    entries = _entries(path)
    _check_names(path, entries, [row["name"] for row in rows])
    for row in rows:
        _check_form(path, entries[row["name"]], str(row.get("dtype")), tuple(row["shape"]))
    return {row["name"]: entries[row["name"]] for row in rows}


def _entries(path: Path) -> dict[str, TensorEntry]:
    try:
        return read_header(path)[0]
    except CheckpointError as error:
        raise KitError(str(error)) from error


def _check_names(path: Path, entries: Mapping[str, Any], wanted: list[str]) -> None:
    if missing := [name for name in wanted if name not in entries]:
        raise KitError(f"{path}: lacks {some_of([quoted(name) for name in missing])}, which {MANIFEST} names")
    if extra := [name for name in entries if name not in wanted]:
        raise KitError(f"{path}: holds {some_of([quoted(name) for name in extra])}, which {MANIFEST} does not name")


def _check_form(path: Path, entry: TensorEntry, dtype: str, shape: tuple[int, ...]) -> None:
    found = NUMBERS.get(entry.dtype, entry.dtype)
    if found != dtype:
        raise KitError(f"{path}: tensor {quoted(entry.name)} has dtype {found}, expected {quoted(dtype)}")
    if entry.shape != tuple(shape):
        ranks = f" ({len(entry.shape)} axes for {len(shape)})" if len(entry.shape) != len(shape) else ""
        raise KitError(f"{path}: tensor {quoted(entry.name)} has shape {entry.shape}, expected {tuple(shape)}{ranks}")


def _finite(path: Path, entry: TensorEntry) -> np.ndarray:
    array, finite = entry.read_checked()
    if not finite:
        raise KitError(f"{path}: tensor {entry.name} holds NaN or infinite values")
    return array
