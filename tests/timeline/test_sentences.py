"""Sentences: the built-in rules, the spaCy adapter with a stand-in, and how they are asked for."""

import json
import re
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timeline.word_cases import GOOD_CASES, RULES_KNOW_BETTER, recorded_sentences, spoken
from tools.reference.sentences import RECORDED, texts
from tribe_np.errors import ConfigError, MissingDependencyError
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.timeline import sentences
from tribe_np.timeline.contexts import add_text
from tribe_np.timeline.sentences import Sentence, analyser

BUILTIN = analyser("builtin", "english")


@pytest.fixture(autouse=True)
def no_kept_pipeline() -> Iterator[None]:
    """Loaded pipelines are kept; the stand-ins here must not be."""
    sentences._load_spacy.cache_clear()
    yield
    sentences._load_spacy.cache_clear()


@pytest.mark.parametrize(
    "expected",
    [
        ["One. ", "Two? ", "Three! ", "Four"],
        ["He lives in the U.S. with Dr. No and pays 3.5 dollars, e.g. now. ", "Yes"],
        ['"Is it?" he asked. ', '"It is." ', '"No!"'],
        ["He left. ", "(She stayed.) ", "[Music] The end"],
        ["1. Wash it. ", "2. Dry it. ", "It costs 5. ", "Why?"],
        ["He weighs 80 kg. at most, say approx. 81, in fig. 3 of no. 12. ", "He said no. ", "He left"],
        [
            "We left the U.S. in May. ",
            "She works for I.B.M. ",
            "He met Capt. Ross at 6 p.m. ",
            "Then Mr. A. B. Hall spoke",
        ],
        ["it rained. ", "we stayed. ", "nobody came"],
        ["Acme Inc., of York, and Delta Corp.; others. ", "End"],
        ["Well... no, wait! ", "But why?"],
        ["(Really!) ", "Yes.)"],
        ["What?!. ", "And"],
        ["Wait... no words end here"],
        ["no punctuation at all"],
        ["Paris, france!. ", "Do"],
        ["."],
        [],
    ],
)
def test_where_sentences_end(expected: list[str]) -> None:
    assert [sentence.text for sentence in BUILTIN.analyse("".join(expected))] == expected


def test_other_languages() -> None:
    found = analyser("builtin", "chinese").analyse("你 好吗？很好。 再见")
    assert [sentence.text for sentence in found] == ["你 好吗？", "很好。 ", "再见"]
    assert [token for sentence in found for token, _ in sentence.tokens] == [*"你好吗？很好。再见"]
    found = analyser("builtin", "german").analyse("»Komm!« rief er. Am 3. Mai kam Dr. Weiß. „Gut.“ Er ging.")
    assert [sentence.text for sentence in found] == [
        "»Komm!« rief er. ",
        "Am 3. ",
        "Mai kam Dr. Weiß. ",
        "„Gut.“ ",
        "Er ging.",
    ]
    assert analyser("builtin", "").language == "en"
    assert analyser("builtin", "French").language == "fr"


@pytest.mark.parametrize("case", GOOD_CASES, ids=lambda case: case["name"])
def test_tokens_are_spacys_on_the_recorded_texts(case: dict[str, Any]) -> None:
    for text, recorded in zip(case["texts"], case["tokens"], strict=True):
        tokens = [token for sentence in BUILTIN.analyse(text) for token in sentence.tokens]
        assert tokens == [token for sentence in recorded_sentences(recorded) for token in sentence.tokens]
        if case["name"] not in RULES_KNOW_BETTER:
            assert BUILTIN.analyse(text) == recorded_sentences(recorded)


class Recorded:
    """The sentence starts that spaCy's parser found in one text."""

    name = note = "recorded"

    def __init__(self, starts: list[int]) -> None:
        self.starts = set(starts)

    def analyse(self, text: str) -> list[Sentence]:
        tokens = [token for sentence in BUILTIN.analyse(text) for token in sentence.tokens]
        return list(sentences._assemble(text, ((*token, token[1] in self.starts) for token in tokens)))


