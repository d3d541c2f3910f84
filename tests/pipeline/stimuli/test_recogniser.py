"""Words from a recogniser: kept, checked before any work, written beside the events, set to a known text."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tribe_np.errors import CheckpointError, ConfigError, EventsError, MissingDependencyError
from tribe_np.media.speech import faster_whisper
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import Silent
from tribe_np.pipeline.resolve import ModelLocations
from tribe_np.pipeline.run import events_to_file
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.event_builder import EventBuilder
from tribe_np.pipeline.stimuli.stimulus import WordSource, open_stimulus
from tribe_np.pipeline.stimuli.whisper_model import find_whisper_model
from tribe_np.timeline.events import Events

SCRIPT = """
import json, pathlib, sys
here = pathlib.Path(__file__).parent
(here / "calls").open("a").write("call\\n")
words = json.loads((here / "heard.json").read_text())
timed = [{"word": word, "start": k / 2, "end": k / 2 + 0.4} for k, word in enumerate(words)]
segments = [{"text": " ".join(words), "words": timed}] if words else []
pathlib.Path(sys.argv[2]).write_text(json.dumps({"segments": segments, "language": "en"}))
"""


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "talk.wav"
    soundfile.write(path, 0.1 * np.sin(np.arange(16000 * 8) / 9), 16000)
    return path


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program that writes the words of heard.json, one each half second, and counts its calls."""
    script = tmp_path / "program" / "recognise.py"
    script.parent.mkdir()
    script.write_text(SCRIPT)
    hear(script, "Hello there, old friend.")
    return script


def hear(program: Path, text: str) -> None:
    program.with_name("heard.json").write_text(json.dumps(text.split()))


def calls(program: Path) -> int:
    counted = program.with_name("calls")
    return counted.read_text().count("call") if counted.exists() else 0


def command(program: Path) -> str:
    return f"{sys.executable} {program} {{input}} {{output}}"


def build(sound: Path, words: WordSource, **options: object) -> tuple[Events, RunRecord]:
    record, work = RunRecord(), sound.parent / "work"
    work.mkdir(exist_ok=True)
    builder = EventBuilder(work, PipelineConfig.from_dict(options), words, record, Silent())
    return builder.build(open_stimulus(sound)), record


def spoken(events: Events) -> list[tuple[str, float]]:
    return [(word.text, word.start) for word in events.of_type("Word")]


def test_a_result_is_kept_until_sound_program_or_language_changes(sound: Path, program: Path) -> None:
    words = WordSource(transcriber=command(program))
    first, record = build(sound, words)
    assert spoken(first) == [("Hello", 0.0), ("there,", 0.5), ("old", 1.0), ("friend.", 1.5)]
    assert record.facts["words_from"] == Path(sys.executable).name
    assert build(sound, words)[0] == first
    assert calls(program) == 1
    build(sound, words, language="french")
    assert calls(program) == 2
    program.write_text(SCRIPT + "# another version\n")
    build(sound, words)
    assert calls(program) == 3
    soundfile.write(sound, np.zeros(16000 * 9), 16000)
    build(sound, words)
    assert calls(program) == 4


def test_a_damaged_result_is_made_again(sound: Path, program: Path) -> None:
    words = WordSource(transcriber=command(program))
    first, _ = build(sound, words)
    (kept,) = (sound.parent / "work").glob("words-*.json")
    kept.write_text(kept.read_text()[:-30])
    second, record = build(sound, words)
    assert second == first
    assert calls(program) == 2
    assert any("does not match its digest and is made again" in warning for warning in record.warnings)


def test_no_speech_is_a_warning(sound: Path, program: Path) -> None:
    hear(program, "")
    events, record = build(sound, WordSource(transcriber=command(program)))
    assert {event.type for event in events} == {"Audio"}
    assert any("found no speech in talk.wav" in warning for warning in record.warnings)
    assert "no words: predicting without text" in record.warnings


def test_a_known_text_takes_the_times_and_the_counts_are_told(sound: Path, program: Path) -> None:
    hear(program, "Hello their old um friend good bye")
    text = sound.with_suffix(".txt")
    text.write_text("Hello there, old friend. Good bye!")
    sound.with_suffix(".tsv").write_text(
        "text\tstart\tduration\nbeside\t0\t1\n"
    )  # has times of its own: not for --align
    events, record = build(sound, WordSource(transcriber=command(program), align=text))
    assert spoken(events) == [("Hello", 0), ("there,", 0.5), ("old", 1.0), ("friend.", 2.0), ("Good", 2.5), ("bye!", 3)]
    assert [warning for warning in record.warnings if str(text) in warning] == [
        f"{text}: 1 of 6 words of the text was not heard as written: it takes the time left between the neighbours",
        f"{text}: 1 word was heard but not in the text; left out",
    ]
    assert record.facts["aligned"]["path"] == str(text)
    text.write_text("A text about something else altogether")
    with pytest.raises(EventsError, match=r"talk\.txt: the text does not match the sound: \d+% of it was heard"):
        build(sound, WordSource(transcriber=command(program), align=text))
    assert calls(program) == 1  # the recogniser's own words are kept


