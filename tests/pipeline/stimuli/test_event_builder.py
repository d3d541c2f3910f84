"""From a stimulus to its events: where words come from, and what happens without them."""

import json
import shutil
from pathlib import Path

import pytest

from tests.media.sound.sound_samples import noise, write
from tools.reference import audio_compat
from tribe_np.errors import EventsError, TribeError
from tribe_np.media.ffmpeg import run_ffmpeg
from tribe_np.media.speech import faster_whisper
from tribe_np.media.transcripts.transcript import Transcript, Word, write_transcript
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import Silent
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.event_builder import EventBuilder
from tribe_np.pipeline.stimuli.stimulus import WordSource, open_stimulus
from tribe_np.timeline.events import Events

pytestmark = pytest.mark.extras
WHISPERX = """#!/usr/bin/env python3
import json, pathlib, sys
arguments = sys.argv[1:]
out = pathlib.Path(arguments[arguments.index("--output_dir") + 1])
words = [{"word": "Hello", "start": 0.1, "end": 0.5}, {"word": "there.", "start": 0.6, "end": 1.1}]
segments = [{"text": " Hello there.", "words": words}]
(out / (pathlib.Path(arguments[0]).stem + ".json")).write_text(json.dumps({"segments": segments, "language": "en"}))
(pathlib.Path(__file__).parent / "calls").open("a").write("call\\n")
"""


def build(stimulus: Path, folder: Path, words: WordSource, **options: object) -> tuple[Events, RunRecord]:
    record = RunRecord()
    folder.mkdir(exist_ok=True)
    builder = EventBuilder(folder, PipelineConfig.from_dict(options), words, record, Silent())
    return builder.build(open_stimulus(stimulus)), record


@pytest.fixture
def film(demo: DemoPaths, tmp_path: Path) -> Path:
    """The demo's film in a folder of its own."""
    return Path(shutil.copy(demo.clip, tmp_path / "film.mp4"))


