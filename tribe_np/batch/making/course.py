"""Which tasks of a study are over, and which can be sent: what one run keeps in mind. No engine is in sight."""

import heapq
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator

from tribe_np.batch.making.working import one_model_after_another
from tribe_np.batch.plan import Plan, PlannedStimulus
from tribe_np.batch.study import Study
from tribe_np.batch.task import DONE, FAILED, FEATURES_MISSING, RUNNING, Task
from tribe_np.batch.watching.task_states import TaskStates, TaskStatus

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds before a task that another process does is asked for again


class Course:
    """Tasks in the order in which they are to be sent; a prediction comes, before all others, when its needs are over.

    Fields   over: keys of tasks that are done, or have failed for good
    """

    def __init__(
        self, features: Iterable[Task], predictions: Iterable[tuple[Task, Iterable[str]]], over: Iterable[str]
    ) -> None:
        """Tasks that make features, longest first; predictions, with the keys of what they need."""
        self.over = set(over)
        self._features = deque(task for task in features if task.key not in self.over)
        self._ready: deque[Task] = deque()
        self._missing: dict[str, set[str]] = {}  # of a prediction: what it waits for
        self._held: dict[str, Task] = {}
        self._needed_by: defaultdict[str, list[str]] = defaultdict(list)
        self._later: list[tuple[float, str, Task]] = []
        self._pauses: Counter[str] = Counter()
        for task, needs in predictions:
            if task.key not in self.over:
                self._hold(task, set(needs) - self.over)

    def next_task(self, now: float) -> Task | None:
        """The next to send; None while there is none. `now` is in seconds of any clock."""
        if self._later and self._later[0][0] <= now:
            return heapq.heappop(self._later)[2]
        for queue in (self._ready, self._features):
            if queue:
                return queue.popleft()
        return None

    def again(self, task: Task, now: float) -> None:
        """The task is to be sent once more, after a pause that grows."""
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** self._pauses[task.key])
        self._pauses[task.key] += 1
        heapq.heappush(self._later, (now + pause, task.key, task))

    def end(self, key: str) -> None:
        """The task is done, or has failed for good."""
        self.over.add(key)
        for prediction in self._needed_by.pop(key, ()):
            missing = self._missing[prediction]
            missing.discard(key)
            if not missing:
                self._ready.append(self._held.pop(prediction))
                del self._missing[prediction]

    @property
    def n_later(self) -> int:
        """How many wait to be asked for again."""
        return len(self._later)

    @property
    def n_left(self) -> int:
        """How many have not been sent, or are to be sent again."""
        return len(self._features) + len(self._ready) + len(self._held) + len(self._later)

    def largest_memory(self) -> int:
        """Bytes that the task with the greatest need takes, of those that have not been sent."""
        left = (*self._features, *self._ready, *self._held.values())
        return max((task.need.memory for task in left), default=0)

    def is_empty(self) -> bool:
        """Whether nothing is left to be sent now or later; predictions that wait for tasks under way are."""
        return not (self._features or self._ready or self._later)

    def _hold(self, task: Task, missing: set[str]) -> None:
        if not missing:
            self._ready.append(task)
            return
        self._held[task.key], self._missing[task.key] = task, missing
        for key in missing:
            self._needed_by[key].append(task.key)


def open_course(study: Study, plan: Plan) -> Course:
    """What is left of a study: not what is done or has failed; later, what other processes are at just now.

    Raises   OutputError for a cache that cannot be opened
    """
    states = TaskStates.now(study, plan, {})
    planned = [each for each in plan.stimuli if not each.error]
    found = {task.key: (task, status) for each in planned for task, status in _own(states, each)}
    over = {key for key, (_, status) in found.items() if status.state in (DONE, FAILED)}
    failed = {key for key, (_, status) in found.items() if status.state == FAILED}
    waiting = {}
    for each in planned:
        task, status = states.prediction_of(each)
        if status.state == DONE or (status.state == FAILED and _stays(status, each, failed)):
            over.add(task.key)
        else:
            waiting[task.key] = task, each.needs
    elsewhere = [task for task, status in found.values() if status.state == RUNNING]
    features = [task for task in plan.tasks() if found[task.key][1].state not in (DONE, FAILED, RUNNING)]
    course = Course(one_model_after_another(features), waiting.values(), over)
    for task in elsewhere:
        course.again(task, time.monotonic())
    return course


def _own(states: TaskStates, planned: PlannedStimulus) -> Iterator[tuple[Task, TaskStatus]]:
    """The tasks of a stimulus' own work, and how each stands."""
    for work in planned.work:
        yield from states.tasks_of(work, planned.name)


def _stays(status: TaskStatus, planned: PlannedStimulus, failed: set[str]) -> bool:
    """Whether a failed prediction stays so: one that lacked features is tried again when none of them has failed."""
    return not status.why.startswith(FEATURES_MISSING) or not failed.isdisjoint(planned.needs)
