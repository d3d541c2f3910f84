"""Matching words to a text: the recorded cases to the letter, and the odd rules one by one."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timeline.word_cases import GOOD_CASES, recorded_sentences
from tribe_np.timeline.matching import WordMatch, match_words, normalize, normalize_with_positions
from tribe_np.timeline.sentences import analyser

BUILTIN = analyser("builtin", "english")


def match(text: str, words: str) -> list[WordMatch]:
    return match_words(BUILTIN.analyse(text), words.split())


@pytest.mark.parametrize("case", GOOD_CASES, ids=lambda case: case["name"])
def test_recorded_words_match_where_neuralset_found_them(case: dict[str, Any]) -> None:
    for timeline, sentences in zip(dict.fromkeys(row["timeline"] for row in case["rows"]), case["tokens"], strict=True):
        words = [row for row in case["words_after"] if row["timeline"] == timeline]
        found = match_words(recorded_sentences(sentences), [word["text"] for word in words])
        assert found == [
            WordMatch(word["text_char"], word["sentence"] or None, word["sentence_char"]) for word in words
        ]


@pytest.mark.parametrize(
    ("word", "normal"),
    [
        ("Hello,", "hello"),
        ("«Cœur»", "coeur"),
        ("ÉTÉ!", "ete"),
        ("...", ""),
        ("_x_", "x"),
        ("it's", "it's"),
        ("ﬁ", "fi"),
    ],
)
def test_normalize(word: str, normal: str) -> None:
    assert normalize(word) == normal


def test_positions_count_ligatures_twice() -> None:
    assert normalize_with_positions("aœé") == ("aoee", [0, 1, 2, 3])


def test_a_word_that_is_cut_into_tokens_is_found_by_its_characters() -> None:
    assert [found.text_char for found in match("I can't wait. It's well-known", "I can't wait it's well-known")] == [
        0, 2, 8, 14, 19,
    ]  # fmt: skip


def test_leading_marks_are_not_part_of_the_place() -> None:
    assert [found.text_char for found in match("It costs $5.50, now", "It costs $5.50, now")] == [0, 3, 10, 16]


def test_a_word_at_the_other_end_of_the_text_is_found_too() -> None:
    assert match("one two", "xx two")[1] == WordMatch(4, "one two", 4)


def test_half_of_the_characters_are_not_enough() -> None:
    assert match("abxy end", "abcd end")[0] == WordMatch(sentence="abxy end"), "no place, as sure as its sentence is"
    assert match("abcy end", "abcd end")[0].text_char == 0


def test_a_lost_word_inherits_the_sentence_between_two_of_it() -> None:
    found = match("One two. Three four.", "one zzz two three zzz")
    assert found[1] == WordMatch(None, "One two. ", None)
    assert found[4] == WordMatch(sentence="Three four."), "nothing else is left of the text"
    assert match("One two. Three four.", "two zzz three")[1] == WordMatch()


def test_nothing_to_match() -> None:
    assert match("", "a b") == [WordMatch(), WordMatch()]
    assert match("a b", "") == []
    assert match("!?", "a") == [WordMatch()]


def test_a_long_transcript_takes_seconds_at_most() -> None:
    words = [f"w{k % 700}" if k % 9 else "can't" for k in range(4500)]
    began = time.process_time()
    found = match(" ".join(words), " ".join(words))
    assert time.process_time() - began < 10
    assert all(word.sentence for word in found)


texts = st.text(max_size=40) | st.text("ab'.-! œ(", max_size=40)


@given(texts, st.lists(texts, max_size=8))
def test_any_words_get_a_place_of_the_text_or_none(text: str, words: list[str]) -> None:
    sentences = BUILTIN.analyse(text)
    found = match_words(sentences, words)
    assert len(found) == len(words)
    starts = {sentence.text: sentence.start for sentence in sentences}
    for one in found:
        assert one.sentence is None or one.sentence in starts
        assert (one.text_char is None) == (one.sentence_char is None)


@given(st.lists(st.text("abcdefg", min_size=1, max_size=6), min_size=1, max_size=20))
def test_the_words_of_the_text_itself_are_where_they_are(words: list[str]) -> None:
    found = match_words(BUILTIN.analyse(" ".join(words)), words)
    places = [len(" ".join([*words[:k], ""])) for k in range(len(words))]
    assert [one.text_char for one in found] == places
