"""The committed cases of the real word transforms, and events made from words."""

import json
from pathlib import Path
from typing import Any

from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.sentences import Sentence

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "golden" / "words.json").read_text())["cases"]
# recorded with spaCy's rules without a model, which end a sentence after every "U.S."
RULES_KNOW_BETTER = {"contractions_and_hyphens"}
GOOD_CASES = [case for case in CASES if "error" not in case]


class RecordedAnalyser:
    """The sentences and tokens that spaCy found in the texts of one case; other texts are refused."""

    name = "recorded"

    def __init__(self, case: dict[str, Any]) -> None:
        self.known = dict(zip(case["texts"], map(recorded_sentences, case["tokens"]), strict=True))

    def analyse(self, text: str) -> list[Sentence]:
        return self.known[text]


def recorded_sentences(sentences: list[Any]) -> list[Sentence]:
    return [Sentence(text, start, tuple((t, k) for t, k in tokens)) for text, start, tokens in sentences]


def spoken(words: str | list[str], timeline: str = "default", language: str = "english") -> Events:
    """Words half a second apart, a quarter of a second long."""
    words = words.split() if isinstance(words, str) else words
    return Events(
        Event("Word", 0.5 * k, 0.25, timeline=timeline, text=word, language=language) for k, word in enumerate(words)
    )


def case_events(case: dict[str, Any]) -> Events:
    """The input of one case, with its Text row if one was given."""
    rows = [Event(**row, language="english") for row in case["rows"]]
    if case["given_text"]:
        stop = max(row.stop for row in rows) + 1e-3
        rows.append(Event("Text", 0.0, stop, text=case["given_text"], language="english"))
    return Events(rows).standardized()
