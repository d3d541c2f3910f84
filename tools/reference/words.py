"""Words, sentences and contexts against neuralset 0.0.2, with spaCy's blank English pipeline as its language model."""

import io
import json
import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import asdict, dataclass
from functools import lru_cache
from math import isnan
from pathlib import Path
from typing import Any

from tools.reference.measure import Row
from tools.reference.word_texts import TEXTS
from tribe_np.timeline.alignment import equal_pairs
from tribe_np.timeline.contexts import add_contexts, add_sentences, add_text
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.sentences import SpacyAnalyser, TextAnalyser, analyser
from tribe_np.timeline.words_and_marks import words_and_marks

Record = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """Words 0.4 s apart and the options of the transforms."""

    name: str
    words: str
    given_text: str | None = None
    max_context_len: int = 1024
    sentence_only: bool = False
    timelines: str = ""  # one letter per word; none: "default"

    def rows(self) -> list[Record]:
        names = self.timelines or ["default"] * len(self.words.split())
        rows = []
        for name in dict.fromkeys(names):
            on_timeline = [word for word, other in zip(self.words.split(), names, strict=True) if other == name]
            rows += [
                {"type": "Word", "text": word, "start": round(0.4 * k, 1), "duration": 0.3, "timeline": name}
                for k, word in enumerate(on_timeline)
            ]
        return rows


GREEK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon"
THREE = "Hello, my name is Bob. I live in Paris, France! Do you like it?"
CASES = (
    Case("three_sentences", THREE),
    Case("no_punctuation", "the quick brown fox jumps over the lazy dog"),
    Case("contractions_and_hyphens", "I don't think it's well-known. We're twenty-one U.S. citizens."),
    Case("identical_sentences", "No. No. No. Yes."),
    Case("identical_sentences_text_given", "No No Yes", "No. No. Yes."),
    Case("window_of_3", "A b c d e. F g h i j.", max_context_len=3),
    Case("window_of_2", THREE, max_context_len=2),
    Case(
        "text_given_original_case",
        "Hello my name is Bob I live in Paris",
        "Hello, my name is Bob. I live in Paris, since 1999.",
    ),
    Case("unmatched_last", f"{GREEK} xxxxx", f"{GREEK.capitalize()}."),
    Case(
        "unmatched_inside", GREEK.replace("gamma", "xxxxx") + " phi", GREEK.replace("gamma ", "").capitalize() + " phi."
    ),
    Case("unmatched_too_many", "alpha beta xxxxx yyyyy epsilon. Zeta eta", "Alpha. Beta. Epsilon. Zeta. Eta."),
    Case("last_sentence_of_one_word", "I said hello to him. Yes."),
    Case("numbers_and_symbols", "It costs $5.50, e.g. 20% off — really? Yes!"),
    Case("accents_and_ligatures", "Café déjà-vu naïve cœur. L'été arrive."),
    Case("two_timelines", "One two. Three four.", timelines="aabb"),
    Case("ellipsis_and_quotes", "Well... he said: 'ok' (maybe)."),
    Case("sentence_only", THREE, sentence_only=True),
    Case("over_run", "He paid ($5) ok then. Next one."),
    Case("trailing_periods", "I said hello to him..."),
    Case("capitals_inside", "NASA and McDonald met Bob Smith. OK then."),
    Case("pronoun_before_its_contraction", "I I'll go. You you're it's it, can't can. And we we've we"),
    Case("only_symbols", "So — & then ... / * no? ?! yes ( ) done"),
)


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes words.json: the real transforms' output for every case, with spaCy's tokens of each Text."""
    cases = []
    for case in CASES:
        record: Record = asdict(case) | {"rows": case.rows()}
        try:
            table, texts = run_neuralset(record["rows"], case.given_text, case.max_context_len, case.sentence_only)
        except RuntimeError as error:
            cases.append(record | {"error": str(error)})
            continue
        record["texts"] = texts
        record["tokens"] = [[[s.text, s.start, s.tokens] for s in spacy_analyser().analyse(text)] for text in texts]
        keys = ("text", "timeline", "start", "sentence", "sentence_char", "text_char", "context")
        record["words_after"] = [{key: row[key] for key in keys} for row in table if row["type"] == "Word"]
        keys = ("text", "timeline", "start", "duration")
        record["sentence_rows"] = [{key: row[key] for key in keys} for row in table if row["type"] == "Sentence"]
        record["types"] = [row["type"] for row in table]
        cases.append(record)
    about = "neuralset 0.0.2 AddText, AddSentenceToWords(0.05), AddContextToWords; spaCy blank English + sentencizer"
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    (folder / "words.json").write_text(f'{{"about": {json.dumps(about)}, "cases": [\n{lines}\n]}}\n')
    return ["words.json", _dump_tokens(folder)]


def _dump_tokens(folder: Path) -> str:
    """word_tokens.json: where spaCy's blank English cuts random transcripts (start, stop, start, stop, ...)."""
    texts = []
    for kind, make in TEXTS.items():
        for seed in range(12):
            text = " ".join(make(seed))
            tokens = [token for sentence in spacy_analyser().analyse(text) for token in sentence.tokens]
            edges = [edge for token, start in tokens for edge in (start, start + len(token))]
            texts.append(json.dumps({"kind": f"{kind} {seed}", "text": text, "edges": edges}, ensure_ascii=False))
    about = "spaCy blank English; texts of tools/reference/word_texts.py"
    lines = ",\n".join(texts)
    (folder / "word_tokens.json").write_text(f'{{"about": {json.dumps(about)}, "texts": [\n{lines}\n]}}\n')
    return "word_tokens.json"


