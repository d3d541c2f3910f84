"""One branch alone (`only`): what stays in the table, over which extent, and what is predicted from it."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from extractors import catalogue
from tribe_np import TribeModel
from tribe_np.encoder.random import write_random as write_encoder
from tribe_np.errors import ConfigError, EventsError
from tribe_np.media.sound import audio
from tribe_np.pipeline import dry_run
from tribe_np.pipeline.branches import checked_branches, is_wanted, only_rows, without_events
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.early_checks import check_extractors
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.stimuli.event_builder import EventBuilder
from tribe_np.pipeline.stimuli.recogniser import Recogniser
from tribe_np.pipeline.stimuli.stimulus import WordSource, open_stimulus
from tribe_np.timeline.events import Event, Events


def noise(path: Path, seconds: float) -> Path:
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, int(16000 * seconds)), 16000)
    return path


def model_of(demo: DemoPaths, *only: str, checkpoint: Path | None = None, **options: Any) -> TribeModel:
    folder = demo.models / "encoder" if checkpoint is None else checkpoint
    update = {"tribe_np.only": list(only)} if only else None
    found = {"models": demo.models, "cache_folder": False} | options
    return TribeModel.from_pretrained(folder, device="cpu", config_update=update, **found)


# -- names and rows ----------------------------------------------------------------------------------------------------


def test_names_are_put_in_order_and_mistyped_ones_refused() -> None:
    assert PipelineConfig().only is None
    assert PipelineConfig.from_dict({"only": None}).only is None
    assert PipelineConfig.from_dict({"only": ["video", "text", "video"]}).only == ("text", "video")
    assert checked_branches("audio") == ("audio",)
    with pytest.raises(ConfigError, match="unknown modality 'vidoe'; did you mean video"):
        PipelineConfig.from_dict({"only": ["text", "vidoe"]})
    with pytest.raises(ConfigError, match="unknown modality 'smell'; known are text, audio, video, image"):
        PipelineConfig.from_dict({"only": ["smell"]})
    for wrong in ([], 3, "", {}, True, [["video"]]):
        with pytest.raises(ConfigError, match="only"):
            PipelineConfig.from_dict({"only": wrong})


def test_two_models_may_read_one_kind_of_row() -> None:
    assert is_wanted("Video", ["image"])
    assert is_wanted("Video", ["video"])
    assert not is_wanted("Video", ["text", "audio"])
    assert is_wanted("Video", None)


TABLE = Events(
    [
        Event("Video", 0.0, 9.0, "a", "s1", "a.mp4", 25.0),
        Event("Audio", 0.5, 8.0, "a", "s1", "a.wav", 16000.0),
        Event("Text", -0.25, 4.0, "a", "s1", text="Hello."),
        Event("Sentence", -0.25, 4.0, "a", "s1", text="Hello."),
        Event("Word", 1.0, 0.5, "a", "s1", text="Hello", context="Hello"),
        Event("Action", 3.0, 1.0, "a", "s1"),
        Event("Audio", 2.0, 3.0, "b", "s2", "b.wav", 16000.0),
    ]
)


def test_rows_of_others_leave_and_the_extent_stays() -> None:
    kept = only_rows(TABLE, ("audio",))
    assert Counter(row.type for row in kept) == {"Background": 1, "Audio": 2, "Action": 1}
    (background,) = kept.of_type("Background")
    assert (background.start, background.stop, background.timeline, background.subject) == (-0.25, 9.0, "a", "s1")
    assert background.filepath == background.text == ""
    assert only_rows(kept, ("audio",)) == kept
    assert {row.type for row in only_rows(TABLE, ("text",)).on("a")} >= {"Word", "Text", "Sentence", "Background"}
    assert [row.type for row in only_rows(TABLE, ("text",)).on("b")] == ["Background"]
    assert kept.timelines() == only_rows(TABLE, ("video", "text")).timelines() == ["a", "b"]


def test_no_row_is_added_where_none_reached_further() -> None:
    assert not only_rows(TABLE, ("text", "video")).on("a").of_type("Background")
    assert only_rows(TABLE, ("text", "audio", "video")) == TABLE.standardized()
    assert only_rows(TABLE, None) == TABLE.standardized()


def test_what_a_stimulus_does_not_have_is_said_and_nothing_at_all_refused() -> None:
    sound = Events([Event("Audio", 0.0, 1.0, filepath="a.wav", frequency=8.0)])
    assert without_events(sound, None) == without_events(sound, ("audio",)) == []
    assert without_events(sound, ("audio", "video")) == ["the stimulus has no Video events: predicting without video"]
    with pytest.raises(EventsError, match=r"only video and image was asked for, but .* no Video events"):
        without_events(sound, ("video", "image"))


# -- runs --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(demo: DemoPaths) -> tuple[Events, dict[str, np.ndarray], list[float]]:
    """Everything: events, features, starts of the rows."""
    model = model_of(demo)
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    _, segments = model.predict(events, verbose=False)
    return events, model.extract_features(events), [segment.start for segment in segments]


@pytest.mark.extras
@pytest.mark.parametrize("only", [("text",), ("audio",), ("video",), ("video", "text")])
def test_a_branch_has_the_rows_and_the_features_of_the_whole(
    demo: DemoPaths, whole: tuple[Events, dict[str, np.ndarray], list[float]], only: tuple[str, ...]
) -> None:
    model = model_of(demo, *only)
    assert set(model.data.modalities) == set(only)
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    kinds = {catalogue.record_of(modality).event_type for modality in only}
    assert kinds <= {row.type for row in events} <= kinds | {"Background", "Text", "Sentence"}
    predictions, segments = model.predict(events, verbose=False)
    assert [segment.start for segment in segments] == whole[2]
    features = model.extract_features(events)
    assert set(features) == set(only)
    for modality in only:
        assert features[modality].tobytes() == whole[1][modality].tobytes()
    given = {m: features[m][None, ..., : 2 * model.data.duration_trs] for m in features}
    n_missing = 2 * model.data.duration_trs - given[only[0]].shape[-1]
    filled = {m: np.pad(x, ((0, 0), (0, 0), (0, 0), (0, n_missing))) for m, x in given.items()}
    by_hand = model_of(demo).encoder(filled)[0].T[: len(predictions)]
    assert predictions.tobytes() == np.ascontiguousarray(by_hand).tobytes()


@pytest.mark.extras
def test_absent_is_not_zero(demo: DemoPaths, whole: tuple[Events, dict[str, np.ndarray], list[float]]) -> None:
    alone, everything = model_of(demo, "audio"), model_of(demo)
    features = {"audio": whole[1]["audio"]}
    zeros = features | {m: np.zeros_like(whole[1][m]) for m in ("text", "video")}
    absent, _ = alone.predict_features(features, verbose=False)
    assert np.abs(absent - everything.predict_features(zeros, verbose=False)[0]).max() > 1e-3


@pytest.mark.extras
def test_a_table_of_everything_gives_the_same(demo: DemoPaths) -> None:
    everything, model = model_of(demo), model_of(demo, "video")
    table = everything.get_events(video_path=demo.clip, transcript=demo.transcript)
    alone, _ = model.predict(model.get_events(video_path=demo.clip, transcript=demo.transcript), verbose=False)
    assert model.predict(table, verbose=False)[0].tobytes() == alone.tobytes()


@pytest.mark.extras
def test_no_work_is_done_for_the_others(demo: DemoPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("work for a modality that was left out")

    folders = {"video": demo.models / "video"}
    monkeypatch.setattr(audio, "extract_audio", never)
    monkeypatch.setattr(Recogniser, "transcribed", never)
    monkeypatch.setattr(Recogniser, "open", never)
    model = model_of(demo, "video", models=folders)
    words = WordSource(transcriber="faster-whisper")
    check_extractors(model, open_stimulus(demo.clip), words)  # no other model's folder is looked for
    planned = dry_run.dry_run_of(demo.clip, tmp_path / "out", load=lambda: model, words=words)
    assert [stage.stage for stage in planned.stages] == ["video", "brain encoder"]
    events = model.get_events_of(demo.clip, words)
    assert {row.type for row in events} == {"Video"}
    assert any("no words are recognised" in text for text in model.record.warnings)
    model.predict(events, verbose=False)
    assert set(model.record.facts["models"]) == {"video"}
    spoken = model_of(demo, "text", models={"text": demo.models / "text"})  # words at hand: the sound is not needed
    assert len(spoken.get_events(video_path=demo.clip, transcript=demo.transcript).of_type("Word"))
    by_hand = Events([Event("Video", 0.0, filepath=str(demo.clip))])
    assert {row.type for row in model.complete_events(by_hand)} == {"Video"}


@pytest.mark.extras
def test_words_that_would_be_recognised_are_assumed_alone(demo: DemoPaths, tmp_path: Path) -> None:
    model = model_of(demo, "text")
    planned = dry_run.dry_run_of(demo.clip, tmp_path / "out", load=lambda: model, words=WordSource())
    assert (planned.stages[0].stage, planned.stages[0].amount) == ("text", "10 words")
    assert [stage.stage for stage in planned.stages] == ["text", "brain encoder"]


@pytest.mark.extras
def test_a_stimulus_without_the_branch(demo: DemoPaths, tmp_path: Path) -> None:
    sound = noise(tmp_path / "sound.wav", 2.0)
    with pytest.raises(EventsError, match="only video was asked for, but the stimulus has no Video events"):
        model_of(demo, "video").get_events(audio_path=sound, speech=False)
    both = model_of(demo, "audio", "video")
    events = both.get_events(audio_path=sound, speech=False)
    both.predict(events, verbose=False)
    assert both.record.warnings == ["the stimulus has no Video events: predicting without video"]
    with pytest.raises(EventsError, match="only video"):
        model_of(demo, "video").predict(events, verbose=False)
    with pytest.raises(EventsError, match="only video"):
        model_of(demo, "video").extract_features(events)


@pytest.mark.extras
def test_a_checkpoint_with_pictures_too(demo: DemoPaths, tmp_path: Path) -> None:
    """Video and image read the same rows; each can be left out."""
    with pytest.raises(ConfigError, match=r"only image: the checkpoint .* no such modality; it has text, audio and"):
        model_of(demo, "image")
    image = catalogue.record_of("image").write_random(tmp_path / "image", seed=1)
    whole, config = model_of(demo), catalogue.record_of("image").config.from_folder(image)
    known = {m: tuple(x) for m, x in whole.encoder.build_args.feature_dims.items() if x is not None}
    n_groups = len(whole.data.extractors["video"].selection.groups(config.n_states))
    dims = known | {"image": (n_groups, config.model_dim)}
    write_encoder(tmp_path / "encoder", seed=2, feature_dims=dims, n_outputs=50)
    models = {m: demo.models / m for m in known} | {"image": image}
    for name in ("video", "image"):
        model = model_of(demo, name, checkpoint=tmp_path / "encoder", models={name: models[name]})
        events = model.get_events(video_path=demo.clip, speech=False)
        predictions, _ = model.predict(events, verbose=False)
        assert set(model.extract_features(events)) == {name} == set(model.record.facts["models"])
        assert predictions.shape == (4, 50)


@pytest.mark.extras
def test_a_text_alone_keeps_the_length_of_its_voice(
    demo: DemoPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EventBuilder, "_spoken", lambda *_: (noise(tmp_path / "voice.wav", 5.0), None))
    (tmp_path / "text.txt").write_text("Hello there.")
    events = model_of(demo, "text").get_events_of(tmp_path / "text.txt", WordSource(demo.transcript))
    assert events.of_type("Background")[0].stop == 5.0
    assert not events.of_type("Audio")
