"""docs/api.md holds what the docstrings say, of everything that is public, and its links lead somewhere."""

import ast
import re
from dataclasses import fields

import pytest

import extractors
import tribe_np
from tests.architecture.source import functions
from tools.api_page import PAGE, anchor, docstring, page, signature
from tribe_np.kernels.kernel_set import KernelSet

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_up_to_date() -> None:
    assert page() == TEXT, "run python -m tools.api_page --write"


def test_every_public_name_is_on_it() -> None:
    public = {f"{package.__name__}.{name}" for package in (tribe_np, extractors) for name in package.__all__}
    headings = set(re.findall(r"^### (\S+)$", TEXT, flags=re.M))
    assert public - headings == {"tribe_np.__version__"}
    assert {f"tribe_np.errors.{name}" for name in ("ShapeError", "ConfigError", "MediaError")} <= headings
    assert all(f"\n{field.name}: " in TEXT for field in fields(KernelSet))


def test_its_links_lead_somewhere() -> None:
    headings = [anchor(heading) for heading in re.findall(r"^##+ (.+)$", TEXT, flags=re.M)]
    assert len(set(headings)) == len(headings)
    inside, outside = set(), set()
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        (inside if target.startswith("#") else outside).add(target.lstrip("#"))
    assert inside == set(headings)
    for target in outside:
        path, _, heading = target.partition("#")
        text = (PAGE.parent / path).read_text(encoding="utf-8")
        assert not heading or heading in map(anchor, re.findall(r"^##+ (.+)$", text, flags=re.M)), target


@pytest.mark.parametrize("name", ["op", "Layer"])
def test_columns_keep_their_layout(name: str) -> None:
    source = f'''def {name}(x: "Array", *rest: int, eps: float = 1e-5, mode: str = 'a', **more: bool) -> "Array":
    """What comes out.

    Prose, on
    two lines.
    Shapes   x (B, D) -> (B, D)
             continued

    Raises   nothing
    """
'''
    (function,) = functions(ast.parse(source))
    assert signature(function, name) == (
        f'{name}(x: Array, *rest: int, eps: float = 1e-05, mode: str = "a", **more: bool) -> Array'
    )
    assert docstring(function) == (
        "What comes out.\n\nProse, on\ntwo lines.\n\n```text\nShapes   x (B, D) -> (B, D)\n         continued\n\n"
        "Raises   nothing\n```"
    )
