"""docs/bring-your-port.md: its commands are run in a fresh folder, and say what the page says they say."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.oracle.compilers import compiler
from tribe_np.cli.main import main

pytestmark = pytest.mark.compilers
ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "bring-your-port.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def steps(block: str) -> list[tuple[str, list[str]]]:
    """Each command of a block, and the lines that it prints."""
    found: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def without_numbers(line: str) -> str:
    """The line, with # for each number that another machine's arithmetic may change."""
    return re.sub(r"\d[\d.]*(e[-+]\d+)?", "#", line)


def test_the_five_commands_and_the_failing_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(Path(__file__).with_name("attention.c"), tmp_path)
    codes = []
    for command, told in [step for block in BLOCKS for step in steps(block)]:
        if command.startswith("pip "):
            continue
        if command.startswith("tribe-np "):
            codes.append(main(shlex.split(command)[1:]))
            printed = capsys.readouterr().out.splitlines()
            assert list(map(without_numbers, printed[: len(told)])) == list(map(without_numbers, told)), command
        else:
            subprocess.run(["sh", "-c", command.replace("cc ", compiler("cc", "gcc") + " ", 1)], check=True)
    assert codes == [0, 0, 3]


def test_the_first_block_has_five_commands() -> None:
    assert len(steps(BLOCKS[0])) == 5
