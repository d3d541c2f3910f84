"""A design to the events of its runs: every trial at its onset, and blank screens where nothing is seen."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tribe_np.errors import EventsError
from tribe_np.media.pictures.kinds import NO_GROUND, USUAL_GROUND
from tribe_np.pipeline.experiments.design import Design, DesignTrial
from tribe_np.pipeline.experiments.schedule import (
    DECIMALS,
    ONE_AT_A_TIME,
    SLIGHTLY,
    Order,
    TimedTrial,
    check_length,
    check_overlaps,
    schedule,
)
from tribe_np.pipeline.experiments.trial_events import (
    UNHEARD,
    TrialEvents,
    cut,
    ended,
    leaves_trace,
    media_length,
    n_different,
    placed_at,
    start_before,
)
from tribe_np.pipeline.progress import number_of
from tribe_np.pipeline.stimuli.picture_rows import screen_event
from tribe_np.pipeline.stimuli.shown_words import lasting
from tribe_np.timeline.events import SEEN_OR_HEARD, Event, Events
from tribe_np.timeline.features import FREQUENCY, to_index
from tribe_np.timeline.trials import Trial, Trials

MOST_HOURS = 12.0
SEEN = ("picture", "video")


@dataclass(frozen=True, eq=False)
class Experiment:
    """A design whose times are known.

    Fields   trials: in order of time, run by run; events: the table that `TribeModel.predict` takes, one timeline per
             run; facts: what run.json says of it; warnings: what was done with what is odd, with counts; files: what
             was found out about each file that is shown
    """

    trials: Trials
    events: Events
    facts: dict[str, Any]
    warnings: tuple[str, ...]
    files: dict[Path, dict[str, Any]]


def assemble(
    design: Design, shelf: TrialEvents, order: Order, *, screen: str | None = None, most_hours: float = MOST_HOURS
) -> Experiment:
    """The runs of a design: each trial's events at its onset, a Stimulus row per trial, a Background row per run.

    `screen` is the colour of the screen between trials or "none"; None is grey where the design has any picture or
    film. Times and collisions are checked before any sound is transcribed.
    Raises   EventsError, MediaError, ConfigError, MissingDependencyError, each with the line of the design
    """
    where = str(design.path)
    _check_given_length(design, most_hours)
    shelf.check_words()
    timed = schedule([timed_trial(row, shelf.of(row, speech=False), design.at(row)) for row in design], order)
    check_length(timed, where, most_hours)
    check_overlaps(timed, where, order)
    if shelf.builder.words.speech:
        timed = [replace(trial, spans=spans(trial, shelf.of(trial.row))) for trial in timed]
        check_overlaps(timed, where, order)
    seen = any(row.kind in SEEN for row in design)
    colour = screen if screen is not None else USUAL_GROUND if seen else NO_GROUND
    rows: list[Event] = []
    for run in dict.fromkeys(trial.row.run for trial in timed):
        rows += _run_rows([(n, t) for n, t in enumerate(timed, 1) if t.row.run == run], shelf, run, colour)
    return Experiment(
        Trials(tuple(map(as_trial, timed))),
        Events(rows).standardized(),
        _facts(design, timed, rows, shelf, order, colour),
        tuple(_warnings(timed, rows, shelf)),
        {path: shelf.facts.get(path, {}) for path in design.files},
    )


def _check_given_length(design: Design, most_hours: float) -> None:
    """The times that stand in the table, before a file is read."""
    stated = [TimedTrial(row, row.duration or 0.0, row.onset) for row in design if row.onset is not None]
    if stated:
        check_length(stated, str(design.path), most_hours)


def timed_trial(row: DesignTrial, events: Events, where: str) -> TimedTrial:
    """A trial with the duration that the table gives, or that of its file.

    Raises   EventsError for one that is too short to be seen or heard
    """
    duration = media_length(events) if row.duration is None else row.duration
    if not leaves_trace(events, duration):
        raise EventsError(
            f"{where}: shown for {duration:g} s it would leave no trace: features have {FREQUENCY:g} steps a second; "
            f"show it for more than {0.5 / FREQUENCY:g} s"
        )
    trial = TimedTrial(row, duration)
    return replace(trial, spans=spans(trial, events))


def spans(trial: TimedTrial, events: Events) -> dict[str, tuple[float, float]]:
    """Seconds from the onset in which a trial has events of each kind that can collide; none after it has ended."""
    found: dict[str, tuple[float, float]] = {}
    for kind in ONE_AT_A_TIME:
        rows = [row for row in events.of_type(kind) if row.start < trial.duration - SLIGHTLY]
        if rows:
            found[kind] = (min(r.start for r in rows), min(trial.duration, max(r.stop for r in rows)))
    return found


def is_cut(trial: TimedTrial, events: Events) -> bool:
    """Whether a trial ends before its file does."""
    return trial.row.duration is not None and media_length(events) > trial.duration + SLIGHTLY


def as_trial(trial: TimedTrial) -> Trial:
    """The row of trials.tsv: the times that were used, the design's names and foreign columns."""
    row = trial.row
    own = {"volume": row.volume, "background": row.background or None, "beside": row.beside or None}
    extra = {name: value for name, value in own.items() if value is not None} | dict(row.extra)
    return Trial(trial.onset, trial.duration, row.trial_type, row.run, row.stim_file, row.words, row.pair, extra)


