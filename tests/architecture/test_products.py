"""Whatever the encoder computes with has its vector-Jacobian product beside it, and each product is tested."""

import ast

import pytest

from tests.architecture.source import ROOT, Module, functions, modules

ENCODER = ("tribe_np.encoder", "tribe_np.nn")
WITHOUT = {
    "attention_logits": "its product is scores_vjp",
    "causal_mask": "a constant",
    "merge_heads": "its product is split_heads",
    "split_heads": "its product is merge_heads",
    "rotary_tables": "of stored buffers, which are not trained",
}
PARTS = [m for m in modules() if m.name.startswith(ENCODER)]


def ops_of(module: Module) -> set[str]:
    """The functions of tribe_np.ops that a module imports, and those that it calls as kernels."""
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tribe_np.ops."):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "kernels":
            found.add(node.attr)
    return found - {"name"}


def defined_ops() -> set[str]:
    return {f.name for module in modules() if module.name.startswith("tribe_np.ops.") for f in functions(module.tree)}


def test_the_encoder_uses_ops_and_kernels() -> None:
    used = set().union(*map(ops_of, PARTS))
    assert {"attention", "scale_norm", "gelu", "softmax", "adaptive_pool", "depthwise", "rotate_half"} <= used


@pytest.mark.parametrize("module", PARTS, ids=lambda module: module.name)
def test_every_op_has_its_product_beside_it(module: Module) -> None:
    forward = {name for name in ops_of(module) if not name.endswith("_vjp")} - WITHOUT.keys()
    assert not {name for name in forward if f"{name}_vjp" not in defined_ops()}


@pytest.mark.parametrize("module", PARTS, ids=lambda module: module.name)
def test_every_layer_has_its_product(module: Module) -> None:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            methods = {f.name for f in node.body if isinstance(f, ast.FunctionDef)}
            assert "__call__" not in methods or methods & {"vjp", "pullback"}, f"{module.name}.{node.name}"


def test_every_product_is_tested() -> None:
    text = (ROOT / "tests" / "ops" / "test_vjps.py").read_text(encoding="utf-8")
    products = {name for name in defined_ops() if name.endswith("_vjp")}
    assert len(products) > 20
    assert not {name for name in products if name not in text}
