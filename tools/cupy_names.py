"""Writes the list of CuPy's public top-level names that the dialect check and the fake device go by.

    python -m tools.cupy_names FOLDER [--version V]

FOLDER is an installed or unpacked CuPy: the folder that holds `cupy/__init__.py`. The file is read, not imported,
so that no CUDA is needed. The list is committed: tests/architecture/cupy_names.txt.
"""

import argparse
import ast
from collections.abc import Iterator
from pathlib import Path

from tools.places import ROOT

LIST = ROOT / "tests" / "architecture" / "cupy_names.txt"


def public_names(source: str) -> list[str]:
    """Names that a module defines or imports at its top level, other than private ones, sorted."""
    return sorted({name for name in _bound(ast.parse(source).body) if not name.startswith("_")})


def _bound(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, (ast.If, ast.Try)):
            yield from _bound(node.body + node.orelse)


def main() -> None:
    """Reads the package and writes the list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--version", default="unknown", help="recorded in the first line")
    options = parser.parse_args()
    names = public_names((options.folder / "cupy" / "__init__.py").read_text(encoding="utf-8"))
    LIST.write_text(f"# public names of cupy {options.version}, by tools/cupy_names.py\n" + "\n".join(names) + "\n")
    print(f"{LIST}: {len(names)} names")


if __name__ == "__main__":
    main()
