"""A checkpoint folder of the brain encoder: config.yaml, model.safetensors and build_args.json."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import CheckpointError
from tribe_np.formats.config_yaml import read_config_yaml
from tribe_np.formats.weights import SINGLE_NAME, WeightTree, open_folder, read_json
from tribe_np.protocols import Array

CONFIG_NAME = "config.yaml"
BUILD_ARGS_NAME = "build_args.json"
LIGHTNING_PREFIX = "model."  # of every key in a Lightning checkpoint


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


def open_checkpoint(
    folder: str | Path,
    *,
    checkpoint_name: str = "best.ckpt",
    dtype: Any = np.float32,
    place: Callable[[np.ndarray], Array] = np.asarray,
) -> Checkpoint:
    """The checkpoint in a folder, its weights under upstream's names without the `model.` prefix.

    Raises   CheckpointError that names the missing or malformed file
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CheckpointError(
            f"{folder}: no such folder; expected {CONFIG_NAME}, {SINGLE_NAME} and {BUILD_ARGS_NAME} in it"
        )
    config = read_checkpoint_config(folder)
    if not (folder / SINGLE_NAME).is_file() and (folder / checkpoint_name).is_file():
        raise CheckpointError(
            f"{folder / checkpoint_name}: a PyTorch checkpoint cannot be read directly yet; "
            f"expected its weights as {SINGLE_NAME} and its model_build_args as {BUILD_ARGS_NAME} beside it"
        )
    weights = open_folder(folder, dtype=dtype, place=place, rename=lambda name: name.removeprefix(LIGHTNING_PREFIX))
    if not (folder / BUILD_ARGS_NAME).is_file():
        raise CheckpointError(f"{folder}: lacks {BUILD_ARGS_NAME}, with feature_dims, n_outputs and n_output_timesteps")
    return Checkpoint(folder, config, config["brain_model_config"], read_json(folder / BUILD_ARGS_NAME), weights)


def read_checkpoint_config(folder: str | Path) -> dict[str, Any]:
    """The whole config.yaml of a checkpoint folder.

    Raises   CheckpointError when it is missing, malformed, or has no brain_model_config
    """
    path = Path(folder) / CONFIG_NAME
    if not path.is_file():
        raise CheckpointError(f"{folder}: lacks {CONFIG_NAME}")
    config = read_config_yaml(path)
    if not isinstance(config.get("brain_model_config"), dict):
        raise CheckpointError(f"{path}: lacks the mapping brain_model_config, which describes the encoder")
    return config
