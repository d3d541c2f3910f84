"""Transcripts that people have and that went wrong: the words and times that are right, and what is said about it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.media.transcripts.textgrids import PHONES, WHERE, textgrid
from tribe_np.errors import EventsError
from tribe_np.media.transcripts.transcript import Transcript, checked, read_transcript

ROLLING = (
    "1\n00:00:00,000 --> 00:00:01,830\ngood morning everyone and\n\n2\n00:00:01,830 --> 00:00:01,840\n"
    "good morning everyone and\n \n\n3\n00:00:01,840 --> 00:00:04,070\ngood morning everyone and\n"
    "welcome to the second lesson\n\n4\n00:00:04,070 --> 00:00:04,080\nwelcome to the second lesson\n \n\n"
    "5\n00:00:04,080 --> 00:00:06,000\nwelcome to the second lesson\non tides\n"
)
MUSIC = (
    "1\r\n00:00:01,000 --> 00:00:04,000\r\n♪ Over the hills ♪\r\n\r\n2\r\n00:00:04,500 --> 00:00:06,000\r\n♪ ♪\r\n\r\n"
    "3\r\n00:00:06,500 --> 00:00:08,000\r\n[door slams]\r\n\r\n4\r\n00:00:08,200 --> 00:00:09,800\r\n"
    "- Who is there?\r\n- Nobody.\r\n"
)
SIL = ["SIL", "where", "<unk>", "it", "SP", "{LG}", "#", "_", "[noise]", "<SIL>", "xxx"]
MARKS = [(float(n), n + 1.0, label) for n, label in enumerate(SIL[:10])]
TIMED = [{"word": word, "start": n + 0.5, "end": n + 0.75} for n, word in enumerate(["there", "are", "12", "of"])]


def captions(end: str, gap: str = "") -> str:
    """Five cues of one word; `end` ends a line, `gap` follows each cue."""
    return "".join(f"{n}{end}00:00:0{n},000 --> 00:00:0{n},900{end}w{n}{end}{gap}" for n in range(1, 6))


def whisperx(*segments: dict[str, Any], **top: Any) -> str:
    return json.dumps({"segments": list(segments), **top})


def without(position: int, **missing: object) -> str:
    words: list[dict[str, Any]] = [dict(word) for word in TIMED]
    words[position] = {"word": words[position]["word"], **missing}
    return whisperx({"text": "there are 12 of", "words": words})


def read(folder: Path, name: str, content: str | bytes, **options: bool) -> Transcript:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return checked(read_transcript(path, **options), 10.0)


CASES: dict[str, tuple[str, str | bytes, str, dict[str, int]]] = {  # name, content, words, what is counted
    "rolling": ("a.srt", ROLLING, "good morning everyone and welcome to the second lesson on tides",
                {"repeated_captions": 4}),
    "double spaced": ("a.srt", captions("\n\n"),
                      "w1 w2 w3 w4 w5", {}),
    "CR CR LF": ("a.srt", captions("\r\r\n", "\r\r\n"),
                 "w1 w2 w3 w4 w5", {}),
    "a year is spoken": ("a.srt", "00:00:01,000 --> 00:00:02,000\nI was born in\n1984\n00:00:03,000 --> 00:00:04,000\n"
                         "in Leeds\n", "I was born in 1984 in Leeds", {}),
    "entities": ("a.srt", "1\n00:00:01,000 --> 00:00:03,000\nrock &amp; roll&nbsp;now &#39;n &lt;3 AT&T\n\n2\n"
                 "00:00:04,000 --> 00:00:06,000\nif x <3 and y> 2 then stop\n",
                 "rock & roll now 'n <3 AT&T if x <3 and y> 2 then stop", {}),
    "no milliseconds": ("a.srt", "0\n00:00:01 --> 00:00:04\nno milliseconds here\n", "no milliseconds here", {}),
    "music": ("a.srt", MUSIC, "Over the hills Who is there? Nobody.", {"non_speech": 7}),
    "overlap": ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:05.000\n<v Ann>I wait here</v>\n\n00:02.000 --> 00:03.000\n"
                "<v Bo>sorry</v>\n\n00:06.000 --> 00:08.000\n<v Ann>let us go\n", "I wait sorry here let us go",
                {"out_of_order": 1}),
    "overlapping segments": ("a.json", whisperx({"text": "", "words": TIMED},
                             {"text": "", "words": [{"word": "Right.", "start": 1, "end": 1.2}]}),
                             "there Right. are 12 of", {"out_of_order": 1}),
    "backwards": ("a.json", whisperx({"text": "", "words": [TIMED[3], {"word": "?"}, *TIMED[2::-1]]}),
                  "there are 12 of?", {"out_of_order": 3}),
    "an advert comes last": ("a.srt", "1\n00:00:02,000 --> 00:00:04,000\nHello there\n\n9999\n"
                             "00:00:0,500 --> 00:00:2,00\nwww.example.org\n", "www.example.org Hello there",
                             {"out_of_order": 1}),
    "unordered": ("a.srt", "1\n00:00:05,000 --> 00:00:06,000\nsecond\n\n2\n00:00:01,000 --> 00:00:02,000\nfirst\n",
                  "first second", {"out_of_order": 1}),
    "overrun": ("a.json", whisperx({"text": "", "words": [*TIMED, {"word": "for", "start": 9.5, "end": 12},
                {"word": "watching!", "start": 20, "end": 29.98}]}), "there are 12 of for",
                {"cut_to_the_end": 1, "past_the_end": 1}),
    "spaces before a cue": ("a.vtt", "WEBVTT\n\n    \n1\n00:01.000 --> 00:02.000 align:middle\ngood morning\n",
                            "good morning", {"passed_over": 1}),
    "two headers": ("a.vtt", "WEBVTT\n\nWEBVTT\n\n00:01.000 --> 00:02.000\ngood morning\n", "good morning",
                    {"passed_over": 1}),
    "no blank line before a cue": ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\ngood morning\n00:02.500 --> 00:04.000\n"
                                   "and welcome\n", "good morning and welcome", {}),
    "markup encoded twice": ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\nit &lt;i&gt;is&lt;/i&gt; &lt;3\n", "it is <3",
                             {"non_speech": 2}),
    "no time": ("a.json", without(2), "there are 12 of", {"untimed_words": 1}),
    "null": ("a.json", without(2, start=None, end=None, score=None), "there are 12 of", {"untimed_words": 1}),
    "NaN": ("a.json", without(2, start=float("nan"), end=float("nan")), "there are 12 of", {"untimed_words": 1}),
    "whisper-timestamped": ("a.json", whisperx({"text": " good", "words": [{"text": "good", "start": 0.1, "end": 0.4}]}
                            ), "good", {}),
    "two speakers": ("a.TextGrid", textgrid({"Ann - words": WHERE, "Ann - phones": PHONES,
                     "Bo - words": [(0, 3, ""), (3, 3.5, "over"), (3.5, 4.2, "there")], "Bo - phones": PHONES}),
                     "where is it over there", {"tiers": 2}),
    "an empty first tier": ("a.TextGrid", textgrid({"comments": [(0, 10, "")], "text": WHERE}), "where is it", {}),
    "SPPAS": ("a.TextGrid", textgrid({"PhonAlign": PHONES, "TokensAlign": WHERE}), "where is it", {}),
    "silences": ("a.TextGrid", textgrid({"words": MARKS}), "where it", {"non_speech": 8}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_right_words_in_order_and_a_count_of_what_was_odd(tmp_path: Path, case: str) -> None:
    name, content, words, counts = CASES[case]
    transcript = read(tmp_path, name, content)
    assert " ".join(word.text for word in transcript.words) == words
    assert {note.kind: note.count for note in transcript.notes} == counts
    starts = [word.start for word in transcript.words]
    assert starts == sorted(starts)
    assert all(word.stop <= 10 for word in transcript.words)


def test_words_without_times_share_the_gap_by_their_length(tmp_path: Path) -> None:
    words = [{"word": "In", "start": 0.1, "end": 0.2}, {"word": "1999"}, {"word": "we", "start": 0.6, "end": 0.7},
             {"word": "40"}, {"word": "big"}, {"word": "cats", "start": 1.7, "end": 2}, {"word": "£13.60"}]  # fmt: skip
    transcript = read(tmp_path, "a.json", whisperx({"text": "", "start": 0, "end": 4, "words": words}))
    found = {word.text: (round(word.start, 6), round(word.stop, 6)) for word in transcript.words}
    assert found["1999"] == (0.2, 0.6)
    assert (found["40"], found["big"]) == ((0.7, 1.1), (1.1, 1.7))
    assert found["£13.60"] == (2.0, 4.0)
    dropped = read(tmp_path, "a.json", whisperx({"text": "", "words": words}), drop_untimed=True)
    assert [word.text for word in dropped.words] == ["In", "we", "cats"]
    assert dropped.notes == ()


def test_ends_without_a_neighbour_take_the_pace_of_the_file(tmp_path: Path) -> None:
    words = [{"word": "7"}, {"word": "ab", "start": 3.0, "end": 3.2}, {"word": "1234"}]
    after = {"text": "", "words": [{"word": "cd", "start": 3.5, "end": 3.7}, {"word": "56"}]}
    transcript = read(tmp_path, "a.json", whisperx({"text": "", "words": words}, after))
    times = [(word.text, round(word.start, 6), round(word.stop, 6)) for word in transcript.words]
    assert times == [("7", 2.9, 3.0), ("ab", 3.0, 3.2), ("1234", 3.2, 3.5), ("cd", 3.5, 3.7), ("56", 3.7, 3.9)]


def test_a_segment_that_could_not_be_aligned_keeps_its_words(tmp_path: Path) -> None:
    alone = {"text": " 2014.", "start": 5.0, "end": 6.0, "words": []}
    transcript = read(tmp_path, "a.json", whisperx({"text": "", "words": TIMED}, alone))
    assert (transcript.words[-1].text, transcript.words[-1].start, transcript.words[-1].stop) == ("2014.", 5.0, 6.0)
    assert transcript.notes[0].count == 1


def test_no_time_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match=r"segment 1, word 1 \('12'\) has no time, and no other word has one"):
        read(tmp_path, "a.json", whisperx({"text": "", "words": [{"word": "12"}]}))


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("name", ["phones", "Ann - phones", "MAU", "KAN-MAU", "PhonAlign", "phone", "tier 1"])
def test_phones_alone_are_refused(tmp_path: Path, name: str, short: bool) -> None:
    with pytest.raises(EventsError, match=f"no tier of words in this TextGrid, only '{name}'"):
        read(tmp_path, "a.TextGrid", textgrid({name: PHONES}, short=short))


def test_a_binary_textgrid_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match='a binary Praat file; open it in Praat and save it with "Save as text file'):
        read(tmp_path, "a.TextGrid", b"ooBinaryFile\x08TextGrid" + b"\0" * 7 + b"\xff\xfe")


def test_non_speech_is_kept_when_asked_for(tmp_path: Path) -> None:
    _, content, _, _ = CASES["music"]
    words = [word.text for word in read(tmp_path, "a.srt", content, keep_non_speech=True).words]
    assert " ".join(words) == "♪ Over the hills ♪ ♪ ♪ [door slams] - Who is there? - Nobody."
    kept = read(tmp_path, "a.TextGrid", textgrid({"words": MARKS}), keep_non_speech=True)
    assert [word.text for word in kept.words] == SIL[:10]
