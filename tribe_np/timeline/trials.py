"""Trials: what a participant is shown when, in runs; the table that an experiment writes beside its predictions.

The columns are those of BIDS' events.tsv (onset, duration, trial_type, stim_file) and a few of ours; foreign columns
are kept. A run is a timeline of the events table: onsets count from its second 0.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tribe_np.errors import EventsError
from tribe_np.shown import quoted
from tribe_np.timeline.table import (
    decode_extra,
    encode_cell,
    encode_extra,
    read_table,
    to_number,
    without_tabs,
    write_table,
)

TRIALS = "trials.tsv"
"""The file of an experiment's folder."""
MISSING_TEXT = "n/a"  # BIDS' word for a cell without a value


@dataclass(frozen=True)
class Trial:
    """One presentation.

    Units    onset, duration: seconds of the run
    Fields   trial_type: its condition; run: its timeline; stim_file or words: what is shown, as the design names it;
             pair: trials of equal name are compared with each other; extra: foreign columns
    """

    onset: float
    duration: float
    trial_type: str
    run: str = "run-1"
    stim_file: str = ""
    words: str = ""
    pair: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def stop(self) -> float:
        """Seconds; onset + duration."""
        return self.onset + self.duration


NUMBERS = ("onset", "duration")
COLUMNS = tuple(column.name for column in fields(Trial) if column.name != "extra")


@dataclass(frozen=True)
class Trials:
    """Trials in the order of the design."""

    rows: tuple[Trial, ...]

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def conditions(self) -> list[str]:
        """The trial types, in the order in which they first appear."""
        return list(dict.fromkeys(trial.trial_type for trial in self.rows))

    def runs(self) -> list[str]:
        """The runs, in the order in which they first appear."""
        return list(dict.fromkeys(trial.run for trial in self.rows))

    def to_tsv(self, path: str | Path) -> None:
        """Writes the table that `from_tsv` reads back without loss; whole or not at all.

        Raises   OutputError when it cannot be written; EventsError for an extra value that is neither text nor a number
        """
        extras = list(dict.fromkeys(name for trial in self.rows for name in trial.extra))
        rows = [
            [_cell(getattr(trial, name)) for name in COLUMNS] + [encode_extra(trial.extra.get(name)) for name in extras]
            for trial in self.rows
        ]
        write_table(path, [*COLUMNS, *extras], rows)

    @staticmethod
    def from_tsv(path: str | Path) -> "Trials":
        """The trials of a table with onset, duration and trial_type, times known.

        Raises   EventsError naming file, line and column
        """
        columns, records = read_table(path)
        for name in (*NUMBERS, "trial_type"):
            if name not in columns:
                raise EventsError(
                    f"{path}: column {name!r} is missing; trials need onset, duration and trial_type"
                    f"{without_tabs(columns)}"
                )
        return Trials(
            tuple(_trial(dict(zip(columns, cells, strict=True)), f"{path}, line {n}") for n, cells in records)
        )


def _cell(value: object) -> str:
    return encode_cell(value) or MISSING_TEXT


def _trial(record: Mapping[str, str], where: str) -> Trial:
    values: dict[str, Any] = {}
    for name in NUMBERS:
        try:
            found = to_number(record[name], float)
        except (ValueError, OverflowError):
            found = None
        if found is None or not math.isfinite(found) or found < 0:
            raise EventsError(f"{where}: {name} is {quoted(record[name], 40)}, expected a number of seconds from 0 on")
        values[name] = found
    texts = {name: record[name] for name in COLUMNS if name in record and name not in NUMBERS}
    values |= {name: text for name, text in texts.items() if text not in ("", MISSING_TEXT)}
    if "trial_type" not in values:
        raise EventsError(f"{where}: trial_type is missing; every trial has a condition")
    extra = {name: decode_extra(cell) for name, cell in record.items() if name not in COLUMNS and cell}
    return Trial(**values, extra=extra)
