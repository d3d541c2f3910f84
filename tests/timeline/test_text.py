"""Text and Sentence rows: the recorded cases to the letter, rounding, languages, and bad input."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.timeline.word_cases import CASES, GOOD_CASES, RULES_KNOW_BETTER, RecordedAnalyser, case_events, spoken
from tribe_np.errors import ConfigError, EventsError
from tribe_np.timeline.contexts import add_contexts, add_sentences, add_text
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.sentences import analyser

BUILTIN = analyser("builtin", "english")
GOLDEN = Path(__file__).parents[1] / "golden"


def words_of(events: Events) -> list[Event]:
    return list(events.of_type("Word"))


def sentences_of(events: Events) -> list[Event]:
    return list(events.of_type("Sentence"))


@pytest.mark.parametrize("builtin", [False, True], ids=["spacy's tokens", "builtin"])
@pytest.mark.parametrize("case", GOOD_CASES, ids=lambda case: case["name"])
def test_recorded_tables(case: dict[str, Any], builtin: bool) -> None:
    events = add_text(case_events(case), analyser=BUILTIN)
    assert [row.text for row in events.of_type("Text")] == case["texts"]
    if builtin and case["name"] in RULES_KNOW_BETTER:
        return
    events = add_sentences(events, analyser=BUILTIN if builtin else RecordedAnalyser(case), merge_identical=True)
    assert [row.type for row in events] == case["types"]
    for word, real in zip(words_of(events), case["words_after"], strict=True):
        assert {key: getattr(word, key) for key in real if key != "context"} == {
            key: value or "" if key == "sentence" else value for key, value in real.items() if key != "context"
        }
    for row, real in zip(sentences_of(events), case["sentence_rows"], strict=True):
        assert {key: getattr(row, key) for key in real} == real


def test_too_many_words_without_a_sentence() -> None:
    (case,) = (case for case in CASES if "error" in case)
    with pytest.raises(
        EventsError, match=r"2 of 7 words on timeline 'default' are in no sentence .*first 'xxxxx' at 0.8 s"
    ):
        add_sentences(case_events(case), analyser=BUILTIN)
    assert len(sentences_of(add_sentences(case_events(case), analyser=BUILTIN, max_unmatched_ratio=0.3))) > 0


def test_the_text_row_copies_the_first_word_and_lasts_to_the_last_end() -> None:
    words = [
        replace(word, subject="S1", sequence_id=3, extra={"speaker": "A"}) for word in spoken("HE said: ok... NO?")
    ]
    words[1] = replace(words[1], duration=9.0)
    (row,) = add_text(Events(words), analyser=BUILTIN).of_type("Text")
    assert row == replace(words[0], type="Text", text="He said: ok... no?", duration=9.5)


def test_punctuation_of_the_text() -> None:
    events = add_text(spoken("so? YES! Fine. I SEE..."), analyser=BUILTIN)
    assert events.of_type("Text")[0].text == "So?. Yes!. Fine. I see"


def test_timelines_get_a_text_each_and_stay_in_order() -> None:
    events = Events([*spoken("b b", "two"), *spoken("a a", "one"), Event("Audio", 0.0, 9.0, "zero", filepath="a.wav")])
    events = add_text(events, analyser=BUILTIN)
    assert [(row.timeline, row.type) for row in events] == [
        ("two", "Text"), ("two", "Word"), ("two", "Word"), ("one", "Text"), ("one", "Word"), ("one", "Word"),
        ("zero", "Audio"),
    ]  # fmt: skip
    assert [row.type for row in add_sentences(events, analyser=BUILTIN)].count("Sentence") == 2


def test_nothing_to_do() -> None:
    silent = Events([Event("Video", 0.0, 9.0, filepath="v.mp4")])
    assert add_text(silent, analyser=BUILTIN) == silent
    assert add_sentences(silent, analyser=BUILTIN) == silent
    assert add_sentences(Events(), analyser=BUILTIN) == Events()
    with_text = add_text(spoken("a b"), analyser=BUILTIN)
    assert add_text(with_text, analyser=BUILTIN) is with_text
    done = add_sentences(with_text, analyser=BUILTIN)
    assert add_sentences(done, analyser=BUILTIN) is done


@pytest.mark.parametrize("language", ["french", "dutch", "klingon", ""])
def test_any_language_works(language: str) -> None:
    using = analyser("builtin", language)
    events = add_text(spoken("Le cœur d'été. Où ça ?", language=language), analyser=using)
    assert events.of_type("Text")[0].text == "Le cœur d'été. Où ça ?"
    events = add_sentences(events, analyser=using)
    assert [row.text for row in sentences_of(events)] == ["Le cœur d'été. ", "Où ça ?"]
    assert sentences_of(events)[0].language == ""


def test_two_languages_on_one_timeline() -> None:
    words = [*spoken("hello"), replace(spoken("bonjour le")[1], language="french")]
    with pytest.raises(EventsError, match=r"'default' has words in several languages \('english', 'french'\)"):
        add_text(Events(words), analyser=BUILTIN)


def test_words_that_are_only_periods() -> None:
    with pytest.raises(EventsError, match=r"only periods \(as '\.\.\.'\): nothing to read"):
        add_text(spoken("..."), analyser=BUILTIN)


def rounding_case() -> Events:
    """A timing for which start + (stop - start) is below stop."""
    words = [Event("Word", 2.564, 0.3, text=f"w{k}") for k in range(30)]
    return Events([*words, Event("Word", 125.616, 0.6970000000000027, text="last")])


def test_rounding_loses_no_word_unless_asked() -> None:
    events = add_text(rounding_case(), analyser=BUILTIN)
    assert events.of_type("Text")[0].stop < words_of(events)[-1].stop
    assert all(word.sentence for word in words_of(add_sentences(events, analyser=BUILTIN)))
    lost = words_of(add_sentences(events, analyser=BUILTIN, rounding_loses_words=True))
    assert [word.text for word in lost if not word.sentence] == ["last"]
    assert lost[-1].sentence_char is None
    late = add_sentences(events, analyser=BUILTIN, tolerance=0.0)
    assert words_of(late) == lost


def test_several_texts_on_one_timeline() -> None:
    words = list(spoken("one two three four five six"))
    texts = [
        Event("Text", 0.0, 1.3, text="One two three."),
        Event("Text", 1.5, 1.3, text="Four five six.", subject="B"),
    ]
    events = add_sentences(Events([*words, *texts]).standardized(), analyser=BUILTIN)
    assert [row.text for row in sentences_of(events)] == ["One two three.", "Four five six."]
    assert [word.sentence_char for word in words_of(events)] == [0, 4, 8, 0, 5, 10]


def test_a_sentence_row_is_a_microsecond_wider_than_its_words() -> None:
    first, second = sentences_of(add_sentences(add_text(spoken("a be. see d."), analyser=BUILTIN), analyser=BUILTIN))
    assert (first.start, first.duration) == (-1e-6, 0.75 + 2e-6)
    assert (second.start, second.duration) == (1.0 - 1e-6, 0.75 + 2e-6)


@pytest.mark.parametrize("ratio", [-0.1, 1.0, 2.0])
def test_a_ratio_is_a_share(ratio: float) -> None:
    with pytest.raises(ConfigError, match="max_unmatched_ratio must be at least 0 and below 1"):
        add_sentences(spoken("a"), analyser=BUILTIN, max_unmatched_ratio=ratio)


def test_words_without_a_text() -> None:
    with pytest.raises(EventsError, match="timeline 'default' has words but no Text row"):
        add_sentences(spoken("a b"), analyser=BUILTIN)


def test_a_text_around_no_word() -> None:
    text = Event("Text", 100.0, 1.0, text="Far away")
    with pytest.raises(EventsError, match=r"Text row at 100 s \('Far away'\) encloses no word"):
        add_sentences(Events([*spoken("a b"), text]), analyser=BUILTIN)


def test_words_out_of_order() -> None:
    words = list(spoken("a b c"))[::-1]
    text = Event("Text", 0.0, 9.0, text="A b c")
    with pytest.raises(EventsError, match=r"word 'b' at 0.5 s .* follows one that starts later, 'c' at 1 s"):
        add_sentences(Events([*words, text]), analyser=BUILTIN)


IDENTICAL = json.loads((GOLDEN / "identical_sentences.json").read_text())["cases"]


@pytest.mark.parametrize("version", ["0.0.2", "0.4.0"])
def test_identical_sentences_as_of_both_versions_of_neuralset(version: str) -> None:
    """0.0.2 knows a sentence by its string: words between two identical ones run together. 0.4.0 knows its place."""
    merge = version == "0.0.2"
    for case in IDENTICAL:
        words = [*spoken(case["words"])]
        text = Event("Text", 0.0, 0.5 * len(words), text=case["text"], language="english")
        table = add_sentences(
            Events([*words, text]).standardized(), analyser=BUILTIN, max_unmatched_ratio=0.99, merge_identical=merge
        )
        table = add_contexts(table, merge_identical=merge)
        found = [[w.text, w.sentence, w.sentence_char, w.text_char, w.context] for w in words_of(table)]
        assert found == case[version]["words"]
        assert [row.text for row in sentences_of(table)] == case[version]["sentences"]


def test_words_between_two_identical_sentences_are_in_neither() -> None:
    case = IDENTICAL[0]
    assert (case["words"], case["text"]) == (["Hi", "QQQQ", "Hi", "End", "now"], "Hi. Yes please. Hi. End now.")
    assert case["0.0.2"]["sentences"] == ["Hi. ", "End now."]
    assert case["0.4.0"]["sentences"] == ["Hi. ", "Yes please. ", "Hi. ", "End now."]
