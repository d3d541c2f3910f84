"""The loop of `batch work`: one of several processes that share a study, which no engine and no scheduler joins.

Each does its own share first: shares take equal time by the estimates, the longest tasks are given out first. Then it
does what nobody has claimed, so that the share of a process that died, or never started, is not left. Predictions come
last: whoever finishes the last features of a stimulus finds them all there, and predicts. A process goes through all of
it again until it finds nothing to do: others may have died meanwhile.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence

from tribe_np.batch.making.ensure import ensure
from tribe_np.batch.making.workplace import Workplace
from tribe_np.batch.task import DONE, FAILED, STOPPED, Task, TaskReport
from tribe_np.batch.watching.status import StudyStatus, study_status
from tribe_np.pipeline.progress import duration, number_of
from tribe_np.shown import shown


def work_on(place: Workplace, index: int, of: int) -> list[TaskReport]:
    """Does what process `index` of 0 to `of` - 1 can do of a study; reports of what it did, or found to have failed.

    Raises   CannotBeginError for what this machine lacks; KeyboardInterrupt
    """
    told: dict[str, TaskReport] = {}
    has_made = True
    while has_made and not place.progress.should_stop():
        has_made = False
        for task in _in_order(place, index, of):
            if place.progress.should_stop():
                break
            report = ensure(task, place)
            has_made |= report.made
            if report.state == FAILED and told.get(task.key) != report:
                place.progress.note(shown(f"{task.stimulus}: {report.error}"))
            if report.made or report.state in (FAILED, STOPPED):
                told[task.key] = report
    return list(told.values())


def work_to_the_end(place: Workplace, index: int, of: int) -> tuple[list[TaskReport], StudyStatus]:
    """`work_on`, and how the study stands then; what somebody has left meanwhile is gone on with once.

    Raises   as `work_on`; OutputError for a cache that cannot be opened
    """
    told = work_on(place, index, of)
    status = study_status(place.study, place.plan)
    has_failed = any(report.state == FAILED for report in told)  # perhaps on a disk too full to write that down
    if status.n_left and not has_failed and not place.progress.should_stop():
        told += work_on(place, index, of)
        status = study_status(place.study, place.plan)
    if status.is_over:  # killed processes have left something, such as claims on tasks that others have done
        place.claims.tidy()
        place.study.tidy()
    return told, status


def did_line(told: Sequence[TaskReport]) -> str:
    """What `work_on` gave, in one line."""
    made = [report for report in told if report.state == DONE]
    failed = [report for report in told if report.state == FAILED]
    line = f"did {number_of(len(made), 'tasks')} in {duration(sum(report.seconds for report in told))}"
    return line + (f", {len(failed)} failed" if failed else "")


def _in_order(place: Workplace, index: int, of: int) -> Iterator[Task]:
    """The tasks in the order in which one process tries them; what is whole is left out when its turn comes."""
    shared = equal_shares(place.plan.tasks(), of)
    yield from _left(one_model_after_another(shared[index]), place)
    others = [task for n in range(1, of + 1) for task in reversed(shared[(index + n) % of])]  # own: what was claimed
    yield from _left(one_model_after_another(others), place)
    predictions = place.plan.predictions()
    first = len(predictions) * index // of  # each begins elsewhere
    yield from (*predictions[first:], *predictions[:first])


def _left(tasks: Iterable[Task], place: Workplace) -> Iterator[Task]:
    """Those that the cache does not hold by a listing of now."""
    whole = place.source.cache.listing().whole
    return (task for task in tasks if not whole.issuperset(task.entries))


def equal_shares(tasks: Iterable[Task], of: int) -> list[list[Task]]:
    """Tasks, longest first, cut into `of` lists of nearly equal seconds: each goes to who has least so far.

    Every process of a study gets the same lists.
    """
    found: list[list[Task]] = [[] for _ in range(of)]
    loads = [(0.0, number) for number in range(of)]
    for task in tasks:
        seconds, number = heapq.heappop(loads)
        found[number].append(task)
        heapq.heappush(loads, (seconds + task.need.seconds, number))
    return found


def one_model_after_another(tasks: Sequence[Task]) -> list[Task]:
    """The same tasks, those of one modality together, since one model is in memory at a time; else in their order."""
    modalities = list(dict.fromkeys(task.modality for task in tasks))
    return sorted(tasks, key=lambda task: modalities.index(task.modality))
