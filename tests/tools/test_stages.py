"""Every stage of the reference tools can be dumped and compared, seen without the packages that they run."""

import ast

import pytest

from tests.architecture.source import ROOT
from tools.dump_reference import STAGES


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_dumped_and_compared(stage: str) -> None:
    tree = ast.parse((ROOT / "tools" / "reference" / f"{stage}.py").read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {"dump", "compare"} <= functions
