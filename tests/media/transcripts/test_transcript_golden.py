"""Words against upstream's own rows, sidecar and command lines (tools/reference/transcript.py made the dump)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tribe_np.errors import ConfigError, EventsError
from tribe_np.media.speech.whisperx import WhisperX
from tribe_np.media.transcripts.transcript import Transcript, read_transcript, sidecar_text, word_events
from tribe_np.timeline.events import Event

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "transcript.json").read_text("utf-8"))
CASES = {case["name"]: case for case in GOLDEN["cases"]}


def chunks_of(case: dict[str, Any]) -> list[Event]:
    return [
        Event("Audio", start, duration, filepath="x.wav", frequency=16000.0, offset=offset, subject="s1",
              extra={"mood": "calm"})
        for start, duration, offset in case["chunks"]
    ]  # fmt: skip


def rows(events: list[Event]) -> list[list[Any]]:
    """The columns of the dump in upstream's order of rows."""
    return [
        [event.text, event.start, event.duration, event.sequence_id, event.sentence, event.language, event.timeline,
         event.subject, event.extra["mood"]]
        for event in sorted(events, key=lambda event: (event.start, -event.duration))
    ]  # fmt: skip


def transcript_of(case: dict[str, Any], folder: Path) -> Transcript:
    path = folder / "sound.json"
    path.write_text(json.dumps(case["whisperx"]))
    return read_transcript(path, drop_untimed=True, keep_non_speech=True)  # as upstream does


@pytest.mark.parametrize("name", CASES)
def test_upstream_rows_to_the_bit(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    events = word_events(
        transcript_of(case, tmp_path), chunks_of(case), duplicate_per_chunk=True, language=case["language"]
    )
    assert rows(events) == case["fresh"]
    assert {(event.filepath, event.frequency, event.offset) for event in events} == {("", 0.0, 0.0)}


@pytest.mark.parametrize("name", CASES)
def test_sidecar_to_the_byte(name: str, tmp_path: Path) -> None:
    assert sidecar_text(transcript_of(CASES[name], tmp_path)) == CASES[name]["tsv"]


@pytest.mark.parametrize("name", CASES)
def test_sidecar_read_back_keeps_words_that_upstream_loses(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    path = tmp_path / "sound.tsv"
    path.write_text(case["tsv"], newline="")
    events = word_events(read_transcript(path), chunks_of(case), duplicate_per_chunk=True, language="english")
    assert rows(events) == case["fresh"]
    lost = [ours[0] for ours, theirs in zip(rows(events), case["from_tsv"], strict=True) if theirs[0] is None]
    assert set(lost) <= {"null", "NA"}
    if lost:  # upstream then stops in AddText
        with pytest.raises(EventsError, match="read by pandas as a missing value"):
            read_transcript(path, lossy=True)
    else:
        assert read_transcript(path, lossy=True) == read_transcript(path)


@pytest.mark.parametrize("name", ["short"])
def test_one_chunk_has_upstream_rows_by_the_correct_rule(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    assert rows(word_events(transcript_of(case, tmp_path), chunks_of(case), language="english")) == case["fresh"]


def test_a_sound_without_words(tmp_path: Path) -> None:
    path = tmp_path / "sound.tsv"
    path.write_text(GOLDEN["no_words_tsv"])
    assert sidecar_text(Transcript(())) == GOLDEN["no_words_tsv"]
    assert read_transcript(path).words == ()


@pytest.mark.parametrize("language", GOLDEN["commands"])
def test_upstream_command_line(language: str) -> None:
    engine = WhisperX(("elsewhere/uvx", "whisperx"), upstream=True)
    assert engine.arguments(Path("FOLDER/sound.wav"), language, "OUTPUT") == GOLDEN["commands"][language]


def test_upstream_refuses_other_languages() -> None:
    with pytest.raises(ConfigError, match="german"):
        WhisperX(("uvx", "whisperx"), upstream=True).arguments(Path("a.wav"), "german", "out")
