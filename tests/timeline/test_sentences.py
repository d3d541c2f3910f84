"""Sentences: the built-in rules, the spaCy adapter with a stand-in, and how they are asked for."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timeline.word_cases import GOOD_CASES, recorded_sentences
from tribe_np.errors import ConfigError, MissingDependencyError
from tribe_np.timeline.sentences import analyser

BUILTIN = analyser("builtin", "english")


@pytest.mark.parametrize(
    "sentences",
    [
        ["One. ", "Two? ", "Three! ", "Four"],
        ["He lives in the U.S. with Dr. No and pays 3.5 dollars, e.g. now. ", "Yes"],
        ['"Is it?" ', "he asked"],
        ["(Really!) ", "Yes.)"],
        ["What?!. ", "And"],
        ["Wait... no words end here"],
        ["no punctuation at all"],
        ["Paris, france!. ", "Do"],
        ["."],
        [],
    ],
)
def test_where_sentences_end(sentences: list[str]) -> None:
    assert [sentence.text for sentence in BUILTIN.analyse("".join(sentences))] == sentences


def test_other_languages() -> None:
    found = analyser("builtin", "chinese").analyse("你好 吗？ 很好。 再见")
    assert [sentence.text for sentence in found] == ["你好 吗？ ", "很好。 ", "再见"]
    assert analyser("builtin", "").language == "en"
    assert analyser("builtin", "French").language == "fr"


@pytest.mark.parametrize("case", GOOD_CASES, ids=lambda case: case["name"])
def test_sentences_are_spacys_on_the_recorded_texts(case: dict[str, Any]) -> None:
    for text, sentences in zip(case["texts"], case["tokens"], strict=True):
        assert BUILTIN.analyse(text) == recorded_sentences(sentences)


@given(st.text(max_size=60) | st.text("ab.,'!? \n", max_size=60))
def test_sentences_joined_are_the_text(text: str) -> None:
    found = BUILTIN.analyse(text)
    assert "".join(sentence.text for sentence in found) == text
    assert [text[s.start : s.start + len(s.text)] for s in found] == [s.text for s in found]
    assert all(s.text in (s.bare, s.bare + " ") for s in found)


@pytest.mark.parametrize("option", ["", "spacy", "spacy:", "auto", "Builtin", "nltk:punkt"])
def test_an_unknown_option_is_refused(option: str) -> None:
    with pytest.raises(ConfigError, match=r'must be "builtin" or "spacy:MODEL"'):
        analyser(option, "english")


class FakePipeline:
    """Two sentences at a fixed place."""

    def __init__(self, *pipes: str) -> None:
        self.pipe_names = list(pipes)

    def add_pipe(self, name: str) -> None:
        self.pipe_names.append(name)

    def __call__(self, text: str) -> Any:
        tokens = [SimpleNamespace(text=word, idx=text.index(word)) for word in text.split()]
        return SimpleNamespace(sents=[tokens[:2], tokens[2:]])


def install(monkeypatch: pytest.MonkeyPatch, **names: Any) -> None:
    spacy = ModuleType("spacy")
    for name, value in names.items():
        setattr(spacy, name, value)
    monkeypatch.setitem(sys.modules, "spacy", spacy)


def test_a_spacy_model_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    install(monkeypatch, load=lambda model: asked.append(model) or FakePipeline("parser"))
    found = analyser("spacy:en_core_web_lg", "english")
    assert (asked, found.name, found.pipeline.pipe_names) == (["en_core_web_lg"], "spacy:en_core_web_lg", ["parser"])
    first, second = found.analyse("a bb ccc")
    assert (first.text, first.bare, first.tokens) == ("a bb ", "a bb", (("a", 0), ("bb", 2)))
    assert (second.text, second.start) == ("ccc", 5)


def test_the_blank_pipeline_gets_a_sentencizer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    install(monkeypatch, blank=lambda code: asked.append(code) or FakePipeline())
    found = analyser("spacy:blank", "french")
    assert (asked, found.pipeline.pipe_names) == (["fr"], ["sentencizer"])


def test_without_spacy_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(MissingDependencyError, match=r"pip install spacy && python -m spacy download en_x") as caught:
        analyser("spacy:en_x", "english")
    assert "\n" not in str(caught.value)
    with pytest.raises(MissingDependencyError, match=r"pip install spacy\. Or use --sentences builtin"):
        analyser("spacy:blank", "english")


@pytest.mark.parametrize("error", [OSError("[E050] no such model"), ImportError("[E048] no language"), ValueError("x")])
def test_a_missing_model_says_how_to_download_it(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(name: str) -> None:
        raise error

    install(monkeypatch, load=fail, blank=fail)
    with pytest.raises(MissingDependencyError, match="python -m spacy download xx_core"):
        analyser("spacy:xx_core", "english")
    with pytest.raises(MissingDependencyError, match="no rules for language 'klingon'"):
        analyser("spacy:blank", "Klingon")
