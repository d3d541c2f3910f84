"""A study as one process has it open: what is loaded for a task stays for the next, as long as it can be used.

One model is kept, with the modality that it belongs to: tasks of another modality, and predictions, take its place.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

from tribe_np.batch.making.machines import MachineFacts
from tribe_np.batch.making.stopping import StoppableProgress, never
from tribe_np.batch.plan import Plan, PlannedStimulus
from tribe_np.batch.study import Study
from tribe_np.batch.task import STOPPED, TaskReport
from tribe_np.errors import OutputError, TribeError
from tribe_np.pipeline.features.modality import Modality
from tribe_np.pipeline.features.source import FeatureSource
from tribe_np.pipeline.progress import Silent
from tribe_np.pipeline.store.claims import Claims
from tribe_np.timeline.events import Events


class CannotBeginError(TribeError, RuntimeError):
    """What every task on this machine needs is not to be had here: no task's own fault, and no task fails of it."""


@dataclass(eq=False)
class Workplace:
    """One process's study.

    Fields   job: the engine's name for the process, "" for none; threads: of BLAS and kernels; at_work: the report of
             the task that runs
    """

    study: Study
    plan: Plan
    progress: StoppableProgress = field(default_factory=lambda: StoppableProgress(Silent()))
    job: str = ""
    threads: int | None = None
    at_work: TaskReport | None = None
    _held: tuple[str, Modality] | None = None
    _events: tuple[str, Events] | None = None

    def asked_by(self, should_stop: Callable[[], bool] | None) -> None:
        """Whom the work asks, after each of its steps, whether it is to end."""
        self.progress.should_stop = should_stop or never

    def note_stop(self) -> None:
        """Writes down that the task that runs is to end: whoever asked may not wait for it, which is no death then."""
        report = self.at_work
        if report is not None:
            with suppress(OutputError):
                self.study.write_report(report.ended(STOPPED))

    @cached_property
    def source(self) -> FeatureSource:
        """What makes features.

        Raises   CannotBeginError for a checkpoint, models or a cache that this machine does not see
        """
        try:
            return self.plan.settings.open_source(self.progress)
        except TribeError as error:
            raise self.cannot_begin(error) from error

    @property
    def warnings(self) -> list[str]:
        """What was to be said so far of the features that were made here."""
        return self.source.record.warnings

    @property
    def command(self) -> str:
        """What run.json says of how a prediction was asked for."""
        return f"batch {self.study.folder}"

    @cached_property
    def claims(self) -> Claims:
        """Who works on what, below the cache."""
        return self.plan.settings.claims()

    @cached_property
    def machine(self) -> MachineFacts:
        """This one, as reports name it."""
        return MachineFacts.here(self.threads)

    def cannot_begin(self, error: TribeError) -> CannotBeginError:
        """The error with the machine's name: the others may well see what this one does not."""
        return CannotBeginError(f"on {self.machine.host}: {error}")

    def part(self, modality: str) -> Modality:
        """One modality, with its model once that is loaded; checked when it is taken.

        Raises   CannotBeginError for a model, or a package that reads it, that is not to be had here
        """
        if self._held is None or self._held[0] != modality:
            self.release()
            try:
                part = self.source.of(modality)
                part.check()
            except TribeError as error:
                raise self.cannot_begin(error) from error
            self._held = modality, part
        return self._held[1]

    def release(self) -> None:
        """Lets go of the model that is loaded: the next thing needs the memory."""
        self._held = None

    def events_of(self, stimulus: PlannedStimulus) -> Events:
        """The events of a stimulus, as planning wrote them.

        Raises   EventsError
        """
        if self._events is None or self._events[0] != stimulus.name:
            self._events = stimulus.name, Events.from_tsv(self.study.events(stimulus.name))
        return self._events[1]
