"""Praat TextGrids: both text formats, all their encodings, the choice of tier."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.media.transcripts.textgrids import PHONES, WHERE, textgrid
from tribe_np.errors import EventsError
from tribe_np.media.transcripts.transcript import Transcript, Word, read_transcript

PRAAT = json.loads((Path(__file__).parents[2] / "golden" / "praat.json").read_text("utf-8"))
LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0 ! a remark with "quotes" and 7
xmax = 2.5
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 2.5
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 2.5
            text = "h"
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 2.5
        points: size = 1
        points [1]:
            number = 1.5
            mark = "click"
    item [3]:
        class = "IntervalTier"
        name = "Bob - words"
        xmin = 0
        xmax = 2.5
        intervals: size = 4
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 1.25
            text = "he said ""été""\"
        intervals [3]:
            xmin = 1.25
            xmax = 2
            text = "sp"
        intervals [4]:
            xmin = 2
            xmax = 2.5
            text = "there"
"""
SHORT = """File type = "ooTextFile short"
"TextGrid"

0
2.5
<exists>
1
"IntervalTier"
"sentences"
0
2.5
2
0
0.5
""
0.5
2.5
"a bcd"
"""


def read(folder: Path, content: bytes) -> Transcript:
    path = folder / "a.TextGrid"
    path.write_bytes(content)
    return read_transcript(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-bom"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_long_format(tmp_path: Path, encoding: str, end: str) -> None:
    text = LONG.replace("\n", end)
    content = b"\xfe\xff" + text.encode("utf-16-be") if encoding == "utf-16-be-bom" else text.encode(encoding)
    words = read(tmp_path, content).words
    sentence = "he said été"
    assert words == (
        Word("he", 0.5, 0.5 + 0.75 * (2 / 9), 0, sentence),
        Word("said", 0.5 + 0.75 * (2 / 9), 0.5 + 0.75 * (6 / 9), 0, sentence),
        Word("été", 0.5 + 0.75 * (6 / 9), 1.25, 0, sentence),
        Word("there", 2.0, 2.5, 1, "there"),
    )
    assert words[-1].place == "line 47"


def test_short_format_takes_the_first_interval_tier(tmp_path: Path) -> None:
    words = read(tmp_path, SHORT.encode()).words
    assert words == (Word("a", 0.5, 1.0, 0, "a bcd"), Word("bcd", 1.0, 2.5, 0, "a bcd"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ooTextFile", "ooOther", "line 1: not a Praat text file"),
        ('"TextGrid"', '"Pitch"', "line 2: holds a Praat 'Pitch', not a TextGrid"),
        ("<exists>\n1", "<absent>", "no interval tier"),
        ("<exists>\n1", "<exists>\n1.5", "the number of tiers must be a whole number"),
        ("<exists>\n1", "<exists>\n9223372036854775807", "must be a whole number"),
        ("<exists>\n1", "<exists>\n2", "ends where the class of a tier should be"),
        ("<exists>\n1", "<exists>\n-1", "must be a whole number, got -1"),
        ("2\n0\n0.5", "9007199254740991\n0\n0.5", "ends where the start of an interval should be"),
        ("IntervalTier", "OtherTier", "unknown class of tier 'OtherTier'"),
        ("0.5\n2.5\n", "0.5\n-2.5\n", "line 16: word 'a bcd': end is negative"),
        ("0.5\n2.5\n", "1e999\n2.5\n", "line 16: word 'a bcd': start is inf"),
        ("0.5\n2.5\n", "2.6\n2.5\n", "line 16: word 'a bcd' ends at 2.5 s, before it starts at 2.6 s"),
        ('"a bcd"', "7", "line 18: expected the label of an interval in quotation marks, got '7'"),
        ('0.5\n2.5\n"a', '"x"\n2.5\n"a', "line 16: expected the start of an interval, got"),
        ("<exists>\n", "", "line 6: expected <exists>, got '1'"),
    ],
)
def test_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in SHORT
    with pytest.raises(EventsError, match=message) as caught:
        read(tmp_path, SHORT.replace(old, new, 1).encode())
    assert "a.TextGrid" in str(caught.value)


def test_points_alone_are_no_words(tmp_path: Path) -> None:
    content = 'File type = "ooTextFile"\n"TextGrid"\n0 1\n<exists> 1\n"TextTier" "words" 0 1 1\n0.5 "x"\n'
    with pytest.raises(EventsError, match="no interval tier"):
        read(tmp_path, content.encode())


def test_utf16_cut_short(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match="is not UTF-16"):
        read(tmp_path, SHORT.encode("utf-16")[:-1])


OVER = [(0.0, 3.0, ""), (3.0, 3.5, "over"), (3.5, 4.2, "there")]


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize(
    ("tiers", "words", "said"),
    [
        ({"words": WHERE, "phones": PHONES}, "where is it", ""),
        ({"phones": PHONES, "words": WHERE}, "where is it", ""),
        ({"ORT-MAU": WHERE, "KAN-MAU": PHONES, "MAU": PHONES}, "where is it", ""),
        ({"PhonAlign": PHONES, "TokensAlign": WHERE, "PhnTokAlign": WHERE}, "where is it", ""),
        ({"word": WHERE, "phone": PHONES}, "where is it", ""),
        ({"A - word": WHERE, "A - phone": PHONES, "B - word": OVER}, "where is it over there", "'A - word', 'B -"),
        ({"A - words": WHERE, "B - words": [(1.0, 1.4, "where")]}, "where where is it", "'A - words', 'B - words'"),
        ({"words_Ann": WHERE, "words_Bo": OVER, "bell*": [(5.0, 5.0, "ding")]}, "where is it over there", "'words_Bo'"),
        ({"Ann": WHERE, "Bo": OVER}, "where is it over there", "tiers 'Ann', 'Bo'"),
        ({"words": [(0.0, 10.0, "")], "utterances": [(1.0, 2.2, "where is it")]}, "where is it", ""),
        ({"words": WHERE, "tokens": WHERE}, "where is it", ""),
        ({"words": WHERE, "utterances": [(1.0, 2.2, "where is it")]}, "where is it", ""),
        ({"Ann - words": WHERE, "Bo": OVER}, "where is it", "from tier 'Ann - words'; not from 'Bo'"),
        ({"orth": WHERE, "gloss": WHERE, "notes": OVER}, "where is it", ""),
        ({"text": [(0.0, 1.0, "one"), (1.0, 2.0, "two")], "sentences": [(0.0, 2.0, "one two")]}, "one two", ""),
    ],
)  # fmt: skip
def test_tiers_of_words(tmp_path: Path, tiers: dict[str, Any], words: str, said: str, short: bool) -> None:
    transcript = read(tmp_path, textgrid(tiers, short=short).encode("utf-16"))
    assert " ".join(word.text for word in transcript.words) == words
    assert said in " ".join(note.text for note in transcript.notes)
    if not said:
        assert transcript.notes == ()


@pytest.mark.parametrize("labels", ["h ɛ l oʊ w ɜː l d", "w eh ih z t ah b er", "h E l @U w 3: l d"])
def test_phones_are_known_by_their_looks(tmp_path: Path, labels: str) -> None:
    tier = [(float(n), n + 1.0, label) for n, label in enumerate(labels.split())]
    with pytest.raises(EventsError, match=r"no tier of words in this TextGrid, only 'x' \(phones\)"):
        read(tmp_path, textgrid({"x": tier}).encode())
    (note,) = read(tmp_path, textgrid({"words": tier}).encode()).notes
    assert "'words' is read for words, but looks like phones" in note.text


@pytest.mark.parametrize("labels", ["I am in a big car on it", "你 好 世 界 我 们", "a b", "oh no it is so"])
def test_short_words_are_no_phones(tmp_path: Path, labels: str) -> None:
    tier = [(float(n), n + 1.0, label) for n, label in enumerate(labels.split())]
    assert " ".join(word.text for word in read(tmp_path, textgrid({"x": tier}).encode()).words) == labels


@pytest.mark.parametrize("name", ["comments", "translation", "ToBI", "silences"])
def test_remarks_are_no_words(tmp_path: Path, name: str) -> None:
    with pytest.raises(EventsError, match=f"only '{name}' .others.; name the tier of words 'words'"):
        read(tmp_path, textgrid({name: OVER}).encode())


def test_empty_tiers_are_a_transcript_without_words(tmp_path: Path) -> None:
    assert read(tmp_path, textgrid({"words": [(0.0, 10.0, "")]}).encode()).words == ()


def test_labels_may_hold_what_nobody_says(tmp_path: Path) -> None:
    tier = [(0.0, 1.0, "(laughs) well"), (1.0, 2.0, "<P>"), (2.0, 3.0, "sp"), (3.0, 4.0, "the SP"), (4.0, 5.0, "+")]
    transcript = read(tmp_path, textgrid({"words": tier}).encode())
    assert [(word.text, word.start) for word in transcript.words] == [("well", 0.0), ("the", 3.0), ("SP", 3.6)]
    assert transcript.notes[0].count == 3


def test_chronological_textgrids_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match="a chronological TextGrid; open it in Praat"):
        read(tmp_path, b'"Praat chronological TextGrid text file"\n0 10\n')


@pytest.mark.parametrize("name", ["long-utf16", "long-utf8", "short-utf16", "short-utf8"])
def test_files_that_praat_wrote(tmp_path: Path, name: str) -> None:
    """tools/reference/praat.py made them."""
    words = read(tmp_path, base64.b64decode(PRAAT[name])).words
    assert [(word.text, round(word.start, 9), round(word.stop, 9)) for word in words] == [
        ("where", 1.0, 1.4), ("is", 1.4, 1.8), ("it", 1.8, 2.2), ("été", 2.2, 3.0),
        ("over", 3.0, 3.5), ("there", 3.5, 4.2),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["binary", "chronological"])
def test_other_files_that_praat_wrote_are_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(EventsError, match=f'a {name} .*; open it in Praat and save it with "Save as text file'):
        read(tmp_path, base64.b64decode(PRAAT[name]))
