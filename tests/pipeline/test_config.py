"""The data section of config.yaml and our own options."""

import copy
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tribe_np.errors import ConfigError
from tribe_np.pipeline.config import DataConfig
from tribe_np.pipeline.config_update import updated
from tribe_np.pipeline.options import COMPAT_NAMES, NEW_IN_4, REPAIRED_IN_4, Compat, PipelineConfig

DATA: dict[str, Any] = {
    "features_to_use": ["text", "audio", "video"],
    "frequency": 2.0,
    "duration_trs": 100,
    "overlap_trs_train": 0,
    "stride_drop_incomplete": False,
    "batch_size": 8,
    "layers_to_use": [0.5, 0.75, 1.0],
    "layer_aggregation": "group_mean",
    "neuro": {"name": "FmriExtractor", "frequency": 1.0, "offset": 5.0},
    "text_feature": {"name": "HuggingFaceText", "aggregation": "sum", "allow_missing": True, "cache_n_layers": 20},
    "audio_feature": {"name": "Wav2VecBert", "aggregation": "sum", "allow_missing": True},
    "video_feature": {
        "name": "HuggingFaceVideo",
        "aggregation": "sum",
        "clip_duration": 4.0,
        "image": {"cache_n_layers": 7},
    },
    "image_feature": {"name": "HuggingFaceVideo", "aggregation": "sum", "image": {"layers": 0.5}},
}


def changed(**changes: Any) -> dict[str, Any]:
    return updated(copy.deepcopy(DATA), changes)


def test_released_settings_are_read() -> None:
    data = DataConfig.from_dict(DATA)
    assert data.modalities == ("text", "audio", "video")
    assert (data.tr, data.hemodynamic_offset, data.duration_trs, data.batch_size) == (1.0, 5.0, 100, 8)
    assert data.extractors["text"].selection.cache_n_layers == 20
    assert data.extractors["audio"].selection.cache_n_layers is None
    assert data.extractors["video"].selection.cache_n_layers == 7
    assert data.extractors["video"].clip_duration == 4.0
    assert data.extractors["text"].selection.fractions == (0.5, 0.75, 1.0)
    assert data.extractors["text"].model_name == "meta-llama/Llama-3.2-3B"


def test_number_of_layers_becomes_even_fractions() -> None:
    data = DataConfig.from_dict(changed(layers_to_use=None, n_layers_to_use=3))
    assert data.extractors["text"].selection.fractions == (0.0, 0.5, 1.0)


