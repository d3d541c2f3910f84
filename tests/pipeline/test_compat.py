"""Every flag of Compat: with it tribev2's own recorded result, without it the right one."""

import json
import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import extractors.llama.random
from extractors import LlamaModel
from extractors.common.layer_groups import LayerSelection
from extractors.llama.extract import word_features
from extractors.llama.tokenizer import LlamaTokenizer
from tests.media.film import test_film_habits
from tools.reference import audio_compat
from tools.reference.predictions_cases import EVENT_KEYS, GOLDEN_SEED, event_rows, write_sidecar
from tools.reference.predictions_compat import FILM, LONG, MARKED, NAME, TEXT, TRANSCRIPT, TURNED, write_silence
from tribe_np.errors import EventsError
from tribe_np.formats.safetensors import read_header
from tribe_np.media.film.probe import Habits
from tribe_np.media.film.video import clip_frames
from tribe_np.media.sound.audio import TrackHabits, audio_info, extract_audio, read_audio
from tribe_np.media.speech import espeak_child, faster_whisper
from tribe_np.media.speech import synthesis as speech
from tribe_np.oracle import relative_error
from tribe_np.pipeline.options import NEW_IN_4, Compat, PipelineConfig
from tribe_np.pipeline.progress import Silent
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli import word_contexts as building
from tribe_np.pipeline.stimuli.event_builder import EventBuilder
from tribe_np.pipeline.stimuli.stimulus import WordSource, open_stimulus
from tribe_np.timeline.events import Event, Events

pytestmark = pytest.mark.extras
GOLDEN = Path(__file__).parents[1] / "golden"
RECORDED: dict[str, Any] = {
    flag: recorded
    for name in (f"{NAME}.json", audio_compat.NAME, "transcript_odd.json")
    for flag, recorded in json.loads((GOLDEN / name).read_text(encoding="utf-8")).items()
}
ODD: dict[str, Any] = json.loads((GOLDEN / "transcript_odd.json").read_text(encoding="utf-8"))
ARRAYS = {"turned": "ignore_rotation", "eos": "eos_is_padding"}
UVX = """#!/usr/bin/env python3
import json, pathlib, sys
arguments = sys.argv[1:]
here = pathlib.Path(__file__).parent
out = pathlib.Path(arguments[arguments.index("--output_dir") + 1])
(out / (pathlib.Path(arguments[1]).stem + ".json")).write_text((here / "answer.json").read_text())
(here / "calls.jsonl").open("a").write(json.dumps(["uvx", *arguments]) + "\\n")
"""


def build(path: Path, **flags: bool) -> Events:
    """Our events of a stimulus with some of upstream's defects."""
    folder = path.parent / "work"
    folder.mkdir(exist_ok=True)
    config = PipelineConfig.from_dict({"compat": replace(Compat(), **flags)})
    return EventBuilder(folder, config, WordSource(), RunRecord(), Silent()).build(open_stimulus(path))


def texts(events: Events) -> list[str]:
    return [event.text for event in events.of_type("Word")]


def recorded_words(rows: list[list[Any]]) -> list[list[Any]]:
    return [row for row in rows if row[0] == "Word"]


@pytest.fixture
def uvx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for uvx, the only recogniser here, that answers with the recorded transcript; it notes its calls."""
    monkeypatch.setattr(faster_whisper, "is_installed", lambda: False)
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "uvx").write_text(UVX)
    (folder / "uvx").chmod(0o755)
    (folder / "answer.json").write_text(json.dumps(TRANSCRIPT))
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def test_every_flag_has_its_record_and_its_test() -> None:
    flags = {f.name for f in fields(Compat)}
    films = {f.name for f in fields(Habits)} - {"ignore_rotation"}
    # tests/timeline/test_text.py with identical_sentences.json, test_neuralset_4.py with neuralset_4.json
    recorded_elsewhere = {"identical_sentences", *NEW_IN_4}
    assert flags == set(RECORDED) | set(ARRAYS.values()) | films | recorded_elsewhere
    tests = " ".join(name for name in [*globals(), *vars(test_film_habits)] if name.startswith("test_"))
    assert not {flag for flag in flags if f"test_{flag}" not in tests and f"and_{flag}" not in tests}


def test_identical_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The flag reaches both steps that know sentences; what they then do is in tests/timeline/test_text.py."""
    path = write_silence(tmp_path / "short.wav", 4.0)
    write_sidecar(
        path.with_suffix(".tsv"), [{"text": "Hi.", "start": 0.5, "duration": 0.3, "sequence_id": 0, "sentence": "Hi."}]
    )
    asked = []
    for step in ("add_sentences", "add_contexts"):
        real = getattr(building, step)
        monkeypatch.setattr(
            building,
            step,
            lambda *a, real=real, **options: asked.append(options["merge_identical"]) or real(*a, **options),
        )
    build(path, identical_sentences=True)
    build(path)
    assert asked == [True, True, False, False]


