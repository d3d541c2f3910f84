"""Dask's workers as processes of this machine: quiet, with fixed threads, and gone when they are not needed."""

import asyncio
import logging
import multiprocessing
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import resource_tracker, spawn
from pathlib import Path
from typing import Any

from tribe_np.batch.engines import dask_worker
from tribe_np.batch.engines.dask_cluster import WHY, logged_to
from tribe_np.errors import ConfigError
from tribe_np.files.leftovers import remove_scratch, scratch_prefix
from tribe_np.machine.threads import VARIABLES, blas_variables
from tribe_np.optional import require

END_WITHIN = 0.5  # seconds for a worker process to end by itself


@contextmanager
def local_client(n_workers: int, threads: int, logs: Path) -> Iterator[Any]:
    """A distributed.Client of a cluster of this machine, which ends with the block: no process is left.

    Each worker is a process with that number of threads, set before NumPy is loaded. A worker that dies is replaced.
    Raises   MissingDependencyError
    """
    distributed = require("distributed", extra="dask", why=WHY)
    remove_scratch()  # of runs that were killed
    utils = require("distributed.utils", extra="dask", why=WHY)
    variables = dict.fromkeys(VARIABLES, str(threads)) | blas_variables(os.environ)
    settings = {
        "distributed.nanny.pre-spawn-environ": variables,
        "distributed.scheduler.allowed-failures": 3,
        "distributed.scheduler.worker-saturation": 1.0,
        "distributed.scheduler.worker-ttl": None,  # a compiler may hold a worker's interpreter for minutes
        "distributed.worker.multiprocessing-method": "spawn",
        dask_worker.LOGS: str(logs.absolute()),
    }
    with (
        logged_to(logs),
        _with_variables(variables),  # Dask takes what this process has before what it is told
        tempfile.TemporaryDirectory(prefix=scratch_prefix(), ignore_cleanup_errors=True) as scratch,
        require("dask", extra="dask", why=WHY).config.set(settings),
        _printing_to(logs, Path(scratch)),
    ):
        loop = utils.LoopRunner()
        with _without_interrupts():
            loop.start()
        try:
            with (
                _started(distributed, loop.loop, n_workers, scratch, logs) as cluster,
                distributed.Client(cluster, set_as_default=False) as client,
            ):
                try:
                    yield client
                finally:
                    cluster.sync(_end_workers, cluster)
        finally:
            loop.stop()


def _started(distributed: Any, loop: Any, n_workers: int, scratch: str, logs: Path) -> Any:
    """The cluster.

    Raises   ConfigError where its processes do not start
    """
    try:
        return distributed.LocalCluster(
            loop=loop, n_workers=n_workers, threads_per_worker=1, processes=True, memory_limit=0,
            local_directory=scratch, preload=[dask_worker.__name__], silence_logs=logging.WARNING,
            dashboard_address=None, scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # else 0.0.0.0:8787
        )  # fmt: skip
    except (OSError, TimeoutError, RuntimeError) as error:
        raise ConfigError(
            f"--workers {n_workers}: the processes did not start ({error}); {logs} has what they printed; try fewer"
        ) from error


@contextmanager
def _printing_to(logs: Path, scratch: Path) -> Iterator[None]:
    """Python processes that are started meanwhile print to files of their own, from the first line on.

    Where scripts may not be run, they do so when their worker has started (`dask_worker.dask_setup`).
    """
    script = scratch / "python"
    log = shlex.quote(str(dask_worker.log_path(logs.absolute(), "")).removesuffix(".log"))
    text = f'#!/bin/sh\nexec >>{log}$$.log 2>&1\nexec {shlex.quote(sys.executable)} "$@"\n'
    script.write_text(text, encoding="utf-8")
    script.chmod(0o700)
    before = spawn.get_executable()
    if os.access(script, os.X_OK):
        multiprocessing.set_executable(str(script))
    try:
        yield
    finally:
        multiprocessing.set_executable(before)


async def _end_workers(cluster: Any) -> None:
    """Ends the processes of a cluster; a task that still runs does not hold them up."""
    await asyncio.gather(*(worker.close(timeout=END_WITHIN) for worker in cluster.workers.values()))


@contextmanager
def _with_variables(variables: Mapping[str, str]) -> Iterator[None]:
    """Variables of the environment, for what is started meanwhile."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Threads that are started meanwhile, and processes that they start, do not receive Ctrl-C or a closed terminal.

    The terminal sends both to every process of a command. Python's own helper process undoes this when it starts, so
    that it is started before.
    """
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
