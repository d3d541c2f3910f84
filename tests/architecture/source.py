"""The product's source as syntax trees, for the house checks."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PRODUCT = ("tribe_np", "extractors")


@dataclass(frozen=True)
class Module:
    """One parsed file."""

    name: str  # dotted, "tribe_np.ops.norm"; a package's __init__ carries the package's name
    path: Path
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"


@cache
def modules() -> tuple[Module, ...]:
    """Every file of the product, by name."""
    found = []
    for package in PRODUCT:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found.append(Module(name, path, ast.parse(path.read_text(encoding="utf-8"))))
    return tuple(found)


def imported_names(module: Module, node: ast.AST) -> list[str]:
    """Dotted names that an import statement, or an import_module / require call with a literal, brings in."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            package = module.name.split(".") if module.is_package else module.name.split(".")[:-1]
            package = package[: len(package) - node.level + 1]
            base = ".".join([*package, *([node.module] if node.module else [])])
        return [f"{base}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "import_module":
        return [arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    return []


def own_imports(module: Module) -> set[str]:
    """Modules of the product that a file imports anywhere in it."""
    known = {other.name for other in modules()}
    found = set()
    for node in ast.walk(module.tree):
        for name in imported_names(module, node):
            if name.split(".")[0] in PRODUCT:
                while name not in known and "." in name:
                    name = name.rpartition(".")[0]
                found.add(name)
    return found


def functions(tree: ast.AST) -> list[ast.FunctionDef]:
    """All functions and methods."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
