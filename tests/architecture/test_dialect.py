"""Everything from weights to predictions speaks the names that NumPy and CuPy share, and changes no argument."""

import ast

import numpy as np
import pytest

from tests.architecture.source import Module, functions, modules
from tests.fake_device import CUPY_NAMES

LAYERS = ("tribe_np.ops", "tribe_np.nn", "tribe_np.kernels", "tribe_np.encoder", "extractors")
NEUTRAL = tuple(module for module in modules() if module.name.startswith(LAYERS))
HOST_OPS = {
    "tribe_np.ops.resample": "works on decoded samples, which never leave the host",
    "tribe_np.ops.resize": "pictures stay on the host; the taps of tables are made there, then moved",
}


def array_module_names(tree: ast.AST) -> set[str]:
    """NAME of every `xp.NAME` and `array_module(...).NAME`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            module = node.value.func if isinstance(node.value, ast.Call) else node.value
            wanted = "array_module" if isinstance(node.value, ast.Call) else "xp"
            if isinstance(module, ast.Name) and module.id == wanted:
                found.add(node.attr)
    return found


def mutated_arguments(function: ast.FunctionDef) -> set[str]:
    """Parameters that a function assigns into (x[...] = y) or changes in place (x += y), but for `out` and `out_*`."""
    arguments = function.args
    names = {a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]} - {"self"}
    names = {name for name in names if name != "out" and not name.startswith("out_")}
    rebound, found = set(), set()
    for node in ast.walk(function):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(node, ast.AugAssign) and isinstance(target, ast.Name):
                found.add(target.id)
            elif isinstance(target, ast.Name):
                rebound.add(target.id)
            elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                found.add(target.value.id)
    return (found & names) - rebound


def test_the_list_of_cupy_names_is_whole() -> None:
    assert len(CUPY_NAMES) > 400
    assert {"matmul", "where", "expm1", "asnumpy", "float32"} <= CUPY_NAMES


@pytest.mark.parametrize("module", NEUTRAL, ids=lambda module: module.name)
def test_array_module_names_exist_in_both(module: Module) -> None:
    unknown = {name for name in array_module_names(module.tree) if not (hasattr(np, name) and name in CUPY_NAMES)}
    assert not unknown, f"{module.name}: not shared by NumPy and CuPy: {sorted(unknown)}"


@pytest.mark.parametrize("module", NEUTRAL, ids=lambda module: module.name)
def test_products_are_matmul_and_transpose(module: Module) -> None:
    names = {node.attr for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)}
    assert not names & {"einsum", "tensordot"}, f"{module.name}: the order of the sum must stay ours"


@pytest.mark.parametrize("module", NEUTRAL, ids=lambda module: module.name)
def test_no_argument_is_changed(module: Module) -> None:
    found = {f.name: mutated_arguments(f) for f in functions(module.tree)}
    assert not {name: names for name, names in found.items() if names}, module.name


@pytest.mark.parametrize(
    "module", [m for m in NEUTRAL if m.name.startswith(LAYERS[:2])], ids=lambda module: module.name
)
def test_ops_and_layers_do_not_know_numpy(module: Module) -> None:
    if module.name in HOST_OPS:
        return
    roots = {alias.name for node in ast.walk(module.tree) if isinstance(node, ast.Import) for alias in node.names}
    assert "numpy" not in roots, f"{module.name}: the array decides its module"


def test_the_checks_see_what_they_look_for() -> None:
    tree = ast.parse("def f(x, y):\n    x[0] = xp.exp(y)\n    y += 1\n    x = array_module(x).nothing(x)\n")
    (function,) = functions(tree)
    assert array_module_names(tree) == {"exp", "nothing"}
    assert mutated_arguments(function) == {"y"}
    assert mutated_arguments(functions(ast.parse("def f(x):\n    x[0] = 1\n"))[0]) == {"x"}
