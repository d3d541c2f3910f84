"""Contexts: the recorded cases to the letter, and what holds for any words."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timeline.word_cases import GOOD_CASES, RecordedAnalyser, case_events, spoken
from tribe_np.errors import ConfigError, EventsError
from tribe_np.timeline.contexts import add_contexts, add_sentences, add_text, remove_missing
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.sentences import analyser

BUILTIN = analyser("builtin", "english")


def contexts(words: str | list[str], max_context_len: int | None = 1024, **options: Any) -> list[str]:
    events = add_text(spoken(words), analyser=BUILTIN)
    events = add_sentences(events, analyser=BUILTIN, max_unmatched_ratio=0.99)
    return [word.context for word in add_contexts(events, max_context_len=max_context_len, **options).of_type("Word")]


@pytest.mark.parametrize("builtin", [False, True], ids=["spacy's tokens", "builtin"])
@pytest.mark.parametrize("case", GOOD_CASES, ids=lambda case: case["name"])
def test_recorded_contexts(case: dict[str, Any], builtin: bool) -> None:
    using = BUILTIN if builtin else RecordedAnalyser(case)
    events = add_sentences(add_text(case_events(case), analyser=BUILTIN), analyser=using)
    events = add_contexts(events, max_context_len=case["max_context_len"], sentence_only=case["sentence_only"])
    assert [word.context for word in events.of_type("Word")] == [word["context"] for word in case["words_after"]]
    assert all(row.context == "" for row in events.of_type("Text", "Sentence"))


def test_over_run_characters_stay_doubled() -> None:
    assert contexts("He paid ($5) ok then.")[2:] == ["He paid ($5) o", "He paid ($5) ook", "He paid ($5) ook then"]


def test_the_window_counts_earlier_words() -> None:
    assert contexts("a b c d e f", 2) == ["A", "A b", "A b c", "b c d", "c d e", "d e f"]
    assert contexts("a be. so do. if so.", 2)[3:] == ["be. So do.", "So do. If", "do. If so"]
    assert contexts("a b c d e f", None)[-1] == "A b c d e f"


def test_a_stride_lets_contexts_start_at_every_so_many_words() -> None:
    found = contexts("a b c d e f g h i", 2, stride=3)
    assert found == ["A", "A b", "A b c", "A b c d", "A b c d e", "d e f", "d e f g", "d e f g h", "g h i"]
    assert contexts("a b c d e f", None, stride=2)[-1] == "A b c d e f"
    with pytest.raises(ConfigError, match="stride must be at least 1"):
        contexts("a b", stride=0)


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=40), st.integers(1, 9), st.integers(1, 9))
def test_the_start_of_a_context_is_rounded_down_to_the_stride(words: list[str], length: int, stride: int) -> None:
    whole = contexts(words, None)[-1].split()
    for i, context in enumerate(contexts(words, length, stride=stride)):
        start = max(0, stride * ((i - length) // stride))
        assert context.split() == whole[start : i + 1]


def test_a_context_reaches_back_1024_words_unless_told_otherwise() -> None:
    events = Events(Event("Word", 0.1 * k, 0.05, text="a") for k in range(1030))
    events = add_contexts(add_sentences(add_text(events, analyser=BUILTIN), analyser=BUILTIN))
    assert len(events.of_type("Word")[-1].context.split()) == 1024 + 1


def test_sentence_only_starts_again_with_each_sentence() -> None:
    assert contexts("a be. so do.", sentence_only=True) == ["A", "A be.", "So", "So do"]


def test_timelines_do_not_mix() -> None:
    events = Events([*spoken("a b", "one"), *spoken("c d", "two")])
    events = add_contexts(add_sentences(add_text(events, analyser=BUILTIN), analyser=BUILTIN))
    assert [word.context for word in events.of_type("Word")] == ["A", "A b", "C", "C d"]


def test_words_without_a_place_have_no_context_and_are_removed() -> None:
    words = [Event("Word", 0.5 * k, text=word, sentence="a b c") for k, word in enumerate("axbc")]
    words = [replace(word, sentence_char=char) for word, char in zip(words, (0, None, 2, 4), strict=True)]
    words[3] = replace(words[3], sentence="")
    table = add_contexts(Events([Event("Audio", 0.0, 9.0, filepath="a.wav"), *words]))
    assert [row.context for row in table] == ["", "a", "", "a b", ""]
    kept = remove_missing(table)
    assert [row.text for row in kept] == ["", "a", "b"]
    assert remove_missing(kept) == kept


@pytest.mark.parametrize("length", [0, -1])
def test_a_window_has_a_word(length: int) -> None:
    with pytest.raises(ConfigError, match="max_context_len must be at least 1"):
        add_contexts(spoken("a"), max_context_len=length)


def test_starts_that_decrease_are_refused() -> None:
    words = list(spoken("a b c"))
    with pytest.raises(EventsError, match="word 'a' at 0 s on timeline 'default' follows one that starts later, 'c'"):
        add_contexts(Events(words[::-2]))
    other = replace(words[0], timeline="other")
    assert len(add_contexts(Events([words[2], other]))) == 2


# one token each: no hyphen, contraction or abbreviation
ordinary = st.lists(st.from_regex(r"[bfgkpz]{2,5}[,.?!;]?", fullmatch=True), min_size=1, max_size=25)


@given(ordinary, st.integers(1, 30))
def test_a_context_ends_with_its_word_and_continues_the_last(words: list[str], window: int) -> None:
    found = contexts(words, window)
    whole = contexts(words, None)
    assert all(found)
    for k, (word, context, full) in enumerate(zip(words, found, whole, strict=True)):
        assert full.endswith(context)
        assert k > window or context == full
        assert context.lower().endswith((word, word.removesuffix(".")))  # the last sentence loses its period
        assert context.count(" ") == min(k, window)
    assert all(later.startswith(earlier) for earlier, later in pairwise(whole))


awkward = st.text(min_size=1, max_size=8) | st.text("ab'.-!?$( \n…—", min_size=1, max_size=6)


@given(st.lists(awkward, min_size=1, max_size=12), st.sampled_from(["english", "french", "chinese", ""]))
def test_any_words_get_through(words: list[str], language: str) -> None:
    using = analyser("builtin", language)
    try:
        table = add_contexts(
            add_sentences(add_text(spoken(words, language=language), analyser=using), analyser=using), max_context_len=3
        )
    except EventsError as error:  # only periods, or too few words found
        refused = str(error)
    else:
        refused = ""
        assert [word.text for word in table.of_type("Word")] == words
        assert all(word.context for word in remove_missing(table).of_type("Word"))
    assert "\n" not in refused
