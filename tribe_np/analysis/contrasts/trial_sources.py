"""Where the trials of a contrast come from: an experiment's folder, or a table that names prediction folders.

Trials stand in seconds of the stimulus, and row t of a prediction describes second t: nothing is shifted here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.analysis.one_model import check_one_model, digest_of
from tribe_np.cortex.series import as_series
from tribe_np.cortex.voxel_series import AnySeries, as_voxel_series, is_voxel_folder
from tribe_np.errors import ConfigError, EventsError, OutputError
from tribe_np.files.sha256 import sha256_of
from tribe_np.formats.prediction_folder import read_prediction, why_no_prediction
from tribe_np.shown import did_you_mean, quoted, some_of
from tribe_np.timeline.table import MISSING, read_table, to_number, without_tabs
from tribe_np.timeline.trials import TRIALS, Trial, Trials

RUN_COLUMNS = ("run", "timeline")
NEEDED = ("prediction", "trial_type")


@dataclass(frozen=True, eq=False)
class PredictedRows:
    """One prediction and the timeline of each of its rows.

    Shapes   timelines (R,) names
    """

    series: AnySeries
    timelines: np.ndarray

    def runs(self) -> list[str]:
        """The timelines, in the order of the rows."""
        return list(dict.fromkeys(self.timelines.tolist()))


@dataclass(frozen=True)
class PlacedTrial:
    """A trial in a prediction.

    Units    onset, duration: seconds of the run; None for a trial that is a whole prediction, or a whole run of it
    Fields   prediction: its number among those of the source; run: None for all rows; where: what errors call it
    """

    condition: str
    prediction: int
    run: str | None
    onset: float | None
    duration: float | None
    pair: str
    where: str
    stimulus: str = ""  # the file or the words that are shown; "" where the table does not say


@dataclass(frozen=True, eq=False)
class TrialSource:
    """Trials, the predictions they stand in, and what was odd."""

    origin: Path
    predictions: tuple[PredictedRows, ...]
    trials: tuple[PlacedTrial, ...]
    files: tuple[Path, ...]  # what was read, beside the folders of predictions
    said: tuple[str, ...] = ()

    def conditions(self) -> list[str]:
        """The trial types, in the order in which they first appear."""
        return list(dict.fromkeys(trial.condition for trial in self.trials))

    @property
    def folders(self) -> list[str]:
        """The folders of the predictions."""
        return [one.series.origin for one in self.predictions]

    @cached_property
    def digests(self) -> dict[str, Any]:
        """What was read, for records: once, however many contrasts are made of it."""
        files = {str(path): sha256_of(path, error=OutputError) for path in self.files}
        return {"files": files, "predictions": [_identity(rows) for rows in self.predictions]}


def _identity(rows: PredictedRows) -> dict[str, Any]:
    """A prediction and its models, for records."""
    folder, run = Path(rows.series.origin), rows.series.run
    models = run.get("models")
    return {
        "path": str(folder.absolute()),
        "sha256": sha256_of(folder / "predictions.npy", error=OutputError),
        "rows": len(rows.timelines),
        "checkpoint": digest_of(run.get("checkpoint")),
        "models": {m: digest_of(models[m]) for m in models} if isinstance(models, Mapping) else {},
    }


def read_trial_source(source: str | Path, *, anyway: bool = False) -> TrialSource:
    """The trials of an experiment's folder or of a table.

    `anyway` takes predictions of different models together, and says so.
    Raises   OutputError for what is neither; EventsError for a table that cannot be used; ConfigError where predictions
             are not of one model; ShapeError where they do not have the same vertices
    """
    path = Path(source)
    if path.is_dir():
        return _of_experiment(path)
    if not path.is_file():
        raise OutputError(f"{path}: is not there; expected an experiment's folder or a table of trials (.tsv)")
    return _of_table(path, anyway=anyway)


def _of_experiment(folder: Path) -> TrialSource:
    lacking = why_no_prediction(folder)
    if lacking is not None:
        raise OutputError(
            f"{folder}: not an experiment's folder: {lacking}; give a folder that tribe-np experiment "
            "wrote, or a table (.tsv) with the columns prediction and trial_type"
        )
    table = folder / TRIALS
    if not table.is_file():
        raise OutputError(
            f"{folder}: is a prediction without {TRIALS}: nothing says which trials it holds; run tribe-np experiment, "
            "or give a table (.tsv) with the columns prediction, trial_type, onset and duration"
        )
    rows = read_predicted_rows(folder)
    trials = Trials.from_tsv(table)
    columns, records = read_table(table)
    has_runs = "run" in columns
    placed = [
        _placed(trial, rows, f"{table}, line {line}", has_runs)
        for trial, (line, _) in zip(trials, records, strict=True)
    ]
    if not placed:
        raise EventsError(f"{table}: has no trials")
    return TrialSource(folder, (rows,), tuple(placed), (table,))


def _placed(trial: Trial, rows: PredictedRows, where: str, has_runs: bool) -> PlacedTrial:
    run = _known_run(trial.run if has_runs else None, rows, where, is_needed=True)
    return PlacedTrial(
        trial.trial_type, 0, run, trial.onset, trial.duration, trial.pair, where, trial.stim_file or trial.words
    )


def _known_run(named: str | None, rows: PredictedRows, where: str, *, is_needed: bool) -> str | None:
    """The timeline of a trial; None where all rows are meant.

    Raises   EventsError for one that the prediction does not have, or none where there are several
    """
    known = rows.runs()
    if named is not None:
        if named not in known:
            raise EventsError(
                f"{where}: the run {quoted(named)} is no timeline of {rows.series.origin}, which has "
                f"{some_of(known, 5)}{did_you_mean(named, known)}"
            )
        return named
    if len(known) > 1 and is_needed:
        raise EventsError(
            f"{where}: {rows.series.origin} has {len(known)} timelines ({some_of(known, 5)}), each with times of its "
            "own; a column run must name one"
        )
    return known[0] if len(known) == 1 else None


def read_predicted_rows(folder: Path) -> PredictedRows:
    """A prediction folder with the timeline of each row.

    Raises   OutputError, ShapeError
    """
    _, segments, _ = read_prediction(folder)
    series: AnySeries = as_voxel_series(folder) if is_voxel_folder(folder) else as_series(folder)
    if not len(series.values):
        raise OutputError(f"{folder}: has no rows")
    names = [str(segment.get("timeline", "")) for segment in segments]
    return PredictedRows(series, np.array(names))


def _of_table(path: Path, *, anyway: bool) -> TrialSource:
    columns, records = read_table(path)
    for name in NEEDED:
        if name not in columns:
            raise EventsError(
                f"{path}: column {name!r} is missing; a table of trials needs prediction and trial_type, and may have "
                f"onset, duration, run and pair{without_tabs(columns) or did_you_mean(name, columns)}"
            )
    given = [name for name in ("onset", "duration") if name in columns]
    if len(given) == 1:
        other = "duration" if given == ["onset"] else "onset"
        raise EventsError(f"{path}: column {other!r} is missing beside {given[0]}; give both, or none for whole films")
    if not records:
        raise EventsError(f"{path}: has no trials")
    known: dict[Path, int] = {}
    predictions: list[PredictedRows] = []
    trials = []
    for line, cells in records:
        record, where = dict(zip(columns, cells, strict=True)), f"{path}, line {line}"
        folder = _folder(record, path, where)
        if folder not in known:
            known[folder] = len(predictions)
            predictions.append(read_predicted_rows(folder))
        trials.append(_of_record(record, predictions[known[folder]], known[folder], where))
    said = check_one_model([(one.series.origin, one.series) for one in predictions], anyway=anyway, one_place=True)
    return TrialSource(path, tuple(predictions), tuple(trials), (path,), tuple(said))


def _folder(record: Mapping[str, str], table: Path, where: str) -> Path:
    """The prediction of a row: as it stands, or counted from the table's folder."""
    name = record["prediction"].strip()
    if not name:
        raise EventsError(f"{where}: names no prediction")
    found = [place for place in (table.parent / name, Path(name)) if place.is_dir()]
    if not found:
        raise EventsError(
            f"{where}: the prediction {quoted(name)} is not there, neither beside the table nor from here"
        )
    return found[0]


