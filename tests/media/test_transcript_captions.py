"""Subtitles: shares of a cue's time, times inside cues, and files that are not subtitles."""

from itertools import pairwise
from pathlib import Path

import pytest

from tribe_np.errors import EventsError
from tribe_np.media.transcript import Transcript, Word, read_transcript


def read(folder: Path, name: str, content: str) -> Transcript:
    (folder / name).write_bytes(content.encode())
    return read_transcript(folder / name)


SRT = """1
00:00:01,000 --> 00:00:02,000
<i>Hello</i> {\\an8}you

2
00:01:02,500 --> 01:00:03,500 X1:10
It's
"1999".

Still the same cue
"""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_srt(tmp_path: Path, end: str) -> None:
    words = read(tmp_path, "a.srt", SRT.replace("\n", end)).words
    assert words[:2] == (Word("Hello", 1.0, 1.625, 0, "Hello you"), Word("you", 1.625, 2.0, 0, "Hello you"))
    assert [word.text for word in words[2:]] == ["It's", "1999.", "Still", "the", "same", "cue"]
    assert words[2].start == 62.5
    assert words[-1].stop == 3603.5
    assert {word.sentence for word in words[2:]} == {"It's 1999. Still the same cue"}
    assert words[2].place == "line 6"
    assert all(a.stop == b.start for a, b in pairwise(words[2:]))


def test_srt_cue_without_text_or_number(tmp_path: Path) -> None:
    content = "00:01.5 --> 00:02.5\n\n00:00:03,1 --> 00:00:04,10\n42\n"
    assert read(tmp_path, "a.srt", content).words == (Word("42", 3.1, 4.1, 1, "42"),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no subtitle times"),
        ("hello\n", "no subtitle times"),
        ("hello\n00:00:01,0 --> 00:00:02,0\nx", "line 1: expected a cue number or times, got 'hello'"),
        ("1\n00:00:01,0 -> 00:00:02,0\n\n2\n00:00:01,0 --> 00:00:02,0\nx", "line 2: expected a cue number"),
        ("1\n-00:00:01,0 --> 00:00:02,0\nx", r"line 2: not a pair of times \(negative time\)"),
        ("1\n00:00:nan --> 00:00:02,0\nx", "line 2: not a pair of times: "),
        ("1\n00:00:01,0 --> 00:00:02,0 --> 00:00:03,0\nx", "line 2: not a pair of times"),
        ("1\n00:00:03,0 --> 00:00:02,9\nx", "line 2: the cue ends at 2.9 s, before it starts at 3.0 s"),
        ("1\n00:00:01,0 -->\nx", "line 2: not a pair"),
        ("1\n00:00:01,0 --> 00:00:02,0000\nx", "line 2: not a pair"),
    ],
)
def test_srt_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(EventsError, match=message) as caught:
        read(tmp_path, "a.srt", content)
    assert "a.srt" in str(caught.value)


VTT = """\ufeffWEBVTT - made here
Kind: captions

NOTE a remark --
over two lines

STYLE
::cue { color: red }

intro
00:01.000 --> 00:03.000 align:start position:0%
<v Bob>Fish &amp; <b>chips</b>

00:00:04.000 --> 00:00:06.000
One <00:00:04.500><c>two three</c><00:00:05.500><c> four</c>
"""


def test_vtt(tmp_path: Path) -> None:
    words = read(tmp_path, "a.vtt", VTT).words
    assert [word.text for word in words] == ["Fish", "&", "chips", "One", "two", "three", "four"]
    assert [word.start for word in words] == [1.0, 1.8, 2.0, 4.0, 4.5, 4.875, 5.5]
    assert [word.stop for word in words] == [1.8, 2.0, 3.0, 4.5, 4.875, 5.5, 6.0]
    assert words[0].sentence == "Fish & chips"
    assert words[-1].sentence == "One two three four"
    assert words[0].place == "line 11"


def test_vtt_rolling_captions_are_spoken_once(tmp_path: Path) -> None:
    content = (
        "WEBVTT\n\n00:00.000 --> 00:02.000\n \nso<00:00:01.000><c> here</c>\n\n"
        "00:02.000 --> 00:02.010\nso here\n \n\n"
        "00:02.010 --> 00:04.000\nso here\nwe<00:00:03.000><c> go</c>\n"
    )
    words = read(tmp_path, "a.vtt", content).words
    assert [(word.text, word.start) for word in words] == [("so", 0.0), ("here", 1.0), ("we", 2.01), ("go", 3.0)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1: a WebVTT file must begin"),
        ("WEBVTTX\n", "line 1: a WebVTT file must begin"),
        ("WEBVTT\n\nhello\n", "line 3: expected a cue with times, got 'hello'"),
        ("WEBVTT\n\n00:02.000 --> 00:01.000\nx", "line 3: the cue ends"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\na <00:00:03.000>b c", "line 3: word 'b' starts at 3.0 s, outside"),
        ("WEBVTT\n\n00:01.000 --> 00:04.000\na <00:03.000>b <00:02.000>c", "line 3: word 'c' starts at 2.0 s"),
    ],
)
def test_vtt_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(EventsError, match=message):
        read(tmp_path, "a.vtt", content)


def test_vtt_header_alone_is_a_transcript_without_words(tmp_path: Path) -> None:
    assert read(tmp_path, "a.vtt", "WEBVTT").words == ()