def test_drops_short_chunks(tmp_path: Path) -> None:
    """What is left of 80 s is the first minute; tests/timeline/test_neuralset_4.py has neuralset 0.4's own cuts."""
    path = write_silence(tmp_path / "long.wav", 80.0)
    write_sidecar(
        path.with_suffix(".tsv"), [{"text": "a", "start": 1.0, "duration": 0.5, "sequence_id": 0, "sentence": "a"}]
    )
    (whole,) = build(path).of_type("Audio")
    (cut,) = build(path, drops_short_chunks=True).of_type("Audio")
    assert (whole.duration, cut.duration) == (80.0, 60.0)


def test_text_as_spoken_and_exact_sentences(tmp_path: Path) -> None:
    path = write_silence(tmp_path / "short.wav", 4.0)
    words = [{"text": text, "start": 0.5 * k, "duration": 0.3} for k, text in enumerate(("NASA", "left", "Paris"))]
    write_sidecar(path.with_suffix(".tsv"), [word | {"sequence_id": 0, "sentence": "s"} for word in words])
    right, new = build(path), build(path, text_as_spoken=True, exact_sentences=True)
    assert [[row.text for row in table.of_type("Text")] for table in (right, new)] == [
        ["Nasa left paris"], ["NASA left Paris."]
    ]  # fmt: skip
    assert [table.of_type("Sentence")[0].start for table in (right, new)] == [-1e-6, 0.0]
    assert [word.context for word in new.of_type("Word")] == ["NASA", "NASA left", "NASA left Paris"]


def test_duplicate_words(tmp_path: Path) -> None:
    golden = RECORDED["duplicate_words"]
    path = write_silence(tmp_path / "long.wav", LONG["seconds"])
    write_sidecar(path.with_suffix(".tsv"), golden["words"])
    assert event_rows(build(path, duplicate_words=True)) == golden["events"]
    assert len(recorded_words(golden["events"])) == 2 * len(golden["words"])
    right = build(path)
    assert texts(right) == [word["text"] for word in golden["words"]]
    np.testing.assert_allclose([w.start for w in right.of_type("Word")], [w["start"] for w in golden["words"]])
    assert max(event.stop for event in right) == LONG["seconds"]


def test_rounding_loses_words(tmp_path: Path) -> None:
    golden = RECORDED["rounding_loses_words"]
    path = write_silence(tmp_path / "rounded.wav", 12.0)
    write_sidecar(path.with_suffix(".tsv"), golden["words"])
    assert event_rows(build(path, rounding_loses_words=True)) == golden["events"]
    kept = [row[EVENT_KEYS.index("text")] for row in recorded_words(golden["events"])]
    assert texts(build(path)) == [*kept, "lost"]


def test_lossy_sidecar(tmp_path: Path) -> None:
    golden = RECORDED["lossy_sidecar"]
    path = write_silence(tmp_path / "lossy.wav", 12.0)
    write_sidecar(path.with_suffix(".tsv"), golden["words"])
    assert golden["error"].startswith("TypeError")
    with pytest.raises(EventsError, match="'null' is read by pandas as a missing value"):
        build(path, lossy_sidecar=True)
    assert {"null", "NA"} < set(texts(build(path)))


def test_wav_beside_video(tmp_path: Path) -> None:
    golden = RECORDED["wav_beside_video"]
    path = tmp_path / "film.mp4"
    path.write_bytes((GOLDEN / FILM).read_bytes())
    write_sidecar(path.with_suffix(".tsv"), golden["words"])
    right = event_rows(build(path))
    assert not path.with_suffix(".wav").exists()
    assert right == golden["fresh"]
    assert event_rows(build(path, wav_beside_video=True)) == golden["fresh"]
    assert path.with_suffix(".wav").exists() == golden["written"]
    write_silence(path.with_suffix(".wav"), 1.75)
    assert event_rows(build(path, wav_beside_video=True)) == golden["stale"] != golden["fresh"]
    assert event_rows(build(path)) == right
    assert audio_info(path.with_suffix(".wav"))[1] == 1.75


def test_trust_sound_header(tmp_path: Path) -> None:
    golden = RECORDED["trust_sound_header"]
    path = Path(shutil.copy(GOLDEN / audio_compat.NO_COUNT, tmp_path))
    write_sidecar(path.with_suffix(".tsv"), [])
    (upstream,) = build(path, trust_sound_header=True).of_type("Audio")
    assert {"duration": upstream.duration, "frequency": upstream.frequency} == golden
    (right,) = build(path).of_type("Audio")
    assert golden["duration"] < audio_compat.SECONDS < right.duration < audio_compat.SECONDS + 0.2
    assert len(read_audio(path, 0.0, 100.0)[0]) == round(right.duration * 16000)
    assert len(read_audio(path, 0.0, 100.0, trust_header=True)[0]) <= round(golden["duration"] * 16000)


def test_sound_from_start(tmp_path: Path) -> None:
    golden = RECORDED["sound_from_start"]
    film = GOLDEN / audio_compat.LATE
    for habits, first in (
        (TrackHabits(sound_from_start=True), golden["first"]),
        (None, round(44100 * audio_compat.LATE_BY)),
    ):
        extract_audio(film, tmp_path / "track.wav", habits)
        samples, _ = read_audio(tmp_path / "track.wav")
        assert len(samples) == golden["n_samples"]
        assert abs(int(np.flatnonzero(np.any(samples != 0, axis=1))[0]) - first) < 100


