"""Writes the API reference, docs/api.md, from signatures and docstrings.

    python -m tools.api_page            says whether the page is up to date
    python -m tools.api_page --write    writes it

The sources are read, not imported. A docstring is printed unchanged; its columns (Shapes, Raises, ...) and its code
keep their layout.
"""

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

import tribe_np
import tribe_np.analysis
import tribe_np.oracle
import tribe_np.pipeline
import tribe_np.plots
from extractors.catalogue import RECORDS
from tools.places import DOCS, ROOT

PAGE = DOCS / "api.md"
COLUMNS = re.compile(r"(Shapes|Units|Numerics|Fields|Raises|Warns|Source)\s|\w+ {2,}\S| {4}|>>> ")
OPENING = """# API reference

Made from the docstrings by `python -m tools.api_page --write`; do not edit it by hand. Axis letters mean the same
everywhere ([README](../README.md#reading-the-code)). For an introduction see [python.md](python.md).

"""
WIDTH = 100  # of a signature on one line
FOR_THE_PIPELINE = ("load", "get_events_of", "known_modalities", "last_stage", "windows", "with_compat")
HIDDEN = {"facts", *(f"TribeModel.{name}" for name in FOR_THE_PIPELINE)}  # public, but of no use to a reader
MIXED_IN = ("ABC", "Card", "UpstreamNames", "Protocol", "NamedTuple")  # bases that say nothing about what a class is
MODELS = {record.model_class: f"{record.package}.model" for record in RECORDS}
Definition = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Group:
    """A heading of the page, and dotted names below it: of an object, or of a module for all that is public in it."""

    title: str
    about: str
    names: tuple[str, ...]


def groups() -> list[Group]:
    """What the page holds, in its order."""
    ops = sorted(path.stem for path in (ROOT / "tribe_np" / "ops").glob("*.py") if path.stem != "__init__")
    return [
        Group("tribe_np", "`from tribe_np import ...`", tuple(f"tribe_np.{name}" for name in tribe_np._PUBLIC)),
        Group(
            "Pictures",
            "`from tribe_np.plots import ...`; upstream's functions are there too.",
            ("tribe_np.plots.plot", "tribe_np.plots.film", "tribe_np.plots.page"),
        ),
        Group(
            "Experiments",
            "`from tribe_np.pipeline import experiment`, `from tribe_np.analysis import contrast, compare`",
            (
                "tribe_np.pipeline.experiment",
                "tribe_np.outputs.folder.Prediction",
                "tribe_np.timeline.trials.Trials",
                "tribe_np.timeline.trials.Trial",
                "tribe_np.analysis.contrast",
                "tribe_np.analysis.contrasts.contrast_options.ContrastOptions",
                "tribe_np.analysis.contrasts.contrasting.Contrast",
                "tribe_np.analysis.statistics.contrast_tests.StatisticMaps",
                "tribe_np.analysis.compare",
                "tribe_np.analysis.comparisons.comparing.Comparison",
            ),
        ),
        Group(
            "Evaluation",
            "`from tribe_np.analysis import evaluate`",
            (
                "tribe_np.analysis.evaluate",
                "tribe_np.analysis.evaluation.evaluation_options.EvaluationOptions",
                "tribe_np.analysis.evaluation.evaluating.Evaluation",
                "tribe_np.analysis.evaluation.truth_rows.TruthRun",
                "tribe_np.analysis.evaluation.running_scores.RunningScores",
                "tribe_np.analysis.evaluation.lag_scan.LagScan",
                "tribe_np.analysis.evaluation.reliability.RepeatCeilings",
                "tribe_np.analysis.evaluation.group_predictivity.GroupPredictivity",
                "tribe_np.analysis.evaluation.autocorrelated_nulls.NullCorrelations",
            ),
        ),
        Group(
            "Modalities",
            "`from tribe_np.pipeline import ablate`, `from tribe_np.analysis import modalities`",
            (
                "tribe_np.pipeline.ablate",
                "tribe_np.analysis.modalities",
                "tribe_np.analysis.ModalityMaps",
                "tribe_np.analysis.contributions.truth_maps.TruthMaps",
            ),
        ),
        Group(
            "Sensitivity",
            "`from tribe_np.pipeline import region_sensitivities`, `from tribe_np.analysis import sensitivity`",
            (
                "tribe_np.pipeline.region_sensitivities",
                "tribe_np.pipeline.sensitivities.listening.RegionListening",
                "tribe_np.analysis.sensitivity",
                "tribe_np.analysis.sensitivities.region_sensitivity.Sensitivity",
                "tribe_np.analysis.sensitivities.lag_curves.LagCurves",
                "tribe_np.cortex.regions.asked_regions.AskedRegions",
            ),
        ),
        Group(
            "A new person",
            "`from tribe_np.pipeline import fit`",
            (
                "tribe_np.pipeline.fit",
                "tribe_np.pipeline.fitting.fitting_events.FittedPerson",
                "tribe_np.pipeline.fitting.person_fit.PersonFit",
            ),
        ),
        Group("extractors", "`from extractors import ...`", tuple(f"extractors.{name}" for name in MODELS)),
        Group(
            "Tables of events, rows of predictions",
            "",
            ("tribe_np.timeline.events.Event", "tribe_np.timeline.segments.Segment"),
        ),
        Group(
            "Features, one cache entry at a time",
            "`TribeModel.feature_source()` gives them, with the model's settings.",
            (
                "tribe_np.pipeline.features.source.FeatureSource",
                "tribe_np.pipeline.features.modality.Modality",
                "tribe_np.pipeline.features.modality.Piece",
            ),
        ),
        Group(
            "Oracle",
            "Recordings compared, stage by stage.",
            (
                "tribe_np.oracle.recording.NamedRecording",
                "tribe_np.oracle.SummaryRecording",
                "tribe_np.oracle.Summary",
                "tribe_np.oracle.compare",
                "tribe_np.oracle.Difference",
                "tribe_np.oracle.Differences",
                "tribe_np.oracle.relative_error",
                "tribe_np.oracle.edited",
                "tribe_np.oracle.taps",
            ),
        ),
        Group(
            "How a model is loaded and run",
            "",
            ("extractors.common.model.FolderModel", "tribe_np.runtime.Runtime", "tribe_np.backend"),
        ),
        Group(
            "Kernels",
            "How to add one: [CONTRIBUTING.md](../CONTRIBUTING.md#add-a-kernel).",
            (
                "tribe_np.kernels.kernel_set",
                "tribe_np.kernels.choose.kernel_set",
                "tribe_np.kernels.numba_set.numba_set",
                "tribe_np.kernels.cupy_set.cupy_set",
            ),
        ),
        Group(
            "Operations",
            "Pure functions on arrays; the array decides its module.",
            tuple(f"tribe_np.ops.{name}" for name in ops),
        ),
        Group(
            "Layers",
            "",
            ("tribe_np.nn.context", "tribe_np.nn.layers", "tribe_np.protocols.Weights", "tribe_np.protocols.Tap"),
        ),
        Group(
            "Catalogue of models",
            "How to add one: [CONTRIBUTING.md](../CONTRIBUTING.md#add-a-model).",
            ("extractors.catalogue",),
        ),
        Group(
            "BERG's calls",
            "`from tribe_np.berg import ...` ([berg.md](berg.md)).",
            ("tribe_np.berg.toolkit.BERG", "tribe_np.berg.encoding.EncodingModel", "tribe_np.berg.plugin.register"),
        ),
        Group("Errors", "Whatever a user can cause.", ("tribe_np.errors",)),
    ]