def _of_record(record: Mapping[str, str], rows: PredictedRows, number: int, where: str) -> PlacedTrial:
    condition = record["trial_type"]
    if _is_empty(condition):
        raise EventsError(f"{where}: trial_type is missing; every trial has a condition")
    onset, duration = (_seconds(record, name, where) for name in ("onset", "duration"))
    if (onset is None) != (duration is None):
        raise EventsError(f"{where}: onset and duration go together; give both, or neither for all rows")
    named = next((record[name] for name in RUN_COLUMNS if not _is_empty(record.get(name, ""))), None)
    run = _known_run(named, rows, where, is_needed=onset is not None)
    pair = record.get("pair", "")
    shown = next((record[name] for name in ("stim_file", "words") if not _is_empty(record.get(name, ""))), "")
    stimulus = shown or ("" if onset is not None else rows.series.origin)
    return PlacedTrial(condition, number, run, onset, duration, "" if _is_empty(pair) else pair, where, stimulus)


def _is_empty(cell: str) -> bool:
    return cell.strip().lower() in ("", "n/a")


def _seconds(record: Mapping[str, str], name: str, where: str) -> float | None:
    cell = record.get(name, "")
    if cell.strip().lower() in MISSING:
        return None
    try:
        found = to_number(cell, float)
    except (ValueError, OverflowError):
        found = None
    if found is None or not math.isfinite(found) or found < 0:
        raise EventsError(f"{where}: {name} is {quoted(cell, 40)}, expected a number of seconds from 0 on")
    return float(found)


def check_seconds(value: float, option: str, *, least: float = -math.inf) -> float:
    """The number, if it is a finite one from `least` on.

    Raises   ConfigError
    """
    if not math.isfinite(value) or value < least:
        raise ConfigError(
            f"{option} is a number of seconds{'' if least == -math.inf else f' from {least:g} on'}, got {value}"
        )
    return float(value)
