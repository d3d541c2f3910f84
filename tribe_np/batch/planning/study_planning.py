"""Listed stimuli into the plan of a study: what `tribe-np batch plan` does.

Everything that all stimuli share is checked first, then each becomes events and work. What is wrong with one is written
down and stops no other. plan.json is written last: a plan that is interrupted leaves the study as it was, and what was
taken from the stimuli (sound, recognised words) in the cache.
"""

import os
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tribe_np.batch.lists.listed_stimulus import ListedStimulus
from tribe_np.batch.plan import Plan, PlannedStimulus, read_plan, write_plan
from tribe_np.batch.planning.dividing import Divider
from tribe_np.batch.planning.stimulus_planning import StimulusPlanner, in_a_table
from tribe_np.batch.settings import StudySettings
from tribe_np.batch.study import Study
from tribe_np.batch.task import Work
from tribe_np.errors import (
    CheckpointError,
    ConfigError,
    EventsError,
    MediaError,
    MissingDependencyError,
    OutputError,
    TribeError,
    reason_of,
)
from tribe_np.files.atomic import sync_all
from tribe_np.files.leftovers import passing_name, remove_if_possible, remove_leftovers
from tribe_np.outputs.whole import check_target
from tribe_np.pipeline.dry_run import RunEstimates, speed_now
from tribe_np.pipeline.early_checks import check_subject, expected_events, modalities_reading
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.progress import Progress, Silent
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.recogniser import Recogniser, check_words
from tribe_np.pipeline.stimuli.stimulus import Stimulus, open_stimulus
from tribe_np.shown import some_of

OF_THE_STUDY = (CheckpointError, MissingDependencyError, OutputError)
"""Errors that other stimuli would meet as well: of a model, a package, the disk."""
LOOKED_INTO = 16
"""Stimuli that are looked into before any work; what `probe` remembers of films."""
OWN_NAMES = ("plan.json", "events", "reports", "jobs", "logs", "predictions", "status.tsv")


@dataclass(frozen=True)
class PlanningResult:
    """A plan that was written, and what became of the one before it.

    Fields   reads: what the model of each modality reads, as the catalogue says, for people; cached: entries that lie
             in the cache already; added, gone, changed: names of stimuli; changed ones are predicted anew
    """

    plan: Plan
    before: Plan | None
    reads: Mapping[str, str]
    cached: frozenset[str]
    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def plan_study(
    study: Study,
    listed: Sequence[ListedStimulus],
    settings: StudySettings,
    *,
    clips_per_task: int | None = None,
    progress: Progress | None = None,
) -> PlanningResult:
    """Plans a study, or plans it again with other stimuli.

    Raises   TribeError: for a folder that is something else or a study with other settings, models that are missing,
             a subject that the checkpoint does not hold, words that nobody could recognise; the first stimulus' error
             where none can be predicted
    """
    shown = progress if progress is not None else Silent()
    before = check_study(study, settings)
    model = settings.load_model(progress=Silent(), headers_only=True)
    opened = _opened(listed, settings, model)
    estimates = RunEstimates(model, model.feature_source(), speed_now(model.runtime))
    divider = Divider(estimates, clips_per_task, {} if before is None else _first_entries(before))
    planner = StimulusPlanner(settings, model, divider)
    _check_shared(planner, listed, opened)
    scratch = passing_name(study.folder / "events", "partial")
    try:
        _make_folder(scratch)
        stimuli = []
        with shown.stage("planning", len(listed), "stimuli") as step:
            for one in listed:
                stimuli.append(_planned(planner, one, opened[one.name], scratch))
                step(1)
        _check_some_are_planned(stimuli)
        plan = Plan(settings, tuple(stimuli), checkpoint=estimates.source.digest(model.checkpoint))
        _put_in_place(study, scratch, stimuli)
        write_plan(study, plan)
    finally:
        remove_if_possible(scratch)
        with suppress(OSError):  # where it holds anything
            study.folder.rmdir()
    return _result(plan, before, estimates)


def _first_entries(plan: Plan) -> dict[str, Work]:
    return {work.entries[0]: work for stimulus in plan.stimuli for work in stimulus.work}


def check_study(study: Study, settings: StudySettings) -> Plan | None:
    """The plan that the folder holds already; None for a new or empty folder.

    Raises   ConfigError for a study with other settings or of another version; OutputError for another folder
    """
    check_target(study.folder, lambda folder: _others_in(folder, study))
    remove_leftovers(study.folder)
    if not study.plan.exists():
        return None
    before = read_plan(study)
    if changed := before.settings.differences(settings):
        raise ConfigError(
            f"{study.folder}: was planned with {some_of(changed, 4)}; plan it in another folder, or with the options "
            "that it was planned with"
        )
    return before


def _others_in(folder: Path, study: Study) -> str | None:
    """Why a folder is no study."""
    if study.plan.exists():
        return None
    others = sorted(path.name for path in folder.iterdir() if path.name not in OWN_NAMES and path.name[0] != ".")
    return f"holds other files ({some_of(others, 2)})" if others else None


