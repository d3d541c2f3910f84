"""Sentences and tokens of a text: the built-in rules, or spaCy. Which of the two is asked for, never guessed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from tribe_np.errors import ConfigError, MissingDependencyError
from tribe_np.optional import require
from tribe_np.timeline.languages import known_language
from tribe_np.timeline.sentence_ends import sentence_starts
from tribe_np.timeline.words_and_marks import words_and_marks

UPSTREAM_MODELS = {"en": "en_core_web_lg", "fr": "fr_core_news_lg", "es": "es_core_news_lg", "zh": "zh_core_web_lg"}
SPACY_CODES = {"no": "nb"}  # spaCy calls these languages otherwise
SAME_CONTEXT = 77  # percent of words in docs/parity.md: built-in rules beside a parser of spaCy
SAME_CONTEXT_OF_MODELS = 83  # and two of spaCy's own models beside each other


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

    @property
    def note(self) -> str:
        """One line for a person: what cuts the sentences, and how near it is to what upstream does."""

    def analyse(self, text: str) -> list[Sentence]:
        """The sentences of `text`, in order; none for the empty text."""


def analyser(option: str, language: str) -> TextAnalyser:
    """The analyser of `--sentences`: "builtin", "spacy:MODEL", or "spacy:blank" (spaCy's rules without a model).

    Raises   ConfigError for another option; MissingDependencyError where spaCy or the model is not installed
    """
    checked_splitter(option)
    known = known_language(language)
    code = known.code if known else language.lower() or "en"
    if option == "builtin":
        return BuiltinAnalyser(code)
    return SpacyAnalyser(option, _load_spacy(option.partition(":")[2], code), code)


def checked_splitter(option: str) -> str:
    """A value of `--sentences`, once it is known to be one.

    Raises   ConfigError
    """
    kind, _, model = option.partition(":")
    if option != "builtin" and not (kind == "spacy" and model):
        raise ConfigError(f'sentences must be "builtin" or "spacy:MODEL" (as spacy:en_core_web_lg), got {option!r:.60}')
    return option


@dataclass(frozen=True)
class BuiltinAnalyser:
    """Rules that find the tokens of spaCy's tokenizer, and sentence ends near those of its parser."""

    language: str
    name: str = "builtin"

    @property
    def note(self) -> str:
        """See TextAnalyser."""
        model = UPSTREAM_MODELS.get(self.language)
        if self.language == "en":
            how_near = f"about {SAME_CONTEXT} % of words are read in the context that spaCy's parser gives"
        else:
            how_near = "they use punctuation and few abbreviations; their accuracy was measured for English only"
        advice = f"; for upstream's numbers use --sentences spacy:{model}" if model else ""
        return f"sentences: built-in rules ({how_near}{advice})"

    def analyse(self, text: str) -> list[Sentence]:
        tokens = words_and_marks(text, self.language)
        starts = sentence_starts(text, tokens, self.language)
        return list(_assemble(text, ((*token, begins) for token, begins in zip(tokens, starts, strict=True))))


@dataclass(frozen=True, eq=False)
class SpacyAnalyser:
    """A loaded spaCy pipeline."""

    name: str
    pipeline: Any  # spacy.Language: called with a text, it gives a Doc
    language: str = "en"

    @property
    def note(self) -> str:
        """See TextAnalyser."""
        model = self.name.partition(":")[2]
        version = getattr(self.pipeline, "meta", {}).get("version", "")
        upstream = UPSTREAM_MODELS.get(self.language)
        if model == "blank":
            meaning = "rules without a model, not upstream's parser"
        elif model == upstream:
            meaning = "upstream's own model"
        elif upstream is None:
            meaning = "upstream has no model for this language"
        else:
            meaning = f"upstream uses {upstream}"
            if self.language == "en":
                meaning += f"; two of spaCy's models gave {SAME_CONTEXT_OF_MODELS} % of words the same context"
        spoken = getattr(self.pipeline, "lang", self.language)
        if spoken != SPACY_CODES.get(self.language, self.language):
            meaning += f"; the model is for language {spoken!r}, the words are in {self.language!r}"
        return f"sentences: spaCy {model} {version}".rstrip() + f" ({meaning})"

    def analyse(self, text: str) -> list[Sentence]:
        self.pipeline.max_length = max(getattr(self.pipeline, "max_length", 0), len(text) + 1)
        marked = ((token.text, token.idx, k == 0) for span in self.pipeline(text).sents for k, token in enumerate(span))
        return list(_assemble(text, marked))


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


@lru_cache(maxsize=4)
def _load_spacy(model: str, code: str) -> Any:
    code = SPACY_CODES.get(code, code)
    option = f"--sentences spacy:{model}"
    try:
        spacy = require("spacy", extra="spacy", why=option)
    except MissingDependencyError as error:
        download = "" if model == "blank" else f" && python -m spacy download {model}"
        raise MissingDependencyError(
            f"{option} needs spaCy, which cannot be imported here ({error.__cause__}). "
            f'Install it: pip install "tribe_np[spacy]"{download}. Or use --sentences builtin.'
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
    return pipeline
