"""The plan of a study: its settings, stimuli and work, from which tasks follow. Importing this imports no NumPy.

plan.json holds work, not tasks, and puts together what is alike: two hundred films of two hours are 24,000 chunks and
288,000 tasks, but a few megabytes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from tribe_np import __version__
from tribe_np.batch.planning.packed_work import packed, unpacked
from tribe_np.batch.settings import StudySettings
from tribe_np.batch.study import Study, read_json_file, write_record
from tribe_np.batch.task import PREDICTION, Task, TaskNeed, Work
from tribe_np.errors import ConfigError, OutputError
from tribe_np.pipeline.store.cache_version import CACHE_VERSION
from tribe_np.shown import did_you_mean, quoted


@dataclass(frozen=True)
class PlannedStimulus:
    """A stimulus of a study, and the work on it.

    Fields   name: unique in the study; path, transcript: absolute; kind: of stimulus; language, subject: its own or
             else the study's, None for detected and for the average; columns: what else its table says; seconds: how
             long it lasts; work: what is made for it; borrowed: work of stimuli before it, which holds entries that it
             needs too; key: of its prediction; memory, predicting: bytes and seconds of that; warnings: of its events;
             error: one line where it cannot be predicted, which then has no work
    """

    name: str
    path: str
    kind: str = ""
    transcript: str | None = None
    language: str | None = None
    subject: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    work: tuple[Work, ...] = ()
    borrowed: tuple[Work, ...] = ()
    key: str = ""
    memory: int = 0
    predicting: float = 0.0
    warnings: tuple[str, ...] = ()
    error: str = ""

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """Keys of all tasks that its prediction waits for, also of those that are another stimulus' tasks."""
        return tuple(task.key for work in (*self.work, *self.borrowed) for task in work.tasks(self.name, 1))

    def tasks(self, cores: int) -> list[Task]:
        """The tasks of its own work."""
        return [task for work in self.work for task in work.tasks(self.name, cores)]

    def prediction(self, cores: int) -> Task:
        """The task that predicts it."""
        need = TaskNeed(self.memory, cores, self.predicting)
        return Task(self.key, self.name, PREDICTION, (), None, (), need)


@dataclass(frozen=True)
class Plan:
    """What a study does; `made_by` says which version planned it, `checkpoint` is the brain encoder's digest."""

    settings: StudySettings
    stimuli: tuple[PlannedStimulus, ...]
    made_by: Mapping[str, Any] = field(default_factory=lambda: this_version())
    checkpoint: str = ""

    def tasks(self) -> tuple[Task, ...]:
        """The tasks that make features, longest first: the last ones to end are short."""
        return self._tasks

    def predictions(self) -> tuple[Task, ...]:
        """The tasks that predict, in the order of the stimuli, without those that failed in planning."""
        cores = self.settings.threads
        return tuple(stimulus.prediction(cores) for stimulus in self.stimuli if not stimulus.error)

    def stimulus(self, name: str) -> PlannedStimulus:
        """A stimulus by name.

        Raises   ConfigError for one that is not planned
        """
        if name not in self._by_name:
            raise ConfigError(f"no stimulus {quoted(name)} in the plan{did_you_mean(name, list(self._by_name))}")
        return self._by_name[name]

    def task(self, key: str) -> Task:
        """A task, of features or a prediction, by key.

        Raises   ConfigError for one that is not planned
        """
        cores = self.settings.threads
        stimulus, work = self._by_stem.get(key.partition(".")[0], (None, None))
        if stimulus is not None:
            tasks = [stimulus.prediction(cores)] if work is None else work.tasks(stimulus.name, cores)
            for task in tasks:
                if task.key == key:
                    return task
        raise ConfigError(f"no task {quoted(key)} in the plan: it was made anew since")

    @cached_property
    def _tasks(self) -> tuple[Task, ...]:
        cores = self.settings.threads
        found = [task for stimulus in self.stimuli for task in stimulus.tasks(cores)]
        return tuple(sorted(found, key=lambda task: -task.need.seconds))

    @cached_property
    def _by_name(self) -> dict[str, PlannedStimulus]:
        return {stimulus.name: stimulus for stimulus in self.stimuli}

    @cached_property
    def _by_stem(self) -> dict[str, tuple[PlannedStimulus, Work | None]]:
        """Where tasks come from, without making them all: a process that does one needs no memory for the others."""
        planned = [stimulus for stimulus in self.stimuli if not stimulus.error]
        found: dict[str, tuple[PlannedStimulus, Work | None]] = {one.key: (one, None) for one in planned}
        return found | {work.stem: (one, work) for one in planned for work in one.work}


