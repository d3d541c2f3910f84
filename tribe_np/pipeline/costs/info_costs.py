"""What `tribe-np info` says about running a model: memory per mode, arithmetic, and which layers become features."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from extractors.common.layers import LayerSelection
from extractors.dinov2.config import DinoV2Config
from extractors.llama.config import LlamaConfig
from extractors.vjepa2.config import N_VIDEO_FRAMES, VJepa2Config
from extractors.wav2vec_bert.config import Wav2VecBertConfig
from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.formats.checkpoint import Checkpoint
from tribe_np.pipeline.config import DataConfig, ExtractorConfig
from tribe_np.pipeline.costs import flops
from tribe_np.pipeline.costs.estimate import Load, encoder_weights, encoder_work, extractor_config, extractor_need

PROGRAM = 120_000_000
"""Bytes of Python and the libraries before a model is loaded, as measured."""
DEFAULT_SELECTION = LayerSelection((0.5, 0.75, 1.0))
MODALITIES: Mapping[type, str] = {
    LlamaConfig: "text", Wav2VecBertConfig: "audio", VJepa2Config: "video", DinoV2Config: "image"
}  # fmt: skip
INPUTS = {
    "text": "4096 tokens in one pass", "audio": "60 s of sound", "video": "one clip of a film of 1920 x 1080",
    "image": "one picture of a film of 1920 x 1080",
}  # fmt: skip


def extractor_costs(folder: Path, chosen: Mapping[str, ExtractorConfig]) -> dict[str, Any]:
    """Layer groups, memory and arithmetic of an extractor; nothing for a kind that is not known.

    `chosen` are a checkpoint's settings by modality; without them the released selection is shown.
    Raises   ConfigError for a configuration that is not implemented
    """
    config = extractor_config(folder)
    if config is None:
        return {}
    modality = MODALITIES[type(config)]
    selection = chosen[modality].selection if modality in chosen else DEFAULT_SELECTION
    groups = selection.groups(config.n_states, subselect=modality != "audio")
    return {
        "layer_groups": {
            "layers": list(selection.fractions),
            "from": "the checkpoint" if modality in chosen else "the released selection",
            "hidden_states": {f"group {g}": span(members) for g, members in enumerate(groups)},
        },
        "memory_estimate": {"for": INPUTS[modality]}
        | {mode: PROGRAM + _need(folder, mode).n_bytes for mode in ("resident", "streamed")},
        "flop_per_second_of_stimulus": _extractor_flops(config, chosen.get(modality)),
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


def _extractor_flops(config: Any, chosen: ExtractorConfig | None) -> dict[str, Any]:
    frequency = 2.0 if chosen is None else chosen.frequency
    if isinstance(config, LlamaConfig):
        return {
            "first 1025 words": flops.text_per_second(config, shared=True),
            "later words, exact contexts": flops.text_per_second(config, shared=False),
            "assumed": f"speech of {flops.WORDS_A_SECOND} words a second, {flops.TOKENS_A_WORD} tokens a word",
        }
    if isinstance(config, Wav2VecBertConfig):
        return {"sound": flops.audio_per_second(config), "assumed": f"chunks of {flops.CHUNK_SECONDS} s"}
    if isinstance(config, VJepa2Config):
        n_frames = N_VIDEO_FRAMES if chosen is None else chosen.n_video_frames
        return {"film": frequency * flops.clip(config, n_frames), "assumed": f"{frequency:g} clips a second"}
    return {"film": frequency * flops.picture(config), "assumed": f"{frequency:g} pictures a second"}


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
                opened.entries, build_args, hidden=config.hidden, **hertz
            )
        },
    }
