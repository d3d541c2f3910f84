"""The walks of docs/architecture.md: the page says what the tool finds, and no walk is long or goes back."""

import ast
import doctest
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.architecture.source import ROOT, functions, modules
from tools import walks as tool
from tools.page import placed

PACKAGE = {  # each file knows the others by their last names
    "tribe_np/pipeline/start.py": """
def run():
    near.first()
    far.only()
""",
    "tribe_np/pipeline/near.py": """
def first(): helper()
def helper(): pass
def second(): pass
""",
    "tribe_np/pipeline/far.py": """
def only():
    norm.one()
    probe.probe()
    progress.note_it()
    norm.two()
    check_run()
def check_run(): memory.guess()
""",
    "tribe_np/pipeline/progress.py": "def note_it(): pass",
    "tribe_np/pipeline/memory.py": "def guess(): pass",
    "tribe_np/ops/norm.py": "def one(): pass\ndef two(): pass",
    "tribe_np/media/film/probe.py": "def probe(): header.parse()",
    "tribe_np/media/film/header.py": "def parse(): pass",
}
NOT_COUNTED = re.compile(r"\d+(?= behind doors| that carry| for what| in all)")  # differs between machines


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """A little product of its own: `house("tribe_np/ops/norm.py")` is a module of it."""
    made: dict[str, ModuleType] = {}
    for name, text in PACKAGE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        made[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made[name])
    for module in made.values():
        vars(module).update({other.__name__: other for other in made.values()} | vars(module))
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    return lambda name: made[name]


def test_a_call_is_sorted_by_what_it_is_for(house: Callable[[str], ModuleType]) -> None:
    with tool.watched("word") as walk:
        house("tribe_np/pipeline/start.py").run()
    assert list(walk.files) == [
        "tribe_np/pipeline/start.py", "tribe_np/pipeline/near.py", "tribe_np/pipeline/far.py", "tribe_np/ops/norm.py",
        "tribe_np/media/film/probe.py",
    ]  # fmt: skip
    assert walk.files["tribe_np/pipeline/near.py"].entered == ["first"]
    assert walk.files["tribe_np/ops/norm.py"].caller == "tribe_np/pipeline/far.py"
    assert walk.others["behind doors"] == {"tribe_np/media/film/header.py"}
    assert walk.others["that carry the run"] == {"tribe_np/pipeline/progress.py"}
    assert walk.others["for what is done on the side"] == {"tribe_np/pipeline/memory.py"}
    assert walk.faults == []
    assert walk.n_all == len(PACKAGE)


def test_a_walk_that_goes_back_says_where(house: Callable[[str], ModuleType]) -> None:
    near = house("tribe_np/pipeline/near.py")
    with tool.watched("word") as walk:
        near.first()
        near.helper()
        house("tribe_np/pipeline/far.py").only()
        near.first()  # read already
        near.second()
    assert walk.faults == ["word: goes back to tribe_np/pipeline/near.py for second, called in "]


def test_a_rule_that_is_looked_up_opens_no_file(
    house: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "RULES", {("tribe_np/pipeline/near.py", "second")})
    near, far = house("tribe_np/pipeline/near.py"), house("tribe_np/pipeline/far.py")
    with tool.watched("word") as walk:
        near.second()
        far.only()
        near.first()
        near.second()
    assert next(iter(walk.files)) == "tribe_np/pipeline/far.py"
    assert walk.files["tribe_np/pipeline/near.py"].entered == ["first"]
    assert walk.faults == []


def test_a_door_that_others_go_round_is_none(house: Callable[[str], ModuleType]) -> None:
    with tool.watched("word") as walk:
        house("tribe_np/media/film/probe.py").probe()
        house("tribe_np/media/film/header.py").parse()
    (fault,) = walk.faults
    assert "header.py lies behind the door tribe_np/media/film/probe.py and on the way" in fault


def test_a_long_walk_is_a_fault() -> None:
    walk = tool.Walk("sound", {str(n): tool.Opened(str(n)) for n in range(tool.MOST + 1)})
    assert walk.faults == ["sound: 26 files, at most 25 are wanted"]


def test_the_tables_name_what_there_is() -> None:
    for path in [*tool.CARRY, *(door for door, _ in tool.DOORS), *tool.DICTIONARY]:
        assert (ROOT / path).exists(), f"{path} is no file or folder; tools/walks.py names it"
    named = {function.name for module in modules() for function in functions(module.tree)}
    beside = [name for names in tool.BESIDE.values() for name in names]
    assert not {*tool.ASIDE, *beside} - named
    for path, name in tool.RULES:
        assert name in {f.name for f in functions(ast.parse((ROOT / path).read_text(encoding="utf-8")))}
    for path, name in tool.DOORS:
        (door,) = (f for f in functions(ast.parse((ROOT / path).read_text(encoding="utf-8"))) if f.name == name)
        assert len(ast.get_docstring(door) or "") > 100, f"{name}: its docstring must be enough to read on"


def test_the_map_names_every_room() -> None:
    page = tool.PAGE.read_text(encoding="utf-8")
    folders = {path.parent for top in ("tribe_np", "extractors", "tools") for path in (ROOT / top).rglob("*.py")}
    rooms = {str(folder.relative_to(ROOT)) for folder in folders}
    assert not {room for room in rooms if f"`{room}`" not in page}


def test_the_numbers_by_hand_are_right() -> None:
    done = doctest.testfile(str(tool.PAGE), module_relative=False)
    assert (done.failed, done.attempted > 10) == (0, True)


@pytest.mark.extras
def test_the_page_says_what_the_tool_finds() -> None:
    command = [sys.executable, "-m", "tools.walks"]  # a process of its own: what is remembered is not called again
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    page = tool.PAGE.read_text(encoding="utf-8")
    said, found = (NOT_COUNTED.sub("n", text) for text in (page, placed(page, "walks", done.stdout.rstrip())))
    assert said == found, "run python -m tools.walks --write"
