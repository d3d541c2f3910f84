"""Upstream's table of words: what is read, what is refused, and how it is said."""

from pathlib import Path

import pytest

from tribe_np.errors import EventsError
from tribe_np.media.transcripts.transcript import (
    Word,
    checked,
    read_transcript,
    sidecar_text,
    word_events,
)
from tribe_np.timeline.events import Event, Events


def table(folder: Path, content: str) -> Path:
    path = folder / "sound.tsv"
    path.write_text(content, newline="")
    return path


def test_a_duration_of_a_table_is_kept_to_the_bit(tmp_path: Path) -> None:
    path = table(tmp_path, "text\tstart\tduration\tsequence_id\tsentence\nso\t0.251\t0.75\t0\ts\n")
    transcript = read_transcript(path)
    assert (0.251 + 0.75) - 0.251 < 0.75  # three quarters of a second are two steps of the grid, a bit less is one
    (event,) = word_events(transcript, [Event("Audio", 0.0, 5.0, filepath="a.wav")], language="english")
    assert event.duration == transcript.words[0].duration == 0.75
    assert sidecar_text(transcript) == path.read_text()
    cut = checked(transcript, 0.75)
    assert cut.words[0].duration == 0.75 - 0.251


def test_table_keeps_words_that_pandas_takes_for_missing(tmp_path: Path) -> None:
    path = table(
        tmp_path, "text\tstart\tduration\tsequence_id\tsentence\nnull\t1\t0.5\t2\tThe null.\nNA\t2\t1\t3\tNA\n"
    )
    assert read_transcript(path).words == (Word("null", 1.0, 1.5, 2, "The null."), Word("NA", 2.0, 3.0, 3, "NA"))
    with pytest.raises(EventsError, match="line 2: word 'null' is read by pandas as a missing value"):
        read_transcript(path, lossy=True)


def test_table_needs_only_text_and_times(tmp_path: Path) -> None:
    path = table(tmp_path, '\ufeffduration\ttext\tstart\n0.5\t"a\tb"\t1\n\n\t\t\n0.5\t""""\t1\n')
    assert read_transcript(path).words == (Word("a\tb", 1.0, 1.5),)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_tables_of_spreadsheets(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "sound.tsv"
    path.write_bytes('"text"\t"start"\t"duration"\r\n"dit ""été"""\t"1.5"\t"0.5"\r\n'.encode(encoding))
    assert read_transcript(path).words == (Word("dit été", 1.5, 2.0),)


@pytest.mark.parametrize("name", ["sound.csv", "sound.txt"])
def test_a_table_under_another_name_says_what_is_wrong(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("text,start,duration\na,1,2\n")
    with pytest.raises(EventsError, match="its cells are separated by commas"):
        read_transcript(tmp_path / name)


def test_an_events_table_gives_its_words(tmp_path: Path) -> None:
    events = Events(
        [
            Event("Audio", 0.0, 9.0, filepath="talk.wav", frequency=8000.0),
            Event("Text", 1.0, 2.0, text="null here " * 20_000),
            Event("Word", 1.0, 0.5, text="null", sequence_id=0, sentence="null here"),
            Event("Word", 2.0, 1.0, text="here"),
        ]
    )
    events.to_tsv(tmp_path / "talk.tsv")
    words = read_transcript(tmp_path / "talk.tsv").words
    assert words == (Word("null", 1.0, 1.5, 0, "null here"), Word("here", 2.0, 3.0))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text\tstart\n", "line 1: no column 'duration'"),
        ("text,start,duration\na,1,2\n", "no column 'text'; its cells are separated by commas, .* separated by tabs"),
        ("text;start;duration\na;1,5;2\n", "its cells are separated by semicolons"),
        ("text\tstart\tend\na\t1\t2\n", r"no column 'duration' \(end minus start\) but 'end'; a transcript table has"),
        ("onset\tduration\ttrial_type\n1\t2\tx\n", "no column 'text' among 'onset', 'duration', 'trial_type'"),
        ("text\tstart\tduration\na\t1,5\t0,5\n", "word 'a': start is not a number: '1,5'; decimals need a point"),
        ("text\tstart\tduration\nhey\t-1\t1\n", "line 2: word 'hey': start is negative"),
        ("text\tstart\tduration\n\nhey\tnan\t1\n", "line 3: word 'hey': start is nan"),
        ("text\tstart\tduration\nhey\t1e999\t1\n", "start is inf"),
        ("text\tstart\tduration\nhey\t1\t-2\n", "duration is negative"),
        ("text\tstart\tduration\nhey\tone\t2\n", "start is not a number: 'one'"),
        ("text\tstart\tduration\nhey\n", "line 2: 1 cells, expected 3"),
        ("text\tstart\tduration\tsequence_id\nhey\t1\t2\tinf\n", "sequence_id is not a number"),
        ("text\tstart\tduration\nhey\t1e308\t1.7e308\n", "end is inf"),
        ('text\tstart\tduration\n"hey\t1\t1\n', 'line 2: a cell starts with " but has no closing "'),
    ],
)
def test_table_bad_file(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(EventsError, match=message) as caught:
        read_transcript(table(tmp_path, content))
    assert "sound.tsv" in str(caught.value)
