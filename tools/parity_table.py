"""Runs every live comparison and writes the parity table: each stage with its errors against the real library.

    python -m tools.parity_table                 prints the table
    python -m tools.parity_table --write         also replaces the tables in docs/parity.md and README.md
    python -m tools.parity_table --check         exits with 1 when a stage is out of bounds

Needs the parity environment (tox.ini). One line per stage and peer: the worst case over all seeds.
"""

import argparse
import re
import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import version

from tools.dump_reference import STAGES
from tools.page import placed
from tools.places import DOCS, ROOT
from tools.reference import audio_spread, sentences, words
from tools.reference.measure import Row, versions
from tribe_np.timeline.sentences import analyser

PAGE, README = DOCS / "parity.md", ROOT / "README.md"


def sentence_table(other: str | None = None) -> str:
    """How near the built-in rules come to spaCy's parser, and its tokenizer; how near another of its models does."""
    model = sentences.installed_model()
    parser = analyser(f"spacy:{model}", "english")
    second = analyser(f"spacy:{other}", "english") if other else None
    how = (
        f"`--sentences builtin` beside spaCy {version('spacy')} with the trained pipeline `{model}`: words whose whole "
        "context is the same string, and places where both, only the parser, or only the rules begin a sentence. The "
        "*measured* texts were never looked at while the rules were improved; the *tuning* texts were."
    )
    if second is not None:
        about = second.pipeline.meta
        how += (
            f" The last column is spaCy's `{about['lang']}_{about['name']}` {about['version']} beside the same parser."
        )
    tokens = [f"{kind} {found['identical_percent']} % of {found['tokens']}" for kind, found in words.measure().items()]
    return (
        f"{how}\n\n{sentences.table(parser, second)}\n\nTokens of random texts that are those of spaCy's blank English "
        f"(150 texts each; those rules were improved while looking at such texts): {'; '.join(tokens)}."
    )


def sound_table() -> str:
    """Upstream's sound features beside themselves, and ours."""
    lines = ["| recorded at | " + " | ".join([*audio_spread.WAYS, "tribe_np"]) + " |", "|---|" + "---|" * 4]
    for rate, found in audio_spread.measure().items():
        cells = [f"{made:.1e} / {features:.1e}" for made, features in found.values()]
        lines.append(f"| {rate / 1000:g} kHz | {' | '.join(cells)} |")
    how = (
        "Model input / features of a small random model; each against upstream in float32 as shipped, on the same "
        f"{audio_spread.SECONDS:g} s of stereo sound."
    )
    return how + "\n\n" + "\n".join(lines)


def measured(seeds: Iterable[int], stages: Iterable[str]) -> list[Row]:
    """Rows of all stages over all seeds."""
    rows: list[Row] = []
    for stage in stages:
        module = import_module(f"tools.reference.{stage}")
        for seed in seeds:
            rows += module.compare(seed)
    return rows