def source_file(module: str) -> Path | None:
    """The file of a dotted module name."""
    base = ROOT.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


@cache
def tree(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def definitions(name: str) -> Iterator[tuple[str, Path, Definition]]:
    """(dotted name, file, node) of an object, or of everything public in a module."""
    module, _, wanted = (name, "", "") if source_file(name) else name.rpartition(".")
    public = {
        "tribe_np": tribe_np._PUBLIC,
        "tribe_np.oracle": tribe_np.oracle._PUBLIC,
        "tribe_np.plots": tribe_np.plots._PUBLIC,
        "tribe_np.analysis": tribe_np.analysis._PUBLIC,
        "tribe_np.pipeline": tribe_np.pipeline._PUBLIC,
        "extractors": MODELS,
    }
    lazy = public.get(module, {})
    path = source_file(lazy.get(wanted, module))
    found = [node for node in tree(path).body if isinstance(node, Definition)] if path else []
    found = [node for node in found if "overload" not in map(ast.unparse, node.decorator_list)]
    found = [node for node in found if (node.name == wanted if wanted else not node.name.startswith("_"))]
    if path is None or not found:
        raise SystemExit(f"api_page: nothing is called {name}")
    for node in found:
        yield f"{module}.{node.name}", path, node


def signature(node: ast.FunctionDef, name: str) -> str:
    """One line, or one argument per line where that is too long."""
    arguments = _arguments(node.args)
    result = f" -> {_annotation(node.returns)}" if node.returns else ""
    line = f"{name}({', '.join(arguments)}){result}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{name}(", *(f"    {argument}," for argument in arguments), f"){result}"])


