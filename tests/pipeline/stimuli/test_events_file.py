"""A table of events as a stimulus: what is in it is what is shown."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tribe_np import TribeModel
from tribe_np.errors import ConfigError, EventsError, MediaError, MissingFileError
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.early_checks import expected_events
from tribe_np.pipeline.stimuli.stimulus import WordSource, open_stimulus
from tribe_np.timeline.events import Event, Events

pytestmark = pytest.mark.extras
NONE = WordSource()


def table(path: Path, *rows: Event) -> Path:
    Events(rows).to_tsv(path)
    return path


def sound(path: Path, seconds: float = 2.0) -> Path:
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, round(16000 * seconds)), 16000)
    return path


def test_a_written_table_gives_the_same_bytes(model: TribeModel, demo: DemoPaths, tmp_path: Path) -> None:
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    path = table(tmp_path / "events.tsv", *events)
    model.record.warnings.clear()
    again = model.get_events_of(path, NONE)
    assert again == events
    assert model.record.warnings == []
    assert model.predict(again, verbose=False)[0].tobytes() == model.predict(events, verbose=False)[0].tobytes()


def test_several_timelines_give_the_same_bytes(model: TribeModel, demo: DemoPaths, tmp_path: Path) -> None:
    whole = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    silent = model.get_events(video_path=demo.clip, speech=False)
    events = Events(replace(row, timeline=name) for name, on in (("b", whole), ("a", silent)) for row in on)
    again = model.get_events_of(table(tmp_path / "events.tsv", *events), NONE)
    assert again == events
    predictions, segments = model.predict(again, verbose=False)
    assert predictions.tobytes() == model.predict(events, verbose=False)[0].tobytes()
    assert list(dict.fromkeys(segment.timeline for segment in segments)) == ["b", "a"]
    alone = model.predict(whole, verbose=False)[0]
    np.testing.assert_allclose(predictions[: len(alone)], alone, atol=1e-5)


def test_long_sound_stays_in_its_chunks(model: TribeModel, tmp_path: Path) -> None:
    path = sound(tmp_path / "long.wav", 140)
    events = model.get_events(audio_path=path, speech=False)
    assert len(events) == 2
    assert model.get_events_of(table(tmp_path / "a.tsv", *events), NONE) == events
    bare = table(tmp_path / "b.tsv", Event("Audio", 0.0, filepath=str(path)))
    assert [(r.start, r.duration, r.offset) for r in model.get_events_of(bare, NONE)] == [
        (r.start, r.duration, r.offset) for r in events
    ]


def test_overlapping_rows_do_not_cut_each_other(model: TribeModel, tmp_path: Path) -> None:
    path = str(sound(tmp_path / "long.wav", 60))
    rows = [Event("Audio", start, duration, filepath=path, frequency=16000.0) for start, duration in ((0, 60), (30, 5))]
    assert [(row.start, row.duration) for row in model.get_events_of(table(tmp_path / "a.tsv", *rows), NONE)] == [
        (0, 60),
        (30, 5),
    ]


def test_a_table_of_pandas(model: TribeModel, demo: DemoPaths, tmp_path: Path) -> None:
    """Upstream's DataFrame as its users write it: an index, `stop`, whole numbers as floats, foreign columns."""
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    frame = events.to_dataframe()
    frame["condition"] = "faces"
    frame.to_csv(tmp_path / "events.tsv", sep="\t")
    again = model.get_events_of(tmp_path / "events.tsv", NONE)
    assert again == Events(replace(row, extra={"condition": "faces"}) for row in events)
    again.to_tsv(tmp_path / "again.tsv")
    assert "condition" in (tmp_path / "again.tsv").read_text(encoding="utf-8").splitlines()[0].split("\t")


def test_what_is_missing_is_completed_and_nothing_is_added(model: TribeModel, demo: DemoPaths, tmp_path: Path) -> None:
    rows = [
        Event("Video", 0.0, filepath=str(demo.clip)),
        Event("Word", 1.0, 0.3, text="Hello"),
        Event("Word", 1.5, 0.3, text="there"),
    ]
    events = model.get_events_of(table(tmp_path / "a.tsv", *rows), NONE)
    (film,) = events.of_type("Video")
    assert (film.duration, film.frequency) == (4.0, 24.0)
    assert [word.context for word in events.of_type("Word")] == ["Hello", "Hello there"]
    assert not len(events.of_type("Audio"))
    assert "clip.mp4 has sound, but the table has no Audio row beside it: it is shown without its sound" in (
        model.record.warnings
    )


