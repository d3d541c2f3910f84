"""A checkpoint folder of the brain encoder: config.yaml with best.ckpt, or with model.safetensors and build_args.json.

best.ckpt is what PyTorch Lightning wrote: state_dict, whose names all begin with `model.`, and upstream's
model_build_args. It is read without PyTorch and without copying: tensors stay in the file until a layer takes them.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import CheckpointError
from tribe_np.formats.config_yaml import read_config_yaml
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.formats.torch_pickle import is_text
from tribe_np.formats.torch_zip import TorchFile, open_torch
from tribe_np.formats.weights import INDEX_NAME, SINGLE_NAME, WeightTree, read_folder, read_json, renamed
from tribe_np.protocols import Array

CONFIG_NAME = "config.yaml"
BUILD_ARGS_NAME = "build_args.json"
LIGHTNING_NAME = "best.ckpt"
LIGHTNING_PREFIX = "model."  # of every key in a Lightning checkpoint
MAX_DEPTH = 3  # of model_build_args: the mapping, feature_dims, a pair
MAX_ITEMS = 50
MAX_TEXT = 200  # characters; a pickle repeats one text at no cost, JSON does not
MAX_WHOLE = 2**63


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """An opened folder; weights are not read yet.

    config              the whole config.yaml, in file order
    brain_model_config  the mapping that describes the encoder
    build_args          feature_dims (in file order, which is the order of the modalities), n_outputs, ...
    """

    folder: Path
    config: Mapping[str, Any]
    brain_model_config: Mapping[str, Any]
    build_args: Mapping[str, Any]
    weights: WeightTree
    entries: tuple[TensorEntry, ...]  # the stored tensors behind `weights`


def open_checkpoint(
    folder: str | Path,
    *,
    checkpoint_name: str = LIGHTNING_NAME,
    dtype: Any = np.float32,
    place: Callable[[np.ndarray], Array] = np.asarray,
    headers_only: bool = False,
) -> Checkpoint:
    """The checkpoint in a folder, its weights under upstream's names without the `model.` prefix.

    For dtype, place and headers_only see `WeightTree`.

    Raises   CheckpointError that names the missing or malformed file
    """
    folder = Path(folder)
    if not os.path.isdir(folder):  # unlike Path.is_dir, False for a name that the system refuses
        raise CheckpointError(
            f"{folder}: no such folder; expected {CONFIG_NAME} in it, and {checkpoint_name} or {SINGLE_NAME} with "
            f"{BUILD_ARGS_NAME}"
        )
    config = read_checkpoint_config(folder)
    entries, build_args = _read_weights(folder, checkpoint_name)
    own_names = renamed(entries, lambda name: name.removeprefix(LIGHTNING_PREFIX), origin=str(folder))
    weights = WeightTree(own_names, origin=str(folder), dtype=dtype, place=place, headers_only=headers_only)
    return Checkpoint(folder, config, config["brain_model_config"], build_args, weights, tuple(entries.values()))


def read_build_args(folder: str | Path, *, checkpoint_name: str = LIGHTNING_NAME) -> dict[str, Any]:
    """The build arguments of a checkpoint folder: its weights need not be there to be read, and are not.

    Raises   CheckpointError that names the missing or malformed file
    """
    folder = Path(folder)
    if _is_lightning(folder, checkpoint_name):
        return _lightning_build_args(open_torch(folder / checkpoint_name))
    _check_holds_weights(folder, checkpoint_name)
    return _stored_build_args(folder)


def _read_weights(folder: Path, checkpoint_name: str) -> tuple[dict[str, TensorEntry], dict[str, Any]]:
    if _is_lightning(folder, checkpoint_name):
        return read_lightning(open_torch(folder / checkpoint_name))
    _check_holds_weights(folder, checkpoint_name)
    return read_folder(folder), _stored_build_args(folder)


def _is_lightning(folder: Path, checkpoint_name: str) -> bool:
    return not os.path.isfile(folder / SINGLE_NAME) and os.path.isfile(folder / checkpoint_name)


def _check_holds_weights(folder: Path, checkpoint_name: str) -> None:
    if not os.path.isfile(folder / SINGLE_NAME) and not os.path.isfile(folder / INDEX_NAME):
        raise CheckpointError(f"{folder}: holds neither {checkpoint_name} nor {SINGLE_NAME}")


def _stored_build_args(folder: Path) -> dict[str, Any]:
    if not os.path.lexists(folder / BUILD_ARGS_NAME):
        raise CheckpointError(f"{folder}: lacks {BUILD_ARGS_NAME}, with feature_dims, n_outputs and n_output_timesteps")
    return read_json(folder / BUILD_ARGS_NAME)


def read_lightning(opened: TorchFile) -> tuple[dict[str, TensorEntry], dict[str, Any]]:
    """The tensors of state_dict by their stored names, and model_build_args; training's other entries are ignored.

    Raises   CheckpointError when either is missing or malformed
    """
    build_args = _lightning_build_args(opened)
    return opened.tensors(opened.top["state_dict"], where="state_dict"), build_args


def _lightning_build_args(opened: TorchFile) -> dict[str, Any]:
    if not isinstance(opened.top, dict) or not {"state_dict", "model_build_args"} <= set(opened.top):
        raise CheckpointError(
            f"{opened.path}: needs the entries state_dict and model_build_args, as upstream's training writes them"
        )
    build_args = _plain(opened.top["model_build_args"], f"{opened.path}: model_build_args", MAX_DEPTH)
    if not isinstance(build_args, dict):
        raise CheckpointError(f"{opened.path}: model_build_args must be a mapping, got {type(build_args).__name__}")
    return build_args


def _plain(value: Any, where: str, depth: int) -> Any:
    """A value that JSON can hold, tuples as lists; bounded, for a pickle may hold itself."""
    if isinstance(value, (dict, list, tuple)):
        if depth == 0 or len(value) > MAX_ITEMS:
            raise CheckpointError(f"{where}: nested too deeply or too long")
        if isinstance(value, dict):
            return {str(_plain(key, where, 0)): _plain(item, where, depth - 1) for key, item in value.items()}
        return [_plain(item, where, depth - 1) for item in value]
    if isinstance(value, str) and not (len(value) <= MAX_TEXT and is_text(value)):
        raise CheckpointError(f"{where}: holds text of over {MAX_TEXT} characters, or that is not valid Unicode")
    if isinstance(value, (int, float)) and not abs(value) < MAX_WHOLE:
        raise CheckpointError(f"{where}: holds a number that is too large, infinite or NaN")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise CheckpointError(f"{where}: holds a {type(value).__name__}, expected numbers and text")


def read_checkpoint_config(folder: str | Path) -> dict[str, Any]:
    """The whole config.yaml of a checkpoint folder.

    Raises   CheckpointError when it is missing, malformed, or has no brain_model_config
    """
    path = Path(folder) / CONFIG_NAME
    if not os.path.lexists(path):
        raise CheckpointError(f"{folder}: lacks {CONFIG_NAME}")
    config = read_config_yaml(path)
    if not isinstance(config.get("brain_model_config"), dict):
        raise CheckpointError(f"{path}: lacks the mapping brain_model_config, which describes the encoder")
    return config
