"""How a study stands, for people: some lines, and the table status.tsv, which has a row for each stimulus."""

from collections.abc import Mapping, Sequence

from tribe_np.batch.engines.engine import WAITING
from tribe_np.batch.study import Study
from tribe_np.batch.task import DONE, FAILED
from tribe_np.batch.watching.status import StimulusStatus, StudyStatus
from tribe_np.batch.watching.task_states import STATES
from tribe_np.pipeline.progress import duration, number_of
from tribe_np.shown import shown, some_of
from tribe_np.timeline.table import write_table

MOST_ROWS = 30
"""Stimuli that are printed; status.tsv has all."""
COLUMNS = ("stimulus", "state", *STATES, "why", "note")


def write_status_table(study: Study, status: StudyStatus) -> None:
    """Writes status.tsv: how each stimulus stands, numbers of its tasks, and the columns that its list has of it.

    Raises   OutputError
    """
    others = list(dict.fromkeys(name for s in status.stimuli for name in s.columns if name not in COLUMNS))
    rows = (
        [s.name, s.state, *(str(s.tasks.get(state, 0)) for state in STATES), s.why, s.note,
         *(str(s.columns.get(name, "")) for name in others)]
        for s in status.stimuli
    )  # fmt: skip
    write_table(study.status, [*COLUMNS, *others], rows)


def status_lines(status: StudyStatus, study: Study) -> list[str]:
    """What `batch status` prints: the sum, then the stimuli that are not done, the failed ones first."""
    lines = [summary_line(status), *_stimulus_lines(status, study)]
    notes = [s for s in status.stimuli if s.note]
    if notes:
        lines.append(f"of {number_of(len(notes), 'stimuli')} there is something to know, such as {notes[0].note}")
    if status.caution is not None:
        lines.append(status.caution)
    return lines


def summary_line(status: StudyStatus) -> str:
    """The study in one line."""
    n_done, n_stimuli = status.tasks[DONE], len(status.stimuli)
    told = [f"{status.n_predicted} of {number_of(n_stimuli, 'stimuli')} predicted"]
    told.append(f"{n_done:,} of {status.n_tasks:,} tasks done")
    told += [f"{status.tasks[state]:,} {state}{_reasons(status, state)}" for state in STATES[1:] if status.tasks[state]]
    if status.seconds_left:
        told.append(f"about {duration(status.seconds_left)} left")
    return ", ".join(told)


def _reasons(status: StudyStatus, state: str) -> str:
    """Why tasks wait, most frequent first."""
    if state != WAITING or not status.reasons:
        return ""
    often = sorted(status.reasons, key=lambda reason: -status.reasons[reason])
    return f" ({some_of(often)})"


def _stimulus_lines(status: StudyStatus, study: Study) -> list[str]:
    """A line for each stimulus that is not done, aligned; where all are few, for each."""
    few = len(status.stimuli) <= MOST_ROWS
    chosen = [s for s in status.stimuli if few or s.state != DONE]
    chosen.sort(key=lambda s: s.state != FAILED)
    rows = [_cells(s) for s in chosen[:MOST_ROWS]]
    lines = _aligned(rows)
    if len(chosen) > MOST_ROWS:
        lines.append(f"... and {number_of(len(chosen) - MOST_ROWS, 'stimuli')} more: {study.status} has all")
    return lines


def _cells(stimulus: StimulusStatus) -> list[str]:
    tasks: Mapping[str, int] = stimulus.tasks
    n_tasks = sum(tasks.values())
    states = ", ".join(f"{tasks[state]} {state}" for state in STATES[1:] if tasks.get(state))
    why = f"{states}: {stimulus.why}" if states and stimulus.why else states or stimulus.why
    return [shown(stimulus.name), stimulus.state, f"{tasks.get(DONE, 0)} of {n_tasks}" if n_tasks else "", why]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ([cell.ljust(width) for cell, width in zip(row, [*widths[:-1], 0], strict=True)] for row in rows)
    return ["  ".join(cells).rstrip() for cells in padded]