def test_words_alone_end_with_the_last_word(model: TribeModel, tmp_path: Path) -> None:
    rows = [Event("Word", n * 0.5, 0.5, text=text) for n, text in enumerate(("Red", "balloon"))]
    events = model.get_events_of(table(tmp_path / "a.tsv", *rows), NONE)
    assert (min(row.start for row in events), max(row.stop for row in events)) == (0.0, 1.0)
    assert len(model.predict(events, verbose=False)[0]) == 1


def test_contexts_are_made_again_where_one_is_missing(model: TribeModel, demo: DemoPaths, tmp_path: Path) -> None:
    whole = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    first = whole.of_type("Word")[0]
    rows = [replace(row, context="") if row == first else row for row in whole]
    assert model.get_events_of(table(tmp_path / "a.tsv", *rows), NONE) == whole
    assert "a.tsv: 1 of 12 words have no context: those of all are made again" in model.record.warnings
    rows[-1] = replace(rows[-1], language="french")
    with pytest.raises(EventsError, match=r"a.tsv: timeline 'default' has words in 2 languages \(english, french\)"):
        model.get_events_of(table(tmp_path / "a.tsv", *rows), NONE)


def test_relative_paths(model: TribeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    sound(here / "a.wav")
    sound(there / "b.wav")
    monkeypatch.chdir(here)
    rows = [Event("Audio", 0.0, filepath="a.wav"), Event("Audio", 3.0, filepath="b.wav")]
    events = model.get_events_of(table(there / "events.tsv", *rows), NONE)
    assert [row.filepath for row in events] == ["a.wav", str(there / "b.wav")]
    assert model.record.warnings == [
        "events.tsv: 2 relative paths, found 1 in the working folder and 1 in the folder of the table"
    ]
    sound(there / "a.wav", 1)
    assert model.get_events_of(there / "events.tsv", NONE)[0].duration == 2.0
    assert any("1 of them ('a.wav') would lead to another file" in text for text in model.record.warnings)


def test_without_words_and_without_recogniser(model: TribeModel, demo: DemoPaths, tmp_path: Path) -> None:
    whole = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    path = table(tmp_path / "a.tsv", *whole)
    events = model.get_events_of(path, WordSource(speech=False))
    assert {row.type for row in events} == {"Audio", "Video"}
    assert "a.tsv: --no-speech leaves out its 12 words" in model.record.warnings
    with pytest.raises(ConfigError, match=r"--transcript is for a film.*the words of .*a.tsv are its Word rows"):
        model.get_events_of(path, WordSource(transcript=demo.transcript))
    assert expected_events(open_stimulus(path), NONE) == {"Audio", "Video", "Word", "Text", "Sentence"}
    assert expected_events(open_stimulus(path), WordSource(speech=False)) == {"Audio", "Video", "Text", "Sentence"}


def test_a_recogniser_hears_only_timelines_without_words(model: TribeModel, demo: DemoPaths, tmp_path: Path) -> None:
    script = tmp_path / "hear.py"
    times = [{"word": "Hi", "start": 0.1, "end": 0.4}, {"word": "there.", "start": 0.5, "end": 0.9}]
    heard = json.dumps({"segments": [{"text": "Hi there.", "words": times}], "language": "en"})
    script.write_text(f"import sys, pathlib\npathlib.Path(sys.argv[2]).write_text({heard!r})\n")
    path = sound(tmp_path / "a.wav")
    rows = [
        Event("Audio", 0.0, timeline="one", filepath=str(path)),
        Event("Audio", 0.0, timeline="two", filepath=str(path)),
        Event("Word", 0.5, 0.5, timeline="two", text="Mine"),
    ]
    given = table(tmp_path / "events.tsv", *rows)
    assert [word.text for word in model.get_events_of(given, NONE).of_type("Word")] == ["Mine"]
    command = f"{sys.executable} {script} {{input}} {{output}}"
    events = model.get_events_of(given, WordSource(transcriber=command))
    assert [(word.timeline, word.text) for word in events.of_type("Word")] == [
        ("one", "Hi"),
        ("one", "there."),
        ("two", "Mine"),
    ]


HEAD = "type\tstart\tduration\ttimeline\tfilepath\ttext\n"


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (
            HEAD + "Audio\t0\t1\td\tgone.wav\t\n",
            MissingFileError,
            "line 2: Audio: 'gone.wav' is neither in the working",
        ),
        (HEAD + "Audio\t0\t1\td\t/no/gone.wav\t\n", MissingFileError, "line 2: Audio: '/no/gone.wav': no such file"),
        (HEAD + "Word\t0\t1\td\t\tHi\nWord\t-x\t1\td\t\tHi\n", EventsError, "line 3: start is '-x', expected a number"),
        (HEAD + "Word\t0\t-1\td\t\tHi\n", EventsError, "line 2 (Word 'Hi'): duration is -1.0, must not be negative"),
        (HEAD + "word\t0\t1\td\t\tHi\n", EventsError, "line 2 (word 'Hi'): type 'word' must be written 'Word'"),
        (HEAD + "Word\t0\t1\td\t\t\n", EventsError, "line 2 (Word): no text"),
        (HEAD + "Audio\t0\t1\td\t\t\n", EventsError, "line 2 (Audio): no filepath"),
        (HEAD + "Word\t0\t1\td\n", EventsError, "line 2: 4 cells, expected 6"),
        (HEAD, EventsError, "no rows"),
        ("onset\tduration\ttrial_type\n0\t1\tface\n", EventsError, "tribe-np experiment"),
        ("text\tstart\tduration\nHi\t0\t1\n", EventsError, "--transcript"),
    ],
)
def test_bad_tables(tmp_path: Path, rows: str, error: type[Exception], message: str) -> None:
    path = tmp_path / "events.tsv"
    path.write_text(rows)
    with pytest.raises(error) as found:
        open_stimulus(path).table  # noqa: B018
    assert str(found.value).startswith(str(path))
    assert message in str(found.value)
    assert "\n" not in str(found.value)


