"""Confounds from a table of fMRIPrep's: columns chosen by name or by set, first rows without a value filled in.

Source   fMRIPrep 23 confounds_timeseries.tsv; nilearn 0.13.1 interfaces.fmriprep (the sets; the first row of a
         derivative, n/a there, takes the value of the second)
"""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tribe_np.errors import ConfigError, MeasurementError
from tribe_np.files.small_files import read_small_file
from tribe_np.shown import did_you_mean, quoted

MAX_TABLE = 256 << 20
MISSING = ("n/a", "nan", "na", "")
MOTION = "(trans|rot)_[xyz]"
SETS = {  # whole names
    "motion": MOTION,
    "motion24": rf"{MOTION}(_derivative1)?(_power2)?",
    "wm-csf": "white_matter|csf",
    "global": "global_signal",
    "compcor": "a_comp_cor_0[0-5]",
    "cosine": r"cosine\d+",
    "non-steady": r"non_steady_state_outlier\d+",
}
NEEDED = {"motion": 6, "motion24": 24, "wm-csf": 2, "global": 1, "compcor": 1, "cosine": 1, "non-steady": 0}


def read_confounds(
    path: str | Path, columns: Sequence[str], n_volumes: int, warn: list[str]
) -> tuple[np.ndarray, list[str]]:
    """The chosen columns, (n_volumes, c), and their names; `columns` are names, sets (SETS) or "all".

    Raises   MeasurementError for a table that is damaged or of another length; ConfigError for an unknown column
    """
    names, rows = _table(path)
    if len(rows) != n_volumes:
        raise MeasurementError(f"{path}: has {len(rows)} rows, but the scan has {n_volumes} volumes")
    if not columns:
        raise ConfigError(
            f"{path}: which of its {len(names)} columns? Name them with --confound-columns (confound_columns), or a "
            f"set: {', '.join(SETS)}, all"
        )
    chosen = list(dict.fromkeys(name for asked in columns for name in _named(asked, names, path)))
    places = [names.index(name) for name in chosen]
    values = np.empty((n_volumes, len(chosen)))
    for column, place in enumerate(places):
        values[:, column] = [_number(row[place], path, number, names[place]) for number, row in enumerate(rows, 2)]
    return _filled(values, chosen, path, warn), chosen


def _table(path: str | Path) -> tuple[list[str], list[list[str]]]:
    raw = read_small_file(path, most=MAX_TABLE, error=MeasurementError)
    try:
        text = raw.decode("utf-8-sig")
        first = text.partition("\n")[0]
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in first else ","))
    except (UnicodeDecodeError, csv.Error) as error:
        raise MeasurementError(f"{path}: is not a table of confounds: {error}") from error
    rows = [row for row in rows if row]
    if not rows:
        raise MeasurementError(f"{path}: is empty, expected a table of confounds")
    names = [name.strip() for name in rows[0]]
    if any(_is_number(name) for name in names):
        raise MeasurementError(f"{path}: its first row holds numbers, expected the names of the columns")
    if len(set(names)) < len(names):
        raise MeasurementError(f"{path}: two columns have the same name")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(names):
            raise MeasurementError(f"{path}: row {number} has {len(row)} values, its header {len(names)}")
    return names, rows[1:]


def _named(asked: str, names: list[str], path: str | Path) -> list[str]:
    """The columns that one name or set stands for."""
    if asked in names:
        return [asked]
    if asked == "all":
        return names
    if asked not in SETS:
        known = [*names, *SETS, "all"]
        hint = did_you_mean(asked, known) or f"; it has {', '.join(names[:6])}{', ...' if len(names) > 6 else ''}"
        raise ConfigError(f"{path}: has no column {quoted(asked)}{hint}")
    found = [name for name in names if re.fullmatch(SETS[asked], name)]
    if len(found) < NEEDED[asked]:
        raise ConfigError(f"{path}: has {len(found)} of the {NEEDED[asked]} or more columns of the set {asked}")
    return found


def _number(text: str, path: str | Path, number: int, name: str) -> float:
    text = text.strip()
    if text.lower() in MISSING:
        return np.nan
    if not _is_number(text):
        raise MeasurementError(f"{path}: row {number}, column {quoted(name)}: {quoted(text)} is not a number")
    return float(text)


def _is_number(text: str) -> bool:
    try:
        return text.strip().lower() not in MISSING and float(text) == float(text)
    except ValueError:
        return False


def _filled(values: np.ndarray, names: list[str], path: str | Path, warn: list[str]) -> np.ndarray:
    """First rows without a value take the next one that has it; a gap further on is refused."""
    n_filled = 0
    for column, name in enumerate(names):
        is_good = np.isfinite(values[:, column])
        if not is_good.any():
            raise MeasurementError(f"{path}: column {quoted(name)} has no values")
        first = int(is_good.argmax())
        if not is_good[first:].all():
            row = first + int((~is_good[first:]).argmax()) + 2
            raise MeasurementError(f"{path}: row {row}, column {quoted(name)}: no finite value, and it is no first row")
        values[:first, column] = values[first, column]
        n_filled += first
    if n_filled:
        warn.append(f"{path}: {n_filled} values are missing in the first rows; each takes the next one of its column")
    return values