def worst_by_stage(rows: list[Row]) -> list[list[Row]]:
    """Rows grouped by generic stage (layer numbers become i) and peer, in order of first appearance."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((_stage(row), row.peer), []).append(row)
    return list(groups.values())


def as_markdown(rows: list[Row]) -> str:
    """The table, one line per stage and library."""
    head = [
        "| stage | real library | cases | float32 error | its bound | peer's own float32 error | float64 error |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *map(_line, worst_by_stage(rows))])


def _line(group: list[Row]) -> str:
    row = max(group, key=lambda r: (not r.passes(), r.float32))  # its error and its bound belong together
    patched = [r.float64 for r in group if r.float64 is not None and r.patched]
    shipped = [r.float64 for r in group if r.float64 is not None and not r.patched]
    float64 = f"{max(patched):.1e}" if patched else f"{max(shipped):.1e} (peer as shipped)" if shipped else "-"
    largest, own = max(r.float32 for r in group), max(r.peer_float32 for r in group)
    cells = [
        _stage(row),
        row.peer,
        str(len(group)),
        "equal" if largest == 0 else f"{largest:.1e}",
        "equal to the bit" if row.bound == 0 else f"{row.bound:.1e}",
        "-" if own == 0 else f"{own:.1e}",
        float64,
    ]
    return f"| {' | '.join(cells)} |"


def _stage(row: Row) -> str:
    """The stage with i for layer numbers."""
    parts = ["i" if part.isdigit() else part for part in row.stage.replace("/", ".").split(".")]
    return ".".join(parts[1:] if parts[:1] == parts[1:2] else parts)


SUMMARY = {
    "encoder": "brain encoder, all options, every stage",
    "llama": "LLaMA, tokens and words, every stage",
    "audio": "sound: resampling, log-mel, Wav2Vec-BERT, features",
    "audio of a low rate": "the same at 8 and 11.025 kHz, where upstream is as far from itself",
    "video frames": "which video frames, and their pixels",
    "odd films": "films that upstream shows wrongly, read its way",
    "video processor": "V-JEPA 2's pre-processing",
    "vjepa2": "V-JEPA 2, every stage",
    "video pipeline": "film to features",
    "dinov2": "DINOv2, every stage",
    "words": "word matching and contexts, given spaCy's sentences",
    "timeline": "chunks, 2 Hz grid, windows, kept rows",
    "predictions": "stimulus to predictions",
    "subsets": "every subset of modalities, absent and zeroed",
    "gradients": "gradients of the brain encoder, all options",
    "training": "training: loss, gradients, weights, Adam's state",
    "scores": "upstream's scores",
    "linear_fits": "ridge and banded ridge (float64 on both sides)",
}


LOW_RATE = re.compile(r"at (8000|11025) Hz")  # their upper bands are nearly empty, and the logarithm amplifies rounding


def _subject(row: Row) -> str:
    subject = _stage(row).split(".")[0]
    return f"{subject} of a low rate" if LOW_RATE.search(row.stage) else subject


def summary_table(rows: list[Row]) -> str:
    """One line per subject: the worst of its stages."""
    lines = ["| stage | real library | float32 | float64 |", "|---|---|---|---|"]
    for subject, label in SUMMARY.items():
        own = [row for row in rows if _subject(row) == subject]
        peers = dict.fromkeys(name for row in own for name in re.findall(r"[\w-]+ \d[\d.]*", row.peer))
        inexact = [row.float32 for row in own if row.floor > 0]
        doubles = [row.float64 for row in own if row.float64 is not None and row.patched]
        float32 = f"{max(inexact):.1e}" if inexact else "equal to the bit"
        float64 = f"{max(doubles):.1e}" if doubles else "-"
        lines.append(f"| {label} | {', '.join(peers)} | {float32} | {float64} |")
    return "\n".join(lines)


def main() -> None:
    """Measures, prints, and as asked writes or checks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="seeds per stage (default: 3)")
    parser.add_argument("--write", action="store_true", help="replace the tables in docs/parity.md and README.md")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a stage is out of bounds")
    parser.add_argument("--other-model", metavar="X", help="a second English pipeline of spaCy beside the first")
    parser.add_argument("stages", nargs="*", choices=[*STAGES, []], help="default: all")
    options = parser.parse_args()
    if options.write and options.stages:
        parser.error("--write needs all stages")
    rows = measured(range(options.seeds), options.stages or STAGES)
    table = as_markdown(rows)
    made = ", ".join(f"{name} {version}" for name, version in versions().items())
    print(table)
    if options.write:
        how = f"Made by `python -m tools.parity_table --write` ({options.seeds} seeds per stage) with {made}."
        page = placed(PAGE.read_text(encoding="utf-8"), "table", f"{how}\n\n{table}")
        page = placed(page, "sound", sound_table())
        PAGE.write_text(placed(page, "sentences", sentence_table(options.other_model)), encoding="utf-8")
        README.write_text(placed(README.read_text(encoding="utf-8"), "summary", summary_table(rows)), encoding="utf-8")
    failing = [row for row in rows if not row.passes()]
    for row in failing:
        errors = f"float32 {row.float32:.1e} (bound {row.bound:.1e}), float64 {row.float64}"
        print(f"out of bounds: {row.stage} ({row.case}): {errors}")
    if options.check and failing:
        sys.exit(1)


if __name__ == "__main__":
    main()
