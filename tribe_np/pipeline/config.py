"""What the pipeline reads from a checkpoint's config.yaml, and its own options.

Only what changes the numbers is read. A key whose value changes them and is not implemented is an error that names
it; keys about caching, clusters and training are passed over.
Source   tribev2 main.py Data; neuralset 0.0.2 HuggingFaceText, Wav2VecBert, HuggingFaceVideo, FmriExtractor
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any

import numpy as np

from extractors.catalogue import modalities as known_modalities
from extractors.catalogue import record_of
from extractors.common.layers import MOST_LAYERS, LayerSelection
from extractors.vjepa2.config import MOST_FRAMES, N_VIDEO_FRAMES
from extractors.vjepa2.stride import STRIDES
from tribe_np.errors import ConfigError
from tribe_np.media.film.pictures import Habits
from tribe_np.media.sound.audio import TrackHabits
from tribe_np.shown import quoted
from tribe_np.timeline.features import AGGREGATIONS
from tribe_np.timeline.languages import checked_language
from tribe_np.timeline.sentences import check_option

MOST = 100_000  # TRs of a window, events of a batch: memory grows with them, and no weight's shape bounds them
LARGEST = 1000.0  # Hz, and seconds of a clip


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
    """The `data` section of config.yaml as far as prediction needs it."""

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
    def from_dict(cls, data: Any) -> "DataConfig":
        """Reads the `data` section; ConfigError names a key that is missing or not implemented."""
        if not isinstance(data, Mapping):
            raise ConfigError("config.yaml: data is missing or not a mapping")
        neuro = _mapping(data, "neuro")
        modalities = data.get("features_to_use")
        if not isinstance(modalities, list) or not modalities:
            raise ConfigError("config.yaml: data.features_to_use must list modalities, such as [text, audio, video]")
        unknown = [m for m in modalities if m not in known_modalities()]
        if unknown or len(set(modalities)) < len(modalities):
            unknown = unknown or ["one of them twice"]
            known = ", ".join(known_modalities())
            raise ConfigError(f"config.yaml: data.features_to_use names {quoted(unknown[0])}; implemented are {known}")
        tr_frequency = _positive(neuro, "data.neuro.frequency")
        return cls(
            modalities=tuple(modalities),
            frequency=_positive(data, "data.frequency"),
            duration_trs=_count(data, "data.duration_trs", 40),
            overlap_trs=_count(data, "data.overlap_trs_train", 0),
            drop_incomplete=_flag(data, "data.stride_drop_incomplete"),
            batch_size=_count(data, "data.batch_size", 64),
            tr=1 / tr_frequency,
            hemodynamic_offset=_number(neuro, "data.neuro.offset", 0.0),
            extractors={m: _extractor(m, data) for m in modalities},
        )


def _extractor(modality: str, data: Mapping[str, Any]) -> ExtractorConfig:
    where, record = f"data.{modality}_feature", record_of(modality)
    feature = _mapping(data, f"{modality}_feature")
    if feature.get("name") != record.feature_class:
        raise ConfigError(
            f"config.yaml: {where}.name is {quoted(feature.get('name'))}; implemented is {record.feature_class}"
        )
    _check_fixed(feature, {**record.fixed, "event_types": record.event_type}, where)
    model = feature
    if record.section:
        model = _mapping(feature, record.section, where)
        _check_fixed(model, record.section_fixed, f"{where}.{record.section}")
    return ExtractorConfig(
        modality=modality,
        model_name=str(model.get("model_name", record.default_name)),
        selection=_selection(data, model, f"{where}.layers"),
        frequency=_positive(data, "data.frequency"),
        aggregation=_aggregation(feature, where),
        batch_size=_count(feature, f"{where}.batch_size", 32),
        clip_duration=_positive(feature, f"{where}.clip_duration") if record.reads == "film" else 0.0,
        n_video_frames=_video_frames(feature, where),
        allow_missing=_flag(feature, f"{where}.allow_missing"),
    )


def _selection(data: Mapping[str, Any], model: Mapping[str, Any], where: str) -> LayerSelection:
    n_layers, layers = data.get("n_layers_to_use"), data.get("layers_to_use")
    if n_layers is not None and layers is not None:
        raise ConfigError("config.yaml: only one of data.n_layers_to_use and data.layers_to_use may be given")
    if n_layers is not None:
        layers = np.linspace(0, 1, _count(data, "data.n_layers_to_use", 0, most=MOST_LAYERS)).tolist()
    if layers is None:
        layers = model.get("layers", 2 / 3)
    if layers == "all":
        raise ConfigError(f"config.yaml: {where} 'all' is not implemented; give fractions such as [0.5, 0.75, 1.0]")
    fractions = layers if isinstance(layers, list) else [layers]
    if not all(isinstance(f, (int, float)) and not isinstance(f, bool) and 0 <= f <= 1 for f in fractions):
        raise ConfigError(f"config.yaml: {where} must be fractions between 0 and 1, got {quoted(layers)}")
    return LayerSelection(
        fractions=tuple(float(f) for f in fractions),
        aggregation=data.get("layer_aggregation", "group_mean"),
        cache_n_layers=_optional_count(model, f"{where.removesuffix('layers')}cache_n_layers"),
    )


def _aggregation(feature: Mapping[str, Any], where: str) -> str:
    value = feature.get("aggregation", "single")
    if value not in AGGREGATIONS:
        known = ", ".join(AGGREGATIONS)
        raise ConfigError(f"config.yaml: {where}.aggregation = {quoted(value)} is not implemented; one of {known} is")
    return str(value)


def _video_frames(feature: Mapping[str, Any], where: str) -> int:
    n_frames = _optional_count(feature, f"{where}.num_frames", most=MOST_FRAMES)
    if n_frames == 0:
        raise ConfigError(f"config.yaml: {where}.num_frames must be null or a whole number of at least 1, got 0")
    return N_VIDEO_FRAMES if n_frames is None else n_frames


def _check_fixed(section: Mapping[str, Any], fixed: Mapping[str, Any], where: str) -> None:
    for key, only in fixed.items():
        if key in section and section[key] != only:
            raise ConfigError(
                f"config.yaml: {where}.{key} = {quoted(section[key])} is not implemented, only {only!r} is"
            )


def _mapping(section: Mapping[str, Any], key: str, where: str = "data") -> Mapping[str, Any]:
    value = section.get(key)
    if not isinstance(value, Mapping):
        raise ConfigError(f"config.yaml: {where}.{key} is missing or not a mapping")
    return value


def _positive(section: Mapping[str, Any], path: str) -> float:
    value = section.get(path.rpartition(".")[2])
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 1e-6 < value <= LARGEST:
        raise ConfigError(f"config.yaml: {path} must be a positive number of at most {LARGEST}, got {quoted(value)}")
    return float(value)


def _number(section: Mapping[str, Any], path: str, default: float) -> float:
    value = section.get(path.rpartition(".")[2], default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e6:
        raise ConfigError(f"config.yaml: {path} must be a number, got {quoted(value)}")
    return float(value)


def _flag(section: Mapping[str, Any], path: str) -> bool:
    value = section.get(path.rpartition(".")[2], False)
    if not isinstance(value, bool):
        raise ConfigError(f"config.yaml: {path} must be true or false, got {quoted(value)}")
    return value


def _optional_count(section: Mapping[str, Any], path: str, *, most: int = MOST) -> int | None:
    if section.get(path.rpartition(".")[2]) is None:
        return None
    return _count(section, path, 0, most=most)


def _count(section: Mapping[str, Any], path: str, default: int, *, most: int = MOST) -> int:
    value = section.get(path.rpartition(".")[2], default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ConfigError(f"config.yaml: {path} must be a whole number from 0 to {most}, got {quoted(value)}")
    return value


@dataclass(frozen=True)
class Compat:
    """Upstream's defects, each off by default; `docs/differences.md` describes them under these names."""

    duplicate_words: bool = False  # sound of 90 s or more: the whole transcript once per chunk, shifted
    english_only: bool = False  # the language of every transcript is taken to be English
    rounding_loses_words: bool = False  # a last word one rounding step past the text's end is dropped
    identical_sentences: bool = False  # sentences of one wording are one: words between them run together
    lossy_sidecar: bool = False  # sidecar words null, NA, ... become missing values
    wav_beside_video: bool = False  # the sound is written next to the video, and reused though stale
    trust_sound_header: bool = False  # a sound's length is what its header says; pieces of MP3 begin without lead-in
    sound_from_start: bool = False  # the sound of a film begins with it and has no gaps, whatever its times say
    ignore_rotation: bool = False  # rotated film is squeezed into the unrotated size
    ignore_pixel_aspect: bool = False  # pixels that are not square are taken to be
    ignore_picture_times: bool = False  # pictures are counted, though they do not come at a constant rate
    ffmpeg_picks_stream: bool = False  # of several films in a file, the largest is shown at the pace of the first
    container_duration: bool = False  # a film lasts as long as its header says, subtitles and all
    eos_is_padding: bool = False  # end-of-text tokens inside a context are cut as if they were padding
    drop_untimed_words: bool = False  # words that whisperX could not time ("2014") are left out
    hear_non_speech: bool = False  # musical notes, "[door slams]", a dash alone are words
    retranscribe_speech: bool = False  # words of a text come from transcribing its synthesised speech

    @classmethod
    def named(cls, name: str | None) -> "Compat":
        """None: right by default; "upstream": every defect reproduced."""
        if name is None:
            return cls()
        if name != "upstream":
            raise ConfigError(f"compat must be 'upstream' or absent, got {quoted(name)}")
        return cls(**{f.name: True for f in fields(cls)})

    @property
    def film_habits(self) -> Habits:
        """Those that concern the pictures of a film."""
        return Habits(**{f.name: getattr(self, f.name) for f in fields(Habits)})

    @property
    def track_habits(self) -> TrackHabits:
        """Those that concern the sound of a film."""
        return TrackHabits(**{f.name: getattr(self, f.name) for f in fields(TrackHabits)})


