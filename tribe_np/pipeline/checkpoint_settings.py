"""What a checkpoint's small files and our own options say of a run, without its weights.

All that features depend on is here; `brain` reads the weights as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tribe_np.backend import device_module, dtype_of
from tribe_np.encoder.config import BuildArgs
from tribe_np.errors import CheckpointError, ConfigError
from tribe_np.kernels.choose import kernel_set
from tribe_np.pipeline.branches import check_has_branches
from tribe_np.pipeline.config import DataConfig
from tribe_np.pipeline.config_update import split_settings, updated
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.protocols import Device
from tribe_np.runtime import Runtime


@dataclass(frozen=True, eq=False)
class CheckpointSettings:
    """config.yaml with its overrides, what it says of data, and which modalities the encoder was built for."""

    config: Mapping[str, Any]
    data: DataConfig
    build_args: BuildArgs
    options: PipelineConfig
    average_subjects: bool


def checkpoint_settings(
    folder: Path,
    config: Mapping[str, Any],
    build_args: Mapping[str, Any],
    options: PipelineConfig,
    update: Mapping[str, Any],
) -> CheckpointSettings:
    """The settings of a checkpoint from what its config.yaml and build arguments hold; `update` overrides the first.

    Raises   CheckpointError, ConfigError
    """
    overrides, flags = split_settings(update, config)
    average_subjects = flags.pop("average_subjects", True)
    options, config = replace(options, **flags), updated(config, overrides)
    data = DataConfig.from_dict(config_section(config, "data", folder))
    built = BuildArgs.from_dict(build_args)
    if options.only is not None:
        there = [modality for modality in data.modalities if modality in built.feature_dims]
        check_has_branches(options.only, there, folder)
        data = replace(data, modalities=tuple(modality for modality in there if modality in options.only))
    _check_duration(data, built, folder)
    return CheckpointSettings(config, data, built, options, average_subjects)


def config_section(config: Mapping[str, Any], name: str, folder: Path) -> Mapping[str, Any]:
    """A mapping at the top of config.yaml.

    Raises   CheckpointError where there is none
    """
    section = config.get(name)
    if not isinstance(section, Mapping):
        raise CheckpointError(f"{folder / 'config.yaml'}: the section {name} is missing")
    return section


def run_settings(
    own_options: Mapping[str, Any] | None, device: Device, precision: str
) -> tuple[PipelineConfig, Runtime]:
    """Our own options, and how models are to be run with them.

    Raises   ConfigError, MissingDependencyError
    """
    options = PipelineConfig.from_dict(own_options or {})
    module = device_module(device)
    runtime = Runtime(precision, module, kernel_set(options.kernels, module))
    dtype_of(precision)  # refuses an unknown one here, and not when a model is first loaded
    return options, runtime


def _check_duration(data: DataConfig, build_args: BuildArgs, folder: Path) -> None:
    if build_args.n_output_timesteps != data.duration_trs:
        raise CheckpointError(
            f"{folder}: the encoder gives {build_args.n_output_timesteps} TRs per segment, "
            f"but data.duration_trs is {data.duration_trs}"
        )
    if data.overlap_trs >= data.duration_trs:
        raise ConfigError(f"config.yaml: data.overlap_trs_train {data.overlap_trs} must be below duration_trs")