def run_neuralset(
    rows: list[Record], given_text: str | None = None, max_context_len: int = 1024, sentence_only: bool = False
) -> tuple[list[Record], list[str]]:
    """The rows after AddText (or with a given Text), AddSentenceToWords and AddContextToWords; the texts."""
    import pandas
    from neuralset.events import transforms
    from neuralset.events.utils import standardize_events

    frame = pandas.DataFrame([row | {"language": "english"} for row in rows])
    with _blank_english(), redirect_stderr(io.StringIO()):
        if given_text is not None:
            stop = max(row["start"] + row["duration"] for row in rows) + 1e-3
            text = {"type": "Text", "text": given_text, "start": 0.0, "duration": stop, "timeline": "default"}
            frame = pandas.concat([frame, pandas.DataFrame([text | {"language": "english"}])])
        frame = transforms.AddText()(standardize_events(frame))
        frame = transforms.AddSentenceToWords(max_unmatched_ratio=0.05)(frame)
        add_contexts = transforms.AddContextToWords(
            sentence_only=sentence_only, max_context_len=max_context_len, split_field=""
        )
        frame = add_contexts(frame)
    records = [
        {key: None if isinstance(value, float) and isnan(value) else value for key, value in row.items()}
        for row in frame.to_dict("records")
    ]
    return records, [row["text"] for row in records if row["type"] == "Text"]


@contextmanager
def _blank_english() -> Iterator[None]:
    """neuralset's language model replaced by spaCy's blank English with its rule-based sentencizer."""
    from neuralset import utils
    from neuralset.events.transforms import utils as transform_utils

    original = utils._get_model
    logging.getLogger("neuralset").setLevel(logging.ERROR)  # it warns about every doubtful match
    utils._get_model = lambda model: spacy_analyser().pipeline
    transform_utils.parse_text.cache_clear()
    try:
        yield
    finally:
        utils._get_model = original
        transform_utils.parse_text.cache_clear()


@lru_cache(maxsize=1)
def spacy_analyser() -> SpacyAnalyser:
    """spaCy's blank English pipeline behind our protocol."""
    found = analyser("spacy:blank", "english")
    assert isinstance(found, SpacyAnalyser)
    return found