@pytest.fixture
def whisperx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in executable on PATH, and the folder where it counts its calls."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "whisperx").write_text(WHISPERX)
    (folder / "whisperx").chmod(0o755)
    monkeypatch.setattr(faster_whisper, "is_installed", lambda: False)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def test_the_sound_is_kept_by_content_and_never_beside_the_film(film: Path, tmp_path: Path) -> None:
    film.with_suffix(".wav").write_bytes(b"a stale file of that name")
    events, _ = build(film, tmp_path / "work", WordSource(speech=False))
    sound = Path(events.of_type("Audio")[0].filepath)
    assert sound.parent == tmp_path / "work"
    assert film.with_suffix(".wav").read_bytes() == b"a stale file of that name"
    before = sound.stat().st_mtime_ns
    build(film, tmp_path / "work", WordSource(speech=False))
    assert sound.stat().st_mtime_ns == before
    whole = sound.read_bytes()
    for damaged in (b"damaged", whole[: len(whole) // 2], whole[:5000] + bytes(2000) + whole[7000:]):
        sound.write_bytes(damaged)
        events, record = build(film, tmp_path / "work", WordSource(speech=False))
        assert sound.read_bytes() == whole
        assert events.of_type("Audio")[0].duration > 3
        assert any("does not match its digest" in text for text in record.warnings)
    _, record = build(film, tmp_path / "work", WordSource(speech=False))
    assert record.warnings == []


def test_sound_of_another_ffmpeg_is_kept_apart(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(film, tmp_path / "work", WordSource(speech=False))
    monkeypatch.setattr("tribe_np.pipeline.stimuli.media_rows.ffmpeg_version", lambda: "4.2")
    build(film, tmp_path / "work", WordSource(speech=False))
    assert len(list((tmp_path / "work").glob("sound-*.wav"))) == 2


def test_sound_that_begins_late_is_told_of(tmp_path: Path) -> None:
    film = Path(shutil.copy(Path(__file__).parents[2] / "golden" / audio_compat.LATE, tmp_path))
    _, record = build(film, tmp_path / "work", WordSource(speech=False))
    assert any("its sound begins 1.0 s after the film" in text for text in record.warnings)
    _, record = build(film, tmp_path / "work2", WordSource(speech=False), compat="upstream")
    assert not any("after the film" in text for text in record.warnings)


def test_what_is_odd_about_a_sound_is_a_warning(tmp_path: Path) -> None:
    path = write(tmp_path, "wav", noise(1.0))
    content = path.read_bytes()
    at = content.index(b"data") + 4
    path.write_bytes(content[:at] + bytes(4) + content[at + 4 :])
    events, record = build(path, tmp_path / "work", WordSource(speech=False))
    assert events.of_type("Audio")[0].duration == 1.0
    assert any("does not say how long" in text for text in record.warnings)


def test_upstream_compat_writes_and_reuses_the_sound_beside_the_film(film: Path, tmp_path: Path) -> None:
    events, _ = build(film, tmp_path / "work", WordSource(speech=False), compat="upstream")
    assert events.of_type("Audio")[0].filepath == str(film.with_suffix(".wav"))
    events, _ = build(film, tmp_path / "work", WordSource(speech=False), compat="upstream")
    assert len(events.of_type("Audio")) == 1


def test_a_transcript_comes_before_a_sidecar_before_a_transcriber(
    film: Path, demo: DemoPaths, tmp_path: Path, whisperx: Path
) -> None:
    work = tmp_path / "work"
    _, record = build(film, work, WordSource())
    assert record.facts["words_from"].startswith("whisperx")
    sidecar = film.with_suffix(".tsv")
    write_transcript(sidecar, Transcript((Word("Beside.", 0.2, 0.6),)))
    events, record = build(film, work, WordSource())
    assert [w.text for w in events.of_type("Word")] == ["Beside."]
    assert any("found next to" in w for w in record.warnings)
    events, record = build(film, work, WordSource(transcript=demo.transcript))
    assert record.facts["words_from"] == str(demo.transcript)
    assert len(events.of_type("Word")) > 3


def test_transcribing_is_kept_and_a_damaged_copy_is_made_again(film: Path, tmp_path: Path, whisperx: Path) -> None:
    work = tmp_path / "work"
    for _ in range(2):
        events, _ = build(film, work, WordSource())
    assert [w.text for w in events.of_type("Word")] == ["Hello", "there."]
    assert (whisperx / "calls").read_text().count("call") == 1
    (kept,) = work.glob("words-*.json")
    kept.write_text("{")
    _, record = build(film, work, WordSource())
    assert (whisperx / "calls").read_text().count("call") == 2
    assert any("made again" in w for w in record.warnings)


def test_without_any_source_of_words_the_error_names_three_ways(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(faster_whisper, "is_installed", lambda: False)
    with pytest.raises(TribeError) as caught:
        build(film, tmp_path / "work", WordSource())
    for way in ('pip install "tribe_np[transcribe]"', "--transcript", "whisperx", "--no-speech"):
        assert way in str(caught.value)


def test_a_silent_film_goes_on_without_sound_and_words(film: Path, demo: DemoPaths, tmp_path: Path) -> None:
    silent = tmp_path / "silent.mp4"
    run_ffmpeg(["-v", "error", "-i", str(film), "-an", "-c:v", "copy", str(silent)], path_for_errors=film)
    events, record = build(silent, tmp_path / "work", WordSource())
    assert {e.type for e in events} == {"Video"}
    assert any("no sound" in w for w in record.warnings)
    events, _ = build(silent, tmp_path / "work", WordSource(transcript=demo.transcript))
    assert len(events.of_type("Word")) > 3


def test_sound_without_speech_goes_on_without_words(film: Path, tmp_path: Path) -> None:
    empty = tmp_path / "none.json"
    empty.write_text(json.dumps({"segments": [], "language": "en"}))
    events, record = build(film, tmp_path / "work", WordSource(transcript=empty))
    assert {e.type for e in events} == {"Audio", "Video"}
    assert any("no words" in w for w in record.warnings)


def test_words_beyond_the_media_are_an_error(film: Path, tmp_path: Path) -> None:
    late = tmp_path / "late.tsv"
    write_transcript(late, Transcript((Word("Late.", 100.0, 101.0),)))
    with pytest.raises(EventsError, match="Late"):
        build(film, tmp_path / "work", WordSource(transcript=late))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("onset\tduration\ttrial_type\n1\t2\tx\n", "no column 'text' among 'onset'"),
        ("<!DOCTYPE html><html>", "not a transcript but a web page"),
        ("text\tstart\tduration\nhey\t0,5\t1\n", "start is not a number: '0,5'"),
    ],
)
def test_a_stray_table_beside_the_film_is_named_with_the_ways_round_it(
    film: Path, tmp_path: Path, content: str, said: str
) -> None:
    film.with_suffix(".tsv").write_text(content)
    with pytest.raises(EventsError) as caught:
        build(film, tmp_path / "work", WordSource())
    message = str(caught.value)
    assert message.startswith(f"{film.with_suffix('.tsv')}: ")
    for part in (said, f"it is next to {film.name}", "rename it", "--transcript FILE", "--no-speech"):
        assert part in message
    build(film, tmp_path / "work", WordSource(speech=False))


def test_a_transcript_is_read_before_any_work(film: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.srt").write_text("no times")
    with pytest.raises(EventsError, match="no subtitle times"):
        build(film, tmp_path / "work", WordSource(transcript=tmp_path / "bad.srt"))
    assert list((tmp_path / "work").iterdir()) == []


ODD = [
    {"word": "In", "start": 0.5, "end": 0.7}, {"word": "1999"}, {"word": "[laughs]", "start": 1.5, "end": 1.7},
    {"word": "we", "start": 2, "end": 2.2},
]  # fmt: skip


def test_what_is_odd_in_a_transcript_is_counted_and_upstream_keeps_its_way(film: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps({"segments": [{"text": "", "words": ODD}]}))
    events, record = build(film, tmp_path / "work", WordSource(transcript=odd))
    assert [(word.text, word.start, word.duration) for word in events.of_type("Word")][:2] == [
        ("In", 0.5, 0.7 - 0.5),
        ("1999", 0.7, 0.8),
    ]
    assert record.facts["transcript_repairs"] == {"untimed_words": 1, "non_speech": 1}
    assert f"{odd}: 1 word without a time is placed between its neighbours ('1999')" in record.warnings
    assert any("'[laughs]'" in warning and "--keep-non-speech" in warning for warning in record.warnings)
    events, _ = build(film, tmp_path / "work", WordSource(transcript=odd), keep_non_speech=True)
    assert [word.text for word in events.of_type("Word")] == ["In", "1999", "[laughs]", "we"]
    events, _ = build(film, tmp_path / "work", WordSource(transcript=odd), compat="upstream")
    assert [word.text for word in events.of_type("Word")] == ["In", "[laughs]", "we"]


def test_counts_survive_the_cache_of_a_transcriber(film: Path, tmp_path: Path, whisperx: Path) -> None:
    program = whisperx / "whisperx"
    odd = '{"word": "2"}, {"word": "♪", "start": 0.55, "end": 0.6}, {"word": "there."'
    program.write_text(program.read_text().replace('{"word": "there."', odd))
    counts = [build(film, tmp_path / "work", WordSource())[1].facts["transcript_repairs"] for _ in range(2)]
    assert counts == [{"untimed_words": 1, "non_speech": 1}] * 2
    events, _ = build(film, tmp_path / "work", WordSource(), keep_non_speech=True)
    assert [word.text for word in events.of_type("Word")] == ["Hello", "2", "♪", "there."]
    assert (whisperx / "calls").read_text().count("call") == 1


def test_a_language_is_recorded_by_name(film: Path, demo: DemoPaths, tmp_path: Path) -> None:
    events, _ = build(film, tmp_path / "work", WordSource(transcript=demo.transcript), language="fr")
    assert {w.language for w in events.of_type("Word")} == {"french"}
    events, _ = build(film, tmp_path / "work", WordSource(transcript=demo.transcript), language="fr", compat="upstream")
    assert {w.language for w in events.of_type("Word")} == {"english"}
