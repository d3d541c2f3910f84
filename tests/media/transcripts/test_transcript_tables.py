"""whisperX JSON and upstream's table: what is read, what is refused, and how it is said."""

import json
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
    read_transcript,
    sidecar_text,
    word_events,
    write_transcript,
)
from tribe_np.timeline.events import Event, Events


def whisperx(folder: Path, *words: dict[str, Any], **top: Any) -> Path:
    path = folder / "sound.json"
    path.write_text(json.dumps({"segments": [{"text": ' He "said" it', "words": list(words)}]} | top))
    return path


def table(folder: Path, content: str) -> Path:
    path = folder / "sound.tsv"
    path.write_text(content, newline="")
    return path


def test_json_words(tmp_path: Path) -> None:
    path = whisperx(
        tmp_path,
        {"word": 'He"', "start": 0, "end": 0.25, "score": 0.9},
        {"word": "1999"},
        {"word": '"', "start": 1, "end": 2},
        {"word": " said ", "start": 1.5, "end": 2},
        language="fr",
    )
    transcript = read_transcript(path)
    sentence = " He said it"
    assert transcript.words == (
        Word("He", 0.0, 0.25, 0, sentence), Word("1999", 0.25, 1.0, 0, sentence), Word("said", 1.5, 2.0, 0, sentence)
    )  # fmt: skip
    assert (transcript.language, transcript.source) == ("fr", str(path))
    assert [word.text for word in read_transcript(path, lossy=True, drop_untimed=True).words] == ["He", " said "]
    assert transcript.words[2].place == "segment 1, word 4"


def test_a_duration_of_a_table_is_kept_to_the_bit(tmp_path: Path) -> None:
    path = table(tmp_path, "text\tstart\tduration\tsequence_id\tsentence\nso\t0.251\t0.75\t0\ts\n")
    transcript = read_transcript(path)
    assert (0.251 + 0.75) - 0.251 < 0.75  # three quarters of a second are two steps of the grid, a bit less is one
    (event,) = word_events(transcript, [Event("Audio", 0.0, 5.0, filepath="a.wav")], language="english")
    assert event.duration == transcript.words[0].duration == 0.75
    assert sidecar_text(transcript) == path.read_text()
    cut = checked(transcript, 0.75)
    assert cut.words[0].duration == 0.75 - 0.251


def test_json_without_language(tmp_path: Path) -> None:
    assert read_transcript(whisperx(tmp_path, language=None)) == Transcript((), "", str(tmp_path / "sound.json"))


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ({"word": "hey", "start": 1.0}, r"segment 1, word 1 \('hey'\).*no \"end\""),
        ({"word": "hey", "start": -1, "end": 2}, r"word 1 \('hey'\): \"start\" is negative"),
        ({"word": "hey", "start": 1, "end": float("nan")}, r"'hey'.*\"end\" is nan"),
        ({"word": "hey", "start": 10**400, "end": 2}, r"'hey'.*\"start\" is inf"),
        ({"word": "hey", "start": "1", "end": 2}, r"'hey'.*must be a number of seconds, got '1'"),
        ({"word": "hey", "start": True, "end": 2}, "must be a number of seconds, got True"),
        ({"word": "hey", "start": 3, "end": 2}, r"word 'hey' ends at 2\.0 s, before it starts at 3\.0 s"),
        ({"start": 3, "end": 2}, 'word 1 has no string "word"'),
        ("hey", 'word 1 has no string "word"'),
        ({"word": "\ud800", "start": 1, "end": 2}, "surrogate"),
    ],
)
def test_json_bad_word(tmp_path: Path, word: Any, message: str) -> None:
    with pytest.raises(EventsError, match=message) as caught:
        read_transcript(whisperx(tmp_path, word))
    assert "sound.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"segments":\n[}', "line 2: not JSON"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"segments": ' + b"9" * 5000 + b"}", "number too long"),
        (b"[]", 'no list "segments"'),
        (b'{"segments": {}}', 'no list "segments"'),
        (b'{"segments": [1]}', 'segment 1 has no list "words"'),
        (b'{"segments": [{"text": "a", "start": 1, "end": 2}]}', "needs a time for each word"),
        (b'{"segments": [{"text": 3, "words": []}]}', '"text" must be a string, got 3'),
        (b'{"a":\n"\xff"}', r"line 2 is not UTF-8 \(byte 7\)"),
        (b"", "line 1: not JSON"),
        (b'{"segments": [{"start": 0, "end": 1, "text": "hi", "words": null}]}', "word_timestamps=True"),
        (b'{"transcription": [{"text": "hi"}]}', "whisper.cpp's JSON has no times of words; let it write .srt"),
        (b'{"words": []}', 'no list "segments"'),
    ],
)
def test_json_bad_file(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "sound.json"
    path.write_bytes(content)
    with pytest.raises(EventsError, match=message):
        read_transcript(path)


def whisper(*words: str) -> list[dict[str, Any]]:
    """Words as Whisper writes them, half a second each."""
    return [{"word": word, "start": n / 2, "end": n / 2 + 0.5} for n, word in enumerate(words)]


TUPLES = [[n / 2, n / 2 + 0.5, word, 0.9] for n, word in enumerate((" It", " is"))]
CHUNKS = [{"text": " It", "timestamp": [0.0, 0.5]}, {"text": " is", "timestamp": [0.5, None]}]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"segments": [{"text": "", "words": whisper(" It", " costs", " $3", ".5", "0", " well", "-known")}]},
         "It costs $3.50 well-known"),
        ({"segments": [{"text": "", "words": whisper("It", "costs", "$3")}]}, "It costs $3"),
        ({"segments": [{"text": "", "words": whisper("你", "好", " iPhone", "手", "机")}]}, "你 好 iPhone 手 机"),
        ({"segments": [{"id": 0, "text": " It is"}], "words": whisper("It", "is"), "language": "english"}, "It is"),
        ({"transcript": "It is", "words": [*whisper("It"), {"case": "not-found-in-audio", "word": "is"}]}, "It is"),
        ({"text": " It is", "chunks": CHUNKS}, "It is"),
        ([{"text": " It is", "words": TUPLES}], "It is"),
        (whisper("It", "is"), "It is"),
    ],
)  # fmt: skip
def test_relatives_of_whisperx(tmp_path: Path, document: Any, words: str) -> None:
    path = tmp_path / "sound.json"
    path.write_text(json.dumps(document))
    assert " ".join(word.text for word in read_transcript(path).words) == words


