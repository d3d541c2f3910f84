"""The times of a scan: seconds between volumes, when the first one was, and values at even times between them.

Headers are not to be trusted: milliseconds stand there as seconds, and software writes 1 where it knows nothing. What
cannot be an interval is refused; what a BIDS sidecar says comes before the header, and a contradiction is said.
Source   neuralset 0.0.2 extractors.neuro.FmriExtractor._resample_trs; NIfTI-1 xyzt_units; BIDS 1.10 RepetitionTime
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError, MeasurementError
from tribe_np.files.small_files import read_small_file
from tribe_np.formats.voxel_files import HeaderInterval
from tribe_np.shown import quoted

SHORTEST, LONGEST = 0.05, 30.0  # s between volumes of BOLD
SAME = 1e-3  # relative: float32 of the header beside decimals of the sidecar
MAX_SIDECAR = 4 << 20
HEMISPHERE = re.compile(r"(?<![A-Za-z0-9])hemi-[LR]_")
DATA_SUFFIXES = (".gz", ".nii", ".gii", ".func", ".dtseries", ".mgh", ".mgz")


@dataclass(frozen=True)
class ScanTime:
    """Seconds between volumes, the time of the first one, and where both were found."""

    tr: float
    start: float
    origin: str


def scan_time(header: HeaderInterval, path: Path, given: float | None, warn: list[str]) -> ScanTime:
    """The times of the scan in `path`: `given` (--tr) first, then the sidecar beside it, then its header.

    Raises   ConfigError where none of them says it, or what is said cannot be; MeasurementError for a bad sidecar
    """
    sidecar, values = _sidecar(path)
    start = _start(sidecar, values, header)
    stated = _interval(sidecar, values)
    found = header.seconds if header.seconds is not None and SHORTEST <= header.seconds <= LONGEST else None
    if given is not None:
        others = [("its sidecar", stated), ("its header", found)]
        warn += [
            f"{path}: {name} says {value:g} s between volumes; {given:g} s, as given, was used"
            for name, value in others
            if value is not None and not math.isclose(given, value, rel_tol=SAME)
        ]
        return ScanTime(given, start, "given")
    if stated is not None:
        if found is not None and not math.isclose(stated, found, rel_tol=SAME):
            warn.append(
                f"{path}: its header says {found:g} s between volumes, {sidecar.name} says {stated:g} s, which was used"
            )
        return ScanTime(stated, start, sidecar.name)
    return ScanTime(_from_header(header, found, path, warn), start, "the header")


def _from_header(header: HeaderInterval, found: float | None, path: Path, warn: list[str]) -> float:
    if found is None:
        said = "no interval" if not header.seconds else f"{header.seconds:g} s"
        hint = ""
        if header.seconds is not None and SHORTEST <= header.seconds / 1000 <= LONGEST:
            hint = f"; if that is milliseconds, --tr {header.seconds / 1000:g}"
        raise ConfigError(
            f"{path}: its header says {said} between volumes, expected {SHORTEST:g} to {LONGEST:g} s; "
            f"say it with --tr (tr){hint}"
        )
    if found == 1 and not header.has_unit:
        raise ConfigError(
            f"{path}: its header says 1 between volumes without a unit, as software does that does not know the "
            "interval; say it with --tr (tr)"
        )
    if found == 1:
        warn.append(
            f"{path}: 1 s between volumes, as its header says; some software writes that where it does not know the "
            "interval (--tr 1 confirms it)"
        )
    return round(found, 6)  # float32: 1.49 is 1.4900000095


@dataclass(frozen=True)
class StimulusTime:
    """Rows of the stimulus: seconds between them, when the first begins, and how much later its BOLD is."""

    tr: float
    start: float
    offset: float


def stimulus_time(path: Path) -> StimulusTime | None:
    """The times of a file that `export` wrote of rows that stand at stimulus time; None of any other.

    Raises   MeasurementError for a sidecar that is damaged
    """
    sidecar, values = _sidecar(path)
    if values.get("TimeAxis") != "stimulus":
        return None
    found = [values.get(key) for key in ("RepetitionTime", "StartTime", "HemodynamicOffset")]
    if not all(_is_number(value) for value in found):
        raise MeasurementError(f"{sidecar}: says that its rows are of the stimulus, but not when they begin")
    return StimulusTime(*(float(value) for value in found if value is not None))


def sidecar_path(path: Path) -> Path:
    """The BIDS sidecar of a file: the same name up to its suffixes, with .json."""
    name = path.name
    while (suffix := Path(name).suffix.lower()) in DATA_SUFFIXES:
        name = name[: -len(suffix)]
    return path.with_name(f"{name}.json")


def _sidecar(path: Path) -> tuple[Path, Mapping[str, Any]]:
    sidecar = sidecar_path(path)
    if not sidecar.is_file():  # one for both hemispheres
        sidecar = sidecar.with_name(HEMISPHERE.sub("", sidecar.name))
    if not sidecar.is_file():
        return sidecar, {}
    try:
        values = json.loads(read_small_file(sidecar, most=MAX_SIDECAR, error=MeasurementError))
    except (ValueError, RecursionError) as error:
        raise MeasurementError(f"{sidecar}: is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise MeasurementError(f"{sidecar}: expected a JSON object, as BIDS has it")
    return sidecar, values


def _interval(sidecar: Path, values: Mapping[str, Any]) -> float | None:
    value = values.get("RepetitionTime")
    if value is None:
        if "VolumeTiming" in values:
            raise MeasurementError(f"{sidecar}: has VolumeTiming, volumes at uneven times, which is not supported")
        return None
    if not _is_number(value) or not SHORTEST <= value <= LONGEST:
        raise MeasurementError(
            f"{sidecar}: RepetitionTime must be seconds from {SHORTEST:g} to {LONGEST:g}, got {quoted(value)}"
        )
    return float(value)


def _start(sidecar: Path, values: Mapping[str, Any], header: HeaderInterval) -> float:
    """The time of the first volume: fMRIPrep writes the moment to which it corrected slices."""
    if values.get("TimeAxis") == "stimulus":  # as tribe_np exports it
        raise MeasurementError(
            f"{sidecar}: its rows are of the stimulus (TimeAxis), not of a scan: a prediction, or aligned already"
        )
    of_header = header.start if header.start is not None and abs(header.start) < 1e6 else 0.0
    value = values.get("StartTime", of_header)
    if not _is_number(value) or not abs(value) < 1e6:
        raise MeasurementError(f"{sidecar}: StartTime must be a number of seconds, got {quoted(value)}")
    return float(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -1e9 < value < 1e9


def even_times(n: int, tr: float, step: float) -> np.ndarray:
    """Times from the first of `n` volumes on, `step` apart, as upstream chooses them.

    The last may lie up to `tr - step` behind the last volume. An equal step keeps the volumes as they are.
    """
    if step == tr:
        return np.arange(n) * tr
    last = np.arange(n)[-1] * tr
    return np.arange(0, last + tr - step, step=step)


def at_times(series: np.ndarray, tr: float, times: np.ndarray, out: np.ndarray) -> None:
    """Values (n, V) of volumes `tr` apart at `times`, between two volumes linearly, into `out` (R, V).

    Before the first volume and behind the last there is nothing to go by: the values there are held.
    """
    place = np.clip(times / tr, 0, len(series) - 1)
    before = np.minimum(place.astype(np.int64), max(len(series) - 2, 0))
    part = place - before
    for row, (first, share) in enumerate(zip(before, part, strict=True)):
        out[row] = series[first] if share == 0 else series[first] * (1 - share) + series[first + 1] * share
