"""A program run as a child that never outlives the call, with its last useful line as the error."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from tribe_np.errors import MediaError

FOR_US = (signal.SIGUSR2, signal.SIGTERM)
"""Signals that Slurm sends to every process of a job: a child that died of one would be taken for a bad film."""


@contextmanager
def signals_for_us() -> Iterator[None]:
    """A child that is started meanwhile does not hear `FOR_US`: we do, and end it. One that comes meanwhile waits."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, FOR_US)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run_child(
    command: Sequence[str], *, name: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """What the program wrote, and its exit code; on any interruption it is killed with its own children.

    Raises   MediaError when it cannot be started
    """
    try:
        with signals_for_us():
            child = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=None if env is None else dict(env),
                start_new_session=True,  # one group to kill: uvx runs the real program as a child of its own
            )
    except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
        raise MediaError(f"{name} cannot be started: {error}") from error
    try:
        stdout, stderr = child.communicate(stdin)
    except BaseException:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise
    return subprocess.CompletedProcess(child.args, child.returncode, stdout, stderr)


def last_useful_line(stderr: bytes) -> str:
    """The line that best says what went wrong: the last that speaks of an error, else the last with any text."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").replace("\r", "\n").split("\n")]
    lines = [line for line in lines if line]
    blaming = [line for line in lines if "error" in line.lower() or "not found" in line.lower()]
    return (blaming or lines or ["it printed nothing"])[-1][:300]
