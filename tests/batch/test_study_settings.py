"""Settings of a study: what differs is named by its option, and what a stimulus says of itself comes first."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tribe_np.batch.settings import StudySettings
from tribe_np.errors import ConfigError

SETTINGS = StudySettings("/models/encoder", {"text": "/models/text"}, "/cache", 2)


def test_differences_are_named_by_their_options() -> None:
    now = replace(
        SETTINGS, precision="float64", threads=4, models={"text": "/other"}, options={"video_stride": 2, "only": ["a"]},
        words={"speech": False, "how": "direct"}, selection={"roi": ["V1", "MT"]}, subject="sub-1",
    )  # fmt: skip
    assert SETTINGS.differences(now) == [
        "--no-speech not given, now given",
        "--only not given, now a",
        "--precision float32, now float64",
        "--roi not given, now V1,MT",
        "--subject not given, now sub-1",
        "--text-model /models/text, now /other",
        "--threads 2, now 4",
        "--video-stride not given, now 2",
        "--words not given, now direct",
    ]


def test_where_models_were_looked_for_makes_no_difference() -> None:
    assert SETTINGS.differences(replace(SETTINGS, folders=("/elsewhere",), hub_cache="/hub")) == []


def test_json_gives_the_same() -> None:
    own = replace(SETTINGS, options={"only": ("video",)}, selection={"roi": ("V1",)}, folders=("/a", "/b"))
    again = StudySettings.from_dict(json.loads(json.dumps(own.as_dict())))
    assert own.differences(again) == []
    assert again.folders == ("/a", "/b")
    assert again.locations().explicit == {"text": Path("/models/text")}


def test_a_stimulus_with_a_transcript_is_not_heard() -> None:
    study = replace(SETTINGS, words={"transcriber": "whisperx", "whisper_model": None, "speech": True, "how": "spoken"})
    with_words = SimpleNamespace(transcript="/words.json", language=None)
    without = SimpleNamespace(transcript=None, language="fr")
    assert study.word_source(with_words).transcript == Path("/words.json")
    assert study.word_source(with_words).transcriber is None
    assert study.word_source(without).transcriber == "whisperx"
    assert study.pipeline_config(without).language == "fr"
    assert study.pipeline_config(with_words).language is None


def test_a_transcript_contradicts_no_speech() -> None:
    study = replace(SETTINGS, words={"speech": False})
    with pytest.raises(ConfigError, match=r"--no-speech contradicts the transcript /words\.json"):
        study.word_source(SimpleNamespace(transcript="/words.json", language=None))


def test_pictures_alone_are_shown_as_pictures() -> None:
    study = replace(SETTINGS, pictures={"seconds": 3.0, "background": "white"})
    assert study.picture_show("picture").seconds == 3.0
    assert study.picture_show("video").seconds is None
