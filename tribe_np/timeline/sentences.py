"""Sentences and tokens of a text: the built-in rules, or spaCy. Which of the two is asked for, never guessed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol
from unicodedata import category

from tribe_np.errors import ConfigError, MissingDependencyError
from tribe_np.optional import require
from tribe_np.timeline.tokens import tokenize

SENTENCE_ENDS = frozenset("!.?։؟۔܀܁܂।॥၊။።፧፨᙮᠃᠉‼‽⁇⁈⁉⸮⸼﹒﹖﹗！．？｡。")
LANGUAGE_CODES = {"english": "en", "french": "fr", "spanish": "es", "dutch": "nl", "chinese": "zh", "german": "de",
                  "italian": "it", "portuguese": "pt", "japanese": "ja"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: its text with the space after it, its place in the whole text, (token, place in the whole text)."""

    text: str
    start: int
    tokens: tuple[tuple[str, int], ...]

    @property
    def bare(self) -> str:
        """The text without the space after the last token."""
        token, start = self.tokens[-1]
        return self.text[: start + len(token) - self.start]


class TextAnalyser(Protocol):
    """Cuts a text into sentences and tokens; the sentences' texts, joined, are the text again."""

    @property
    def name(self) -> str:
        """How it was asked for: part of run records and cache keys."""

    def analyse(self, text: str) -> list[Sentence]:
        """The sentences of `text`, in order; none for the empty text."""


def analyser(option: str, language: str) -> TextAnalyser:
    """The analyser of `--sentences`: "builtin", "spacy:MODEL", or "spacy:blank" (spaCy's rules without a model).

    Raises   ConfigError for another option; MissingDependencyError where spaCy or the model is not installed
    """
    code = LANGUAGE_CODES.get(language.lower(), language.lower()) or "en"
    if option == "builtin":
        return BuiltinAnalyser(code)
    kind, _, model = option.partition(":")
    if kind == "spacy" and model:
        return SpacyAnalyser(option, _load_spacy(model, code))
    raise ConfigError(f'sentences must be "builtin" or "spacy:MODEL" (as spacy:en_core_web_lg), got {option!r}')


@dataclass(frozen=True)
class BuiltinAnalyser:
    """Rules that find the tokens and sentences of spaCy's blank pipeline with its rule-based sentencizer.

    A sentence ends after a token that is one sentence mark, and the punctuation that follows it; abbreviations,
    decimals and initials are tokens with their period, so they end nothing.
    """

    language: str
    name: str = "builtin"

    def analyse(self, text: str) -> list[Sentence]:
        return list(_assemble(text, _mark_starts(tokenize(text, self.language))))


@dataclass(frozen=True, eq=False)
class SpacyAnalyser:
    """A loaded spaCy pipeline."""

    name: str
    pipeline: Callable[[str], Any]

    def analyse(self, text: str) -> list[Sentence]:
        marked = ((token.text, token.idx, k == 0) for span in self.pipeline(text).sents for k, token in enumerate(span))
        return list(_assemble(text, marked))


def _mark_starts(tokens: Iterable[tuple[str, int]]) -> Iterator[tuple[str, int, bool]]:
    """(token, place, whether it starts a sentence).

    Source   spaCy 3.8 pipeline/sentencizer.pyx Sentencizer.predict
    """
    begins, seen_end = True, False
    for token, start in tokens:
        is_end = token in SENTENCE_ENDS
        if seen_end and not is_end and not all(category(c).startswith("P") for c in token):
            begins, seen_end = True, False
        yield token, start, begins
        begins, seen_end = False, seen_end or is_end


def _assemble(text: str, marked: Iterable[tuple[str, int, bool]]) -> Iterator[Sentence]:
    """Sentences from marked tokens; each reaches to the start of the next."""
    tokens: list[tuple[str, int]] = []
    for token, start, begins in marked:
        if begins and tokens:
            yield Sentence(text[tokens[0][1] : start], tokens[0][1], tuple(tokens))
            tokens = []
        tokens.append((token, start))
    if tokens:
        yield Sentence(text[tokens[0][1] :], tokens[0][1], tuple(tokens))


def _load_spacy(model: str, code: str) -> Callable[[str], Any]:
    option = f"--sentences spacy:{model}"
    try:
        spacy = require("spacy", extra="spacy", why=option)
    except MissingDependencyError as error:
        download = "" if model == "blank" else f" && python -m spacy download {model}"
        raise MissingDependencyError(
            f"{option} needs spaCy, which does not import here ({error.__cause__}). "
            f"Install it: pip install spacy{download}. Or use --sentences builtin."
        ) from error
    try:
        pipeline = spacy.blank(code) if model == "blank" else spacy.load(model)
    except (OSError, ImportError, ValueError) as error:
        next_step = f"python -m spacy download {model}" if model != "blank" else f"no rules for language {code!r}"
        raise MissingDependencyError(
            f"{option}: spaCy cannot load it. Try: {next_step}. Or use --sentences builtin."
        ) from error
    if not {"parser", "senter", "sentencizer"} & set(pipeline.pipe_names):
        pipeline.add_pipe("sentencizer")
    load: Callable[[str], Any] = pipeline
    return load
