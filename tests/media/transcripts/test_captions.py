"""Subtitles: shares of a cue's time, times inside cues, and files that are not subtitles."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from tribe_np.errors import EventsError
from tribe_np.media.transcripts.caption_cues import Cue, vtt_cues
from tribe_np.media.transcripts.transcript import Transcript, Word, read_transcript


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


def test_chinese_captions_have_a_word_for_every_character(tmp_path: Path) -> None:
    content = "1\n00:00:01,000 --> 00:00:03,000\n我的iPhone很好。\n"
    words = read(tmp_path, "a.srt", content).words
    assert [word.text for word in words] == ["我", "的", "iPhone", "很", "好。"]
    assert (words[0].start, words[-1].stop) == (1.0, 3.0)


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


def srt(*cues: str, start: int = 1, step: float = 1.0) -> str:
    """Numbered cues of 0.9 s, one every `step` seconds."""
    blocks = []
    for number, text in enumerate(cues):
        times = " --> ".join(f"00:00:{number * step + part:06.3f}".replace(".", ",") for part in (0.0, 0.9))
        blocks.append(f"{number + start}\n{times}\n{text}\n")
    return "\n".join(blocks)


def spoken(folder: Path, content: str, name: str = "a.srt") -> str:
    return " ".join(word.text for word in read(folder, name, content).words)


@pytest.mark.parametrize(
    ("cues", "words"),
    [
        (("the cat", "the cat\nsat on", "the cat\nsat on\nthe mat", "sat on\nthe mat\nand slept"),
         "the cat sat on the mat and slept"),
        (("the", "the cat", "the cat sat", "the cat sat on", "the mat"), "the cat sat on the mat"),
        (("good morning", "good morning\nto all", "to all", "to all\nof you", "of you"), "good morning to all of you"),
        (("good morning to all", "good morning to all\nof you"), "good morning to all of you"),
        (("here we", "", "here we\ngo", " ", "go", "go\nto sea"), "here we go to sea"),
        (("No.", "No.", "I said no."), "No. No. I said no."),
        (("la la", "la la", "la la", "la la"), "la la la la la la la la"),
        (("I", "I think so", "and you"), "I I think so and you"),
        (("let it be\nlet it be", "let it be\nwhisper", "of", "wisdom", "in", "hours"),
         "let it be let it be let it be whisper of wisdom in hours"),
    ],
)  # fmt: skip
def test_rolling_captions_are_spoken_once_and_a_chorus_as_often_as_it_is_sung(
    tmp_path: Path, cues: tuple[str, ...], words: str
) -> None:
    assert spoken(tmp_path, srt(*cues)) == words
    assert spoken(tmp_path, "WEBVTT\n\n" + srt(*cues).replace(",", "."), "a.vtt") == words


def test_a_pause_between_captions_means_that_they_do_not_roll(tmp_path: Path) -> None:
    assert spoken(tmp_path, srt("stop it now", "stop it now\nI said", step=3)) == "stop it now stop it now I said"


def test_a_caption_that_stands_twice_is_spoken_once(tmp_path: Path) -> None:
    cue = srt("hello there")
    assert spoken(tmp_path, cue + "\n" + cue) == "hello there"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (srt("1984", "7", "8\n9"), "1984 7 8 9"),
        (srt("born in\n1984", "Leeds").replace("\n\n2\n", "\n"), "born in 1984 Leeds"),
        (srt("born in", "Leeds").replace("\n\n2\n", "\n2\n"), "born in Leeds"),
        (srt("born in", "Leeds").replace("1\n", "", 1), "born in Leeds"),
        (srt("", "Leeds").replace("1\n", "", 1).replace("\n2\n", "\n1984\n"), "1984 Leeds"),
        (srt("born in", "Leeds", start=7), "born in Leeds"),
        (srt("born in", "Leeds").replace("2\n", "9999\n"), "born in Leeds"),
    ],
)
def test_numbers_of_cues_are_not_spoken_and_others_are(tmp_path: Path, content: str, words: str) -> None:
    assert spoken(tmp_path, content) == words


@pytest.mark.parametrize(
    "wrong",
    ["00:00:05,000 -> 00:00:06,000", "00:00:05,000 --&gt; 00:00:06,000", "00:00:05,000", "00:00:05,000 --> ",
     "00:00:72,000 --> 00:01:20,000", "00:75:00,000 --> 00:76:00,000", "0:05 -- 0:06", "00:00:05,000 – 00:00:06,000",
     "5 --> 6", "00:OO:05,000 --> 00:00:06,000", "00:00:05,000 00:00:06,000"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.srt", "a.vtt"])
def test_a_broken_time_is_an_error_with_its_line(tmp_path: Path, wrong: str, name: str) -> None:
    head = (
        "1\n00:00:01,000 --> 00:00:02,000\nhi\n\n2\n"
        if name == "a.srt"
        else "WEBVTT\n\n00:01.000 --> 00:02.000\nhi\n\n"
    )
    with pytest.raises(EventsError, match=f"line {head.count(chr(10)) + 1}: not a pair of times"):
        read(tmp_path, name, head + wrong + "\nthere\n")


def test_a_cue_number_without_times_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match="line 6: expected the times of cue 2, got 'there'"):
        read(
            tmp_path,
            "a.srt",
            "1\n00:00:01,000 --> 00:00:02,000\nhi\n\n2\nthere\n\n3\n00:00:05,000 --> 00:00:06,000\nx\n",
        )


def test_times_of_day_are_spoken(tmp_path: Path) -> None:
    assert (
        spoken(tmp_path, srt("10:30", "Open 10:30 to 11:45", "10:30 - 11:45"))
        == "10:30 Open 10:30 to 11:45 10:30 11:45"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('<font color="#ff0000">red</font> <B>bold</B> {\\pos(1,2)}x {i}y{/i} a<br>b <i/>c</i', "red bold x y a b c"),
        ("&lt;3 I <3 you &#9834; &#x41; &notit; R&D &copy 5>4 &amp;amp;", "<3 I <3 you A &notit; R&D &copy 5>4 &amp;"),
        ("<ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby> <ruby>a<rp>(</rp><rt>b</ruby> <lang en>ok</lang>", "漢 字 a ok"),
        ("so\u200b here\u00ad\u200e\n\u200b", "so here"),
        ("<v.loud Ann Lee>hi</v> <00:00:00.500><c.x.y>you</c>", "hi you"),
    ],
)
def test_markup_is_not_spoken(tmp_path: Path, text: str, words: str) -> None:
    assert spoken(tmp_path, srt(text)) == words


def test_what_is_no_cue_of_a_webvtt_file_is_passed_over(tmp_path: Path) -> None:
    content = (
        "WEBVTT\nKind: captions\n\nREGION\nid:x\n\nNOTE\n00:09.000 --> 00:10.000\nnot shown\n\nlost words\n\ntwo\n"
        "above the times\n00:01.000 --> 00:02.000\nx\n  \n00:03.000 --> 00:04.000\ny\n"
    )
    transcript = read(tmp_path, "a.vtt", content)
    assert [(word.text, word.start) for word in transcript.words] == [("x", 1.0), ("y", 3.0)]
    (note,) = transcript.notes
    assert (note.kind, note.count) == ("passed_over", 4)
    assert "4 lines belong to no cue and are skipped (line 8: expected a cue" in note.text


def test_webvtt_under_the_name_of_subrip_and_without_its_own_details(tmp_path: Path) -> None:
    assert spoken(tmp_path, "WEBVTT\n\n00:01,000 --> 00:02,000\nx\n\n00:03 --> 00:04\ny") == "x y"
    with pytest.raises(EventsError, match=r"line 1: a WebVTT file must begin with .*SubRip"):
        read(tmp_path, "a.vtt", srt("x"))
    piece = read(
        tmp_path, "a.vtt", "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n00:01.000 --> 00:02.000\nx"
    )
    assert [note.kind for note in piece.notes] == ["stream_piece"]


def test_another_encoding_names_the_line_and_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_bytes(srt("un été").encode("cp1252"))
    with pytest.raises(EventsError, match=r"line 3 is not UTF-8 \(byte \d+\); .*iconv -f WINDOWS-1252.*'un été'"):
        read_transcript(tmp_path / "a.srt")


W3C = json.loads((Path(__file__).parents[2] / "golden" / "webvtt.json").read_text("utf-8"))


def test_cues_of_odd_files_are_those_that_the_w3c_finds(tmp_path: Path) -> None:
    """tools/reference/webvtt.py made the file."""
    for text, expected in W3C:
        found = [(cue.start, cue.stop, list(cue.lines)) for cue in cues_or_none(text, tmp_path / "a.vtt")]
        cues = [(start, stop, [line for line in lines.split("\n") if line.strip()]) for start, stop, lines in expected]
        assert found == cues, text
    assert sum(bool(expected) for _, expected in W3C) > 100


def cues_or_none(text: str, path: Path) -> list[Cue]:
    """The cues of a file; none where it is refused because it holds none."""
    try:
        return vtt_cues(text.split("\n"), path)[0]
    except EventsError:
        return []