# -- the rows of a run -----------------------------------------------------------------------------------------------


def _run_rows(numbered: Sequence[tuple[int, TimedTrial]], shelf: TrialEvents, run: str, colour: str) -> list[Event]:
    """All rows of a run: it begins at second 0, with or without a trial, and ends with its last one."""
    stop = max(trial.stop for _, trial in numbered)
    rows = [Event("Background", 0.0, stop, run)]
    taken: list[tuple[float, float]] = []
    for number, trial in numbered:
        about = {"trial": number, "trial_type": trial.row.trial_type}
        lasts = lasting(trial.onset, trial.stop)
        rows.append(Event("Stimulus", trial.onset, lasts, run, extra=about))
        events = shelf.of(trial.row, speech=shelf.builder.words.speech)
        if is_cut(trial, events):
            events = cut(events, trial.duration, drops_short=shelf.builder.config.compat.drops_short_chunks)
        rows += placed_at(ended(events, trial.duration), trial.onset, trial.stop, run, trial.row.volume)
        if "Video" in trial.spans:
            taken.append((trial.onset, min(trial.duration, media_length(events))))
    if colour != NO_GROUND:
        rows += [
            screen_event(lasts, colour, start=start_before(start, lasts, stop), timeline=run)
            for start, lasts in free_stretches(taken, stop)
        ]
    return rows


def free_stretches(taken: Sequence[tuple[float, float]], stop: float) -> Iterator[tuple[float, float]]:
    """Start and duration of what lies between (start, duration) stretches in order, from second 0 to `stop`.

    Units    seconds
    Numerics a stretch fills the steps of the features' grid that the others leave free, no more and no fewer: two
             features in one step would add up
    """
    free, first = 0.0, 0
    for start, duration in [*sorted(taken), (stop, 0.0)]:
        step = to_index(start, FREQUENCY)
        if step > first:
            yield _on_grid(free, start, first, step)
        free = max(free, start + duration)
        first = max(first, step + to_index(duration, FREQUENCY))


def _on_grid(free: float, until: float, first: int, step: int) -> tuple[float, float]:
    """The times themselves where they round to the steps, else those of the steps."""
    if (to_index(free, FREQUENCY), to_index(until - free, FREQUENCY)) == (first, step - first):
        return free, round(until - free, DECIMALS)  # equal gaps have equal features
    return first / FREQUENCY, (step - first) / FREQUENCY


# -- what is said of it ----------------------------------------------------------------------------------------------


