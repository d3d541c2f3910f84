"""The whole pipeline in kits: decoded sound and film, words in their contexts, and four tiny models in; rows out.

Inputs are what decoding gives, so that no port needs our decoder: samples, frames, and in config.json the table of
events. Names of weights begin with their modality, or with `encoder.` twice over: upstream's own name follows.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from extractors.catalogue import record_of
from extractors.dinov2.preprocess import PictureProcessor
from extractors.vjepa2.preprocess import VideoProcessor
from extractors.wav2vec_bert.filterbank import FilterbankConfig
from tribe_np.oracle.generator import TensorRecipe
from tribe_np.oracle.kit_models.encoder_kit_cases import BRAIN, BUILD
from tribe_np.oracle.kit_models.kit_catalogue import kit_model
from tribe_np.oracle.kit_models.kit_model import KitModel, KitRecipe
from tribe_np.oracle.kit_models.pipeline_cases import (
    DATA,
    FILM,
    FPS,
    OPTIONS,
    PIPELINE_CASES,
    PLAIN_SIZES,
    SHOWN_STIMULUS,
    SOUND,
    SPOKEN_WORDS,
    TINY_PIPELINE,
    stimulus,
)
from tribe_np.oracle.kit_models.pipeline_memory import HeldMedia, HeldPipeline, byte_tokenizer
from tribe_np.oracle.setup import Setup
from tribe_np.pipeline.config import DataConfig
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.timeline.events import SEEN_OR_HEARD, Events, from_record
from tribe_np.timeline.segments import chunk_events

ENCODER = "encoder"
HALF_A_SECOND = 0.5
SOUND_EXPONENT = 17  # samples from -0.25 to 0.25
MODEL_SIZES: Mapping[str, Any] = {"batch": 1, "tokens": 1, "steps": 1, "frames": 2}
"""Of inputs that are not used: models are given what comes before them."""


class PipelineKit(KitModel):
    """Every stage from decoded media to predictions, computed by `TribeModel.predict` itself."""

    name = "pipeline"
    tiny = TINY_PIPELINE
    cases = PIPELINE_CASES
    heard: ClassVar[tuple[str, ...]] = (
        "pipeline.*", "encoder.*", "encoder.*.logits", "encoder.*.probabilities"
    )  # fmt: skip
    has_fixed_shapes: ClassVar[bool] = False  # tokens and spans decide those of states
    has_batch: ClassVar[bool] = False
    wide: ClassVar[tuple[str, ...]] = (
        SOUND, "pipeline.*.events", "pipeline.plan.*", "pipeline.*.times",
        *(f"pipeline.*.{leaf}" for leaf in (
            "samples", "filters", "resampled", "mono", "standardized", "window", "windowed", "power", "mel_filters",
            "mel", "mel_standardized",
        )),
    )  # fmt: skip

    def released(self) -> dict[str, Any]:
        """The four released models on half a second of film, which is one clip, beside sound and three words."""
        models = {
            modality: kit_model(kit_of(modality)).released() for modality in TINY_PIPELINE[DATA]["features_to_use"]
        }
        data = {**TINY_PIPELINE[DATA], "duration_trs": 100, "video_feature": {**TINY_PIPELINE[DATA]["video_feature"]}}
        data["video_feature"] |= {"clip_duration": 4.0, "num_frames": None}
        processor = {"video_processor": {"crop_size": models["video"]["crop_size"]}}
        shown = stimulus(words=SPOKEN_WORDS[:3], film=HALF_A_SECOND)
        return {
            **TINY_PIPELINE, **models, **processor, SHOWN_STIMULUS: shown, DATA: data,
            **kit_model(ENCODER).released(),
        }  # fmt: skip

    def released_sizes(self) -> Mapping[str, Any]:
        """Those of the plain kit, but for the film: a clip takes 30 TFLOP."""
        return {**PLAIN_SIZES, "video_frames": round(HALF_A_SECOND * FPS)}

    def full_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """See KitModel."""
        found = dict(config)
        for part, kit in models_of_parts(config).items():
            full = kit_model(kit).full_config(part_config(config, part))
            found |= full if part == ENCODER else {part: full}
        return found

    def recipe(self, config: Mapping[str, Any], sizes: Mapping[str, Any]) -> KitRecipe:
        """See KitModel; `sizes` has samples, channels, video_frames, height and width; none of either leaves it out."""
        weights: list[TensorRecipe] = []
        stored: dict[str, np.ndarray] = {}
        for part, kit in models_of_parts(config).items():
            found = kit_model(kit).recipe(part_config(config, part), MODEL_SIZES)
            weights += [replace(tensor, name=f"{part}.{tensor.name}") for tensor in found.weights]
            stored |= {f"{part}.{name}": array for name, array in found.stored.items()}
        inputs = []
        if sizes["samples"]:
            waves = (sizes["samples"], sizes["channels"])
            inputs.append(TensorRecipe(SOUND, waves, "uniform", exponent=SOUND_EXPONENT))
        if sizes["video_frames"]:
            frames = (sizes["video_frames"], sizes["height"], sizes["width"], 3)
            inputs.append(TensorRecipe(FILM, frames, "integer", high=256, dtype="uint8"))
        return KitRecipe(tuple(weights), tuple(inputs), stored)

    def build(self, setup: Setup) -> HeldPipeline:
        """See KitModel."""
        config, exact = setup.config, setup.precision == "float64"
        built = {
            part: kit_model(kit).build(part_setup(setup, part, kit)) for part, kit in models_of_parts(config).items()
        }
        encoder = built.pop(ENCODER)
        models = {modality: with_processor(modality, model, config, exact) for modality, model in built.items()}
        return HeldPipeline(
            models, byte_tokenizer(config["text_tokenizer"]["max_length"]), encoder, HeldMedia(setup.inputs),
            DataConfig.from_dict(config[DATA]), PipelineConfig.from_dict({**config[OPTIONS], "memory_check": False}),
        )  # fmt: skip

    def run(self, setup: Setup) -> np.ndarray:
        """See KitModel: (R, V)."""
        return self.build(setup).predict(kit_events(setup.config))


def kit_of(modality: str) -> str:
    """The kit of a modality's model."""
    return record_of(modality).package.rpartition(".")[2]