def test_a_file_that_is_none_is_named_with_its_line(model: TribeModel, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no sound at all")
    path = table(tmp_path / "a.tsv", Event("Audio", 0.0, filepath=str(tmp_path / "bad.wav")))
    with pytest.raises(MediaError, match=r"a.tsv, line 2: .*bad.wav"):
        model.get_events_of(path, NONE)
    path = table(tmp_path / "a.tsv", Event("Audio", 0.0, 1.0, offset=5.0, filepath=str(sound(tmp_path / "s.wav"))))
    with pytest.raises(EventsError, match=r"a.tsv, line 2: .*lasts 2 s: no row can start at an offset of 5 s"):
        model.get_events_of(path, NONE)


def test_a_row_longer_than_its_file(model: TribeModel, demo: DemoPaths, tmp_path: Path) -> None:
    rows = [Event("Audio", 0.0, 9.0, filepath=str(sound(tmp_path / "s.wav")), frequency=16000.0)]
    with pytest.raises(EventsError, match=r"a.tsv, line 2: .*s.wav: lasts 2 s, but .* second 9; .* be 2 s at most"):
        model.get_events_of(table(tmp_path / "a.tsv", *rows), NONE)
    nearly = replace(rows[0], duration=2.05)  # rounding, and the last video frame
    assert model.get_events_of(table(tmp_path / "a.tsv", nearly), NONE)[0].duration == 2.05


def test_pictures_and_screens_in_a_table(model: TribeModel, tmp_path: Path) -> None:
    picture = pytest.importorskip("PIL.Image").new("RGB", (8, 8), "red")
    picture.save(tmp_path / "face.png")
    rows = [
        Event("Video", 0.0, filepath="screen:grey", duration=1.0, frequency=25.0),
        Event("Video", 1.0, filepath=str(tmp_path / "face.png")),
    ]
    events = model.get_events_of(table(tmp_path / "a.tsv", *rows), NONE)
    assert [(row.start, row.duration, row.extra.get("background")) for row in events] == [
        (0.0, 1.0, None),
        (1.0, 2.0, "grey"),
    ]
