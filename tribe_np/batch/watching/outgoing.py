"""What one call of `submit` or `retry` sends: features, then the predictions that wait for them."""

from collections.abc import Mapping
from dataclasses import dataclass

from tribe_np.batch.engines.engine import GONE, LastingEngine, Sent
from tribe_np.batch.jobs import TaskJob, read_sendings
from tribe_np.batch.plan import Plan
from tribe_np.batch.study import Study
from tribe_np.batch.task import Task, TaskNeed
from tribe_np.batch.watching.missing_tasks import missing_tasks
from tribe_np.errors import TribeError
from tribe_np.pipeline.progress import number_of


@dataclass(frozen=True)
class Outgoing:
    """Tasks to send, in the order in which they are sent.

    Fields   features: longest first; ready: predictions that need none of those, nor what is under way; later: the
             other predictions; under_way: jobs of earlier calls, for which the later ones wait too
    """

    features: tuple[Task, ...]
    ready: tuple[Task, ...]
    later: tuple[Task, ...]
    under_way: tuple[str, ...]

    @property
    def n_tasks(self) -> int:
        """All of them."""
        return len(self.features) + len(self.ready) + len(self.later)


def outgoing_tasks(study: Study, plan: Plan, jobs: Mapping[str, TaskJob]) -> Outgoing:
    """What is to be sent now; `jobs` is what engines say of tasks (`jobs_of_tasks`).

    A prediction that an earlier call has in the queue is sent once more where features that it needs are: the first
    may come before them, and then leaves it to the second.
    Raises   OutputError for a cache that cannot be opened
    """
    missing = missing_tasks(study, plan, jobs)
    sent = {task.key for task in missing.features}
    unsent = {task.key: task for task in missing.predictions}
    ready: list[Task] = []
    later: list[Task] = []
    under_way: dict[str, None] = {}
    for planned in plan.stimuli:
        if planned.error:
            continue
        task = unsent.get(planned.key)
        needs_sent = not sent.isdisjoint(planned.needs)
        if task is None and needs_sent and _is_under_way(planned.key, jobs):
            task = plan.task(planned.key)
        if task is None:
            continue
        waits_for = [jobs[key].sent.job for key in planned.needs if _is_under_way(key, jobs)]
        under_way |= dict.fromkeys(waits_for)
        (later if needs_sent or waits_for else ready).append(task)
    return Outgoing(missing.features, tuple(ready), tuple(later), tuple(under_way))


def _is_under_way(key: str, jobs: Mapping[str, TaskJob]) -> bool:
    return key in jobs and jobs[key].state.state != GONE


def send_outgoing(
    study: Study, engine: LastingEngine, outgoing: Outgoing, at_least: Mapping[str, TaskNeed] | None = None
) -> list[Sent]:
    """Sends it; the engine writes down what was sent, also where it then cannot send the rest.

    Raises   TribeError from the engine, which names what was sent before it
    """
    known = len(read_sendings(study))
    try:
        features = engine.send(outgoing.features, at_least=at_least)
        ready = engine.send(outgoing.ready, at_least=at_least)
        after = [*outgoing.under_way, *(sent.job for sent in features)]
        return [*features, *ready, *engine.send(outgoing.later, after, at_least=at_least)]
    except TribeError as error:
        before = [sent for sending in read_sendings(study)[known:] for sent in sending.sent]
        if not before:
            raise
        n_tasks = number_of(sum(len(sent.keys) for sent in before), "tasks")
        raise type(error)(f"{error}; before it {n_tasks} were sent, which go on: send the rest later") from error
