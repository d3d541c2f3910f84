"""Who may import whom: the one direction of the house, checked on the syntax trees."""

import ast
import sys
from graphlib import TopologicalSorter

import pytest

from tests.architecture.source import PRODUCT, Module, imported_names, modules, own_imports

EVERYWHERE = {"errors", "protocols", "optional", "card", "shown", "settings", "files"}
MODEL_FLOOR = {"nn", "ops", "kernels", "backend", "runtime", "timeline", "formats"}
RESULT_FLOOR = {"timeline", "formats", "cortex"}
ALLOWED = {
    "__main__": {"cli"},
    "batch": {"pipeline", "outputs", "timeline", "machine"},
    "berg": {"pipeline", "cortex", "timeline"},
    "cli": {"pipeline", "batch", "oracle", "formats", "outputs", "analysis", "plots", "cortex", "machine"},
    "pipeline": {
        "extractors", "encoder", "media", "formats", "timeline", "outputs", "analysis", "plots", "cortex", "kernels",
        "backend", "runtime", "machine", "nn.context", "nn.stages",
    },
    "extractors": MODEL_FLOOR,
    "encoder": MODEL_FLOOR,
    "media": {"timeline"},
    "formats": set(),
    "timeline": set(),
    "nn": {"kernels", "ops", "backend"},
    "kernels": {"ops", "backend"},
    "ops": {"backend"},
    "cortex": {"formats"},
    "outputs": RESULT_FLOOR,
    "analysis": RESULT_FLOOR,
    "plots": RESULT_FLOOR | {"media", "outputs", "analysis"},
    "oracle": MODEL_FLOOR | {"encoder", "extractors", "pipeline", "media", "outputs"},
    "backend": set(),
    "runtime": {"kernels", "backend"},
    "errors": set(),
    "protocols": set(),
    "optional": set(),
    "card": {"shown"},
    "shown": set(),
    "settings": set(),
    "files": set(),
    "machine": set(),
}  # fmt: skip
CORE = {"numpy", "scipy", "safetensors", "yaml", "nibabel", "soundfile"}


def layer(name: str) -> str:
    """The row of the table that a dotted module name belongs to; "" for the bare tribe_np package."""
    parts = name.split(".")
    if parts[0] == "extractors":
        return "extractors"
    return parts[1] if len(parts) > 1 else ""


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_a_file_imports_only_what_its_layer_may(module: Module) -> None:
    here = layer(module.name)
    if here == "":
        assert own_imports(module) == set(), "tribe_np/__init__ imports nothing"
        return
    assert here in ALLOWED, f"a new folder needs a row in the table: {here}"
    for name in own_imports(module):
        there = layer(name)
        fine = there in {here, ""} | EVERYWHERE | ALLOWED[here] or name.removeprefix("tribe_np.") in ALLOWED[here]
        assert fine, f"{module.name} ({here}) imports {name}"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_an_extractor_imports_no_other(module: Module) -> None:
    if layer(module.name) != "extractors" or module.name == "extractors":  # whose public names the catalogue lists
        return
    mine = module.name.split(".")[1:2]
    for name in own_imports(module):
        if name.startswith("extractors."):
            assert name.split(".")[1:2] in (mine, ["common"]), f"{module.name} imports {name}"


def test_public_names_lead_to_modules_of_the_product() -> None:
    (package,) = (module for module in modules() if module.name == "tribe_np")
    values = {node.value for node in ast.walk(package.tree) if isinstance(node, ast.Constant)}
    targets = {v for v in values if isinstance(v, str) and v.startswith(PRODUCT) and " " not in v and "." in v}
    assert targets
    assert all(layer(target) in ALLOWED for target in targets)


def test_the_table_has_no_cycle() -> None:
    TopologicalSorter({row: {name.split(".")[0] for name in names} for row, names in ALLOWED.items()}).prepare()


def test_no_cycle_between_files() -> None:
    packages = {module.name for module in modules() if module.is_package}
    TopologicalSorter({module.name: own_imports(module) - packages - {module.name} for module in modules()}).prepare()


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_other_packages_are_core_or_come_through_require(module: Module) -> None:
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for name in imported_names(module, node):
                root = name.split(".")[0]
                assert root in {*CORE, *PRODUCT} or root in sys.stdlib_module_names, (
                    f"{module.name} line {node.lineno} imports {root}: optional packages come through require()"
                )


def test_the_core_packages_are_the_declared_dependencies() -> None:
    import tomllib

    from tests.architecture.source import ROOT

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {name.split(">")[0].replace("pyyaml", "yaml") for name in declared} == CORE
