"""What `tribe-np info` says about running a model: memory per mode, arithmetic, and which layers become features."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from extractors.common.costs import Load
from extractors.common.layer_groups import RELEASED_SELECTION
from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.formats.checkpoint import Checkpoint
from tribe_np.pipeline.config import DataConfig, ExtractorConfig
from tribe_np.pipeline.costs import flops
from tribe_np.pipeline.costs.estimate import encoder_weights, encoder_work, extractor_need, record_of_folder
from tribe_np.timeline.features import FREQUENCY

PROGRAM = 120_000_000
"""Bytes of Python and the libraries before a model is loaded, as measured."""


def extractor_costs(folder: Path, chosen: Mapping[str, ExtractorConfig]) -> dict[str, Any]:
    """Layer groups, memory and arithmetic of an extractor; nothing for a kind that is not known.

    `chosen` are a checkpoint's settings by modality; without them the released selection is shown.
    Raises   ConfigError for a configuration that is not implemented
    """
    record = record_of_folder(folder)
    if record is None:
        return {}
    config, settings = record.config.from_folder(folder), chosen.get(record.modality)
    selection = RELEASED_SELECTION if settings is None else settings.selection
    groups = selection.groups(config.n_states, subselect=record.averages_tokens)
    frequency = FREQUENCY if settings is None else settings.frequency
    load = Load(n_video_frames=None if settings is None else settings.n_video_frames)
    return {
        "layer_groups": {
            "layers": list(selection.fractions),
            "from": "the released selection" if settings is None else "the checkpoint",
            "hidden_states": {f"group {g}": span(members) for g, members in enumerate(groups)},
        },
        "memory_estimate": {"for": record.costs.AT_ONCE}
        | {mode: PROGRAM + _need(folder, mode).n_bytes for mode in ("resident", "streamed")},
        "flop_per_second_of_stimulus": dict(record.costs.flop_per_second(config, load, frequency)),
    }


def span(members: list[int]) -> str:
    """Numbers of hidden states (0 is the embedded input, i the output of layer i), as a person would write them.

    >>> span([4]), span([4, 5, 6]), span([0, 2, 5])
    ('4', '4 to 6', '0, 2, 5')
    """
    if len(members) > 2 and members == list(range(members[0], members[-1] + 1)):
        return f"{members[0]} to {members[-1]}"
    return ", ".join(map(str, members))


def _need(folder: Path, mode: str) -> Any:
    return extractor_need(folder, mode, streaming=mode == "streamed", load=Load())


def encoder_costs(opened: Checkpoint, data: DataConfig) -> dict[str, Any]:
    """Memory and arithmetic of a brain encoder, whose weights are always in memory.

    Raises   ConfigError, CheckpointError for settings that are wrong or not implemented
    """
    build_args = BuildArgs.from_dict(opened.build_args)
    config = EncoderConfig.from_dict(opened.config["brain_model_config"])
    duration = data.duration_trs * data.tr
    n_steps = round(duration * data.frequency)
    work = encoder_work(config, build_args, n_windows=1, n_steps=n_steps)
    weights = encoder_weights(config, build_args, opened.entries)
    hertz = {"frequency": data.frequency, "tr": data.tr, "duration": duration}
    return {
        "memory_estimate": {"for": "one window", "resident": PROGRAM + weights.n_bytes + work.work},
        "flop_per_second_of_stimulus": {
            "windows without overlap": flops.encoder_per_second(
                opened.entries, build_args.n_outputs, hidden=config.hidden, **hertz
            )
        },
    }
