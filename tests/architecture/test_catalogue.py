"""The models are listed in the catalogue and nowhere else."""

import ast
from collections.abc import Iterator

import pytest

from extractors.catalogue import RECORDS, modalities
from tests.architecture.source import Module, modules, own_imports

CATALOGUE = "extractors.catalogue"
LISTS = {  # module: why it may name several modalities together
    "tribe_np.oracle.kit_models.encoder_kit": "the features of the released checkpoint",
    "tribe_np.oracle.kit_models.encoder_kit_cases": "those of its tiny likeness",
    "tribe_np.oracle.kit_models.pipeline_cases": "the four tiny models of one stimulus",
    "tribe_np.pipeline.stimuli.stimulus": "kinds of files, and upstream's three arguments for them",
}
KNOW_A_MODEL = {  # module of the pipeline: why it imports from the folder of one model
    "tribe_np.pipeline.config": "how many frames a clip may have",
}


def lists(tree: ast.AST) -> Iterator[ast.AST]:
    """Literals and dict() calls that hold two modalities or more, as elements or as keys."""
    for node in ast.walk(tree):
        match node:
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                parts = [part for e in parts for part in (e.elts if isinstance(e, ast.Tuple) else [e])]
                names = [part.value for part in parts if isinstance(part, ast.Constant)]
            case ast.Dict(keys=keys):
                names = [key.value for key in keys if isinstance(key, ast.Constant)]
            case ast.Call(func=ast.Name(id="dict"), keywords=keywords):
                names = [keyword.arg for keyword in keywords]
            case _:
                continue
        if len(set(names) & set(modalities())) > 1:
            yield node


def choices(tree: ast.AST) -> Iterator[ast.AST]:
    """Comparisons with a modality's name, but for a file's: `stimulus.kind` is "text", "audio" or "video" too."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(ops=[ast.Eq() | ast.NotEq()], left=left, comparators=others):
                about = [left, *others]
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=about):
                pass
            case ast.Match(subject=subject, cases=cases):
                about = [subject, *(case.pattern for case in cases)]
            case _:
                continue
        constants = {part.value for side in about for part in ast.walk(side) if isinstance(part, ast.Constant)}
        of_a_file = any(isinstance(side, ast.Attribute) and side.attr == "kind" for side in about)
        if constants & set(modalities()) and not of_a_file:
            yield node


@pytest.mark.parametrize("module", [m for m in modules() if m.name != CATALOGUE], ids=lambda module: module.name)
def test_no_other_file_lists_modalities_or_chooses_by_one(module: Module) -> None:
    nodes = [*choices(module.tree), *(() if module.name in LISTS else lists(module.tree))]
    found = [f"line {node.lineno}: {ast.unparse(node):.80}" for node in nodes]
    assert not found, f"{module.name}: ask {CATALOGUE}, whose record says what a model needs"


PIPELINE = [m for m in modules() if m.name.startswith("tribe_np.pipeline.")]


@pytest.mark.parametrize("module", PIPELINE, ids=lambda module: module.name)
def test_no_file_of_the_pipeline_knows_a_model_by_name(module: Module) -> None:
    folders = tuple(f"{record.package}." for record in RECORDS)
    found = {name for name in own_imports(module) if name.startswith(folders)}
    assert not found or module.name in KNOW_A_MODEL, f"{module.name} imports {found}; ask {CATALOGUE}"


def test_no_reason_outlives_its_file() -> None:
    by_name = {module.name: module for module in modules()}
    assert all(list(lists(by_name[name].tree)) for name in LISTS)


@pytest.mark.parametrize(
    "code",
    [
        'A = ("text", "audio")', 'A = ["video", x, "text"]', 'A = {"text", "image"}', 'A = {"text": 1, "video": 2}',
        'A = (("text", 1), ("audio", 2))', "A = dict(text=1, audio=2)", 'def f():\n  for m in ("audio", "video"): pass',
    ],
)  # fmt: skip
def test_a_list_is_found(code: str) -> None:
    assert list(lists(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        'if modality == "video": pass', 'x = self.config.modality != "audio"', 'm in ("text", "words")',
        'match modality:\n  case "text": pass', '"image" == record.modality', 'not m == "text"',
    ],
)  # fmt: skip
def test_a_choice_is_found(code: str) -> None:
    assert list(choices(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        'A = ("text", "start")', 'A = {"text": 1}', 'stimulus.kind == "text"', 'reads == "words"', 'f("text", "audio")',
        'features["text"] + features["audio"]', '{"text"} <= columns', '"text" in row',
        "match x:\n  case 1: pass", 'kind = {"audio": 1, "start": 2}',
    ],
)  # fmt: skip
def test_nothing_else_is(code: str) -> None:
    assert not list(lists(ast.parse(code)))
    assert not list(choices(ast.parse(code)))
