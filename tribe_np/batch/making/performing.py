"""What every engine calls in its processes: tasks of a study by their keys, one after the other.

Nothing heavy is imported here: threads are set before NumPy is loaded, once, to the study's number.
"""

import os
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tribe_np.batch.making.stopping import StoppableProgress
from tribe_np.batch.plan import read_plan
from tribe_np.batch.study import Study
from tribe_np.batch.task import FAILED, STOPPED, TaskReport
from tribe_np.errors import ConfigError
from tribe_np.machine import allocator
from tribe_np.machine.threads import set_threads

if TYPE_CHECKING:
    from tribe_np.batch.making.workplace import Workplace

SECONDS_BETWEEN_LINES = 60.0


def perform(
    folder: str | Path,
    keys: Sequence[str],
    *,
    job: str = "",
    threads: int | None = None,
    should_stop: Callable[[], bool] | None = None,
    quiet: bool = True,
) -> list[dict[str, Any]]:
    """Does tasks of a study, and gives what `TaskReport.as_dict` tells of each; after one that was stopped, none.

    job          the engine's name for this process, for reports
    threads      of BLAS and kernels; None: as many as the study was planned with
    should_stop  asked after each clip, chunk of sound and block of words: True ends the work there
    quiet        False: progress goes to standard error, in lines
    Raises       ConfigError, OutputError where there is no plan of this version; CannotBeginError where this machine
                 lacks what all tasks need: then no task has failed
    """
    place = open_here(Path(folder), threads, quiet=quiet)
    place.job = job
    place.asked_by(should_stop)
    told = []
    for key in keys:
        if place.progress.should_stop():
            break
        report = _ensured(key, place)
        told.append(report.as_dict())
        if report.state == STOPPED:
            break
    return told


def open_here(folder: Path, threads: int | None = None, *, quiet: bool = True) -> "Workplace":
    """A study in this process, with its threads set; the same one for the next call, with the model that is loaded.

    Raises   ConfigError, OutputError
    """
    allocator.keep_freed_memory()
    study = Study(folder)
    state = study.plan.stat() if study.plan.is_file() else None
    changed = None if state is None else (state.st_mtime_ns, state.st_size, state.st_ino)
    return _opened(study, changed, threads, quiet)


@lru_cache(maxsize=1)
def _opened(study: Study, changed: tuple[int, ...] | None, threads: int | None, quiet: bool) -> "Workplace":
    plan = read_plan(study)
    number = fixed_threads(plan.settings.threads if threads is None else threads)
    from tribe_np.batch.making.workplace import Workplace  # NumPy comes here
    from tribe_np.pipeline.progress import Lines, Silent

    shown = StoppableProgress(Silent() if quiet else Lines(interval=SECONDS_BETWEEN_LINES))
    return Workplace(study, plan, shown, threads=number)


def fixed_threads(number: int) -> int:
    """Sets the threads of BLAS and kernels, unless an earlier call has.

    Raises   MissingDependencyError where NumPy was loaded with others, and threadpoolctl is not installed
    """
    if "numpy" in sys.modules and os.environ.get("OMP_NUM_THREADS") == str(number):
        return number
    set_threads(number)
    return number


def _ensured(key: str, place: "Workplace") -> TaskReport:
    from tribe_np.batch.making.ensure import ensure

    try:
        task = place.plan.task(key)
    except ConfigError as error:  # sent before the study was planned anew
        return TaskReport(key, FAILED, error=str(error))
    return ensure(task, place)
