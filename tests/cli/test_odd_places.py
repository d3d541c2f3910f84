"""Odd places and names, full disks, signals: one clear line, the user's files untouched, nothing left behind."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.cli.conftest import Command, refused, speechless
from tribe_np.pipeline.demo import DemoPaths

pytestmark = pytest.mark.extras
LONG = "y" * 300  # longer than a name may be


def test_events_never_replace_a_file_that_is_no_table(command_here: Command, sound: Path, tmp_path: Path) -> None:
    before = sound.read_bytes()
    assert "was not written by tribe-np events" in refused(command_here("events", sound, "--no-speech", "--out", sound))
    assert sound.read_bytes() == before
    assert "is a folder" in refused(command_here("events", sound, "--no-speech", "--out", tmp_path))
    for _ in range(2):  # an earlier table may go
        assert command_here("events", sound, "--no-speech", "--out", tmp_path / "e.tsv").returncode == 0


def test_events_without_a_cache_warn_that_derived_sound_is_gone(
    command_here: Command, demo: DemoPaths, tmp_path: Path
) -> None:
    done = command_here("events", demo.clip, "--no-speech", "--out", tmp_path / "e.tsv", "--cache", "none")
    assert "no longer exists" in done.stderr


def test_names_that_are_too_long(command_here: Command, demo: DemoPaths, sound: Path, tmp_path: Path) -> None:
    chosen = speechless(demo)
    assert "too long" in refused(command_here("predict", f"{LONG}.mp4", "--out", tmp_path / "o", *chosen))
    for command in ("predict", "features"):
        assert "too long" in refused(command_here(command, sound, "--out", tmp_path / LONG, *chosen))
    assert "too long" in refused(command_here("events", sound, "--no-speech", "--out", tmp_path / LONG))
    assert "too long" in refused(command_here("demo", "--out", tmp_path / LONG))
    assert "too long" in refused(command_here("info", LONG))
    assert "too long" in refused(command_here("predict", sound, "--out", tmp_path / "o", "--checkpoint", LONG))
    longest = tmp_path / ("y" * 255)  # as long as a name may be: the passing name beside it must not be longer
    assert command_here("features", sound, "--out", longest, *chosen).returncode == 0


@pytest.mark.parametrize("option", ["--out", "--cache", "--checkpoint", "--models", "--transcript"])
def test_empty_arguments_are_no_working_folder(command_here: Command, sound: Path, option: str) -> None:
    assert f"{option}: must not be empty" in refused(command_here("predict", sound, "--out", "x", option, ""))


def test_names_that_are_not_utf8(command: Command, command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"bad\xff.mp4")
    shutil.copy(demo.clip, odd)
    assert "not valid UTF-8" in refused(command_here("predict", odd, "--out", tmp_path / "o", *speechless(demo)))
    fine = tmp_path / "gr\u00fc\u00df.mp4"
    shutil.copy(demo.clip, fine)
    done = command(
        "predict", fine, "--out", tmp_path / "o", *speechless(demo), env={"PYTHONIOENCODING": "ascii"}
    )  # a terminal that cannot show the name
    assert done.returncode == 0, done.stderr
    assert r"gr\xfc\xdf.mp4" in done.stdout


def test_a_pipe_is_no_stimulus(command_here: Command, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.wav")
    assert "pipe" in refused(command_here("predict", tmp_path / "a.wav", "--out", tmp_path / "o"))


def test_links_stay_links(command_here: Command, demo: DemoPaths, sound: Path, tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    link.symlink_to(real)  # dangling at first
    for _ in range(2):
        assert command_here("predict", sound, "--out", link, *speechless(demo)).returncode == 0
    assert link.is_symlink()
    assert (real / "run.json").is_file()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_the_working_folder_can_be_the_result(
    command_here: Command, demo: DemoPaths, sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert command_here("predict", sound, "--out", ".", *speechless(demo)).returncode == 0
    assert (tmp_path / "here" / "run.json").is_file()


def test_too_short_a_sound_is_named(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "blip.wav", np.ones(1600) * 0.1, 16000)
    line = refused(command_here("predict", tmp_path / "blip.wav", "--out", tmp_path / "o", *speechless(demo)))
    assert "blip.wav: a sound of 0.1 s is too short" in line


def test_the_transcript_that_is_given_is_used_for_a_text_too(
    command_here: Command, demo: DemoPaths, tmp_path: Path
) -> None:
    text = tmp_path / "a.txt"
    text.write_text("Hello you.")
    if command_here("events", text, "--out", tmp_path / "e.tsv").returncode != 0:
        pytest.skip("espeak-ng is not installed")
    line = refused(command_here("events", text, "--out", tmp_path / "e.tsv", "--transcript", tmp_path / "absent.srt"))
    assert "absent.srt" in line


def test_run_json_names_files_options_and_cache_entries(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    arguments = ["predict", demo.clip, "--out", tmp_path / "o", "--transcript", demo.transcript, "--json"]
    done = command_here(*arguments, "--checkpoint", demo.models / "encoder", "--models", demo.models)
    run = json.loads(done.stdout)
    assert run["command"].startswith(f"predict {demo.clip} --out")
    for name in ("stimulus", "checkpoint", "transcript"):
        assert set(run[name]) >= {"path", "sha256"}
    assert [set(entry) for entry in run["cache_entries"]] == [{"path", "sha256"}] * 3
    assert all(Path(entry["path"]).is_file() for entry in run["cache_entries"])
    assert {"language", "sentences", "threads", "vertices", "cache", "compat", "device"} <= set(run["options"])


@pytest.mark.parametrize("limit", [2_000, 60_000])
@pytest.mark.parametrize("command", ["predict", "features", "events", "demo"])
def test_a_full_disk(demo: DemoPaths, sound: Path, tmp_path: Path, command: str, limit: int) -> None:
    """RLIMIT_FSIZE stands for the disk: writes beyond it fail, at whichever stage comes first."""
    given = [] if command == "demo" else [sound, *(speechless(demo) if command != "events" else ["--no-speech"])]
    if command == "events":
        given[0] = demo.clip  # whose sound track is written first
    out = tmp_path / "out"
    # coverage could not write its own data under the limit either
    env = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")} | {"XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "tribe_np", command, *map(str, given), "--out", str(out)],
        capture_output=True, text=True, timeout=120, check=False, env=env,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    if command == "features" and done.returncode == 0:
        return  # small enough
    line = refused(done)
    assert "disk is full" in line or "cannot be written" in line
    assert command == "demo" or not out.exists()
    assert not [p for p in tmp_path.rglob("*") if ".part" in p.name]


@pytest.mark.parametrize("after", [0.5, 0.8])
def test_termination_cleans_up(demo: DemoPaths, tmp_path: Path, after: float) -> None:
    passing = tmp_path / "tmp"
    passing.mkdir()
    arguments = ["predict", demo.clip, "--out", tmp_path / "out", "--cache", "none", *speechless(demo)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tribe_np", *map(str, arguments)],
        stderr=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(passing)},
    )  # fmt: skip
    time.sleep(after)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode in (143, 0), stderr
    assert process.returncode == 0 or not (tmp_path / "out").exists()
    assert "Traceback" not in stderr
    assert list(passing.iterdir()) == []
