"""Formats told apart and written, times checked against the sound, words given to the chunk that plays them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.errors import EventsError, OutputError
from tribe_np.media.transcripts.transcript import (
    Transcript,
    Word,
    checked,
    find_sidecar,
    read_transcript,
    sidecar_text,
    word_events,
    write_transcript,
)
from tribe_np.timeline.events import Event


@pytest.mark.parametrize(
    "content",
    [
        '{"segments": [{"text": "hey", "words": [{"word": "hey", "start": 1, "end": 2}]}]}',
        "text\tstart\tduration\nhey\t1\t1\n",
        "WEBVTT\n\n00:01.000 --> 00:02.000\nhey\n",
        'File type = "ooTextFile"\n"TextGrid" 0 2 <exists> 1 "IntervalTier" "w" 0 2 1 1 2 "hey"',
        "1\n00:00:01,000 --> 00:00:02,000\nhey\n",
    ],
)
@pytest.mark.parametrize("name", ["words", "words.txt"])
def test_format_found_from_the_content(tmp_path: Path, content: str, name: str) -> None:
    (tmp_path / name).write_text(content)
    words = read_transcript(str(tmp_path / name)).words
    assert [(word.text, word.start, word.stop) for word in words] == [("hey", 1.0, 2.0)]


def test_no_format(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("just some text")
    with pytest.raises(EventsError, match="not a known kind of transcript; give whisperX"):
        read_transcript(tmp_path / "words.txt")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match=r"none\.json: no such transcript file"):
        read_transcript(tmp_path / "none.json")
    with pytest.raises(EventsError, match="cannot be read"):
        read_transcript(tmp_path)


def test_sidecar_is_beside_the_sound(tmp_path: Path) -> None:
    assert find_sidecar(tmp_path / "talk.one.wav") is None
    (tmp_path / "talk.one.tsv").touch()
    assert find_sidecar(tmp_path / "talk.one.wav") == tmp_path / "talk.one.tsv"


def spoken(*times: tuple[float, float]) -> Transcript:
    words = (Word(f"w{number}", a, b, place=f"line {number + 2}") for number, (a, b) in enumerate(times))
    return Transcript(tuple(words), "en", "talk.tsv")


def test_good_times_are_left_alone() -> None:
    transcript = spoken((0.0, 1.0), (1.0, 1.5), (1.0, 2.0))
    assert checked(transcript, 2.0) == transcript
    assert checked(spoken((0, 9)), None) == spoken((0, 9))
    assert checked(Transcript(()), 1.0) == Transcript(())


@pytest.mark.parametrize("back", [0.1, 0.5, 1.3 - 0.8, 1.3])
def test_words_out_of_order_are_sorted_with_one_warning(back: float) -> None:
    transcript = spoken((0.0, 1.0), (1.3, 2.0), (1.3 - back, 2.0), (1.2, 2.0), (3.0, 4.0))
    ordered = checked(transcript, 4.0)
    warnings = [note.text for note in ordered.notes]
    assert [word.start for word in ordered.words] == sorted(word.start for word in transcript.words)
    assert len(warnings) == 1
    assert "line 4" in warnings[0]
    assert "'w2'" in warnings[0]
    assert "2 such" in warnings[0]
    assert [(note.kind, note.count) for note in ordered.notes] == [("out_of_order", 2)]


@pytest.mark.parametrize(
    ("transcript", "message"),
    [
        (spoken((0, 1), (-0.1, 1)), "line 3: word 'w1': start is negative"),
        (spoken((0, 1), (float("nan"), 1)), "line 3: word 'w1': start is nan"),
        (spoken((0, float("inf"))), "line 2: word 'w0': end is inf"),
        (spoken((2, 1)), "line 2: word 'w0' ends at 1 s, before it starts"),
        (spoken((0, 1), (12, 13), (14, 15)), "line 3: word 'w1' starts at 12 s, .* at 10.0 s; 2 of 3 .*--no-speech"),
        (
            spoken((9, 10), (10.5, 11), (11.5, 12)),
            "line 4: word 'w2' starts at 11.5 s.*is this the transcript of another",
        ),
        (
            spoken((0, 1), (2, 900)),
            "line 3: word 'w1' lasts 898 s and ends past .*must be in seconds, not milliseconds",
        ),
    ],
)
def test_bad_times(transcript: Transcript, message: str) -> None:
    with pytest.raises(EventsError, match=message):
        checked(transcript, 10.0)


def test_what_lasts_or_starts_past_the_end_is_cut_or_left_out_and_counted() -> None:
    clipped = checked(spoken((0.0, 1.0), (9.0, 10.5), (10.2, 11.0)), 10.0)
    assert [(word.start, word.stop) for word in clipped.words] == [(0.0, 1.0), (9.0, 10.0), (10.0, 10.0)]
    assert [note.text for note in clipped.notes] == [
        "line 3: word 'w1' ends at 10.5 s, past the stimulus (10.0 s); 2 such words are cut to its end"
    ]
    clipped = checked(spoken((0.0, 1.0), (2.0, 3.0), (9.5, 12.0), (12.0, 20.0)), 10.0)
    assert [(word.start, word.stop) for word in clipped.words] == [(0.0, 1.0), (2.0, 3.0), (9.5, 10.0)]
    assert [(note.kind, note.count) for note in clipped.notes] == [("cut_to_the_end", 1), ("past_the_end", 1)]
    assert "word 'w3' starts at 12.0 s, past the stimulus (10.0 s); 1 such word is left out" in clipped.notes[1].text


def chunk(start: float, duration: float, offset: float, timeline: str = "default") -> Event:
    return Event("Audio", start, duration, timeline, "s", "a.wav", 16000.0, offset, extra={"mood": "calm"})


CHUNKS = [chunk(3.5, 60.0, 0.0), chunk(63.5, 60.0, 60.0), chunk(123.5, 40.0, 120.0)]


def test_each_word_once_in_the_chunk_that_plays_it() -> None:
    transcript = spoken((0.0, 1.0), (59.9, 60.4), (60.0, 61.0), (159.0, 160.0), (160.5, 161.0))
    events = word_events(transcript, CHUNKS, language="english")
    assert [(event.text, event.start) for event in events] == [
        ("w0", 3.5), ("w1", 63.4), ("w2", 63.5), ("w3", 162.5), ("w4", 164.0)
    ]  # fmt: skip
    assert events[0] == Event(
        "Word", 3.5, 1.0, "default", "s", text="w0", language="english", sequence_id=0, extra={"mood": "calm"}
    )
    assert word_events(transcript, list(reversed(CHUNKS)), language="english") == events


def test_upstream_repeats_every_word_in_every_chunk() -> None:
    events = word_events(spoken((1.0, 2.0)), CHUNKS, duplicate_per_chunk=True, language="english")
    assert [event.start for event in events] == [4.5, 124.5, 244.5]


def test_words_outside_the_part_shown_are_not_heard() -> None:
    transcript = spoken((1.0, 2.0), (11.0, 12.0), (40.5, 41.0), (70.0, 71.0))
    events = word_events(transcript, [chunk(0.0, 30.0, 10.0)], language="english")
    assert [(event.text, event.start) for event in events] == [("w1", 1.0), ("w2", 30.5)]
    assert word_events(transcript, [chunk(0, 5, 0), chunk(20, 5, 20)], language="english")[0].text == "w0"
    assert len(word_events(transcript, [chunk(0, 5, 0), chunk(20, 5, 20)], language="english")) == 1


def test_a_sound_shown_twice_is_heard_twice() -> None:
    chunks = [chunk(0, 10, 0), chunk(100, 10, 0), chunk(0, 10, 0, "other")]
    events = word_events(spoken((1.0, 2.0)), chunks, language="english")
    assert [(event.start, event.timeline) for event in events] == [(1.0, "default"), (101.0, "default"), (1.0, "other")]


@given(st.lists(st.floats(0, 159.99), max_size=20), st.floats(0, 1000))
def test_every_word_is_heard_exactly_once_wherever_the_sound_starts(times: list[float], origin: float) -> None:
    chunks = [replace(row, start=row.start + origin) for row in CHUNKS]
    events = word_events(spoken(*((time, time + 0.1) for time in times)), chunks, language="english")
    assert [event.text for event in events] == [f"w{number}" for number in range(len(times))]
    for event, time in zip(events, times, strict=True):
        assert event.start == pytest.approx(time + chunks[0].start, abs=1e-9)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters='"'), min_size=1).filter(lambda t: t.strip() == t)
TIMES = st.floats(0, 1e5).map(lambda time: round(time, 3))


@given(
    st.lists(st.tuples(TEXTS, TIMES, TIMES, st.integers(0, 99), TEXTS), max_size=5), st.sampled_from(["json", "tsv"])
)
def test_written_then_read_is_the_same(tmp_path_factory: Any, rows: list[Any], suffix: str) -> None:
    words = tuple(Word(text, a, a + b, number, sentence) for text, a, b, number, sentence in rows)
    path = tmp_path_factory.mktemp("written") / f"words.{suffix}"
    write_transcript(path, Transcript(words, "en"))
    again = read_transcript(path, keep_non_speech=True)
    assert [(word.text, word.start, word.sentence) for word in again.words] == [
        (word.text, word.start, word.sentence) for word in words
    ]
    assert [word.stop - word.start for word in again.words] == [word.stop - word.start for word in words]
    if suffix == "tsv":
        assert sidecar_text(again) == sidecar_text(Transcript(words))
    else:
        assert again.language == "en"
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_writing_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_transcript(tmp_path / "no" / "words.tsv", Transcript(()))
