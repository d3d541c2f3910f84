"""What runs inside Dask's worker processes. It is sent by its name: no code, model or array of ours travels.

A worker runs one call at a time, however many threads it has: models are kept between the tasks of a process, and
threads of BLAS are counted for one task.
"""

import os
import platform
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from tribe_np import __version__
from tribe_np.batch.making.performing import perform
from tribe_np.files.leftovers import this_process
from tribe_np.machine import allocator
from tribe_np.machine.memory import available_memory
from tribe_np.machine.threads import CORE_TYPE, VARIABLES, blas_variables
from tribe_np.optional import require

LOGS = "tribe-np.logs"
"""Name under which Dask's configuration carries the folder of logs to workers of our own."""
ONE_AT_A_TIME = Lock()
ALL_RUNS = "all"
STOPPED: set[str] = set()
SECONDS_TO_TELL = 0.3  # for the last reports to be fetched
TERMINATED = 143  # the exit code that shells give for SIGTERM
LONGEST_LOOK, LOOK_EVERY = 3.0, 0.25  # seconds: on a network's disk a new file may take a moment to be seen


def perform_keys(folder: str, keys: Sequence[str], job: str, run: str) -> list[dict[str, Any]]:
    """The reports of those tasks of a study; none of what has not begun when the run is stopped."""
    with ONE_AT_A_TIME:
        if _is_stopped(run):
            return []
        return perform(Path(folder), list(keys), job=job, should_stop=lambda: _is_stopped(run))


def _is_stopped(run: str) -> bool:
    return run in STOPPED or ALL_RUNS in STOPPED


def stop_run(run: str) -> None:
    """Tasks of that run stop after what they are doing, and no other begins: for `Client.run`."""
    STOPPED.add(run)


def describe_worker(probes: Mapping[str, str]) -> dict[str, Any]:
    """What a run must know of a worker before it sends anything: for `Client.run`.

    `probes` names files or folders of each kind that the worker must see.
    """
    with suppress(OSError):
        until = time.monotonic() + LONGEST_LOOK
        while not all(map(os.path.exists, probes.values())) and time.monotonic() < until:
            time.sleep(LOOK_EVERY)
    memory = available_memory()
    return {
        "version": __version__,
        "host": platform.node(),
        "process": this_process(),
        "threads": {name: os.environ[name] for name in VARIABLES if name in os.environ},
        "lacks": {name: value for name, value in blas_variables(os.environ).items() if name == CORE_TYPE},
        "unseen": [kind for kind, path in probes.items() if not os.path.exists(path)],
        "memory": None if memory is None else memory.n_bytes,
    }


def log_path(logs: str | Path, process: int | str) -> Path:
    """Where a worker of our own prints, by the number of its process."""
    return Path(logs) / f"dask-worker-{platform.node()}-{process}.log"


def dask_setup(worker: Any) -> None:
    """Dask's hook, when a worker of our own has started: what it prints goes to a file of its own.

    Ctrl-C is for the process that sends the tasks, which tells the workers. SIGTERM, which may come to them alone, ends
    a worker after the clip that it computes, so that nobody counts it as killed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: Thread(target=_leave, daemon=True).start())
    allocator.keep_freed_memory()
    logs = require("dask.config", extra="dask", why="a Dask worker").get(LOGS)
    log = os.open(log_path(logs, os.getpid()), os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)


def _leave() -> None:
    """Ends the process as soon as no task runs in it."""
    STOPPED.add(ALL_RUNS)
    with ONE_AT_A_TIME:
        time.sleep(SECONDS_TO_TELL)
        os._exit(TERMINATED)
