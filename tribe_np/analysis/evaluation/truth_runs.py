"""The runs that a prediction is evaluated against: one file, or a table of them, each with its times made sure of.

A table (.tsv, .csv) has a line a run: subject, file, and where they are needed run, timeline, start, tr. Files lie
relative to the table. Several runs of one subject and one timeline are repetitions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.analysis.evaluation.truth_arrays import TruthArray
from tribe_np.analysis.evaluation.truth_files import read_truth_file
from tribe_np.analysis.evaluation.truth_rows import BLOCK_OF_ROWS, SAME_TR, TruthRun, check_fit
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError, MeasurementError
from tribe_np.files.temporary_rows import temporary_rows
from tribe_np.shown import did_you_mean, quoted, some_of
from tribe_np.timeline.table import MISSING, read_table, to_number, without_tabs

TABLES = (".tsv", ".csv")
NEEDED = ("subject", "file")
KNOWN = (*NEEDED, "run", "timeline", "start", "tr")
SMALL = 64 << 20  # bytes of a run that stay in memory
ONE_SUBJECT, ONE_RUN = "subject", "run-1"


@dataclass(frozen=True)
class TruthTimes:
    """What is told of the times of truth, beside what files say.

    Units    seconds: `start` is when the stimulus began in the scan, `tr` between rows; None where it is not told
    """

    tr: float | None = None
    start: float | None = None
    is_aligned: bool = False
    offset: float | None = None  # given for a prediction that does not state its own


@dataclass(frozen=True, eq=False)
class PairedRun:
    """A run of truth and the prediction of the stimulus that was shown in it."""

    truth: TruthRun
    prediction: SurfaceSeries
    timeline: str


Timelines = Mapping[str, SurfaceSeries]


def read_truth(source: Any, timelines: Timelines, times: TruthTimes) -> tuple[list[PairedRun], list[str]]:
    """Every run of the source beside its prediction, and what was odd.

    `source` is what `read_truth_file` takes, a table, a TruthRun, or a mapping from subjects to one or several runs.
    Raises   MeasurementError, ConfigError, naming the file or the line of the table
    """
    check_times(times)
    said, guessed = list[str](), list[str]()
    runs = []
    listed = _listed(source, times)
    if not listed:
        raise MeasurementError("the truth: holds no run; expected a subject with a run at least")
    for one in listed:
        timeline, prediction = _timeline_of(one, timelines)
        if isinstance(one.source, TruthRun):
            truth = one.source
        else:
            found, odd = read_truth_file(one.source, tr=one.times.tr)
            said += [*odd, *_odd_numbering(found, prediction)]
            truth = _timed(found, one, prediction, guessed)
            if len(listed) > 1 and not isinstance(one.source, np.ndarray):
                truth = replace(truth, values=on_disk(truth.values))
        check_fit(prediction, truth)
        runs.append(PairedRun(_without_blanks(truth, said), prediction, timeline))
    return runs, [*_guessed_tr(guessed, timelines), *said, *_given_twice(runs)]


@dataclass(frozen=True, eq=False)
class _Listed:
    """One run as it was given."""

    source: Any
    subject: str
    run: str
    timeline: str | None
    times: TruthTimes
    where: str


def check_times(times: TruthTimes) -> None:
    """Refuses what is told of the times and contradicts itself.

    Raises   ConfigError
    """
    if times.is_aligned and times.offset is not None:
        raise ConfigError(
            "the offset is given twice: --truth-aligned (aligned) says that rows are shifted already, --offset "
            "(offset) would shift them again; give one of them"
        )
    if times.is_aligned and times.start is not None:
        raise ConfigError("--start (start) places the stimulus in a scan; rows that are aligned are in no scan's time")


def _listed(source: Any, times: TruthTimes) -> list[_Listed]:
    if isinstance(source, TruthRun):
        return [_Listed(source, source.subject, source.run, None, times, source.origin)]
    if isinstance(source, Mapping):
        return [one for subject, runs in source.items() for one in _of_subject(str(subject), runs, times)]
    if isinstance(source, Sequence) and source and all(isinstance(one, TruthRun) for one in source):
        return [_Listed(one, one.subject, one.run, None, times, one.origin) for one in source]
    path = source[0] if isinstance(source, (list, tuple)) and len(source) == 1 else source
    if isinstance(path, (str, Path)) and Path(path).suffix.lower() in TABLES and not Path(path).is_dir():
        return _of_table(Path(path), times)
    return [_Listed(source, ONE_SUBJECT, ONE_RUN, None, times, "the truth")]


def _of_subject(subject: str, runs: Any, times: TruthTimes) -> list[_Listed]:
    """Runs by name, a list of them, or one."""
    if isinstance(runs, Mapping):
        named = {str(run): one for run, one in runs.items()}
    elif isinstance(runs, (list, tuple)):
        named = {f"run-{number}": one for number, one in enumerate(runs, 1)}
    else:
        named = {ONE_RUN: runs}
    return [_Listed(one, subject, run, None, times, f"{subject}, {run}") for run, one in named.items()]


def _of_table(path: Path, times: TruthTimes) -> list[_Listed]:
    columns, records = read_table(path)
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        hint = without_tabs(columns) or did_you_mean(missing[0], columns)
        raise MeasurementError(f"{path}: has no column {missing[0]}{hint}; a table of truth has subject, run and file")
    unknown = [name for name in columns if name not in KNOWN]
    if unknown:
        raise MeasurementError(
            f"{path}: the column {quoted(unknown[0])} is unknown{did_you_mean(unknown[0], KNOWN)}; known are "
            f"{', '.join(KNOWN)}"
        )
    listed: list[_Listed] = []
    counts: dict[str, int] = {}
    for line, cells in records:
        row, where = dict(zip(columns, map(str.strip, cells), strict=True)), f"{path}, line {line}"
        for name in NEEDED:
            if not row[name]:
                raise MeasurementError(f"{where}: the cell of the column {name} is empty")
        counts[row["subject"]] = number = counts.get(row["subject"], 0) + 1
        run = row.get("run") or f"run-{number}"
        if any((one.subject, one.run) == (row["subject"], run) for one in listed):
            raise MeasurementError(
                f"{where}: the run {quoted(run)} of {quoted(row['subject'])} is there twice; repetitions are "
                "runs with names of their own, and of one stimulus (the column timeline)"
            )
        own = _own_times(times, _number(row, "tr", where), _number(row, "start", where))
        check_times(own)
        listed.append(_Listed(path.parent / row["file"], row["subject"], run, row.get("timeline") or None, own, where))
    if not listed:
        raise MeasurementError(f"{path}: has no lines, expected one for each run")
    return listed


def _own_times(times: TruthTimes, tr: float | None, start: float | None) -> TruthTimes:
    """What a line of the table says comes before what is said of all."""
    return replace(times, tr=times.tr if tr is None else tr, start=times.start if start is None else start)


def _number(row: Mapping[str, str], name: str, where: str) -> float | None:
    cell = row.get(name, "")
    if cell.strip().lower() in MISSING:
        return None
    try:
        found = float(to_number(cell, float))
    except (TypeError, ValueError):
        found = np.nan
    if not np.isfinite(found):
        raise MeasurementError(f"{where}: the {name} {quoted(cell)} is not a number of seconds")
    return found


def _timeline_of(one: _Listed, timelines: Timelines) -> tuple[str, SurfaceSeries]:
    """The timeline that was shown in a run: the only one, the one that is named, or the one that the run is called."""
    names = list(timelines)
    if one.timeline is None and len(names) == 1:
        return names[0], timelines[names[0]]
    named = one.timeline or one.run
    if named in timelines:
        return named, timelines[named]
    if one.timeline is None and one.where == "the truth":
        raise ConfigError(
            f"the prediction has {len(names)} timelines ({some_of(names, 4)}), the truth is one file; give one of them "
            "as PRED::NAME, or a table with the columns subject, run and file"
        )
    raise MeasurementError(
        f"{one.where}: {quoted(named)} is no timeline of the prediction, which has {some_of(names, 5)}"
        f"{did_you_mean(named, names)}"
    )


def _odd_numbering(found: TruthArray, prediction: SurfaceSeries) -> list[str]:
    """What to say where only one of the two tells in which of its two ways fsaverage3 or 4 is numbered.

    Raises   MeasurementError where both do, and differ
    """
    ours, theirs = prediction.numbering, found.numbering
    if ours == theirs:
        return []
    if None not in (ours, theirs):
        raise MeasurementError(
            f"{found.origin}: its vertices of {prediction.mesh} are {theirs}, those of the prediction are {ours}; "
            "resample both with the same files"
        )
    return [
        f"{found.origin}: its vertices of {prediction.mesh} are taken to be numbered as the prediction's; of the two "
        f"numberings that there are, only one of both says its own: {ours or theirs}"
    ]


def _timed(found: TruthArray, one: _Listed, prediction: SurfaceSeries, guessed: list[str]) -> TruthRun:
    """The run with times that are sure: what files state, what was told, and nothing twice.

    Raises   MeasurementError, ConfigError where the two contradict each other
    """
    times, name = one.times, found.origin if found.origin != "the truth" else one.where
    is_aligned = times.is_aligned or found.axis == "stimulus"
    if times.is_aligned and found.axis == "scan":
        raise ConfigError(
            f"{name}: says that its rows are in scan time; --truth-aligned contradicts that. Leave it out, or run "
            "tribe-np project --align"
        )
    if found.axis == "stimulus":
        _check_shifted(found, times, prediction, name)
    start = (found.start or 0.0) - (0.0 if is_aligned else times.start or 0.0)
    values = found.values
    return TruthRun(one.subject, one.run, values, _tr(found, times, prediction, name, guessed), start, is_aligned,
                    origin=name, files=found.files)  # fmt: skip


def _check_shifted(found: TruthArray, times: TruthTimes, prediction: SurfaceSeries, name: str) -> None:
    """Rows that a file itself places at stimulus time must not be shifted again, nor by another offset."""
    if times.offset is not None:
        raise ConfigError(
            f"{name}: its rows stand at stimulus time already, {found.offset or 0:g} s before their BOLD; --offset "
            "(offset) would give the offset twice"
        )
    if times.start is not None:
        raise ConfigError(f"{name}: its rows stand at stimulus time already; --start (start) is for scan time")
    if found.offset is not None and prediction.run and abs(found.offset - prediction.hemodynamic_offset) > 1e-6:
        raise MeasurementError(
            f"{name}: was shifted by {found.offset:g} s, the prediction's offset is "
            f"{prediction.hemodynamic_offset:g} s; run tribe-np project --align --offset "
            f"{prediction.hemodynamic_offset:g}"
        )


def _tr(found: TruthArray, times: TruthTimes, prediction: SurfaceSeries, name: str, guessed: list[str]) -> float:
    if found.tr is not None and times.tr is not None and abs(found.tr - times.tr) > SAME_TR * found.tr:
        raise ConfigError(f"{name}: has {found.tr:g} s between rows, --tr (tr) says {times.tr:g} s; leave it out")
    tr = times.tr if times.tr is not None else found.tr
    if tr is None:
        guessed.append(name)
        return prediction.tr
    return tr


def on_disk(values: np.ndarray) -> np.ndarray:
    """The values in a temporary file that goes with them, so that memory does not grow with the number of runs.

    What is a memory map, or small, stays as it is.
    Raises   OutputError where there is no room for the file
    """
    if isinstance(values, np.memmap) or values.nbytes < SMALL:
        return values
    mapped = temporary_rows(values.shape, values.dtype)
    for first in range(0, len(values), BLOCK_OF_ROWS):
        mapped[first : first + BLOCK_OF_ROWS] = values[first : first + BLOCK_OF_ROWS]
    return mapped


def _guessed_tr(names: Sequence[str], timelines: Timelines) -> list[str]:
    """What to say of runs whose TR nobody has stated."""
    if not names:
        return []
    one = f"{names[0]}: does not say how far its rows are apart"
    many = f"{len(names)} runs do not say how far their rows are apart, such as {names[0]}"
    tr = next(iter(timelines.values())).tr
    return [f"{one if len(names) == 1 else many}; {tr:g} s, as the prediction's, was taken (--tr says it)"]


def _without_blanks(truth: TruthRun, said: list[str]) -> TruthRun:
    """The run with its rows that have no value at all marked.

    Raises   MeasurementError where no row has one
    """
    if truth.is_blank is not None:
        return truth
    blank = np.zeros(len(truth.values), bool)
    for first in range(0, len(blank), BLOCK_OF_ROWS):
        part = slice(first, first + BLOCK_OF_ROWS)
        blank[part] = ~np.isfinite(truth.values[part]).any(axis=1)
    if blank.all():
        raise MeasurementError(f"{truth.origin}: every value is NaN or infinite")
    if not blank.any():
        return truth
    said.append(f"{truth.origin}: {blank.sum()} of {len(blank)} rows have no value at any vertex; they are left out")
    return replace(truth, is_blank=blank)


def _given_twice(runs: Sequence[PairedRun]) -> list[str]:
    names = [str(one.truth.files[0].resolve()) for one in runs if one.truth.files]
    return [f"{name}: is given {names.count(name)} times" for name in dict.fromkeys(names) if names.count(name) > 1]
