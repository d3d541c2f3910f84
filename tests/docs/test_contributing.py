"""CONTRIBUTING.md by the letter: its model and its kernel are added to a copy of the checkout, and pass the tests."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.extractors.test_catalogue import GIVEN

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"^ *`(?P<file>[\w/.]+)`\n|^(?P<indent> *)```(?P<kind>python|diff)\n(?P<text>.*?)^(?P=indent)```$",
    flags=re.M | re.S,
)


def section(title: str) -> str:
    """The text below a heading."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def apply(title: str, checkout: Path) -> set[str]:
    """Does what a section says: whole files are written, differences made in place; the files that were touched."""
    file, touched = "", set()
    for match in BLOCK.finditer(section(title)):
        if match["file"]:
            file = match["file"]
        elif file:
            do = write if match["kind"] == "python" else change
            do(checkout / file, textwrap.dedent(match["text"]))
            touched.add(file)
    return touched


def write(path: Path, text: str) -> None:
    assert not path.exists(), f"{path} is there already"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def change(path: Path, difference: str) -> None:
    """Lines that start with + are new; those around them say where."""
    lines = difference.splitlines()
    before = "\n".join(line[1:] for line in lines if not line.startswith("+"))
    after = "\n".join(line[1:] for line in lines if not line.startswith("-"))
    source = path.read_text(encoding="utf-8")
    assert source.count(before) == 1, f"{path} holds these lines {source.count(before)} times:\n{before}"
    path.write_text(source.replace(before, after), encoding="utf-8")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the sources and tests."""
    for name in ("tribe_np", "extractors", "tests"):
        unwanted = shutil.ignore_patterns("__pycache__", "golden")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=unwanted)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def passes(checkout: Path, *arguments: str) -> None:
    """The tests of the copy, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "NUMBA_CACHE_DIR": str(checkout / "numba")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert re.search(r"\d+ passed", done.stdout)


def test_the_model_of_the_recipe(checkout: Path) -> None:
    touched = apply("Add a model", checkout)
    assert len([name for name in touched if name.startswith("extractors/bands/")]) == 6
    assert {name for name in touched if "bands" not in name} == {"extractors/catalogue.py"}, "one folder, one record"
    house = [f"tests/architecture/test_{name}.py" for name in ("imports", "sizes", "catalogue")]
    about = ("tests/extractors/bands", "tests/extractors/test_catalogue.py", *house)
    passes(checkout, *about, "-k", "bands or no_cycle or listed_twice or costs_nothing")


def test_the_kernel_of_the_recipe(checkout: Path) -> None:
    assert len(apply("Add a kernel", checkout)) == 4
    passes(checkout, "tests/kernels/test_contract.py", "-k", "relu or has_a_case")
    change(checkout / "tribe_np/kernels/loops.py", "-    zero = x.dtype.type(0)\n+    zero = x.dtype.type(1)\n")
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        passes(checkout, "tests/kernels/test_contract.py", "-k", "relu and loops and values", "-x")


def test_the_export_format_of_the_recipe(checkout: Path) -> None:
    assert len(apply("Add an export format", checkout)) == 2
    house = [f"tests/architecture/test_{name}.py" for name in ("imports", "sizes")]
    exports = ["tests/outputs/exports/test_export_files.py", "tests/cli/test_export.py"]
    passes(checkout, *exports, *house, "-m", "not atlas and not extras", "-k", "mat or help")


def test_the_parcellation_of_the_recipe(checkout: Path) -> None:
    assert len(apply("Add a parcellation by name", checkout)) == 5
    passes(checkout, "tests/cortex/parcellations/test_parcellation_sources.py", "-k", "names or nowhere")


def test_the_table_says_what_the_pipeline_gives() -> None:
    for reads, (n_places, names) in GIVEN.items():
        (places, given) = re.search(rf'^\| `"{reads}"` \| `f\((.*?), \*, (.*?)\)`', PAGE, flags=re.M).groups()
        assert len(places.split(", ")) == n_places, reads
        assert set(given.split(", ")) == names, reads


def test_the_commands_of_the_page_exist() -> None:
    tox = (ROOT / "tox.ini").read_text(encoding="utf-8")
    environments = {name for names in re.findall(r"tox run -e ([\w,]+)", PAGE) for name in names.split(",")}
    assert environments
    assert all(f"[testenv:{name}]" in tox for name in environments)
    for module in re.findall(r"python -m (tools\.[\w.]+)", PAGE):
        base = ROOT.joinpath(*module.split("."))
        assert base.with_suffix(".py").exists() or (base / "__main__.py").exists(), module
    folders = set(re.findall(r"\b(?:tests|docs|tools|extractors|tribe_np)/[\w/.]+", PAGE))
    made = re.compile("bands|matlab_files")  # by the recipes
    missing = {name for name in folders if not made.search(name) and not (ROOT / name.rstrip("./")).exists()}
    assert not missing
    markers = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f'"{mark}: ' in markers for mark in ("extras", "parity", "transcribe", "gpu"))
