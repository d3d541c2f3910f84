"""Word times from recorded espeak-ng events (tools/reference/espeak.py made them), and the rules one by one."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.media.speech.espeak_words import SpeechEvent, align_words
from tribe_np.media.transcripts.transcript import Word
from tribe_np.timeline.word_cuts import cut_words

RECORDED = json.loads((Path(__file__).parents[2] / "golden" / "espeak_events.json").read_text("utf-8"))["cases"]


def aligned(case: dict[str, Any]) -> list[Word]:
    return align_words(case["text"], [SpeechEvent(*event) for event in case["events"]], case["total"])


def times(words: list[Word]) -> dict[str, tuple[float, float]]:
    return {word.text: (round(word.start, 4), round(word.stop, 4)) for word in words}


@pytest.mark.parametrize("name", RECORDED)
def test_every_word_in_order_within_the_sound(name: str) -> None:
    case = RECORDED[name]
    words = aligned(case)
    assert [word.text for word in words] == case["text"].replace('"', "").split()
    assert all(0 <= word.start <= word.stop <= case["total"] for word in words)
    assert all(a.stop <= b.start for a, b in pairwise(words))
    assert words[-1].stop == pytest.approx(case["total"], abs=0.001)


def test_numbers_abbreviations_contractions_and_signs() -> None:
    words = times(aligned(RECORDED["hard"]))
    assert words["1999"] == (0.133, 1.652)  # three events, the first counts
    assert words["the"] == (1.652, 1.794)
    assert words["U.S.A."] == (1.794, 2.196)  # one event for four letters
    assert words["didn't"] == (2.196, 2.723)  # an event for a part of it
    assert words["win"] == (3.118, 3.538)  # shares its time with the dash, three to one
    assert words["—"] == (3.538, 3.678)
    assert words["12,345"] == (3.678, 5.937)
    assert words["😀"] == (5.937, 6.559)  # one character, though two in UTF-16 and four in UTF-8
    assert words["(well)"][0] == 7.741  # its event points behind the bracket


def test_sentences_are_those_espeak_heard() -> None:
    words = aligned(RECORDED["plain"])
    assert {word.sequence_id: word.sentence for word in words} == {
        0: "Hello there, my friend.", 1: "How are you today?", 2: "I am well.",
    }  # fmt: skip
    assert times(words)["friend."] == (0.974, 1.681)
    assert words[3].place == "character 17"


def test_a_long_text_keeps_its_places() -> None:
    case = RECORDED["long"]
    words = aligned(case)
    assert len(case["text"]) > 5000
    named = {position: kind for kind, position, _, _ in case["events"] if kind == "word"}
    begins = [int(word.place.removeprefix("character ")) for word in words]
    assert sum(begin in named for begin in begins) / len(begins) > 0.99
    assert words[-1].sequence_id == max(word.sequence_id for word in words) > 100


def word(position: int, milliseconds: int, length: int = 1) -> SpeechEvent:
    return SpeechEvent("word", position, length, milliseconds)


def test_words_without_an_event_share_the_time_of_the_word_before() -> None:
    assert times(align_words("aa b c dd", [word(1, 1000), word(8, 5000)], 7.0)) == {
        "aa": (1.0, 3.0), "b": (3.0, 4.0), "c": (4.0, 5.0), "dd": (5.0, 7.0),
    }  # fmt: skip


def test_words_before_the_first_event_begin_with_the_sound() -> None:
    assert times(align_words("a bb c", [word(6, 3000)], 4.0)) == {"a": (0, 1), "bb": (1, 3), "c": (3, 4)}
    assert times(align_words("a bbb", [], 4.0)) == {"a": (0, 1), "bbb": (1, 4)}
    assert align_words("", [], 4.0) == align_words(' " ', [], 4.0) == []


def test_a_word_ends_at_an_earlier_sentence_or_end() -> None:
    events = [word(1, 0), SpeechEvent("end", 2, 0, 400), SpeechEvent("sentence", 3, 0, 700), word(3, 900)]
    assert times(align_words("a b", events, 2.0)) == {"a": (0, 0.4), "b": (0.9, 2.0)}
    assert [found.sequence_id for found in align_words("a b", events, 2.0)] == [0, 1]


def test_events_of_no_length_or_between_words_are_ignored() -> None:
    events = [word(1, 100), word(3, 500, length=0), word(2, 300), word(3, 600), word(4, 800)]
    assert times(align_words("a bc", events, 1.0)) == {"a": (0.1, 0.6), "bc": (0.6, 1.0)}


@given(
    st.text(max_size=40),
    st.lists(
        st.builds(
            SpeechEvent, st.sampled_from(["word", "sentence", "end"]), st.integers(-2, 45), st.integers(0, 3),
            st.integers(0, 9000),
        ),
        max_size=12,
    ),
    st.floats(0, 8),
)  # fmt: skip
def test_whatever_is_reported_words_stay_in_order(text: str, events: list[SpeechEvent], total: float) -> None:
    words = align_words(text, events, total)
    assert len(words) == len(cut_words(text.replace('"', ""))) or '"' in text
    assert all(0 <= found.start <= found.stop <= total for found in words)
    assert all(a.start <= b.start for a, b in pairwise(words))
