"""What neuralset 0.4.0 made of the same words, sounds and films, and what compat="neuralset-0.4" makes of them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.timeline.word_cases import recorded_sentences
from tools.reference.neuralset_4 import NAME, RATES, SECONDS
from tools.reference.words import CASES
from tribe_np.errors import EventsError
from tribe_np.timeline.contexts import add_contexts, add_sentences, add_text
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.segments import chunk_events
from tribe_np.timeline.sentences import Sentence

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[1] / "golden" / NAME).read_text(encoding="utf-8"))
OLD, NEW = GOLDEN["0.0.2"], GOLDEN["0.4.0"]
GIVEN = {case.name: case for case in CASES}
TOLD = {**NEW["words"], **NEW["texts"], **NEW["rounding"]}
WITH_A_TABLE = [name for name, case in TOLD.items() if "error" not in case]
WORD = Event("Word", 2.0, 1.0, timeline="t", text="so")


class Recorded:
    """The sentences and tokens that spaCy found."""

    name = note = "recorded"

    def __init__(self, case: dict[str, Any]) -> None:
        self.analysed = case["analysed"]

    def analyse(self, text: str) -> list[Sentence]:
        return recorded_sentences(self.analysed[text])


@pytest.mark.parametrize("kind", RATES)
@pytest.mark.parametrize("seconds", SECONDS)
def test_chunks_of_both_versions(kind: str, seconds: float) -> None:
    row = Event(kind, 2.0, seconds, timeline="t", filepath="x", frequency=RATES[kind])
    for version, drops_short in ((OLD, False), (NEW, True)):
        cut = chunk_events(Events([row, WORD]), kind, drops_short=drops_short).of_type(kind)
        assert [[c.start, c.duration, c.offset] for c in cut] == version[f"chunks of {kind}"][str(seconds)]


def test_a_stimulus_of_which_nothing_is_left() -> None:
    row = Event("Audio", 0.0, 29.0, filepath="x", frequency=44100.0)
    with pytest.raises(EventsError, match="drops a sound or film under 30 s, and nothing is left"):
        chunk_events(Events([row]), "Audio", drops_short=True)


@pytest.mark.parametrize("name", WITH_A_TABLE)
def test_texts_sentences_and_contexts(name: str) -> None:
    case, given = TOLD[name], GIVEN.get(name)
    using = Recorded(case)
    table = add_text(told_words(name), analyser=using, as_spoken=True)
    assert [row.text for row in table.of_type("Text")] == case["texts"]
    table = add_sentences(table, analyser=using, rounding_loses_words=True, margin=0.0)
    table = add_contexts(
        table,
        max_context_len=given.max_context_len if given else 1024,
        sentence_only=bool(given and given.sentence_only),
    )
    found = [[w.text, w.start, w.sentence, w.sentence_char, w.text_char, w.context] for w in table.of_type("Word")]
    assert found == [[*row[:2], row[2] or "", *row[3:]] for row in case["words"]]
    assert [[row.start, row.duration, row.text] for row in table.of_type("Sentence")] == case["sentences"]


def told_words(name: str) -> Events:
    """The words of a case, and the text that was given with them."""
    given = GIVEN.get(name)
    if given is None:
        rounded = name in NEW["rounding"]
        lengths = dict.fromkeys(range(100), 0.1 if rounded else 0.25)
        words = [
            Event("Word", start, lengths[k], timeline="default", text=text, language="english")
            for k, (text, start, *_) in enumerate(TOLD[name]["words"])
        ]
        if rounded:
            from tools.reference.predictions_compat import rounded_words

            words[-1] = replace(words[-1], duration=rounded_words()[-1]["duration"])
        return Events(words).standardized()
    rows = [Event(**row, language="english") for row in given.rows()]
    if given.given_text is not None:
        stop = max(row.stop for row in rows) + 1e-3
        rows.append(Event("Text", 0.0, stop, timeline="default", text=given.given_text, language="english"))
    return Events(rows).standardized()


def test_what_the_grid_and_the_sound_model_give_is_the_same_in_both() -> None:
    assert OLD["grid"] == NEW["grid"]
    assert OLD["sound"] == NEW["sound"]
    assert OLD["padding"] != NEW["padding"]


def test_a_chinese_text_ends_with_its_own_full_stop() -> None:
    class Whole:
        name = note = "whole"

        def analyse(self, text: str) -> list[Sentence]:
            return [Sentence(text, 0, ((text, 0),))]

    words = [Event("Word", 0.5 * k, 0.25, text=text, language="chinese") for k, text in enumerate("你好")]
    (row,) = add_text(Events(words), analyser=Whole(), as_spoken=True).of_type("Text")
    assert row.text == "你 好\u3002"
