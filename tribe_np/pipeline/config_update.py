"""`config_update` of `TribeModel.from_pretrained`: overrides of config.yaml by (dotted) key, and our own options.

A key that upstream's classes do not have would be taken and do nothing; it is refused, as upstream refuses it.
Source   exca 0.5.20 ConfDict.update; tribev2 main.py Data; neuralset 0.0.2 extractors
"""

from collections.abc import Collection, Mapping
from typing import Any

from extractors.catalogue import modalities
from tribe_np.errors import ConfigError
from tribe_np.settings import MAPPING, TEXT, Settings
from tribe_np.shown import quoted

OWN_PREFIX = "tribe_np."
REPLACE = "=replace="  # exca's key
EXPERIMENT_FLAGS = ("average_subjects", "remove_empty_segments")

DATA = (
    "study", "neuro", "subject_id", "frequency", "features_to_use", "features_to_mask", "n_layers_to_use",
    "layers_to_use", "layer_aggregation", "duration_trs", "overlap_trs_train", "overlap_trs_val", "batch_size",
    "num_workers", "shuffle_train", "shuffle_val", "stride_drop_incomplete", "split_segments_by_time",
)  # fmt: skip
EXTRACTOR = ("name", "event_types", "aggregation", "allow_missing", "frequency", "infra")
LAYERS = (
    "model_name", "device", "layers", "cache_all_layers", "cache_n_layers", "layer_aggregation", "token_aggregation",
)  # fmt: skip
CLASS_KEYS: Mapping[str, tuple[str, ...]] = {
    "HuggingFaceText": (*EXTRACTOR, *LAYERS, "batch_size", "contextualized", "pretrained"),
    "HuggingFaceImage": (*EXTRACTOR, *LAYERS, "batch_size", "imsize", "pretrained"),
    "HuggingFaceVideo": (
        *EXTRACTOR, "image", "use_audio", "clip_duration", "max_imsize", "layer_type", "num_frames",
    ),
    "Wav2VecBert": (*EXTRACTOR, *LAYERS, "norm_audio", "normalized", "layer_type"),
    "FmriExtractor": (*EXTRACTOR, "offset", "projection", "cleaning", "padding", "input_space", "fwhm"),
    "LabelEncoder": (
        "name", "event_types", "aggregation", "allow_missing", "frequency", "event_field",
        "treat_missing_as_separate_class", "return_one_hot", "predefined_mapping",
    ),
}  # fmt: skip
"""The keys of upstream's classes below `data`, by the class that a section names."""


def split_update(update: Mapping[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """`config_update` parted into upstream's keys and our own (prefix "tribe_np.", which is dropped).

    Raises   ConfigError for anything but a mapping from text
    """
    upstream: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for key, value in MAPPING("config_update", {} if update is None else update).items():
        if not isinstance(key, str):
            raise ConfigError(f"config_update: a key must be text such as 'data.batch_size', got {quoted(key)}")
        if key.startswith(OWN_PREFIX):
            own[key[len(OWN_PREFIX) :]] = value
        else:
            upstream[key] = value
    return upstream, own


def split_settings(update: Mapping[str, Any], config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Upstream's keys parted into overrides of the configuration and the experiment's own flags.

    Raises   ConfigError for a flag that is not true or false, or a key that neither config.yaml nor upstream has
    """
    given = Settings(update, "config_update")
    flags = {key: given.flag(key) for key in EXPERIMENT_FLAGS if given.has(key)}
    rest = {key: value for key, value in update.items() if key not in EXPERIMENT_FLAGS}
    known = {"data", "brain_model_config", *filter(TEXT.is_good, config)}
    unknown = [key for key in rest if key.partition(".")[0] not in known]
    if unknown:
        sections = ", ".join(sorted(known)[:12])
        raise ConfigError(
            f"config_update: unknown key {quoted(unknown[0])}; known are {', '.join(EXPERIMENT_FLAGS)}, keys under "
            f"{sections}, and our own keys under tribe_np."
        )
    data = (*DATA, *(f"{modality}_feature" for modality in modalities()))
    _refuse_unknown(updated({}, rest).get("data"), config.get("data"), "config_update: data", data)
    return rest, flags


def _refuse_unknown(given: object, config: object, origin: str, known: Collection[str]) -> None:
    """Refuses `data.overlap_trs` for `data.overlap_trs_train`, and the like in each section below it."""
    if not isinstance(given, Mapping):
        return
    config = config if isinstance(config, Mapping) else {}
    Settings(given, origin).refuse_unknown([*known, *filter(TEXT.is_good, config)])
    for key, section in given.items():
        names = [part["name"] for part in (section, config.get(key)) if isinstance(part, Mapping) and "name" in part]
        if names and isinstance(names[0], str) and names[0] in CLASS_KEYS:
            _refuse_unknown(section, config.get(key), f"{origin}.{key}", CLASS_KEYS[names[0]])


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
