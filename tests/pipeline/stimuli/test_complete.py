"""Rows written by hand: completed by a public helper, refused with its name without it."""

from dataclasses import replace
from pathlib import Path

import pytest

import tribe_np
from tribe_np import TribeModel
from tribe_np.errors import EventsError
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.timeline.events import Event, Events

pytestmark = pytest.mark.extras


@pytest.fixture
def sound(model: TribeModel, demo: DemoPaths) -> str:
    """The demo's sound, as a file."""
    return str(model.get_events(video_path=demo.clip, speech=False).of_type("Audio")[0].filepath)


def test_a_film_gets_what_get_events_gives(model: TribeModel, demo: DemoPaths) -> None:
    row = Event("Video", 0.0, filepath=str(demo.clip))
    completed = model.complete_events(Events([row]), audio_only=True)
    assert completed == model.get_events(video_path=demo.clip, speech=False)


def test_words_get_sentences_and_contexts(model: TribeModel, demo: DemoPaths) -> None:
    whole = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    bare = Events(
        Event(e.type, e.start, e.duration, filepath=e.filepath, frequency=e.frequency, text=e.text, language=e.language)
        for e in whole
        if e.type not in ("Text", "Sentence")
    )
    with pytest.raises(EventsError, match=r"has no context; TribeModel\.complete_events adds contexts"):
        model.predict(bare, verbose=False)
    completed = model.complete_events(bare)
    assert [w.context for w in completed.of_type("Word")] == [w.context for w in whole.of_type("Word")]
    predictions, _ = model.predict(completed, verbose=False)
    assert predictions.tobytes() == model.predict(whole, verbose=False)[0].tobytes()
    assert model.complete_events(completed) == completed


def test_a_sound_without_duration(model: TribeModel, sound: str) -> None:
    row = Event("Audio", 2.0, filepath=sound, offset=1.0)
    with pytest.raises(EventsError, match=r"last 0 s.*complete_events reads durations"):
        model.predict(Events([row]), verbose=False)
    (completed,) = model.complete_events(Events([row]), audio_only=True)
    assert (completed.start, completed.offset, completed.frequency) == (2.0, 1.0, 44100.0)
    assert completed.duration == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([Event("Audio", 0.0, filepath="SOUND", offset=9.0)], "no row can start at an offset of 9 s"),
        ([Event("Word", 0.0, 1.0, text="a", language="french"), Event("Word", 1.0, 1.0, text="b", language="german")],
         r"2 languages \(french, german\)"),
    ],
)  # fmt: skip
def test_what_cannot_be_completed(model: TribeModel, sound: str, rows: list[Event], message: str) -> None:
    given = Events(replace(row, filepath=row.filepath.replace("SOUND", sound)) for row in rows)
    with pytest.raises(EventsError, match=message):
        model.complete_events(given)


def test_words_of_two_sounds_on_one_timeline(model: TribeModel, sound: str, tmp_path: Path) -> None:
    other = tmp_path / "other.wav"
    other.write_bytes(Path(sound).read_bytes())
    rows = [Event("Audio", 0.0, filepath=sound), Event("Audio", 5.0, filepath=str(other))]
    with pytest.raises(EventsError, match="2 sound files"):
        model.complete_events(Events(rows))


def test_upstreams_function_takes_and_gives_a_dataframe(
    demo: DemoPaths, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    frame = Events([Event("Video", 0.0, filepath=str(demo.clip))]).to_dataframe()
    completed = tribe_np.get_audio_and_text_events(frame, audio_only=True)
    assert sorted(completed["type"]) == ["Audio", "Video"]
    assert (completed["duration"] > 0).all()
    with pytest.raises(EventsError, match="an Events table or a pandas DataFrame, got str"):
        tribe_np.get_audio_and_text_events("film.mp4")