# -- before any work -----------------------------------------------------------------------------------------------


def _opened(
    listed: Sequence[ListedStimulus], settings: StudySettings, model: TribeModel
) -> dict[str, Stimulus | TribeError]:
    """Each stimulus by name, or why it cannot be opened."""
    found: dict[str, Stimulus | TribeError] = {}
    for one in listed:
        try:
            settings.pipeline_config(one)
            check_subject(model, one.subject or settings.subject)
            found[one.name] = open_stimulus(one.path, words=settings.word_source(one))
        except (MediaError, EventsError) as error:
            found[one.name] = error
        except ConfigError as error:
            raise ConfigError(str(error) if one.table is None else f"{one.at}: {error}") from error
    kinds = {stimulus.kind for stimulus in found.values() if isinstance(stimulus, Stimulus)}
    for kind in kinds:
        settings.picture_show(kind)
    if settings.pictures and kinds and "picture" not in kinds:
        given = next(iter(settings.pictures))
        raise ConfigError(f"--{given} is for pictures, and none of the stimuli is one; leave it out")
    return found


def _check_shared(
    planner: StimulusPlanner, listed: Sequence[ListedStimulus], opened: Mapping[str, Stimulus | TribeError]
) -> None:
    """Refuses what the first stimuli will surely need and is not there: models, and who would recognise words.

    Others are found out when their turn comes; few enough are looked into that films are not probed twice.
    Raises   CheckpointError, ConfigError, MissingDependencyError
    """
    model, settings = planner.model, planner.settings
    expected: set[str] = set()
    for one in listed[:LOOKED_INTO]:
        stimulus = opened[one.name]
        if not isinstance(stimulus, Stimulus):
            continue
        words, config = settings.word_source(one), settings.pipeline_config(one)
        try:
            expected |= expected_events(stimulus, words)
            check_words(stimulus, Recogniser(words, config, model.locations, RunRecord(), Silent()))
        except (MediaError, EventsError):
            continue  # said when it is planned
        except (CheckpointError, MissingDependencyError) as error:  # nobody to recognise words
            raise type(error)(in_a_table(error)) from error
    planner.check(modalities_reading(model, expected))


# -- one after the other -------------------------------------------------------------------------------------------


def _planned(
    planner: StimulusPlanner, one: ListedStimulus, opened: Stimulus | TribeError, folder: Path
) -> PlannedStimulus:
    if not isinstance(opened, Stimulus):
        return planner.failed(one, None, opened)
    stimulus = replace(opened)  # what it keeps of its file goes with it
    try:
        return planner.planned(one, stimulus, folder / f"{one.name}.tsv")
    except OF_THE_STUDY:
        raise
    except TribeError as error:
        return planner.failed(one, stimulus, error)


def _check_some_are_planned(stimuli: Sequence[PlannedStimulus]) -> None:
    failed = [stimulus for stimulus in stimuli if stimulus.error]
    if failed and len(failed) == len(stimuli):
        if len(failed) == 1:
            raise MediaError(f"the stimulus cannot be predicted: {failed[0].error}")
        raise MediaError(f"none of the {len(failed)} stimuli can be predicted; the first: {failed[0].error}")


# -- the folder ----------------------------------------------------------------------------------------------------


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"{folder.parent}: cannot be written: {reason_of(error)}") from error


def _put_in_place(study: Study, scratch: Path, stimuli: Sequence[PlannedStimulus]) -> None:
    """The tables of events take their places; one of a stimulus that failed now is of no use."""
    names = [stimulus.name for stimulus in stimuli if not stimulus.error]
    made = {study.events(name): scratch / f"{name}.tsv" for name in names}
    try:
        sync_all(made.values())
        (study.folder / "events").mkdir(exist_ok=True)
        for place, table in made.items():
            os.replace(table, place)
    except OSError as error:
        raise OutputError(f"{study.folder / 'events'}: cannot be written: {reason_of(error)}") from error


def _result(plan: Plan, before: Plan | None, estimates: RunEstimates) -> PlanningResult:
    """What is new, what is gone, and what is otherwise than it was."""
    entries = {entry for stimulus in plan.stimuli for work in stimulus.work for entry in work.entries}
    cached = frozenset(entries & estimates.source.cache.keys())
    modalities = {work.modality for stimulus in plan.stimuli for work in stimulus.work}
    reads = {m: estimates.part(m).about.reads for m in plan_order(modalities, estimates)}
    now = {one.name: one.key for one in plan.stimuli}
    then = {} if before is None else {one.name: one.key for one in before.stimuli}
    changed = tuple(name for name in now if then.get(name) and now[name] != then[name])
    return PlanningResult(plan, before, reads, cached, _without(now, then), _without(then, now), changed)


def plan_order(modalities: set[str], estimates: RunEstimates) -> list[str]:
    """Modalities in the checkpoint's order."""
    return [m for m in estimates.model.data.modalities if m in modalities]


def _without(names: Iterable[str], others: Container[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in others)