def test_align_contradicts_what_has_times(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--align contradicts --transcript"):
        WordSource(transcript=tmp_path / "t.json", align=tmp_path / "t.txt")
    with pytest.raises(ConfigError, match="--align contradicts --no-speech"):
        WordSource(speech=False, align=tmp_path / "t.txt")
    text = tmp_path / "story.txt"
    text.write_text("Hello.")
    with pytest.raises(ConfigError, match="--align is for a film or a sound"):
        build(text, WordSource(align=text))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (WordSource(transcriber="vosk"), "is not known"),
        (WordSource(transcriber="nowhere {input} {output}"), "is neither a program on PATH"),
        (WordSource(whisper_model="enormous"), "neither a folder nor a known size"),
        (
            WordSource(transcriber="cat {input} {output}", align=Path("/nowhere/text.txt")),
            "text for --align cannot be read",
        ),
        (
            WordSource(transcriber="cat {input} {output}", whisper_model="small"),
            "--whisper-model is for faster-whisper",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    sound: Path, words: WordSource, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faster_whisper, "is_installed", lambda: True)
    with pytest.raises((ConfigError, EventsError), match=message):
        build(sound, words)
    assert not any((sound.parent / "work").iterdir())


def test_a_model_is_for_faster_whisper_alone(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faster_whisper, "is_installed", lambda: False)
    with pytest.raises(MissingDependencyError, match=r'needs faster-whisper: pip install "tribe_np\[transcribe\]"'):
        build(sound, WordSource(whisper_model="small"))


def to_file(sound: Path, program: Path, out: Path) -> RunRecord:
    words = WordSource(transcriber=command(program))
    config = PipelineConfig.from_dict({})
    _, record = events_to_file(sound, out, config=config, cache_folder=False, words=words, progress=Silent())
    return record


def test_the_words_are_written_beside_the_events(sound: Path, program: Path, tmp_path: Path) -> None:
    out, beside = tmp_path / "talk events.tsv", tmp_path / "talk events.transcript.json"
    to_file(sound, program, out)
    document = json.loads(beside.read_text())
    assert [word["word"] for word in document["segments"][0]["words"]] == ["Hello", "there,", "old", "friend."]
    hear(program, "Good night.")
    to_file(sound, program, out)  # our own file is replaced
    assert "night" in beside.read_text()
    corrected = beside.read_text().replace("night", "knight")
    beside.write_text(corrected)
    record = to_file(sound, program, out)
    assert beside.read_text() == corrected
    assert [w for w in record.warnings if "exists and was changed, or was not written by tribe-np" in w]


def test_where_a_whisper_model_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    models, hub = tmp_path / "models", tmp_path / "hub"
    locations = ModelLocations({}, (models,), hub)
    with pytest.raises(CheckpointError, match=r"model small was not found .*tribe-np download Systran/faster-wh"):
        find_whisper_model(None, locations)
    in_hub = hub / "models--Systran--faster-whisper-small"
    (in_hub / "snapshots" / "abc").mkdir(parents=True)
    (in_hub / "refs").mkdir()
    (in_hub / "refs" / "main").write_text("abc")
    assert find_whisper_model(None, locations) == (in_hub / "snapshots" / "abc", "small")
    (models / "faster-whisper-small").mkdir(parents=True)
    assert find_whisper_model(None, locations) == (models / "faster-whisper-small", "small")
    (models / "whisper").mkdir()
    assert find_whisper_model(None, locations) == (models / "whisper", "whisper")
    Path("small").mkdir()  # a folder in the working directory is no size
    assert find_whisper_model("small", locations) == (models / "faster-whisper-small", "small")
    assert find_whisper_model("./small", locations) == (Path("small"), "small")
    with pytest.raises(ConfigError, match=r"'smol': neither a folder nor a known size \(tiny, base, small, "):
        find_whisper_model("smol", locations)
    with pytest.raises(CheckpointError, match=r"someone/whisper-x was not found .*download someone/whisper-x"):
        find_whisper_model("someone/whisper-x", locations)
