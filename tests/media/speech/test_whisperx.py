"""whisperX behind its interface: a stand-in executable on PATH checks the call and returns recorded output."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tribe_np.errors import MediaError, MissingDependencyError
from tribe_np.media.child_process import last_useful_line, run_child
from tribe_np.media.speech import faster_whisper
from tribe_np.media.speech.transcriber import Transcriber, find_transcriber
from tribe_np.media.speech.whisperx import WhisperX
from tribe_np.media.transcripts.transcript import Word

RECORDED = {"segments": [{"text": " Bonjour !", "words": [{"word": "Bonjour", "start": 0.5, "end": 1.0}]}]}
STAND_IN = """#!{python}
import json, os, sys
from collections.abc import Callable
from pathlib import Path
here = Path(__file__).parent
(here / "called.json").write_text(json.dumps({{"arguments": sys.argv, "backend": os.environ.get("MPLBACKEND")}}))
arguments = sys.argv[1:]
if Path(__file__).name == "uvx":
    assert arguments.pop(0) == "whisperx"
folder = Path(arguments[arguments.index("--output_dir") + 1])
{body}
"""
ANSWER = '(folder / (Path(arguments[0]).stem + ".json")).write_text((here / "recorded.json").read_text())'
ENGLISH = ["--align_model", "WAV2VEC2_ASR_LARGE_LV60K_960H"]


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "whisperx", body: str = ANSWER) -> Path:
    """An executable called `name`, alone on PATH."""
    script = folder / name
    script.write_text(STAND_IN.format(python=sys.executable, body=body))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    (folder / "recorded.json").write_text(json.dumps(RECORDED | {"language": "fr"}))
    monkeypatch.setenv("PATH", str(folder))
    return script


def no_whisper() -> Transcriber:
    raise AssertionError("faster-whisper was not to be opened")


def find_whisperx(name: str | None = "whisperx", **how: bool) -> Transcriber:
    return find_transcriber(name, open_whisper=no_whisper, **how)


def called(folder: Path) -> list[str]:
    found = json.loads((folder / "called.json").read_text())
    assert found["backend"] is None
    arguments = list(found["arguments"])
    position = arguments.index("--output_dir") + 1
    assert not Path(arguments[position]).exists()  # temporary, and gone
    arguments[position] = "OUT"
    return arguments


@pytest.mark.parametrize("name", ["whisperx", "uvx"])
def test_the_call_and_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    script = stand_in(tmp_path, monkeypatch, name)
    monkeypatch.setenv("MPLBACKEND", "module://nothing")
    engine = find_whisperx()
    transcript = engine.transcribe(tmp_path / "talk.one.wav", "french")
    assert engine.name == "whisperx"
    assert transcript.words == (Word("Bonjour", 0.5, 1.0, 0, " Bonjour !"),)
    assert transcript.language == "fr"
    assert transcript.source.endswith("talk.one.wav")
    assert called(tmp_path) == [
        *([str(script)] if name == "whisperx" else [str(script), "whisperx"]), str(tmp_path / "talk.one.wav"),
        "--model", "large-v3", "--language", "fr", "--device", "cpu", "--compute_type", "int8", "--batch_size", "16",
        "--output_dir", "OUT", "--output_format", "json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("english", ["--language", "en", "--device", "cpu", "--compute_type", "int8", "--batch_size", "16", *ENGLISH]),
        ("sw", ["--language", "sw", "--device", "cpu", "--compute_type", "int8", "--batch_size", "16"]),
        ("German", ["--language", "de", "--device", "cpu", "--compute_type", "int8", "--batch_size", "16"]),
        (None, ["--device", "cpu", "--compute_type", "int8", "--batch_size", "16"]),
    ],
)
def test_languages(language: str | None, expected: list[str]) -> None:
    arguments = WhisperX(("whisperx",)).arguments(Path("/a.wav"), language, "OUT")
    assert arguments == ["whisperx", "/a.wav", "--model", "large-v3", *expected, "--output_dir", "OUT", *arguments[-2:]]


def test_on_a_gpu() -> None:
    arguments = WhisperX(("whisperx",), device="cuda").arguments(Path("-a.wav"), "en", "OUT")
    assert arguments[1].startswith("/")  # a name that begins with a dash is no option
    assert arguments[arguments.index("--device") + 1] == "cuda"
    assert arguments[arguments.index("--compute_type") + 1] == "float16"


def test_upstream_is_always_through_uvx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "whisperx")
    with pytest.raises(MissingDependencyError):
        find_whisperx(None, upstream=True)
    stand_in(tmp_path, monkeypatch, "uvx")
    engine = find_whisperx(upstream=True)
    assert engine.transcribe(tmp_path / "talk.wav", None).words[0].text == "Bonjour"
    assert called(tmp_path)[8:14] == ["cpu", "--compute_type", "float16", "--batch_size", "16", "--align_model"]


def test_none_installed_says_the_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(faster_whisper, "is_installed", lambda: False)
    with pytest.raises(MissingDependencyError) as caught:
        find_whisperx(None)
    message = str(caught.value)
    ways = ('pip install "tribe_np[transcribe]"', "--transcript FILE", "--no-speech")
    assert [message.index(way) for way in ways] == sorted(message.index(way) for way in ways)
    assert "\n" not in message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "sys.exit('Traceback:\\nValueError: float16 refused\\n  bye')",
            r"exit code 1\): ValueError: float16 refused;",
        ),
        ("sys.exit(7)", r"exit code 7\): it printed nothing; otherwise give the words with --transcript"),
        ("pass", "finished without writing a transcript"),
        ("(folder / 'talk.json').write_text('{')", r"talk\.json: line 1: not JSON"),
    ],
)
def test_failures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, message: str) -> None:
    stand_in(tmp_path, monkeypatch, body=body)
    with pytest.raises((MediaError, ValueError), match=message) as caught:
        find_whisperx().transcribe(tmp_path / "talk.wav", "english")
    assert "\n" not in str(caught.value)


def test_the_last_useful_line() -> None:
    assert last_useful_line(b"Error: no model\rprogress 3%\r\n\n  done \xff\n") == "Error: no model"
    assert last_useful_line(b"one\ntwo\n\n") == "two"


def test_a_program_that_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="whisperx cannot be started"):
        run_child([str(tmp_path / "none")], name="whisperx")


INTERRUPTED = """
import signal, sys
from tribe_np.media.child_process import run_child
signal.signal(signal.SIGINT, signal.default_int_handler)  # a suite run in the background inherits it ignored
run_child([sys.executable, "-c", {child!r}], name="sleeper")
"""
CHILD = """
import os, subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({path!r} + ".part", "w").write(f"{{os.getpid()}} {{grandchild.pid}}")
os.rename({path!r} + ".part", {path!r})
time.sleep(60)
"""


def test_interrupting_kills_the_child_and_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = INTERRUPTED.format(child=CHILD.format(path=str(pids)))
    parent = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    wait_until(pids.exists)
    parent.send_signal(signal.SIGINT)
    parent.wait(20)
    for pid in map(int, pids.read_text().split()):
        wait_until(lambda pid=pid: not is_running(pid))


def wait_until(done: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not done():
        assert time.monotonic() < limit
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Whether a process runs; one that ended and waits to be collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return not state.strip().startswith("Z") and bool(state.strip())
