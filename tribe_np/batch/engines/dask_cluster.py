"""A Dask cluster that is there, and what its workers must have; and where the log lines of Dask go."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tribe_np import __version__
from tribe_np.batch.engines import dask_worker
from tribe_np.batch.plan import Plan
from tribe_np.batch.study import Study
from tribe_np.errors import ConfigError, OutputError, reason_of
from tribe_np.files.leftovers import is_passing_name, passing_name
from tribe_np.optional import require

LOGGERS = ("distributed", "tornado", "asyncio", "bokeh", "py")  # "py.warnings" has what Python warns of
WHY = "tribe-np batch run, unlike tribe-np batch work,"
CONNECT = 15.0  # seconds for a scheduler to answer


@contextmanager
def client_of(address: str, logs: Path) -> Iterator[Any]:
    """A distributed.Client of a scheduler that is there.

    Raises   MissingDependencyError, ConfigError when none answers
    """
    distributed = require("distributed", extra="dask", why=WHY)
    with logged_to(logs):
        try:
            client = distributed.Client(address, set_as_default=False, timeout=CONNECT)
        except (OSError, ValueError, TimeoutError) as error:
            raise ConfigError(
                f"--scheduler {address}: no Dask scheduler answers there within {CONNECT:.0f} s; it prints its address "
                "when it starts, such as tcp://192.168.1.5:8786"
            ) from error
        with client:
            yield client


def require_dask() -> None:
    """Raises   MissingDependencyError where Dask is not installed."""
    require("distributed", extra="dask", why=WHY)


@contextmanager
def probed(study: Study, plan: Plan) -> Iterator[dict[str, Path]]:
    """A file or folder of each kind of place that every process of a study must see, new ones where it writes.

    A folder of the same name on another disk is not the one.
    Raises   OutputError where a place cannot be written
    """
    settings = plan.settings
    cache = Path(settings.cache)
    probes = {"study": _probe(study.jobs), "cache": _probe(cache)}
    models = {f"{modality} model": Path(folder) for modality, folder in settings.models.items()}
    try:
        yield {**probes, "checkpoint": Path(settings.checkpoint), **models}
    finally:
        for path in probes.values():
            path.unlink(missing_ok=True)


def _probe(folder: Path) -> Path:
    """A new file.

    Raises   OutputError
    """
    path = passing_name(folder / "seen", "partial")  # if this process is killed, others remove it
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {reason_of(error)}") from error
    return path


def check_workers(client: Any, address: str, probes: Mapping[str, Path], threads: int) -> tuple[int, list[str]]:
    """The number of workers of a cluster that is there, and what is to be said of them.

    `probes`: kinds of places, and a file or folder of each that every worker must see.
    Raises   ConfigError naming a worker without tribe_np, of another version, or that does not see a place
    """
    told = client.run(
        dask_worker.describe_worker, {kind: str(path) for kind, path in probes.items()}, on_error="return"
    )
    if not told:
        raise ConfigError(f"--scheduler {address}: it has no worker; start some: dask worker {address} --nthreads 1")
    for worker, found in sorted(told.items()):
        _check_worker(worker, found, probes)
    return len(told), list(_rounding_notes(told, threads))


def _check_worker(worker: str, found: Mapping[str, Any] | Exception, probes: Mapping[str, Path]) -> None:
    if isinstance(found, Exception):
        told = str(found) if type(found) is Exception else f"{type(found).__name__}: {found}"
        raise ConfigError(
            f"the Dask worker {worker} cannot run tasks ({told}); it needs tribe_np "
            f"{__version__} in its environment, and its optional packages"
        ) from found
    where = f"the Dask worker {worker} on {found['host']}"
    if found["version"] != __version__:
        raise ConfigError(f"{where} has tribe_np {found['version']}, and here it is {__version__}; install the same")
    for kind in found["unseen"]:
        place = probes[kind].parent if is_passing_name(probes[kind].name) else probes[kind]
        raise ConfigError(f"{where} does not see the {kind} {place}; all workers need the same path to one shared disk")


def _rounding_notes(told: Mapping[str, Mapping[str, Any]], threads: int) -> Iterator[str]:
    """Where workers would round otherwise than `predict` and workers of our own, a line for each way of differing."""
    ways: dict[str, list[str]] = {}
    for worker, found in sorted(told.items()):
        wanted = dict(found["lacks"])
        if set(found["threads"].values()) != {str(threads)}:
            wanted = {"OMP_NUM_THREADS": str(threads)} | wanted
        if wanted:
            ways.setdefault(" ".join(f"{name}={value}" for name, value in wanted.items()), []).append(worker)
    for wanted_text, workers in ways.items():
        more = f" and {len(workers) - 1} more" if len(workers) > 1 else ""
        there = told[workers[0]]["threads"].get("OMP_NUM_THREADS", "no number of")
        yield (
            f"the Dask worker {workers[0]}{more} has {there} threads, and may round otherwise than predict with "
            f"the study's {threads}: start it with {wanted_text} in its environment"
        )


@contextmanager
def logged_to(logs: Path) -> Iterator[None]:
    """What Dask logs, and warns of, goes to a file meanwhile."""
    logs.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(logs / f"dask-run-{os.getpid()}.log", encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    for name in (*LOGGERS, *list(logging.root.manager.loggerDict)):
        if name.partition(".")[0] in LOGGERS:  # some of those below have a handler of their own
            logger = logging.getLogger(name)
            logger.handlers[:], logger.propagate = [handler] if name in LOGGERS else [], name not in LOGGERS
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