def _facts(
    design: Design, timed: Sequence[TimedTrial], rows: list[Event], shelf: TrialEvents, order: Order, colour: str
) -> dict[str, Any]:
    """What run.json holds under "experiment"."""
    return {
        "n_trials": len(timed),
        "conditions": dict(Counter(row.trial_type for row in design)),  # in the order of the design, shuffled or not
        "runs": {
            run: max(t.stop for t in timed if t.row.run == run) for run in dict.fromkeys(t.row.run for t in timed)
        },
        "seed": order.seed,
        "shuffle": order.shuffle,
        "isi": order.isi,
        "jitter": order.jitter,
        "screen": colour,
        "n_stimuli": len({shelf.shown(trial.row) for trial in timed}),
        **row_counts(rows),
    }


def row_counts(rows: Iterable[Event]) -> dict[str, dict[str, int]]:
    """How many rows each kind of event has, and how many of them differ, so that they have to be computed."""
    of_type: dict[str, list[Event]] = {kind: [] for kind in ONE_AT_A_TIME}
    for row in rows:
        of_type.get(row.type, []).append(row)
    there = {kind: found for kind, found in of_type.items() if found}
    return {
        "rows": {kind: len(found) for kind, found in there.items()},
        "computed": {kind: n_different(found) for kind, found in there.items()},
    }


def _warnings(timed: Sequence[TimedTrial], rows: list[Event], shelf: TrialEvents) -> Iterator[str]:
    speech, n_trials = shelf.builder.words.speech, len(timed)
    built = [(trial, shelf.of(trial.row, speech=speech)) for trial in timed]
    n_cut = sum(is_cut(trial, events) for trial, events in built)
    if n_cut:
        yield f"trials that end before their file does: {n_cut} of {n_trials}; the features are of what is shown"
    early = sum(media_length(events) < trial.duration - SLIGHTLY for trial, events in built)
    if early:
        yield f"trials that are longer than their file: {early} of {n_trials}; nothing of it follows"
    silent = sum(trial.row.volume is not None and not len(events.of_type("Audio")) for trial, events in built)
    if silent:
        yield f"trials whose volume changes nothing, since they have no sound: {silent} of {n_trials}"
    bare = sum(bool(trial.row.background) and trial.row.kind != "picture" for trial in timed)
    if bare:
        yield f"trials whose background changes nothing, since they show no picture: {bare} of {n_trials}"
    heard = {
        trial.row.stimulus for trial, events in built
        if trial.row.stimulus and trial.row.kind not in UNHEARD and events.of_type("Audio")
    }  # fmt: skip
    if speech and not shelf.hears and (n := sum(stimulus.sidecar is None for stimulus in heard)):
        yield f"{number_of(n, 'files')} of sound or film without a transcript: taken without words"
    doubled = sum(_n_doubled(rows, kind) for kind in SEEN_OR_HEARD)
    if doubled:
        yield (
            f"rows that share a step of {1 / FREQUENCY:g} s with the row before: {doubled} of {len(rows)}; their "
            "features add up there; give onsets and durations in whole steps"
        )
    off = sum(abs(trial.onset * FREQUENCY - round(trial.onset * FREQUENCY)) > SLIGHTLY for trial in timed)
    if off:
        yield (
            f"trials that start between the steps of the features, which are {1 / FREQUENCY:g} s: {off} of {n_trials}; "
            "they take the nearest"
        )


def _n_doubled(rows: list[Event], kind: str) -> int:
    """Rows of a kind whose first step of the grid a row before it fills too."""
    ends: dict[str, int] = {}
    found = 0
    for row in sorted((row for row in rows if row.type == kind), key=lambda row: row.start):
        first = to_index(row.start, FREQUENCY)
        found += first < ends.get(row.timeline, 0)
        ends[row.timeline] = max(ends.get(row.timeline, 0), first + to_index(row.duration, FREQUENCY))
    return found
