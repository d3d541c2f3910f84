"""The commands on good input, and how the command as a whole behaves."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tribe_np.cli import main as cli
from tribe_np.errors import TribeError
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.store.cache_version import CACHE_VERSION
from tribe_np.timeline.events import Events

extras = pytest.mark.extras


def models(demo: DemoPaths) -> list[object]:
    return ["--checkpoint", demo.models / "encoder", "--models", demo.models]


def test_help_and_version_need_no_numerical_package() -> None:
    code = (
        "import sys\nfrom tribe_np.cli.main import build_parser\nbuild_parser().format_help()\n"
        "print([m for m in ('numpy', 'scipy', 'nibabel', 'soundfile', 'yaml') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_usage_errors_are_one_line(command: Command) -> None:
    assert "invalid choice: 'fly'" in refused(command("fly"))
    assert "required" in refused(command())
    assert "unrecognized arguments: second.mp4" in refused(command("predict", "a.mp4", "second.mp4", "--out", "x"))
    assert "--threads" in refused(command("predict", "a.mp4", "--out", "x", "--threads", "0"))
    assert "--video-stride: invalid choice: 3 (choose from 1, 2, 4)" in refused(
        command("predict", "a.mp4", "--out", "x", "--video-stride", "3")
    )
    assert "contradicts" in refused(command("predict", "a.mp4", "--out", "x", "--no-speech", "--transcript", "t.srt"))
    assert "contradict" in refused(
        command("predict", "a.mp4", "--out", "x", "--transcriber", "whisperx", "--transcript", "t.srt")
    )
    assert command("--version").stdout.startswith("tribe-np ")


@extras
def test_demo_twice_gives_the_same_bytes(command: Command, tmp_path: Path) -> None:
    saved = []
    for _ in range(2):
        done = command("demo", "--out", tmp_path / "demo", "--seconds", "3", "--threads", "1")
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("random weights") == 2
        saved.append((tmp_path / "demo" / "predictions" / "predictions.npy").read_bytes())
    assert saved[0] == saved[1]
    assert np.load(tmp_path / "demo" / "predictions" / "predictions.npy").shape[1] == 20484
    assert [p.relative_to(tmp_path).parts[1] for p in tmp_path.rglob("predictions.npy")] == ["predictions"]
    fresh = command("demo", "--out", tmp_path / "other", "--seconds", "3", "--threads", "1")
    assert fresh.returncode == 0
    assert (tmp_path / "other" / "predictions" / "predictions.npy").read_bytes() == saved[0]


@extras
def test_predict_a_film_with_a_transcript(command: Command, demo: DemoPaths, tmp_path: Path) -> None:
    done = command(
        "predict", demo.clip, "--out", tmp_path / "out", "--transcript", demo.transcript, "--json", *models(demo)
    )
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    rows = json.loads((tmp_path / "out" / "segments.json").read_text())
    assert list(np.load(tmp_path / "out" / "predictions.npy").shape) == run["shape"] == [len(rows), 20484]
    assert set(rows[0]) == {"row", "start", "duration", "timeline", "n_events"}
    assert run["start_of_row_0"] == rows[0]["start"]
    assert run["hemodynamic_offset"] == 5.0
    assert run["features_version"] == CACHE_VERSION
    assert run == json.loads((tmp_path / "out" / "run.json").read_text())
    events = Events.from_tsv(tmp_path / "out" / "events.tsv")
    assert len(events.of_type("Word")) > 3


@extras
def test_predict_a_sound_and_a_silent_film(command: Command, demo: DemoPaths, tmp_path: Path) -> None:
    sound = tmp_path / "sound.wav"
    from tribe_np.media.ffmpeg import run_ffmpeg
    from tribe_np.media.sound.audio import extract_audio

    extract_audio(demo.clip, sound)
    silent = tmp_path / "silent.mp4"
    run_ffmpeg(["-v", "error", "-i", str(demo.clip), "-an", "-c:v", "copy", str(silent)], path_for_errors=silent)
    for stimulus, extra in ((sound, ["--no-speech"]), (silent, [])):
        done = command("predict", stimulus, "--out", tmp_path / stimulus.stem, "--quiet", *extra, *models(demo))
        assert done.returncode == 0, done.stderr
        assert np.load(tmp_path / stimulus.stem / "predictions.npy").shape[1] == 20484
    assert "no sound" in done.stderr
    assert "video, chunk" not in done.stderr


@extras
def test_predict_a_text(command: Command, demo: DemoPaths, tmp_path: Path) -> None:
    from shutil import which

    if which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    text = tmp_path / "a.txt"
    spoken = "The red balloon drifts over the town. It didn't stop!"
    text.write_text(spoken)
    done = command("predict", text, "--out", tmp_path / "out", *models(demo))
    assert done.returncode == 0, done.stderr
    words = [e.text for e in Events.from_tsv(tmp_path / "out" / "events.tsv").of_type("Word")]
    assert words == spoken.split()


@extras
def test_events_and_features_alone(command: Command, demo: DemoPaths, tmp_path: Path) -> None:
    done = command("events", demo.clip, "--out", tmp_path / "e.tsv", "--transcript", demo.transcript, "--cache", "none")
    assert done.returncode == 0, done.stderr
    assert "1 Audio" in done.stdout
    assert len(Events.from_tsv(tmp_path / "e.tsv").of_type("Video")) == 1
    done = command("features", demo.clip, "--out", tmp_path / "f", "--transcript", demo.transcript, *models(demo))
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "f" / "text.npz") as text:
        assert text["features"].ndim == 3
        assert text["features"].shape[-1] == text["times"].shape[0]
        assert np.allclose(np.diff(text["times"]), 0.5)


@extras
def test_info_of_a_checkpoint_and_an_extractor(command: Command, demo: DemoPaths) -> None:
    told = json.loads(command("info", demo.models / "encoder", "--json").stdout)
    assert told["kind"] == "brain encoder"
    assert told["n_outputs"] == 20484
    assert list(told["feature_dims"]) == ["text", "audio", "video"]
    lines = command("info", demo.models / "text").stdout
    assert "kind: extractor (llama)" in lines
    assert "parameters: " in lines


@extras
def test_models_come_from_the_environment(command: Command, demo: DemoPaths, tmp_path: Path) -> None:
    done = command(
        "predict", demo.clip, "--out", tmp_path / "out", "--no-speech", "--checkpoint", demo.models / "encoder",
        env={"TRIBE_NP_MODELS": str(demo.models)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@extras
def test_without_a_checkpoint_the_error_names_demo_and_download(
    command: Command, demo: DemoPaths, tmp_path: Path
) -> None:
    line = refused(command("predict", demo.clip, "--out", tmp_path / "out"))
    assert "tribe-np demo" in line
    assert "tribe-np download" in line
    assert not (tmp_path / "out").exists()


@extras
@pytest.mark.parametrize("after", [0.05, 0.6, 1.2, 2.0])
def test_ctrl_c_at_any_stage_leaves_nothing(demo: DemoPaths, tmp_path: Path, after: float) -> None:
    arguments = [
        "predict", demo.clip, "--out", tmp_path / "out", "--no-speech", "--cache", tmp_path / "cache", *models(demo)
    ]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "tribe_np", *map(str, arguments)], stderr=subprocess.PIPE, text=True
    )
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    if process.returncode == 0:  # it had finished: then everything is there
        assert (tmp_path / "out" / "run.json").is_file()
        return
    if after > 0.5:  # before that, Python itself may still be starting
        assert process.returncode == 130, stderr
        assert "Traceback" not in stderr
    assert not (tmp_path / "out").exists()
    assert not [p for p in tmp_path.rglob("*") if "partial" in p.name]


def run_main(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    from tribe_np.cli import info

    def fail(_: object) -> int:
        raise error

    monkeypatch.setattr(info, "execute", fail)
    return cli.main(["info", "x"])


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (TribeError("two\nlines"), 2, "tribe-np: error: two lines\n"),
        (KeyboardInterrupt(), 130, "tribe-np: interrupted\n"),
        (OSError(28, "No space left on device", "x.npy"), 2, "the disk is full while writing x.npy"),
        (MemoryError(), 2, "not enough memory"),
    ],
)
def test_errors_become_exit_codes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    assert run_main(monkeypatch, error) == code
    assert said in capsys.readouterr().err


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="odd"):
        run_main(monkeypatch, OSError(5, "odd"))
    with pytest.raises(ZeroDivisionError):
        run_main(monkeypatch, ZeroDivisionError())


@extras
def test_a_closed_pipe_ends_quietly(demo: DemoPaths) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tribe_np", "info", str(demo.models / "encoder")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    assert "Traceback" not in process.communicate(timeout=60)[1]
