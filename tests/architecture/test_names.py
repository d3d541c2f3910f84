"""A name means one thing in the whole tree."""

import ast
from collections import defaultdict
from collections.abc import Iterable

import pytest

from tests.architecture.source import Module, modules

PARALLEL_FILES = {  # stem: what all files of that name are
    "config": "a model's settings; the pipeline's",
    "costs": "what a model takes",
    "extract": "a model's features",
    "model": "a model",
    "preprocess": "a model's input",
    "random": "random weights",
    "settings": "settings of files and callers; a study's",
    "shown_words": "words as they are shown: to the models, to people",
}
PARALLEL_NAMES = {  # class or function: what all of that name are
    "add_arguments": "of a command",
    "compare": "two recordings of a model; stimuli by what it predicts for them",
    "execute": "of a command",
    "flop": "of a model's costs",
    "flop_per_second": "of a model's costs",
    "main": "of a program",
    "modalities": "those that models give features of; what each contributes to a prediction",
    "random_weights": "of a model",
    "resample": "of values on one grid, in time or on the cortex, onto another",
    "work": "of a model's costs",
    "write_random": "of a model",
}
FILES = [module for module in modules() if not module.is_package]
COMMANDS = "tribe_np.cli."  # a file there bears its command's name, and calls what does the work


def public_names(module: Module) -> list[str]:
    """Classes and functions at the top of a file."""
    kinds = (ast.ClassDef, ast.FunctionDef)
    return [node.name for node in module.tree.body if isinstance(node, kinds) and not node.name.startswith("_")]


def imported_constants(found: Iterable[Module]) -> set[tuple[str, str]]:
    """Constants that another file imports: (module, name). One that stays at home may be called as others are."""
    known = {module.name for module in modules()}
    return {
        (node.module, alias.name)
        for module in found
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module in known
        for alias in node.names
        if alias.name.isupper()
    }


def twice(places: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Names that stand in more than one place; `places` gives (module, name)."""
    where = defaultdict(set)
    for module, name in places:
        where[name].add(module)
    return {name: sorted(found) for name, found in where.items() if len(found) > 1}


def test_a_class_or_function_has_a_name_of_its_own() -> None:
    found = twice((module.name, name) for module in FILES for name in public_names(module))
    assert not {name: found[name] for name in found if name not in PARALLEL_NAMES}
    assert set(PARALLEL_NAMES) <= set(found), "a reason outlives its names"


def test_a_file_has_a_name_of_its_own() -> None:
    inside = [module.name for module in FILES if not module.name.startswith(COMMANDS)]
    found = twice((name, name.rpartition(".")[2]) for name in inside)
    assert not {name: found[name] for name in found if name not in PARALLEL_FILES}
    assert set(PARALLEL_FILES) <= set(found), "a reason outlives its files"


def test_a_constant_that_others_import_has_a_name_of_its_own() -> None:
    assert not twice(imported_constants(FILES))


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ([("a", "Block"), ("b", "Block"), ("b", "Piece")], {"Block": ["a", "b"]}),
        ([("a", "Block"), ("a", "Block")], {}),
        ([], {}),
    ],
)
def test_a_second_meaning_is_found(places: list[tuple[str, str]], found: dict[str, list[str]]) -> None:
    assert twice(places) == found
