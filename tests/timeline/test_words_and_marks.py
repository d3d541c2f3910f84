"""Tokens: where spaCy's English tokenizer cuts, for every kind of rule; any text at all."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timeline.word_cases import GOOD_CASES
from tribe_np.timeline.contractions import exceptions
from tribe_np.timeline.words_and_marks import words_and_marks

RECORDED = json.loads((Path(__file__).parents[1] / "golden" / "word_tokens.json").read_text())["texts"]


def cut(text: str, language: str = "en") -> str:
    return "|".join(token for token, _ in words_and_marks(text, language))


@pytest.mark.parametrize(
    "tokens",
    [
        "Hello|,| my| name",
        "do|n't| wo|n't| ca|n't",
        "I|'d|'ve| we|’re| i|m| you|ll",
        "John|'s| dogs|'",
        "its| ill| well| were| shell",
        "gon|na| can|not| let|'s| how|'d|'y| y'|all",
        "Mr.| Smith|,| Ph.D.|,| U.S.| e.g.| I.| Jan.| 5|.",
        "end|.| NASA|.| A.B.| Bob|.|)",
        "(|Mr.| X|)|.",
        '"|Mr.|"',
        "$|5.50|,| 20|%| €|30| 100|£| US$|5",
        "5|kg| 10|km/h| 3|pm| 9|a.m.| 30|°|C",
        "well|-|known| mother|-|in|-|law| 1990|-|1995| 3|+|4",
        "one|--|two| naïve|—|so| end|...|and| …|so|…",
        "a.b| end|.|Next| a|,|b| x|=|y| and/or| 1/2",
        "www.site.com| me@site.org| http://a-b.org/x-y",
        "C++| +5| 5|+| +|a",
        ":)| (|:)| :'(|x",
        "“|so|”| ‘|so|’| «|so|»",
        "wait|!|!| what|?|!",
        "#|1| R&D| AT&T| @home",
        "goin'| 'cause| 'em|.",
        "°| ©|x",
    ],
)
def test_english_cuts(tokens: str) -> None:
    text = tokens.replace("|", "")
    assert cut(text) == tokens.replace("| ", "|")


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", ""),
        (" ", " "),
        ("  a", "  |a"),
        ("a  b", "a| |b"),
        ("a\n b ", "a|\n |b"),
        ("a \n", "a|\n"),
        ("......", "......"),
        ("x......", "x|......"),
        ("......x", "......|x"),
        ("......,", "......|,"),
        ("x……", "x|……"),
        ("-", "-"),
        ("'s", "'s"),
        ("8)", "8)"),
        ("(8)", "(|8)"),
        (":-)))", ":-)))"),
        ("hm:(", "hm|:("),
    ],
)
def test_white_space_and_marks(text: str, tokens: str) -> None:
    assert cut(text) == tokens


def test_other_languages_have_no_contractions() -> None:
    assert cut("can't l'été, cannot.", "fr") == "can't|l'été|,|cannot|."
    assert cut("你好。再见！", "zh") == "你|好|。|再|见|！", "one character each, as in spaCy's blank Chinese"
    assert "a." in exceptions("fr")
    assert cut("M. Blanc.", "fr") == "M.|Blanc|."
    assert cut("la Sra. Ruiz", "es") == "la|Sra.|Ruiz"


def test_every_exception_is_its_parts() -> None:
    assert all("".join(parts) == word for word, parts in exceptions("en").items())
    assert exceptions("en")["can't"] == ("ca", "n't")
    assert exceptions("en")["Can’t"] == ("Ca", "n’t")
    assert not {"its", "Well", "ill"} & exceptions("en").keys()


@pytest.mark.parametrize("case", GOOD_CASES, ids=lambda case: case["name"])
def test_tokens_are_spacys_on_the_recorded_texts(case: dict) -> None:
    for text, sentences in zip(case["texts"], case["tokens"], strict=True):
        assert words_and_marks(text, "en") == [(token, start) for _, _, tokens in sentences for token, start in tokens]


@pytest.mark.parametrize("record", RECORDED, ids=lambda record: record["kind"])
def test_tokens_are_spacys_on_random_transcripts(record: dict) -> None:
    found = words_and_marks(record["text"], "en")
    assert [edge for token, start in found for edge in (start, start + len(token))] == record["edges"]


@given(st.text(max_size=40) | st.text("ab.,'’-()!?:;$5 \n", max_size=30), st.sampled_from(["en", "fr", ""]))
def test_tokens_are_pieces_of_the_text_in_order(text: str, language: str) -> None:
    stop = 0
    for token, start in words_and_marks(text, language):
        assert token
        assert text[start : start + len(token)] == token
        assert text[stop:start] in ("", " ")
        stop = start + len(token)
    assert text[stop:] in ("", " ")
