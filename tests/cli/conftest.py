"""The command as a user runs it, with a small demo beside it: in a child process, or in this one, which is faster."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tribe_np.cli.main import main
from tribe_np.pipeline.demo import DemoPaths, make_demo
from tribe_np.pipeline.progress import Silent

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoPaths:
    """Models, film (4 s) and transcript."""
    paths, _ = make_demo(tmp_path_factory.mktemp("demo") / "demo", seconds=4, seed=0, progress=Silent())
    return paths


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs tribe-np with a home of its own and returns the finished process."""

    def run(*arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        home = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("TRIBE_NP", "HF_"))}
        return subprocess.run(
            [sys.executable, "-m", "tribe_np", *map(str, arguments)],
            capture_output=True, text=True, timeout=120, check=False, env=clean | home | (env or {}),
        )  # fmt: skip

    return run


@pytest.fixture
def command_here(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """`command` without the child: for what does not depend on signals, encodings or a fresh interpreter."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in [n for n in os.environ if n.startswith(("TRIBE_NP", "HF_"))]:
        monkeypatch.delenv(name)

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        given = [str(argument) for argument in arguments]
        try:
            code = main(given)
        except SystemExit as done:  # what argparse refuses
            code = int(done.code or 0)
        out, err = capfd.readouterr()
        return subprocess.CompletedProcess(given, code, out, err)

    return run


def refused(process: subprocess.CompletedProcess[str]) -> str:
    """Checks the contract of bad input (exit code 2, one line with `error:`, no traceback) and returns the line."""
    lines = [line for line in process.stderr.splitlines() if "error:" in line]
    assert process.returncode == 2, process.stderr
    assert len(lines) == 1, process.stderr
    assert "Traceback" not in process.stderr
    return lines[0]


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """Two seconds of noise."""
    path = tmp_path / "sound.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 32000), 16000)
    return path


def speechless(demo: DemoPaths) -> list[object]:
    """Options for a run without words on the demo's models."""
    return ["--no-speech", "--checkpoint", demo.models / "encoder", "--models", demo.models]