def this_version() -> dict[str, Any]:
    """What must be equal in all processes of a study."""
    return {"tribe_np": __version__, "features": CACHE_VERSION}


# -- the file ------------------------------------------------------------------------------------------------------


def write_plan(study: Study, plan: Plan) -> None:
    """Writes plan.json, whole.

    Raises   OutputError
    """
    stimuli = [_stimulus_dict(stimulus) for stimulus in plan.stimuli]
    about = {"made_by": dict(plan.made_by), "checkpoint": plan.checkpoint, "settings": plan.settings.as_dict()}
    write_record(study.plan, {**about, "stimuli": stimuli})


def read_plan(study: Study) -> Plan:
    """The plan of a study.

    Raises   ConfigError where there is none, or one of another version; OutputError for one that is damaged
    """
    if not study.plan.exists():
        raise ConfigError(f"{study.folder}: holds no plan.json; make one with tribe-np batch plan STIMULI --out STUDY")
    found = read_json_file(study.plan)
    check_version(study, found.get("made_by"))
    try:
        stimuli, digest = _stimuli(found["stimuli"]), str(found.get("checkpoint", ""))
        return Plan(StudySettings.from_dict(found["settings"]), stimuli, found["made_by"], digest)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise OutputError(f"{study.plan}: is damaged: {what}; plan the study anew, nothing done is lost") from error


def check_version(study: Study, made_by: Any) -> None:
    """Refuses a plan of another version: its keys, or the numbers behind them, may be others.

    Raises   ConfigError, or OutputError where it does not say
    """
    now = this_version()
    if not isinstance(made_by, Mapping) or not made_by.keys() >= now.keys():
        raise OutputError(f"{study.plan}: is damaged: it does not say which version planned it; plan the study anew")
    if any(made_by[name] != now[name] for name in now):
        before, here = (f"tribe_np {by['tribe_np']} with features {by['features']}" for by in (made_by, now))
        raise ConfigError(
            f"{study.plan}: was planned by {before}, this is {here}; plan it anew in another folder, or use that "
            "version"
        )


def _stimulus_dict(stimulus: PlannedStimulus) -> dict[str, Any]:
    """Its fields without those that are as by default."""
    default = PlannedStimulus(stimulus.name, stimulus.path)
    found = {each.name: getattr(stimulus, each.name) for each in fields(stimulus)}
    told = {name: value for name, value in found.items() if name in ("name", "path") or value != getattr(default, name)}
    if stimulus.work:
        told["work"] = packed(stimulus.work)
    if stimulus.borrowed:
        told["borrowed"] = [work.entries[0] for work in stimulus.borrowed]
    return told


def _stimuli(found: Iterable[Mapping[str, Any]]) -> tuple[PlannedStimulus, ...]:
    made: list[PlannedStimulus] = []
    known: dict[str, Work] = {}
    for told in found:
        work = unpacked(told.get("work", ()))
        known |= {each.entries[0]: each for each in work}
        borrowed = tuple(known[entry] for entry in told.get("borrowed", ()))
        warnings = tuple(told.get("warnings", ()))
        made.append(PlannedStimulus(**{**told, "work": work, "borrowed": borrowed, "warnings": warnings}))
    return tuple(made)
