"""A checkpoint's folder into what TribeModel holds of it: the brain encoder, and what config.yaml says of its data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.output_space import OutputSpace
from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.encoder.model import FmriEncoder
from tribe_np.formats.checkpoint import open_checkpoint
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.machine.memory import available_memory
from tribe_np.pipeline.checkpoint_settings import checkpoint_settings, config_section
from tribe_np.pipeline.columns import column_selection
from tribe_np.pipeline.config import DataConfig
from tribe_np.pipeline.costs.estimate import encoder_weights
from tribe_np.pipeline.costs.memory_check import Stage, check_memory
from tribe_np.pipeline.neuro_projection import space_of, space_warning
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.subjects import subject_names
from tribe_np.pipeline.vertices import VertexSelection
from tribe_np.runtime import Runtime
from tribe_np.timeline.features import n_steps


@dataclass(frozen=True, eq=False)
class Brain:
    """A checkpoint that is ready to predict from features; the names are TribeModel's."""

    encoder: FmriEncoder
    data: DataConfig
    options: PipelineConfig
    average_subjects: bool
    subjects: Mapping[str, int]
    selection: VertexSelection | None
    output_space: OutputSpace
    warning: str | None  # about the space


def load_brain(
    folder: Path,
    checkpoint_name: str,
    runtime: Runtime,
    options: PipelineConfig,
    *,
    update: Mapping[str, Any],
    selection: Mapping[str, Any] | None,
) -> Brain:
    """Reads a checkpoint; `update` overrides its config.yaml, and `selection` leaves only some vertices.

    Raises   CheckpointError, ConfigError; ShortMemoryError for weights that would not fit
    """
    opened = open_checkpoint(
        folder, checkpoint_name=checkpoint_name, dtype=runtime.dtype, place=runtime.place,
        headers_only=runtime.headers_only,
    )  # fmt: skip
    settings = checkpoint_settings(folder, opened.config, opened.build_args, options, update)
    config, data, build_args = settings.config, settings.data, settings.build_args
    encoder_config = EncoderConfig.from_dict(config_section(config, "brain_model_config", folder))
    space = space_of(config["data"], build_args.n_outputs)
    chosen = column_selection(selection, space)
    if settings.options.memory_check and runtime.is_on_host and not runtime.headers_only:
        n_chosen = None if chosen is None else len(chosen.vertices)
        _check_weights(encoder_config, build_args, opened.entries, np.dtype(runtime.dtype).itemsize, n_chosen)
    encoder = FmriEncoder.from_weights(
        opened.weights, encoder_config, build_args, runtime, selection=None if chosen is None else chosen.vertices,
        n_steps=n_steps(data.duration_trs * data.tr, data.frequency), exact_order=runtime.headers_only,
    )  # fmt: skip  # in that order no maps are composed: without weights there is nothing to multiply
    names, warning = subject_names(config["data"]), space_warning(space, config["data"])
    return Brain(
        encoder, data, settings.options, settings.average_subjects, names, chosen, space, warning
    )  # fmt: skip


def _check_weights(
    config: EncoderConfig,
    build_args: BuildArgs,
    entries: Iterable[TensorEntry],
    itemsize: int,
    n_chosen: int | None,
) -> None:
    """Refuses a brain encoder that would not fit into memory, before it is read."""
    check_memory([Stage(encoder_weights(config, build_args, entries, itemsize, n_chosen))], available_memory())