@dataclass(frozen=True)
class PipelineConfig:
    """The project's own options; `from_dict` refuses unknown keys."""

    sentences: str = "builtin"
    video_final_norm: bool = True
    n_video_frames: int | None = None
    remove_empty_segments: bool = True
    language: str | None = None
    keep_non_speech: bool = False  # of transcripts: "[door slams]", "MAN:" and the like count as words
    speech_engine: str | None = None
    context: str = "exact"  # or "anchored": contexts of long texts start at every `context_stride` words
    context_stride: int = 256
    video_stride: int = 1  # bins of film from one computed clip to the next; 2 and 4 are approximations
    memory_check: bool = True  # a run whose memory would not suffice is refused before it begins
    kernels: str = "auto"  # or "reference", "numba", "cupy": see kernels.choose
    compat: Compat = field(default_factory=Compat)

    @property
    def stride(self) -> int:
        """Words from the start of a context to the start of the next; 1 is exact."""
        return self.context_stride if self.context == "anchored" else 1

    @classmethod
    def from_dict(cls, options: Mapping[str, Any]) -> "PipelineConfig":
        """Options by name; `compat` is None or "upstream"."""
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(options) - known)
        if unknown:
            raise ConfigError(f"unknown option {quoted(unknown[0])}; known are {', '.join(sorted(known))}")
        values = dict(options)
        if not isinstance(values.get("compat"), Compat):
            values["compat"] = Compat.named(values.get("compat"))
        for name, (is_good, expected) in OPTION_TYPES.items():
            if name in values and not is_good(values[name]):
                raise ConfigError(f"option {name} must be {expected}, got {quoted(values[name])}")
        if "sentences" in values:
            check_option(values["sentences"])
        if "language" in values:
            values["language"] = checked_language(values["language"])
        return cls(**values)


