"""`ensure`: a task is done when it returns well, whoever did it. Doing it twice, or in two places at once, is harmless.

It looks whether the task is done; takes a claim, so that no two processes do the same; writes a report that says
`running`; does it; writes how that ended. A process that dies leaves a report that says `running` and a claim that
nobody renews: the next one counts a death, and after `MOST_DEATHS` the task has failed.
"""

import errno
import time
import traceback
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from tribe_np.batch.making.feature_tasks import make_features
from tribe_np.batch.making.prediction_tasks import (
    FeaturesMissingError,
    features_are_there,
    is_predicted,
    predict_stimulus,
)
from tribe_np.batch.making.stopping import WorkStopped
from tribe_np.batch.making.workplace import CannotBeginError, Workplace
from tribe_np.batch.study import Study
from tribe_np.batch.task import DONE, FAILED, FEATURES_MISSING, MOST_DEATHS, RUNNING, STOPPED, Task, TaskReport
from tribe_np.batch.watching.task_states import is_in_cache
from tribe_np.errors import OutputError, TribeError, reason_of
from tribe_np.files.leftovers import this_process
from tribe_np.machine.memory import gigabytes
from tribe_np.pipeline.run_record import peak_memory_bytes, reset_high_water_mark
from tribe_np.shown import shown

CLAIMED, NOT_YET = "claimed", "not yet"
"""States that `ensure` gives but never writes: another process is at it; a prediction's features may still come."""


def is_done(task: Task, place: Workplace) -> bool:
    """Whether what a task makes is there: entries or parts in the cache, or its prediction. Reports are not asked."""
    return is_predicted(task, place.study) if task.is_prediction else is_in_cache(task, place.source.cache)


def ensure(task: Task, place: Workplace) -> TaskReport:
    """Does a task unless it is done, or has failed, or another process is at it; says how it stands then.

    Raises   CannotBeginError for what this machine lacks; KeyboardInterrupt, with the report written, from a signal
    """
    known = settled(task, place)
    if known is not None:
        return known
    try:
        claim = place.claims.take(task.key)
    except OutputError as error:
        raise place.cannot_begin(error) from error
    if claim is None:
        return TaskReport(task.key, CLAIMED)
    with claim:  # somebody may have finished it just before
        return settled(task, place) or _attempt(task, place)


def settled(task: Task, place: Workplace) -> TaskReport | None:
    """How a task stands with which nothing is to be done now; None for one that is to be begun."""
    report = place.study.read_report(task.key)
    if is_done(task, place):
        return TaskReport(task.key, DONE) if report is None else report.ended(DONE, made=False, error="")
    has_failed = report is not None and report.state == FAILED
    if task.is_prediction and (report is None or not has_failed or report.error.startswith(FEATURES_MISSING)):
        return _before_features(task, place, report)
    return report if has_failed else None


def _before_features(task: Task, place: Workplace, report: TaskReport | None) -> TaskReport | None:
    """How a prediction stands whose features are not all there; None where they are."""
    try:
        return None if features_are_there(task, place) else TaskReport(task.key, NOT_YET)
    except FeaturesMissingError as error:
        failed = TaskReport(task.key, FAILED, error=str(error), attempts=0)
        return failed if report == failed else _written(failed, place.study)


def _attempt(task: Task, place: Workplace) -> TaskReport:
    """One attempt, and its report: that it runs, and how it ended."""
    report = _begun(task, place, place.study.read_report(task.key))
    if report.deaths >= MOST_DEATHS:
        asked = f"killed {report.deaths} times, asked for {gigabytes(task.need.memory)}: more memory? see the logs"
        return _written(report.ended(FAILED, error=asked), place.study)
    began = time.monotonic()
    try:
        place.study.write_report(report)
        place.at_work = report
        reset_high_water_mark()
        ended = report.ended(DONE, made=True, note=_do(task, place))
    except CannotBeginError:
        place.study.forget_report(task.key)
        raise
    except WorkStopped:
        ended = report.ended(STOPPED)
    except Exception as error:
        if place.progress.should_stop():  # whoever asked may have ended a child of ours, which is no fault of a film
            ended = report.ended(STOPPED)
        else:
            ended = report.ended(FAILED, error=failure(error, task, place.study))
    except BaseException:  # a signal, or whoever runs this thread
        _written(report.ended(STOPPED), place.study)
        raise
    finally:
        place.at_work = None
    seconds = round(time.monotonic() - began, 3)
    return _written(replace(ended, seconds=seconds, peak_memory=peak_memory_bytes()), place.study)


def _do(task: Task, place: Workplace) -> str:
    """Does it; gives what a reader of its result should know."""
    if task.is_prediction:
        return predict_stimulus(task, place)
    n_known = len(place.warnings)
    make_features(task, place)
    return shown("; ".join(place.warnings[n_known:]))


def _begun(task: Task, place: Workplace, before: TaskReport | None) -> TaskReport:
    """The report of an attempt that begins now; `before` says `running` where the process before it died."""
    attempts, deaths = (0, 0) if before is None else (before.attempts, before.deaths)
    if before is not None and before.state == RUNNING:  # and the claim is ours: nobody runs it
        deaths += 1
    machine = place.machine
    return TaskReport(
        task.key, RUNNING, host=machine.host, cpu=machine.cpu, threads=machine.threads, blas=machine.blas,
        process=this_process(), job=place.job, began=datetime.now(UTC).isoformat(timespec="seconds"),
        attempts=attempts + 1, deaths=deaths,
    )  # fmt: skip


def _written(report: TaskReport, study: Study) -> TaskReport:
    """Writes how an attempt ended. Where that fails, the report that says `running` goes, lest it is taken for a death:
    the disk is full, and whoever asks next finds the task as if it had never been begun."""
    try:
        study.write_report(report)
    except OutputError:
        study.forget_report(report.key)
    return report


def failure(error: Exception, task: Task, study: Study) -> str:
    """One line for what ended a task; of a bug, the whole story goes to logs/."""
    match error:
        case TribeError():
            return str(error)
        case MemoryError():
            return f"not enough memory; it had asked for {gigabytes(task.need.memory)}"
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return f"the disk is full while writing {error.filename or 'a file'}"
        case OSError() if error.filename is not None:
            return f"{error.filename}: cannot be read or written: {reason_of(error)}"
    log = study.logs / f"{task.key}.txt"
    with suppress(OSError):
        study.logs.mkdir(parents=True, exist_ok=True)
        log.write_text("".join(traceback.format_exception(error)), encoding="utf-8", errors="backslashreplace")
    return shown(f"{type(error).__name__}: {error} (a bug of tribe_np: {log} tells where)")