def test_ignore_rotation() -> None:
    entries, _ = read_header(GOLDEN / f"{NAME}.safetensors")
    expected = np.array(entries["turned"].read())
    options = {"offset": 0.0, "duration": 0.6, "n_video_frames": len(expected)}
    upstream = next(iter(clip_frames(GOLDEN / TURNED, **options, habits=Habits(ignore_rotation=True))))
    right = next(iter(clip_frames(GOLDEN / TURNED, **options)))
    assert upstream.shape == expected.shape == (len(expected), 64, 80, 3)
    np.testing.assert_array_equal(upstream, expected)
    assert right.shape == (len(expected), 80, 64, 3)


def test_eos_is_padding(tmp_path: Path) -> None:
    entries, _ = read_header(GOLDEN / f"{NAME}.safetensors")
    expected = np.array(entries["eos"].read())
    folder = extractors.llama.random.write_random(tmp_path / "text", seed=GOLDEN_SEED, n_layers=4, dtype="float32")
    words = [Event("Word", float(n), 0.3, text=t, context=c) for n, (t, c) in enumerate(MARKED)]
    model, tokenizer = LlamaModel.from_pretrained(folder), LlamaTokenizer.from_pretrained(folder)
    selection = LayerSelection((0.5, 0.75, 1.0))
    upstream = word_features(model, tokenizer, words, selection=selection, eos_is_padding=True)
    right = word_features(model, tokenizer, words, selection=selection)
    assert relative_error(np.stack(upstream), expected) < 1e-5
    assert relative_error(right[0], expected[0]) > 0.1
    assert relative_error(right[1], expected[1]) < 1e-5


def test_english_only(tmp_path: Path, uvx: Path) -> None:
    golden = RECORDED["english_only"]
    path = write_silence(tmp_path / "spoken.wav", 3.0)
    assert event_rows(build(path, english_only=True)) == golden["events"]
    (line,) = map(json.loads, (uvx / "calls.jsonl").read_text().splitlines())
    line[2], line[line.index("--output_dir") + 1] = "SOUND", "OUTPUT"
    assert line == golden["command"]


def test_english_only_is_off_by_default(tmp_path: Path, uvx: Path) -> None:
    (uvx / "answer.json").write_text(json.dumps(TRANSCRIPT | {"language": "fr"}))
    path = write_silence(tmp_path / "spoken.wav", 3.0)
    folder = tmp_path / "work"
    folder.mkdir()
    config = PipelineConfig.from_dict({"language": "fr"})
    events = EventBuilder(folder, config, WordSource(), RunRecord(), Silent()).build(open_stimulus(path))
    assert {word.language for word in events.of_type("Word")} == {"french"}
    (line,) = map(json.loads, (uvx / "calls.jsonl").read_text().splitlines())
    assert line[line.index("--language") + 1] == "fr"
    assert line[line.index("--compute_type") + 1] == "int8"


def heard(folder: Path, flag: str, *, on: bool) -> list[list[Any]]:
    """Text, start and duration of the words of a recorded transcript."""
    path = write_silence(folder / "spoken.wav", 8.0)
    transcript = folder / "odd.json"
    transcript.write_text(json.dumps(ODD[flag]["whisperx"]))
    (folder / "work").mkdir(exist_ok=True)
    config = PipelineConfig.from_dict({"compat": replace(Compat(), **{flag: on})})
    builder = EventBuilder(folder / "work", config, WordSource(transcript), RunRecord(), Silent())
    return [[w.text, w.start, w.duration] for w in builder.build(open_stimulus(path)).of_type("Word")]


def test_drop_untimed_words(tmp_path: Path) -> None:
    assert heard(tmp_path, "drop_untimed_words", on=True) == ODD["drop_untimed_words"]["words"]
    right = heard(tmp_path, "drop_untimed_words", on=False)
    assert right == [["In", 0.5, 0.25], ["1999", 0.75, 0.5], ["we", 1.25, 0.25], ["had", 1.5, 0.25], right[4]]
    assert right[4][:2] == ["£13.60", 1.75]


def test_hear_non_speech(tmp_path: Path) -> None:
    assert heard(tmp_path, "hear_non_speech", on=True) == ODD["hear_non_speech"]["words"]
    assert heard(tmp_path, "hear_non_speech", on=False) == [["Well", 1.0, 0.25]]


@pytest.mark.skipif(espeak_child.load(list(speech.LIBRARIES)) is None, reason="espeak-ng is not installed")
def test_retranscribe_speech(tmp_path: Path, uvx: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    right = build(path)
    assert texts(right) == TEXT.split()
    assert not (uvx / "calls.jsonl").exists()
    upstream = [row for row in event_rows(build(path, retranscribe_speech=True)) if row[0] == "Word"]
    assert upstream == RECORDED["retranscribe_speech"]["words"]
