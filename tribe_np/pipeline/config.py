"""The `data` section of a checkpoint's config.yaml, as far as prediction needs it.

Only what changes the numbers is read. A key whose value changes them and is not implemented is an error that names
it; keys about caching, clusters and training are ignored.
Source   tribev2 main.py Data; neuralset 0.0.2 HuggingFaceText, Wav2VecBert, HuggingFaceVideo, FmriExtractor
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from extractors.catalogue import modalities as known_modalities
from extractors.catalogue import record_of
from extractors.common.layer_groups import LAYER_AGGREGATIONS, MOST_LAYERS, LayerSelection
from extractors.vjepa2.config import MOST_FRAMES
from tribe_np.errors import ConfigError
from tribe_np.settings import TEXT, Check, Settings, nullable, number, one_of, positive, whole
from tribe_np.timeline.features import AGGREGATIONS, N_VIDEO_FRAMES

MOST = 100_000  # TRs of a window, events of a batch: memory grows with them, and no weight's shape bounds them
RATE = positive(most=1000.0, above=1e-6)  # Hz, and seconds of a clip
OFFSET = number(-1e6, 1e6)  # seconds
FRACTION = number(0, 1)
FRACTIONS: Check[tuple[float, ...]] = Check(
    "fractions between 0 and 1, such as [0.5, 0.75, 1.0]",
    lambda value: bool(_listed(value)) and all(map(FRACTION.is_good, _listed(value))),
    lambda _, value: tuple(map(float, _listed(value))),
)
DEFAULT_FRACTION = 2 / 3  # upstream's, where neither the section nor the extractor says which layers


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


@dataclass(frozen=True)
class ExtractorConfig:
    """How one modality becomes features; released values in `docs/` and in the checkpoint's config.yaml."""

    modality: str
    model_name: str
    selection: LayerSelection
    frequency: float
    aggregation: str
    batch_size: int
    clip_duration: float  # seconds of film per clip; video only
    n_video_frames: int  # per clip; video only
    allow_missing: bool


@dataclass(frozen=True)
class DataConfig:
    """The `data` section; an absent key has upstream's default."""

    modalities: tuple[str, ...]
    frequency: float
    duration_trs: int
    overlap_trs: int
    drop_incomplete: bool
    batch_size: int
    tr: float  # seconds
    hemodynamic_offset: float  # seconds
    extractors: Mapping[str, ExtractorConfig]

    @property
    def TR(self) -> float:  # noqa: N802
        """`tr` under upstream's name."""
        return self.tr

    @classmethod
    def from_dict(cls, data: object) -> "DataConfig":
        """Reads the `data` section; ConfigError names a key that is missing or not implemented."""
        section = Settings({"data": data}, "config.yaml").section("data")
        neuro = section.section("neuro")
        modalities = section.read("features_to_use", _some_modalities())
        return cls(
            modalities=modalities,
            frequency=section.read("frequency", RATE),
            duration_trs=section.count("duration_trs", 40, least=0, most=MOST),
            overlap_trs=section.count("overlap_trs_train", 0, least=0, most=MOST),
            drop_incomplete=section.flag("stride_drop_incomplete", False),
            batch_size=section.count("batch_size", 64, least=0, most=MOST),
            tr=1 / neuro.read("frequency", RATE),
            hemodynamic_offset=neuro.read("offset", OFFSET, 0.0),
            extractors={m: _extractor(m, section) for m in modalities},
        )


def _some_modalities() -> Check[tuple[str, ...]]:
    known = known_modalities()
    return Check(
        f"a list of modalities, each once, of {', '.join(known)}",
        lambda value: (
            isinstance(value, list) and bool(value) and all(m in known for m in value)
            and len(set(value)) == len(value)
        ),
        lambda _, value: tuple(value),
    )  # fmt: skip


def _extractor(modality: str, data: Settings) -> ExtractorConfig:
    record = record_of(modality)
    feature = data.section(f"{modality}_feature")
    feature.read("name", one_of(record.feature_class))
    model = feature.section(record.section) if record.section else feature
    for key, value in {**record.fixed, "event_types": record.event_type}.items():
        feature.only(key, value)
    for key, value in record.section_fixed.items():
        model.only(key, value)
    n_frames = feature.read("num_frames", nullable(whole(1, MOST_FRAMES)), None)
    return ExtractorConfig(
        modality=modality,
        model_name=model.read("model_name", TEXT, record.default_name),
        selection=_selection(data, model),
        frequency=data.read("frequency", RATE),
        aggregation=feature.read("aggregation", one_of(*AGGREGATIONS), "single"),
        batch_size=feature.count("batch_size", 32, least=0, most=MOST),
        clip_duration=feature.read("clip_duration", RATE) if record.reads == "film" else 0.0,
        n_video_frames=N_VIDEO_FRAMES if n_frames is None else n_frames,
        allow_missing=feature.flag("allow_missing", False),
    )


def _selection(data: Settings, model: Settings) -> LayerSelection:
    """The layers that the section names for all extractors, else those of the extractor."""
    n_layers = data.read("n_layers_to_use", nullable(whole(1, MOST_LAYERS)), None)
    fractions = data.read("layers_to_use", nullable(FRACTIONS), None)
    if n_layers is not None and fractions is not None:
        raise ConfigError(
            f"{data.origin}: only one of n_layers_to_use and layers_to_use may be given, got {n_layers} and {fractions}"
        )
    if n_layers is not None:
        fractions = tuple(np.linspace(0, 1, n_layers).tolist())
    return LayerSelection(
        fractions=model.read("layers", FRACTIONS, (DEFAULT_FRACTION,)) if fractions is None else fractions,
        aggregation=data.read("layer_aggregation", one_of(*LAYER_AGGREGATIONS), "group_mean"),
        cache_n_layers=model.read("cache_n_layers", nullable(whole(2, MOST)), None),
    )