def _is_name(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_frame_count(value: object) -> bool:
    return value is None or _is_positive(value)


OPTION_TYPES: dict[str, tuple[Callable[[object], bool], str]] = {
    "sentences": (lambda value: isinstance(value, str), 'a name such as "builtin"'),
    "video_final_norm": (lambda value: isinstance(value, bool), "true or false"),
    "n_video_frames": (_is_frame_count, "a whole number of at least 1, or none"),
    "remove_empty_segments": (lambda value: isinstance(value, bool), "true or false"),
    "language": (_is_name, "a name or none"),
    "keep_non_speech": (lambda value: isinstance(value, bool), "true or false"),
    "speech_engine": (_is_name, "a name or none"),
    "context": (lambda value: value in ("exact", "anchored"), '"exact" or "anchored"'),
    "context_stride": (_is_positive, "a whole number of at least 1"),
    "video_stride": (lambda value: type(value) is int and value in STRIDES, "1, 2 or 4"),
    "memory_check": (lambda value: isinstance(value, bool), "true or false"),
    "kernels": (lambda value: isinstance(value, str), 'a name such as "reference" or "auto"'),
}


OWN_PREFIX = "tribe_np."
REPLACE = "=replace="  # exca's key


def split_update(update: Mapping[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """`config_update` parted into upstream's keys and our own (prefix "tribe_np.", which is dropped)."""
    upstream: dict[str, Any] = {}
    own: dict[str, Any] = {}
    if update is not None and not isinstance(update, Mapping):
        raise ConfigError(f"config_update must be a mapping from key to value, got {type(update).__name__}")
    for key, value in (update or {}).items():
        if not isinstance(key, str):
            raise ConfigError(f"config_update: a key must be text such as 'data.batch_size', got {quoted(key)}")
        if key.startswith(OWN_PREFIX):
            own[key[len(OWN_PREFIX) :]] = value
        else:
            upstream[key] = value
    return upstream, own


EXPERIMENT_FLAGS = ("average_subjects", "remove_empty_segments")
DATA_KEYS = {  # of upstream's Data, beside MODALITY_feature; it refuses any other
    "study", "neuro", "subject_id", "frequency", "features_to_use", "features_to_mask", "n_layers_to_use",
    "layers_to_use", "layer_aggregation", "duration_trs", "overlap_trs_train", "overlap_trs_val", "batch_size",
    "num_workers", "shuffle_train", "shuffle_val", "stride_drop_incomplete", "split_segments_by_time",
}  # fmt: skip


def split_settings(update: Mapping[str, Any], config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Upstream's `config_update` parted into overrides of the configuration and the experiment's own flags.

    Raises   ConfigError for a flag that is not true or false, or a section that neither config.yaml nor upstream has
    """
    flags = {key: value for key, value in update.items() if key in EXPERIMENT_FLAGS}
    wrong = [key for key, value in flags.items() if not isinstance(value, bool)]
    if wrong:
        raise ConfigError(f"config_update: {wrong[0]} must be true or false, got {flags[wrong[0]]!r:.60}")
    rest = {key: value for key, value in update.items() if key not in EXPERIMENT_FLAGS}
    known = {"data", "brain_model_config", *config}
    unknown = [key for key in rest if key.partition(".")[0] not in known]
    if unknown:
        sections = ", ".join(sorted(known)[:12])
        raise ConfigError(
            f"config_update: unknown key {unknown[0]!r:.60}; known are {', '.join(EXPERIMENT_FLAGS)}, keys under "
            f"{sections}, and our own under tribe_np."
        )
    _check_data_keys(updated({}, rest).get("data"), config.get("data"))
    return rest, flags


def _check_data_keys(given: Any, config: Any) -> None:
    """Refuses a key that would be taken and do nothing: `data.overlap_trs` for `data.overlap_trs_train`."""
    features = {f"{modality}_feature" for modality in known_modalities()}
    known = DATA_KEYS | features | (set(config) if isinstance(config, Mapping) else set())
    unknown = [key for key in given or () if key not in known] if isinstance(given, Mapping) else []
    if unknown:
        near = get_close_matches(str(unknown[0]), [str(key) for key in known], n=1)
        hint = f"; did you mean data.{near[0]}?" if near else ""
        raise ConfigError(f"config_update: unknown key {quoted(f'data.{unknown[0]}')}{hint}")


def updated(config: Mapping[str, Any], update: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a nested mapping with overrides; keys may be dotted, nested mappings are merged.

    A mapping that holds "=replace=": True replaces what was there.
    Source   exca 0.5.20 ConfDict.update
    """
    merged = {k: updated(v, {}) if isinstance(v, Mapping) else v for k, v in config.items()}
    for key, value in update.items():
        head, _, rest = str(key).partition(".")
        if rest:
            value = {rest: value}
        if isinstance(value, Mapping):
            below = {} if value.get(REPLACE) is True else merged.get(head)
            value = {k: v for k, v in value.items() if k != REPLACE}
            merged[head] = updated(below if isinstance(below, Mapping) else {}, value)
        else:
            merged[head] = value
    return merged
