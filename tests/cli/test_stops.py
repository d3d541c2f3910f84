"""Signals: unwound wherever they come, once, and not at all where they are ignored."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.cli.conftest import Command, refused

START = """
import os, signal, sys, time
from tribe_np.cli.stops import STOPS
STOPS.watch()
"""


def child(body: str, folder: Path, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs a program whose signals are watched; where it is stopped, it says so."""
    code = START + textwrap.dedent(body)
    path = os.pathsep.join([*sys.path, str(folder)])
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"PYTHONPATH": path}, **options,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("number", "word", "code"),
    [(signal.SIGINT, "interrupted", 130), (signal.SIGTERM, "terminated", 143), (signal.SIGHUP, "terminated", 129)],
)
def test_each_unwinds_and_has_its_word(tmp_path: Path, number: int, word: str, code: int) -> None:
    done = child(
        f"""
        try:
            os.kill(os.getpid(), {int(number)})
            time.sleep(5)
        except KeyboardInterrupt:
            os.kill(os.getpid(), {int(number)})  # `timeout` sends one to us and one to our group
            time.sleep(0.1)
            print(STOPS.word, STOPS.code)
        """,
        tmp_path,
    )
    assert (done.stdout, done.stderr) == (f"{word} {code}\n", "")


def test_an_import_ends_first(tmp_path: Path) -> None:
    (tmp_path / "slow_module.py").write_text(
        "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(0.2)\nprint('imported')\n"
    )
    done = child(
        "try:\n    import slow_module\n    time.sleep(5)\nexcept KeyboardInterrupt:\n    print('out')\n", tmp_path
    )
    assert (done.stdout, done.stderr) == ("imported\nout\n", "")


def test_what_cannot_get_out_is_raised_again(tmp_path: Path) -> None:
    done = child(
        """
        class Deaf:
            def __del__(self):
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(0.1)
        try:
            Deaf()
            time.sleep(5)
        except KeyboardInterrupt:
            print("out")
        class Broken:
            def __del__(self):
                1 / 0
        Broken()
        """,
        tmp_path,
    )
    assert done.stdout == "out\n"
    assert "KeyboardInterrupt" not in done.stderr
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_work_changes_no_exit_code(tmp_path: Path, number: signal.Signals) -> None:
    done = child(
        f"""
        import atexit
        atexit.register(lambda: (os.kill(os.getpid(), {int(number)}), time.sleep(5)))
        STOPS.end(3)
        sys.exit(3)
        """,
        tmp_path,
    )
    assert (done.returncode, done.stderr) == (3, "")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_what_is_ignored_stays_ignored(tmp_path: Path, number: signal.Signals) -> None:
    done = child(
        f"os.kill(os.getpid(), {int(number)})\ntime.sleep(0.1)\nprint('on')\n", tmp_path,
        preexec_fn=lambda: signal.signal(number, signal.SIG_IGN),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "on\n")


@pytest.mark.parametrize("wrong", ["ImportError('numpy is broken')", "MediaLost()", "ValueError()"])
def test_what_a_signal_leads_to_is_not_an_error_of_its_own(tmp_path: Path, wrong: str) -> None:
    done = child(
        f"""
        from tribe_np.cli import info, main
        from tribe_np.errors import MediaError
        def MediaLost():
            return MediaError("ffmpeg was killed")
        def execute(options):
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(5)
            except KeyboardInterrupt:
                raise {wrong}
        info.execute = execute
        sys.exit(main.main(["info", "x"]))
        """,
        tmp_path,
    )
    assert (done.returncode, done.stderr) == (130, "tribe-np: interrupted\n")


def shell(redirection: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = f'exec "$0" -m tribe_np "$@" {redirection}'
    return subprocess.run(
        ["bash", "-c", command, sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_closed_outputs_are_not_wanted() -> None:
    for redirection in (">&-", "2>&-", "<&- >&- 2>&-"):
        done = shell(redirection, "--version")
        assert done.returncode == 0, redirection
        assert done.stdout.startswith("tribe-np ") == (redirection == "2>&-")
        wrong = shell(redirection, "fly")
        assert wrong.returncode == 2, redirection
        assert wrong.stdout == "", "an error never goes to standard output"
        assert wrong.stderr.count("\n") == ("2>&-" not in redirection)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_full_outputs() -> None:
    done = shell("> /dev/full", "--version")
    assert done.returncode == 2
    assert done.stderr == "tribe-np: error: standard output cannot be written: No space left on device\n"
    assert shell("2> /dev/full", "--version").returncode == 0
    assert shell("2> /dev/full", "fly").returncode == 2
    assert shell("> /dev/full 2> /dev/full", "--help").returncode == 2


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS"])
def test_no_command_takes_a_number_of_threads_that_would_crash(command: Command, name: str) -> None:
    for value in ("100000", "1" + "0" * 20, "-1"):
        done = command("info", "/absent", env={name: value})
        assert done.returncode == 2
        assert done.stderr == (
            f"tribe-np: error: {name} must be a whole number from 1 to 1024, got '{value}'; unset it\n"
        )


def test_no_folder_for_temporary_files(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import tempfile

    from tribe_np.cli import info, main

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/absent"])
    monkeypatch.setattr(info, "execute", lambda options: tempfile.gettempdir())
    assert main.main(["info", "x"]) == 2
    assert "set TMPDIR to one that is" in capsys.readouterr().err


def test_a_user_without_a_name_or_a_home(
    command_here: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import pwd

    from tribe_np.files.home import hub_cache_folder, user_cache_folder

    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setenv("HOME", "relative")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HF_HOME", raising=False)
    assert user_cache_folder().is_absolute(), "what HOME should have been is in the list of users"
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert hub_cache_folder() is None
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    line = refused(command_here("events", tmp_path / "a.wav", "--no-speech", "--out", tmp_path / "e.tsv"))
    assert "this user has no home folder to keep a cache in; set HOME, choose a folder with --cache DIR" in line
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


def test_what_the_signal_left_half_made_says_nothing(tmp_path: Path) -> None:
    half_made = "class Half:\n    def __del__(self):\n        del self.never_set\n\nHalf()\n"
    assert "never_set" in child(half_made, tmp_path).stderr, "without a signal it is a fault to be told"
    stop = "try:\n    os.kill(os.getpid(), signal.SIGTERM)\n    time.sleep(5)\nexcept KeyboardInterrupt:\n    pass\n"
    assert child(stop + half_made, tmp_path).stderr == ""