def models_of_parts(config: Mapping[str, Any]) -> dict[str, str]:
    """The models of a configuration, by what the names of their weights begin with: which kit is theirs."""
    return {modality: kit_of(modality) for modality in config[DATA]["features_to_use"]} | {ENCODER: ENCODER}


def part_config(config: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    """The configuration of one of the models."""
    found: Mapping[str, Any] = {k: config[k] for k in (BRAIN, BUILD)} if part == ENCODER else config[part]
    return found


def part_setup(setup: Setup, part: str, kit: str) -> Setup:
    """What one of the models is built from."""
    mine = {k.removeprefix(f"{part}."): array for k, array in setup.weights.items() if k.startswith(f"{part}.")}
    return replace(
        setup, model=kit, config=part_config(setup.config, part), weights=mine, inputs={}, edits=(), taps=()
    )  # fmt: skip


def with_processor(modality: str, model: Any, config: Mapping[str, Any], exact: bool) -> Any:
    """The model with what prepares its input; `exact` in float64, on the float32 tables that upstream builds."""
    reads, settings = record_of(modality).reads, config.get(f"{modality}_processor", {})
    if reads == "sound":
        return replace(model, filterbank=replace(FilterbankConfig.from_dict(settings), exact=exact))
    if reads in ("film", "pictures"):
        kind = VideoProcessor if reads == "film" else PictureProcessor
        return replace(model, processor=replace(kind.from_dict(settings), exact=exact))
    return model


def kit_events(config: Mapping[str, Any]) -> Events:
    """The table of events, sound and film cut into chunks.

    Raises   EventsError for rows that cannot be used
    """
    stimulus = config[SHOWN_STIMULUS]
    table = Events(from_record(row, f"event {n}") for n, row in enumerate(stimulus["events"])).standardized()
    for kind in SEEN_OR_HEARD:
        if table.of_type(kind).rows:
            table = chunk_events(
                table, kind, max_duration=stimulus["max_duration"], min_duration=stimulus["min_duration"]
            )  # fmt: skip
    return table


KIT_MODEL = PipelineKit()
