"""Tasks that predict: a stimulus whose features are all in the cache, into its folder as `predict` writes it."""

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from tribe_np.batch.making.feature_tasks import changed_since, join_parts_of
from tribe_np.batch.making.workplace import Workplace
from tribe_np.batch.plan import PlannedStimulus
from tribe_np.batch.study import Study
from tribe_np.batch.task import FAILED, FEATURES_MISSING, Task, TaskReport, Work
from tribe_np.batch.watching.machine_kinds import kinds_of_machines, mixed_rounding
from tribe_np.batch.watching.task_states import is_in_cache
from tribe_np.errors import TribeError
from tribe_np.files.leftovers import scratch_prefix
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.run import predict_to_folder
from tribe_np.timeline.events import Events


class FeaturesMissingError(TribeError, ValueError):
    """Features of a stimulus that nobody will make by himself: tasks that make them have failed."""


def is_predicted(task: Task, study: Study) -> bool:
    """Whether the folder of a prediction is there, made by this very task and not by that of an earlier plan."""
    return study.predicted_by(task.stimulus) == task.key


def features_are_there(task: Task, place: Workplace) -> bool:
    """Whether a prediction can be made now: all features are in the cache, if some only in parts.

    Raises   FeaturesMissingError where they will not come, since a task that makes some of them has failed
    """
    planned = place.plan.stimulus(task.stimulus)
    lacking = [each for work in _lacking(planned, place) for each in work.tasks(planned.name, 1)]
    lacking = [each for each in lacking if not is_in_cache(each, place.source.cache)]
    reports = [report for each in lacking if (report := place.study.read_report(each.key)) is not None]
    failed = [report for report in reports if report.state == FAILED]
    if failed:
        raise FeaturesMissingError(
            f"{FEATURES_MISSING}: {len(lacking)} of {len(planned.needs)} tasks ({failed[0].error})"
        )
    return not lacking


def _lacking(planned: PlannedStimulus, place: Workplace) -> Iterator[Work]:
    """The work of which entries are not whole."""
    cache = place.source.cache
    for work in (*planned.work, *planned.borrowed):
        if not all(cache.has(entry) for entry in work.entries):
            yield work


def predict_stimulus(task: Task, place: Workplace) -> str:
    """Predicts a stimulus, whose features are all there, into its folder; gives what a reader should know.

    No feature is computed here: a machine that has the memory for the brain encoder may not have it for a model.
    Raises   MediaError for a stimulus, words or a model that are no longer as planned; TribeError of every kind
    """
    planned = place.plan.stimulus(task.stimulus)
    for work in list(_lacking(planned, place)):
        join_parts_of(work, _owner(work, planned, place), place)
    place.release()
    settings, words = place.plan.settings, place.plan.settings.word_source(planned)
    told, caution = _how_made(task, planned, place)

    def load() -> TribeModel:
        model = settings.load_model(planned, place.progress)
        if place.plan.checkpoint not in ("", model.feature_source().digest(model.checkpoint)):
            raise changed_since(f"the brain encoder {settings.checkpoint}")
        if caution is not None:
            model.record.warn(caution)
        return model

    predict_to_folder(
        Path(planned.path), place.study.prediction(planned.name), load=load, words=words, command=place.command,
        threads=place.threads, subject=planned.subject, pictures=settings.picture_show(planned.kind), study=told,
        check_events=partial(_check_as_planned, planned, place),
    )  # fmt: skip
    return caution or ""


def _check_as_planned(planned: PlannedStimulus, place: Workplace, model: TribeModel, events: Events) -> None:
    """Refuses what a stimulus has become: its features would be computed here, under the name of what was planned.

    Raises   MediaError
    """
    with tempfile.TemporaryDirectory(prefix=scratch_prefix()) as scratch:
        now = Path(scratch) / "events.tsv"
        events.to_tsv(now, synced=False)
        if now.read_bytes() != place.study.events(planned.name).read_bytes():
            raise changed_since(f"{planned.path}, or what is said in it")
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for work in (*planned.work, *planned.borrowed):
        wanted[work.modality].update(work.entries)
    source = model.feature_source()
    for modality, entries in wanted.items():
        part = source.of(modality)
        if not entries.issuperset(map(part.key, part.pieces(events))):
            raise changed_since(f"{planned.path}, or the {modality} model {part.folder}")


def _owner(work: Work, planned: PlannedStimulus, place: Workplace) -> PlannedStimulus:
    """The stimulus whose rows a work has: another than the one that borrows its entries."""
    return next((other for other in place.plan.stimuli if work in other.work), planned)


def _how_made(task: Task, planned: PlannedStimulus, place: Workplace) -> tuple[dict[str, Any], str | None]:
    """What run.json says of the tasks behind a prediction, and whether they ran on machines that round differently."""
    found = (place.study.read_report(key) for key in planned.needs)
    reports: list[TaskReport] = [report for report in found if report is not None and report.made]
    kinds = kinds_of_machines(reports)
    told = {
        "key": task.key,
        "tasks": len(planned.needs),
        "tasks_without_report": len(planned.needs) - len(reports),  # their features were in the cache before
        "core_seconds": round(sum(report.seconds * (report.threads or 1) for report in reports), 1),
        "machines": [asdict(kind) for kind in kinds],
    }
    return told, mixed_rounding(kinds)
