"""whisperX's JSON and its relatives: what is read, what is refused, and how it is said."""

import json
from pathlib import Path
from typing import Any

import pytest

from tribe_np.errors import EventsError
from tribe_np.media.transcripts.transcript import (
    Transcript,
    Word,
    read_transcript,
    write_transcript,
)


def whisperx(folder: Path, *words: dict[str, Any], **top: Any) -> Path:
    path = folder / "sound.json"
    path.write_text(json.dumps({"segments": [{"text": ' He "said" it', "words": list(words)}]} | top))
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
        (b'{"transcription": [{"text": "hi"}]}', "whisper.cpp's JSON has no times of words; have it write .srt"),
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
