"""Tasks to Slurm as job arrays, which live on when the process that sent them has ended.

What was sent is written down array by array (`jobs/`), so that nothing in the queue is unknown to the study, whatever
happens next. What is done is asked of the cache; Slurm is asked why something waits, and how something ended.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from tribe_np.batch.engines.engine import JobState, Sent
from tribe_np.batch.engines.slurm_arrays import SlurmArray, arrays_of
from tribe_np.batch.engines.slurm_options import SlurmOptions
from tribe_np.batch.engines.slurm_queue import SlurmState, ask_slurm, max_array_size, slurm_states
from tribe_np.batch.engines.slurm_scripts import array_script, require_slurm, send_array
from tribe_np.batch.jobs import write_sending
from tribe_np.batch.study import Study
from tribe_np.batch.task import Task, TaskNeed, forty_digits
from tribe_np.errors import OutputError

NAME = "slurm"
JUST_SENT = ("", "None")
"""Slurm's reason for a job at which its scheduler has not looked."""
LOOK_FOR, LOOK_EVERY = 3.0, 0.3  # seconds for the scheduler to look at what was just sent


@dataclass(frozen=True)
class SlurmEngine:
    """The functions of `LastingEngine`, and what `submit` prints."""

    study: Study
    options: SlurmOptions

    @classmethod
    def reopened(cls, study: Study, options: Mapping[str, Any]) -> "SlurmEngine":
        """As an earlier call had it."""
        return cls(study, SlurmOptions.from_dict(options))

    def check(self) -> None:
        """Passes where Slurm answers, and jobs can be sent to it.

        Raises   MissingDependencyError
        """
        require_slurm()
        assert self._most_elements

    def arrays(self, tasks: Sequence[Task], at_least: Mapping[str, TaskNeed] | None = None) -> list[SlurmArray]:
        """The arrays that `send` would send.

        Raises   MissingDependencyError
        """
        if not tasks:
            return []
        return arrays_of(tasks, self.options, most_elements=self._most_elements, at_least=at_least)

    def script(self, array: SlurmArray, after: Sequence[str] = ()) -> str:
        """What sbatch would be given for an array; `after` may hold words in place of jobs that are not there yet.

        Raises   MissingDependencyError, OutputError
        """
        return array_script(array, self.options, self._folder(array), parents(after))

    def send(
        self, tasks: Sequence[Task], after: Sequence[str] = (), at_least: Mapping[str, TaskNeed] | None = None
    ) -> list[Sent]:
        """A job for each element of each array.

        Raises   ConfigError for what Slurm refuses; MissingDependencyError; OutputError
        """
        require_slurm()
        return [sent for array in self.arrays(tasks, at_least) for sent in self._send_array(array, after)]

    def poll(self, jobs: Sequence[str]) -> Mapping[str, JobState]:
        """How jobs stand.

        Raises   MissingDependencyError
        """
        return {job: state.job_state for job, state in slurm_states(jobs).items()}

    def cancel(self, jobs: Sequence[str]) -> None:
        """Ends jobs, those that wait and those that run.

        Raises   MissingDependencyError
        """
        if jobs:
            ask_slurm("scancel", "--quiet", *jobs)

    def stuck(self, sent: Sequence[Sent]) -> list[SlurmState]:
        """Of jobs just sent, those that will never start as they are; Slurm's scheduler is given a moment to look.

        Raises   MissingDependencyError
        """
        until = time.monotonic() + LOOK_FOR
        while True:
            states = slurm_states(each.job for each in sent)
            is_seen = all(state.runs or not state.waits or state.reason not in JUST_SENT for state in states.values())
            if is_seen or time.monotonic() > until:
                return [state for state in states.values() if state.is_stuck]
            time.sleep(LOOK_EVERY)

    def _send_array(self, array: SlurmArray, after: Sequence[str]) -> list[Sent]:
        folder = self._folder(array)
        jobs = send_array(array, self.options, folder, self.study.folder, parents(after))
        sent = [
            Sent(job, tuple(task.key for task in element), array.memory, array.minutes * 60.0, str(folder))
            for job, element in zip(jobs, array.elements, strict=True)
        ]
        try:
            write_sending(self.study, NAME, self.options.as_dict(), sent)
        except OutputError:  # nobody would know of them
            self.cancel(parents(jobs))
            raise
        return sent

    def _folder(self, array: SlurmArray) -> Path:
        """A folder for pickles and logs of an array; the same one when it is shown and when it is sent."""
        tasks = forty_digits([task.key for element in array.elements for task in element])[:6]
        return self.study.logs.absolute() / f"{NAME}-{self._call}-{array.kind}-{tasks}"

    @cached_property
    def _call(self) -> str:
        """A name for all that this call sends."""
        return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"

    @cached_property
    def _most_elements(self) -> int:
        return max_array_size()


def parents(jobs: Any) -> list[str]:
    """The arrays, or single jobs, of elements by Slurm's names.

    >>> parents(["12_0", "12_1", "14"])
    ['12', '14']
    """
    return list(dict.fromkeys(job.partition("_")[0] for job in jobs))