@pytest.mark.parametrize(("which", "least"), [("measured", 0.76), ("tuning", 0.80)])
def test_starts_are_near_those_of_the_parser(which: str, least: float) -> None:
    """Sentence starts of both, over all that either found; `docs/parity.md` has the words' contexts."""
    recorded = [row["starts"] for row in json.loads(RECORDED.read_text())["texts"] if row["set"] == which]
    both = either = 0
    for (_, text), starts in zip(texts(which), recorded, strict=True):
        found = {sentence.start for sentence in BUILTIN.analyse(text)}
        both, either = both + len(found & set(starts)), either + len(found | set(starts))
    assert len(recorded) >= 40
    assert both / either >= least


def test_most_words_get_the_context_of_the_parser() -> None:
    recorded = [row["starts"] for row in json.loads(RECORDED.read_text())["texts"] if row["set"] == "measured"]
    words = same = 0
    for (_, text), starts in zip(texts("measured"), recorded, strict=True):
        ours, theirs = (add_text(spoken(text), analyser=using) for using in (BUILTIN, Recorded(starts)))
        a, b = (table.of_type("Text")[0].text for table in (ours, theirs))
        words += len(text.split())
        alike = next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
        same += len(a[:alike].split())
    assert same / words == pytest.approx(sentences.SAME_CONTEXT / 100, abs=0.02), "the note says this share"


@given(st.text(max_size=60) | st.text("ab.,'!? \n", max_size=60))
def test_sentences_joined_are_the_text(text: str) -> None:
    found = BUILTIN.analyse(text)
    assert "".join(sentence.text for sentence in found) == text
    assert [text[s.start : s.start + len(s.text)] for s in found] == [s.text for s in found]
    assert all(s.text in (s.bare, s.bare + " ") for s in found)


@pytest.mark.parametrize("option", ["", "spacy", "spacy:", "auto", "Builtin", "nltk:punkt"])
def test_an_unknown_option_is_refused(option: str) -> None:
    for check in (lambda: analyser(option, "english"), lambda: PipelineConfig.from_dict({"sentences": option})):
        with pytest.raises(ConfigError, match=r'must be "builtin" or "spacy:MODEL"'):
            check()


class FakePipeline:
    """Two sentences at a fixed place."""

    max_length = 3
    lang = "en"

    def __init__(self, *pipes: str) -> None:
        self.pipe_names = list(pipes)
        self.meta = {"version": "3.8.0"}

    def add_pipe(self, name: str) -> None:
        self.pipe_names.append(name)

    def __call__(self, text: str) -> Any:
        assert len(text) <= self.max_length, "spaCy refuses a longer text"
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
    with pytest.raises(
        MissingDependencyError, match=r'pip install "tribe_np\[spacy\]" && python -m spacy download en_x'
    ) as caught:
        analyser("spacy:en_x", "english")
    assert "\n" not in str(caught.value)
    with pytest.raises(MissingDependencyError, match=r'\[spacy\]"\. Or use --sentences builtin'):
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


def test_the_note_says_what_ran_and_what_it_means(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, load=lambda model: FakePipeline("parser"), blank=lambda code: FakePipeline())
    expected = {
        ("builtin", "english"): r"built-in rules \(about 77 % .* use --sentences spacy:en_core_web_lg\)",
        ("builtin", "french"): r"built-in rules \(.* measured for English only; .* --sentences spacy:fr_core_news_lg\)",
        ("builtin", "korean"): r"built-in rules \(.* measured for English only\)",
        ("spacy:en_core_web_lg", "english"): r"spaCy en_core_web_lg 3.8.0 \(upstream's own model\)",
        ("spacy:en_core_web_sm", "english"): r"upstream uses en_core_web_lg; two of spaCy's models gave 83 %",
        (
            "spacy:en_core_web_lg",
            "french",
        ): r"upstream uses fr_core_news_lg; the model is for language 'en', the words .*'fr'",
        ("spacy:ja_core_news_lg", "japanese"): "upstream has no model for this language",
        ("spacy:blank", "english"): "rules without a model, not upstream's parser",
    }
    for (option, language), pattern in expected.items():
        note = analyser(option, language).note
        assert re.fullmatch(f"sentences: .*{pattern}.*", note), note
