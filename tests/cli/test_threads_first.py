"""Threads, and the code that BLAS takes, are set before NumPy is imported: later it would not hear of it."""

import subprocess
import sys
from pathlib import Path

import pytest

CHILD = """
import sys
from tribe_np.machine import threads

def seen(n):
    print("numpy" in sys.modules, flush=True)
    raise SystemExit(0)

threads.set_threads = seen
from tribe_np.cli.main import main

main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    "command",
    [
        "modalities FOLDER",
        "networks FOLDER",
        "evaluate FOLDER x.npy",
        "contrast FOLDER a",
        "sensitivity FOLDER --roi V1",
        "oracle dump --model encoder",
        "oracle compare FOLDER FOLDER",
        "oracle budget",
    ],
)
def test_it_comes_first(command: str, tmp_path: Path) -> None:
    words = [str(tmp_path) if word == "FOLDER" else word for word in command.split()]
    others = {"oracle budget": "--write", "oracle compare FOLDER FOLDER": "--html"}
    out = others.get(command, "--out")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *words, out, str(tmp_path / "out")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == "False\n", done.stderr