def run_ours(words: list[str], using: TextAnalyser, max_context_len: int) -> list[str]:
    """Our contexts of words half a second apart as of neuralset 0.0.2; any number may lack a sentence."""
    events = add_text(Events(Event(**row) for row in spaced(words)), analyser=using)
    events = add_sentences(events, analyser=using, max_unmatched_ratio=0.99, merge_identical=True)
    events = add_contexts(events, max_context_len=max_context_len, merge_identical=True)
    return [event.context for event in events.of_type("Word")]


def spaced(words: list[str]) -> list[Record]:
    """Word rows half a second apart (times exact in binary, so that none is lost by rounding)."""
    return [
        {"type": "Word", "text": word, "start": 0.5 * k, "duration": 0.25, "timeline": "default"}
        for k, word in enumerate(words)
    ]


def neuralset_contexts(words: list[str], max_context_len: int) -> list[str]:
    """The real contexts of words half a second apart."""
    table, _ = run_neuralset(spaced(words), None, max_context_len)
    return [row["context"] for row in table if row["type"] == "Word"]


def library_pairs(source: str, target: str) -> list[tuple[int, int]]:
    """The pairs that the Levenshtein library's edit script keeps."""
    from Levenshtein import editops

    edits = editops(source, target)
    left = set(range(len(source))) - {i for kind, i, _ in edits if kind != "insert"}
    right = set(range(len(target))) - {j for kind, _, j in edits if kind != "delete"}
    return list(zip(sorted(left), sorted(right), strict=True))


def random_pair(draw: random.Random, length: int) -> tuple[str, str]:
    """Two strings rich in ties: unrelated, or one a damaged copy of the other."""
    alphabet = [chr(97 + k) for k in range(draw.choice((1, 2, 3, 8, 60, 400)))]
    source = [draw.choice(alphabet) for _ in range(draw.randint(0, length))]
    if draw.random() < 0.4:
        return "".join(source), "".join(draw.choice(alphabet) for _ in range(draw.randint(0, length)))
    damaged = [c if draw.random() < 0.8 else draw.choice(alphabet) * draw.randint(0, 2) for c in source]
    return "".join(source), "".join(damaged)


def compare(seed: int) -> list[Row]:
    """Shares of alignments and contexts that differ from the real ones; 0 is the bound of both."""
    draw = random.Random(seed)
    pairs = [random_pair(draw, 80) for _ in range(500)] + [random_pair(draw, 3000)]
    wrong = sum(equal_pairs(source, target) != library_pairs(source, target) for source, target in pairs)
    rows = [_exact("words/alignment", "Levenshtein 0.27.5", f"seed {seed}", wrong / len(pairs))]
    for kind, make in TEXTS.items():
        words, max_context_len = make(seed), draw.choice((1, 3, 20, 1024))
        theirs = neuralset_contexts(words, max_context_len)
        ours = run_ours(words, spacy_analyser(), max_context_len)
        wrong = sum(a != b for a, b in zip(ours, theirs, strict=True))
        rows.append(_exact(f"words/contexts/{kind}", "neuralset 0.0.2", f"seed {seed}", wrong / len(words)))
    return rows


def _exact(stage: str, peer: str, case: str, share: float) -> Row:
    return Row(stage, peer, case, float32=share, peer_float32=0.0, floor=0.0)


def measure(n_texts: int = 150) -> dict[str, dict[str, float | int | str]]:
    """How many words of random texts the built-in rules cut into the tokens of spaCy's blank English, in percent."""
    report: dict[str, dict[str, float | int | str]] = {}
    for kind, make in TEXTS.items():
        same = total = 0
        for seed in range(n_texts):
            text = " ".join(make(seed))
            theirs = [token for sentence in spacy_analyser().analyse(text) for token in sentence.tokens]
            same, total = same + len(set(theirs) & set(words_and_marks(text, "en"))), total + len(theirs)
        report[kind] = {"texts": n_texts, "tokens": total, "identical_percent": round(100 * same / total, 2)}
    return report
