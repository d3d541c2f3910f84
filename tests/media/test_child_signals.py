"""Children do not hear the signals that Slurm sends to every process of a job: one that died would be a bad film."""

import os
import signal
import sys
import tempfile
import time

import pytest

from tribe_np.media.child_process import run_child
from tribe_np.media.ffmpeg import start_ffmpeg


@pytest.mark.parametrize("number", [signal.SIGUSR2, signal.SIGTERM])
def test_ffmpeg_hears_only_what_ends_it(number: int) -> None:
    with tempfile.TemporaryFile() as log:
        child = start_ffmpeg(["sleep", "60"], log)
    try:
        child.send_signal(number)
        time.sleep(0.2)
        assert child.poll() is None
    finally:
        child.kill()
        assert child.stdout is not None
        child.stdout.close()
    assert child.wait() == -signal.SIGKILL


def test_other_programs_too_and_we_hear_what_came_meanwhile() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR2, lambda number, _: heard.append(number))
    try:
        both = (
            "import os, signal; [os.kill(pid, signal.SIGUSR2) for pid in (os.getpid(), os.getppid())]; print('lives')"
        )
        assert run_child([sys.executable, "-c", both], name="it").stdout == b"lives\n"
        assert heard == [signal.SIGUSR2]
        os.kill(os.getpid(), signal.SIGUSR2)
        assert len(heard) == 2, "nothing stays blocked"
    finally:
        signal.signal(signal.SIGUSR2, before)
