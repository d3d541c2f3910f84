"""What runs inside an element of an array: tasks one after the other, until all are done or the wall time is near.

It travels as its name and strings, as submitit pickles it. What is done lies in the cache, so that an element that is
begun again, by us or by Slurm, goes on where it was.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tribe_np.batch.making.performing import open_here, perform
from tribe_np.batch.making.stopping import StopWish
from tribe_np.batch.task import STOPPED
from tribe_np.errors import TribeError
from tribe_np.optional import require
from tribe_np.shown import shown

SLURM_WHY = "tribe-np batch submit --slurm, unlike tribe-np batch work,"
LOOK_AGAIN, LOOK_LONGEST = 20.0, 660.0
"""Seconds between two looks at a task that another process has claimed, and for how long: claims of a node that died
expire within ten minutes, those of a living process do not."""
KILL_LONGEST = 600.0
"""Seconds for which an element that Slurm told to end waits for that: ended by itself, Slurm would not requeue it."""
REQUEUE_TRIES, REQUEUE_PAUSE = 4, 15.0  # the controller may just be restarting


@dataclass(frozen=True)
class SlurmElement:
    """Tasks of a study, by their keys."""

    folder: str
    keys: tuple[str, ...]

    def __call__(self) -> None:
        """Does them. USR2, which comes before the wall time, ends it after the clip that runs, and requeues it."""
        requeue = signal.getsignal(signal.SIGUSR2)  # submitit's
        wish = StopWish()
        wish.watch()
        try:
            is_left = self._perform_all(wish)
        except TribeError as error:  # of the machine: no task's own
            print(f"tribe-np: error: {shown(str(error))}", file=sys.stderr, flush=True)
            sys.exit(2)
        if is_left and wish.number == signal.SIGUSR2:
            signal.signal(signal.SIGUSR2, requeue)
            _requeue()
        elif is_left and wish():
            time.sleep(KILL_LONGEST)

    def checkpoint(self) -> Any:
        """submitit's hook: what a requeued element runs."""
        submitit = require("submitit.helpers", extra="slurm", why=SLURM_WHY)
        return submitit.DelayedSubmission(self)

    def _perform_all(self, wish: StopWish) -> bool:
        """Whether something is left because of the wish; tasks that others have claimed are tried again for a while."""
        from tribe_np.batch.making.ensure import CLAIMED

        wish.heard = open_here(Path(self.folder), quiet=False).note_stop
        left, until = list(self.keys), time.monotonic() + LOOK_LONGEST
        while True:
            reports = perform(self.folder, left, job=job_name(), should_stop=wish, quiet=False)
            states = {report["key"]: report["state"] for report in reports}
            left = [key for key in left if states.get(key, STOPPED) in (CLAIMED, STOPPED)]
            if wish() or not left:
                return bool(left)
            if time.monotonic() > until:
                print(f"{len(left)} tasks are left to the processes that have claimed them", file=sys.stderr)
                return False
            _sleep(LOOK_AGAIN, wish)


def job_name() -> str:
    """What Slurm calls this process: "12", or "12_3" of an array; "" outside of Slurm."""
    array, task = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    return f"{array}_{task}" if array and task else os.environ.get("SLURM_JOB_ID", "")


def _sleep(seconds: float, wish: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not wish():
        time.sleep(0.5)


def _requeue() -> None:
    """submitit's handler asks Slurm to requeue this element, and ends the process."""
    for left in reversed(range(REQUEUE_TRIES)):
        try:
            return signal.raise_signal(signal.SIGUSR2)
        except (subprocess.SubprocessError, OSError):
            if not left:
                raise
            time.sleep(REQUEUE_PAUSE)
