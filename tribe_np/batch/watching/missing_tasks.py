"""What of a study is to be sent: tasks that are not done, have not failed, and that nobody has or will come to."""

from collections.abc import Mapping
from dataclasses import dataclass

from tribe_np.batch.engines.engine import WAITING
from tribe_np.batch.jobs import TaskJob
from tribe_np.batch.plan import Plan
from tribe_np.batch.study import Study
from tribe_np.batch.task import DONE, FAILED, RUNNING, Task
from tribe_np.batch.watching.task_states import TaskStates

NOT_SENT = (DONE, RUNNING, WAITING, FAILED)


@dataclass(frozen=True)
class MissingTasks:
    """Tasks to send: those that make features, longest first, and predictions, which come after them."""

    features: tuple[Task, ...]
    predictions: tuple[Task, ...]


def missing_tasks(study: Study, plan: Plan, jobs: Mapping[str, TaskJob]) -> MissingTasks:
    """What is to be sent now; `jobs` is what engines say of tasks (`jobs_of_tasks`).

    Predictions of which features have failed are left out; those whose features somebody else makes are not.
    Raises   OutputError for a cache that cannot be opened
    """
    states = TaskStates.now(study, plan, jobs)
    features: dict[str, Task] = {}
    predictions: list[Task] = []
    for planned in plan.stimuli:
        if planned.error:
            continue
        found = [each for work in planned.work for each in states.tasks_of(work, planned.name)]
        features |= {task.key: task for task, status in found if status.state not in NOT_SENT}
        borrowed = [each for work in planned.borrowed for each in states.tasks_of(work, planned.name)]
        hopeless = any(status.state == FAILED for _, status in (*found, *borrowed))
        task, status = states.prediction_of(planned)
        if status.state not in NOT_SENT and not hopeless:
            predictions.append(task)
    longest_first = sorted(features.values(), key=lambda task: -task.need.seconds)
    return MissingTasks(tuple(longest_first), tuple(predictions))
