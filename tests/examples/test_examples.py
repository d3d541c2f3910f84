"""The examples run as a reader runs them, print what they say they print, and notice numbers that disagree."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.architecture.source import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
OF_AN_EXTRA = "numba: largest error"  # a line that is printed where the extra is installed


def quoted(path: Path) -> list[str]:
    """The indented lines of the module's docstring: what it says that it prints."""
    text = path.read_text(encoding="utf-8").split('"""')[1]
    return [line[4:] for line in text.splitlines() if line.startswith("    ")]


def without_numbers(lines: list[str]) -> list[str]:
    """Lines to compare on any machine: rounding differs, and so do the last digits."""
    shown = [re.sub(r"\d+(\.\d+)?(e[+-]?\d+)?", "0", line) for line in lines]
    return [line for line in shown if not line.startswith(OF_AN_EXTRA)]


def loaded(name: str) -> ModuleType:
    """A fresh copy of an example's module, for a test to spoil."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_what_its_header_quotes(path: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-W", "ignore::ResourceWarning", path]  # a model's folder goes at exit
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert len(quoted(path)) > 3
    assert without_numbers(done.stdout.splitlines()) == without_numbers(quoted(path))
    assert not list(tmp_path.iterdir()), "an example leaves no files"


def scores_times_two(query: np.ndarray, *arguments: Any, **options: Any) -> Any:
    return loaded("trace_one_head").one_head(2 * query, *arguments, **options)


@pytest.mark.parametrize(
    ("name", "function", "spoiled"),
    [
        ("trace_one_head", "one_head", scores_times_two),
        ("own_features", "windows_by_hand", lambda features: np.zeros((3, 2, 24, 20))),
        ("compare_kernels", "own_gelu", lambda x: x),
        ("compare_kernels", "tanh_gelu", loaded("compare_kernels").own_gelu),  # no mistake to be found
    ],
)
def test_an_example_fails_where_numbers_disagree(name: str, function: str, spoiled: Any) -> None:
    example = loaded(name)
    setattr(example, function, spoiled)
    with pytest.raises(SystemExit, match=r"not|disagree"):
        example.main()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 130
