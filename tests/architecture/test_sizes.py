"""Sizes and docstrings of the house."""

import ast
import doctest
from importlib import import_module
from pathlib import Path

import pytest

from tests.architecture.source import PRODUCT, ROOT, Module, functions, modules

MAX_FILE, MAX_FUNCTION, MAX_OP = 500, 40, 22
LONG_FUNCTIONS: dict[str, str] = {}  # "module.function": the reason why it may be longer


def code_lines(function: ast.FunctionDef) -> int:
    """Lines of a function from its first line to its last, without the docstring."""
    length = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        length -= function.body[0].end_lineno - function.body[0].lineno + 1
    return length


def public_functions(module: Module) -> list[ast.FunctionDef]:
    found = [f for f in module.tree.body if isinstance(f, ast.FunctionDef) and not f.name.startswith("_")]
    return [f for f in found if "overload" not in map(ast.unparse, f.decorator_list)]


OPS = [m for m in modules() if m.name.startswith("tribe_np.ops.")]


@pytest.mark.parametrize("folder", ["tribe_np", "extractors", "tests", "tools"])
def test_no_file_is_too_long(folder: str) -> None:
    long = {
        str(path.relative_to(ROOT)): n
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > MAX_FILE
    }
    assert not long


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_no_function_is_too_long(module: Module) -> None:
    limit = MAX_OP if module in OPS else MAX_FUNCTION
    long = {f.name: code_lines(f) for f in functions(module.tree) if code_lines(f) > limit}
    assert not {name for name in long if f"{module.name}.{name}" not in LONG_FUNCTIONS}, long


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_files_and_public_functions_say_what_they_are(module: Module) -> None:
    assert ast.get_docstring(module.tree)
    assert not [f.name for f in public_functions(module) if not ast.get_docstring(f)]


@pytest.mark.parametrize("module", OPS, ids=lambda module: module.name)
def test_public_ops_give_shapes_and_source(module: Module) -> None:
    for function in public_functions(module):
        text = ast.get_docstring(function) or ""
        assert "Source" in text, f"{module.name}.{function.name}: which package, version and symbol?"
        if "Array" in ast.unparse(function.args):
            assert "Shapes" in text, f"{module.name}.{function.name}: which shapes?"


def test_no_file_is_called_utils() -> None:
    vague = ("utils", "util", "helpers", "misc", "common_utils")
    folders = (*PRODUCT, "tests", "tools")  # not the checkout: environments live in it
    assert not [path for folder in folders for path in (ROOT / folder).rglob("*.py") if path.stem in vague]


@pytest.mark.parametrize(
    "module",
    [m for m in modules() if ">>>" in Path(m.path).read_text(encoding="utf-8")],
    ids=lambda module: module.name,
)
def test_docstring_examples_run(module: Module) -> None:
    assert doctest.testmod(import_module(module.name)).failed == 0