def test_pieces_of_a_word_have_its_times(tmp_path: Path) -> None:
    words = [*whisper(" a", " $3", ".5"), {"word": "0"}]
    words[1].pop("start"), words[1].pop("end")
    path = tmp_path / "sound.json"
    path.write_text(json.dumps({"segments": [{"text": "", "words": [*words, *whisper(" b", " c")]}]}))
    word = read_transcript(path).words[1]
    assert (word.text, word.start, word.stop) == ("$3.50", 1.0, 1.5)


@pytest.mark.parametrize("word", [{"word": "b", "start": 0.6, "end": None}, {"word": "b", "start": None, "end": 1.0}])
def test_half_a_time_is_an_error(tmp_path: Path, word: dict[str, Any]) -> None:
    with pytest.raises(EventsError, match=r"word 1 \('b'\).*must be a number of seconds, got None"):
        read_transcript(whisperx(tmp_path, word))


def test_notes_are_kept_with_the_words(tmp_path: Path) -> None:
    transcript = read_transcript(whisperx(tmp_path, {"word": "a", "start": 1, "end": 2}, {"word": "12"}))
    assert [(note.kind, note.count) for note in transcript.notes] == [("untimed_words", 1)]
    write_transcript(tmp_path / "kept.json", transcript)
    assert read_transcript(tmp_path / "kept.json").notes == transcript.notes
    assert read_transcript(whisperx(tmp_path, notes=[["x", "1", "y"], 3])).notes == ()


def test_table_keeps_words_that_pandas_takes_for_missing(tmp_path: Path) -> None:
    path = table(
        tmp_path, "text\tstart\tduration\tsequence_id\tsentence\nnull\t1\t0.5\t2\tThe null.\nNA\t2\t1\t3\tNA\n"
    )
    assert read_transcript(path).words == (Word("null", 1.0, 1.5, 2, "The null."), Word("NA", 2.0, 3.0, 3, "NA"))
    with pytest.raises(EventsError, match="line 2: word 'null' is a missing value"):
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
        ("text\tstart\tduration\na\t1,5\t0,5\n", "line 2: word 'a': start is no number: '1,5'; decimals need a point"),
        ("text\tstart\tduration\nhey\t-1\t1\n", "line 2: word 'hey': start is negative"),
        ("text\tstart\tduration\n\nhey\tnan\t1\n", "line 3: word 'hey': start is nan"),
        ("text\tstart\tduration\nhey\t1e999\t1\n", "start is inf"),
        ("text\tstart\tduration\nhey\t1\t-2\n", "duration is negative"),
        ("text\tstart\tduration\nhey\tone\t2\n", "start is no number: 'one'"),
        ("text\tstart\tduration\nhey\n", "line 2: 1 cells, expected 3"),
        ("text\tstart\tduration\tsequence_id\nhey\t1\t2\tinf\n", "sequence_id is no number"),
        ("text\tstart\tduration\nhey\t1e308\t1.7e308\n", "end is inf"),
        ('text\tstart\tduration\n"hey\t1\t1\n', 'line 2: a cell starts with " but has no closing "'),
    ],
)
def test_table_bad_file(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(EventsError, match=message) as caught:
        read_transcript(table(tmp_path, content))
    assert "sound.tsv" in str(caught.value)


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