def _arguments(arguments: ast.arguments) -> list[str]:
    """Each argument with its annotation and default."""
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    shown = [_argument(a, d) for a, d in zip(positional, defaults, strict=True)]
    if arguments.vararg:
        shown.append(f"*{ast.unparse(arguments.vararg)}")
    elif arguments.kwonlyargs:
        shown.append("*")
    shown += [_argument(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return shown + ([f"**{ast.unparse(arguments.kwarg)}"] if arguments.kwarg else [])


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    text = argument.arg + (f": {_annotation(argument.annotation)}" if argument.annotation else "")
    return text if default is None else f"{text} = {_code(default)}"


def _annotation(node: ast.expr) -> str:
    """An annotation without the quotes that it may have."""
    is_quoted = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value if is_quoted else _code(node)  # type: ignore[attr-defined]


def _code(node: ast.expr) -> str:
    """An expression, strings in double quotes."""
    return ast.unparse(node).replace("'", '"')


def docstring(node: ast.AST) -> str:
    """The docstring as Markdown: prose as prose, columns and code as blocks."""
    lines = (ast.get_docstring(node) or "").splitlines()  # type: ignore[arg-type]
    shown, block = [], False
    for number, line in enumerate(lines):
        starts = bool(COLUMNS.match(line))
        follows = block and line.strip() == "" and any(COLUMNS.match(rest) for rest in lines[number + 1 :])
        if block and line.strip() == "" and not follows:
            shown.append("```")
            block = False
        elif starts and not block:
            shown += [*([""] if shown and shown[-1] else []), "```text"]
            block = True
        shown.append(line)
    return "\n".join([*shown, *(["```"] if block else [])])


def fields(node: ast.ClassDef, path: Path) -> str:
    """The annotated attributes of a record, with the comments beside them; none where `from_pretrained` fills them."""
    if any(
        isinstance(part, ast.FunctionDef) and part.name in ("from_pretrained", "from_weights") for part in node.body
    ):
        return ""
    source = path.read_text(encoding="utf-8").splitlines()
    attributes = [part for part in node.body if isinstance(part, ast.AnnAssign)]
    return "\n".join(line[4:] for part in attributes for line in source[part.lineno - 1 : part.end_lineno])


def methods(node: ast.ClassDef) -> list[ast.FunctionDef]:
    """Public methods and `__call__`, without the hidden ones."""
    functions = [part for part in node.body if isinstance(part, ast.FunctionDef)]
    shown = [f for f in functions if f.name == "__call__" or not f.name.startswith("_")]
    return [f for f in shown if not HIDDEN & {f.name, f"{node.name}.{f.name}"}]


def method(node: ast.FunctionDef, owner: str) -> str:
    """A method's signature, without its first argument, and docstring."""
    decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
    if "property" in decorators:
        head = f".{node.name}: {_annotation(node.returns)}" if node.returns else f".{node.name}"
        return f"```python\n{head}  # property\n```\n\n{docstring(node)}"
    bound = ast.parse(ast.unparse(node)).body[0]
    assert isinstance(bound, ast.FunctionDef)
    if "staticmethod" not in decorators:
        del (bound.args.posonlyargs or bound.args.args)[0]
    prefix = f"{owner}." if decorators & {"classmethod", "staticmethod"} else "."
    return f"```python\n{signature(bound, prefix + node.name)}\n```\n\n{docstring(node)}"


def entry(name: str, path: Path, node: Definition) -> str:
    """A heading, where it is, its signature or fields, its docstring, its methods."""
    file = path.relative_to(ROOT).as_posix()
    parts = [f"### {name}", f"[{file}](../{file})"]
    if isinstance(node, ast.FunctionDef):
        return "\n\n".join([*parts, f"```python\n{signature(node, node.name)}\n```", docstring(node)])
    bases = [base for base in map(ast.unparse, node.bases) if base not in MIXED_IN]
    if bases:
        parts.append(f"A kind of {', '.join(f'`{base}`' for base in bases)}.")
    parts.append(docstring(node))
    if attributes := fields(node, path):
        parts.append(f"```python\n{attributes}\n```")
    return "\n\n".join([*parts, *(method(part, node.name) for part in methods(node))])


def anchor(heading: str) -> str:
    """The link target that a Markdown viewer makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def page() -> str:
    """The whole page."""
    index, body = [], []
    for group in groups():
        index.append(f"* [{group.title}](#{anchor(group.title)})")
        body += [f"## {group.title}", *([group.about] if group.about else [])]
        modules: dict[str, list[str]] = {}
        for name, path, node in chain.from_iterable(map(definitions, group.names)):
            module, _, leaf = name.rpartition(".")
            modules.setdefault(module, []).append(f"[{leaf}](#{anchor(name)})")
            body.append(entry(name, path, node))
        index += [f"  * `{module}`: {', '.join(links)}" for module, links in modules.items()]
    return "\n\n".join([OPENING + "\n".join(index), *body]) + "\n"


def main() -> None:
    """Writes the page, or compares it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write docs/api.md")
    if parser.parse_args().write:
        PAGE.write_text(page(), encoding="utf-8")
    elif page() != PAGE.read_text(encoding="utf-8"):
        sys.exit("docs/api.md is not what the docstrings say; run python -m tools.api_page --write")
    print(f"{PAGE.relative_to(ROOT)} is up to date")


if __name__ == "__main__":
    main()
