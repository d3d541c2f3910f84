"""config_update: which keys it takes, and that those which would do nothing are refused."""

from typing import Any

import pytest

from tribe_np.encoder.random_config import experiment_config
from tribe_np.errors import ConfigError
from tribe_np.pipeline.config_update import CLASS_KEYS, DATA, split_settings, split_update, updated

CONFIG = experiment_config(["text", "audio", "video", "image"], {}, 100)


def sections(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The sections of a full dump that name a class whose keys are known."""
    found = [part for part in data.values() if isinstance(part, dict)]
    return [*found, *(part for section in found for part in section.values() if isinstance(part, dict))]


def test_the_keys_are_those_of_upstreams_dump() -> None:
    assert {key for key in CONFIG["data"] if not key.endswith("_feature")} == set(DATA)
    dumped = {part["name"]: set(part) for part in sections(CONFIG["data"]) if part.get("name") in CLASS_KEYS}
    assert dumped == {name: set(keys) for name, keys in CLASS_KEYS.items()}


def test_updates_are_dotted_or_nested_and_leave_the_original() -> None:
    original = {"a": {"b": 1, "c": 2}, "d": 3}
    assert updated(original, {"a.b": 5, "a": {"e": 6}, "f.g": 7}) == {
        "a": {"b": 5, "c": 2, "e": 6},
        "d": 3,
        "f": {"g": 7},
    }
    assert original == {"a": {"b": 1, "c": 2}, "d": 3}
    assert split_update({"data.x": 1, "tribe_np.sentences": "builtin"}) == ({"data.x": 1}, {"sentences": "builtin"})
    assert split_update(None) == ({}, {})
    assert updated(original, {"a": {"=replace=": True, "z": 1}}) == {"a": {"z": 1}, "d": 3}
    for wrong in ("data.x", [1], {1: 2}):
        with pytest.raises(ConfigError, match="config_update"):
            split_update(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "update",
    [
        {"data.text_feature.batch_size": 3, "data.video_feature.image.layers": [0.5]},
        {"data.neuro.offset": 4.0, "data.subject_id.predefined_mapping": {"sub-01": 0}},
        {"data.study.anything": 1, "data.text_feature.infra.anything": 1, "loss.kwargs.anything": 1},
        {"data": {"audio_feature": {"=replace=": True, "name": "Wav2VecBert", "layers": 0.5}}},
    ],
)
def test_keys_that_upstream_takes(update: dict[str, Any]) -> None:
    assert split_settings(update | {"average_subjects": False}, CONFIG) == (update, {"average_subjects": False})


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ({"dat.batch_size": 1}, r"config_update: unknown key 'dat\.batch_size'; known are average_subjects, "),
        ({"data.overlap_trs": 1}, r"config_update: data: unknown key 'overlap_trs'; did you mean overlap_trs_"),
        ({"data.text_feature.bach_size": 1}, r"data\.text_feature: unknown key 'bach_size'; did you mean batch_size"),
        ({"data": {"text_feature": {"bach_size": 1}}}, r"data\.text_feature: unknown key 'bach_size'"),
        ({"data.audio_feature.batch_size": 1}, r"data\.audio_feature: unknown key 'batch_size'"),
        ({"data.video_feature.clip_durations": 1}, r"did you mean clip_duration\?"),
        ({"data.video_feature.image.layer": 0.5}, r"data\.video_feature\.image: unknown key 'layer'; did you"),
        ({"data.neuro.ofset": 1}, r"data\.neuro: unknown key 'ofset'; did you mean offset\?"),
        ({"data.subject_id.mapping": {}}, r"data\.subject_id: unknown key 'mapping'"),
        ({"remove_empty_segments": None}, "config_update: remove_empty_segments must be true or false, got None"),
    ],
)  # fmt: skip
def test_a_key_that_would_do_nothing_is_refused(update: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        split_settings(update, CONFIG)


@pytest.mark.parametrize("odd", [None, 3, [1], {"name": ["Wav2VecBert"]}, {1 << 60000: 1}])
def test_odd_sections_of_a_file_are_left_to_their_reader(odd: Any) -> None:
    for config in ({"data": odd}, {"data": {"audio_feature": odd}}, {1 << 60000: odd}):
        update = {"data.audio_feature.layers": 0.5}
        assert split_settings(update, config) == (update, {})