def test_without_layers_to_use_each_extractor_has_its_own() -> None:
    data = DataConfig.from_dict(changed(layers_to_use=None, features_to_use=["image"]))
    assert data.extractors["image"].selection.fractions == (0.5,)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"features_to_use": []}, "features_to_use"),
        ({"features_to_use": ["smell"]}, "smell"),
        ({"frequency": 0}, "data.frequency"),
        ({"frequency": "2"}, "data.frequency"),
        ({"duration_trs": 1.5}, "data.duration_trs"),
        ({"neuro": None}, "data.neuro"),
        ({"neuro.frequency": "native"}, "data.neuro.frequency"),
        ({"text_feature.name": "SonarEmbedding"}, "SonarEmbedding"),
        ({"text_feature.contextualized": False}, "contextualized"),
        ({"text_feature.allow_missing": "no"}, "text_feature.allow_missing must be true or false, got 'no'"),
        ({"stride_drop_incomplete": 0}, "data.stride_drop_incomplete"),
        (
            {"text_feature.aggregation": "trigger"},
            "text_feature.aggregation must be sum, mean, .* or stack, got 'trigger'",
        ),
        ({"audio_feature.aggregation": ["sum"]}, "audio_feature.aggregation"),
        ({"text_feature.token_aggregation": "last"}, "token_aggregation"),
        ({"audio_feature.layer_type": "convolution"}, "layer_type"),
        ({"video_feature.clip_duration": None}, "clip_duration"),
        ({"video_feature.max_imsize": 100}, "max_imsize"),
        ({"video_feature.image": None}, "video_feature.image"),
        ({"layers_to_use": None, "text_feature.layers": "all"}, "all"),
        ({"layers_to_use": ["a"]}, "fractions"),
        ({"layers_to_use": [1.5]}, "between 0 and 1"),
        ({"n_layers_to_use": 3}, "only one of"),
        ({"layers_to_use": ["a"]}, r"config\.yaml: data\.layers_to_use must be fractions"),
        ({"text_feature.model_name": 7}, r"data\.text_feature\.model_name must be text, got 7"),
        ({"text_feature.cache_n_layers": 1}, r"cache_n_layers must be a whole number from 2 to 100000 or null, got 1"),
        ({"text_feature": None}, r"config\.yaml: data\.text_feature must be a mapping, got None"),
        ({"layer_aggregation": "median"}, "layer_aggregation"),
        ({"features_to_use": [["text"]]}, "features_to_use"),
        ({"features_to_use": ["text", "text"]}, "each once"),
        ({"frequency": float("inf")}, "data.frequency"),
        ({"neuro.frequency": 1e-320}, "data.neuro.frequency"),
        ({"neuro.offset": "5 s"}, "data.neuro.offset"),
        ({"neuro.offset": None}, "data.neuro.offset"),
        ({"video_feature.clip_duration": "4"}, "clip_duration"),
        ({"video_feature.clip_duration": 0}, "clip_duration"),
        ({"video_feature.num_frames": "all"}, "num_frames"),
        ({"text_feature.cache_n_layers": "x"}, "data.text_feature.cache_n_layers"),
        ({"layers_to_use": True}, "fractions"),
        ({"layers_to_use": None, "n_layers_to_use": "x"}, "n_layers_to_use"),
    ],
)
def test_what_is_not_implemented_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        DataConfig.from_dict(changed(**changes))


def test_own_options_refuse_unknown_keys_and_values() -> None:
    assert PipelineConfig.from_dict({}).video_final_norm is True
    assert PipelineConfig.from_dict({"compat": "upstream"}).compat.duplicate_words
    with pytest.raises(ConfigError, match="options: unknown key 'speling'; known are sentences, "):
        PipelineConfig.from_dict({"speling": 1})
    with pytest.raises(ConfigError, match="video_final_norm"):
        PipelineConfig.from_dict({"video_final_norm": "yes"})
    with pytest.raises(ConfigError, match="compat"):
        PipelineConfig.from_dict({"compat": "rust"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("sentences", 5), ("n_video_frames", 0), ("n_video_frames", "x"), ("n_video_frames", True), ("language", 7),
     ("speech_engine", 7), ("remove_empty_segments", 1)],
)  # fmt: skip
def test_own_options_of_the_wrong_type_are_named(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"^options: {name} must be .*, got "):
        PipelineConfig.from_dict({name: value})


def test_compat_is_right_by_default_and_all_on_request() -> None:
    assert not any(vars(Compat.named(None)).values())
    off = {name: {flag for flag, is_on in vars(Compat.named(name)).items() if not is_on} for name in COMPAT_NAMES}
    assert off == {"upstream": set(NEW_IN_4), "neuralset-0.4": set(REPAIRED_IN_4)}
    assert set(NEW_IN_4 + REPAIRED_IN_4) <= {field.name for field in fields(Compat)}


def test_every_defect_has_one_row_in_the_list_of_differences() -> None:
    page = (Path(__file__).parents[2] / "docs" / "differences.md").read_text(encoding="utf-8").partition("## Kept")[0]
    lines = page.splitlines()
    rows = [
        line.split(" | ")[0] for line, below in pairwise(lines) if line.startswith("| ") and not below.startswith("|--")
    ]
    assert len(rows) == len(set(rows)), "no difference is told of twice"
    named = {row.strip("| `") for row in rows if row.startswith("| `")}
    assert {field.name for field in fields(Compat)} <= named
