"""A design: the table of trials that a person writes, read and checked cell by cell before any work.

The columns are BIDS' (onset, duration, trial_type, stim_file) and `words`, `run`, `volume`, `background`, `beside` and
`pair`; any other column is kept. "n/a" is BIDS' word for an empty cell. What is said of times here stands in the
table: whether trials overlap is known once their files are (`schedule`).
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tribe_np.errors import EventsError, MissingFileError, StimulusError, TribeError
from tribe_np.media.pictures.kinds import BACKGROUNDS
from tribe_np.pipeline.stimuli.stimulus import DIRECT, Stimulus, WordSource, open_stimulus
from tribe_np.shown import quoted
from tribe_np.timeline.table import decode_extra, read_table, to_number, without_tabs
from tribe_np.timeline.trials import MISSING_TEXT

TEXTS = ("trial_type", "run", "stim_file", "words", "background", "beside", "pair")
NUMBERS = ("onset", "duration", "volume")
REQUIRED = ("onset", "duration", "trial_type")
FIRST_RUN = "run-1"
LONGEST_NAME = 100  # of a run, in characters
DATASET = "dataset_description.json"  # marks the root of a BIDS dataset
STIMULI_FOLDER = "stimuli"
TEXT_SUFFIX = ".txt"
COMMA = re.compile(r"\d+,\d+")  # of a decimal number
BIG_TRIALS = 100_000


@dataclass(frozen=True)
class DesignTrial:
    """A row of a design.

    Units    onset, duration: seconds of the run, None where the table leaves them open
    Fields   line: of the file; stimulus: the file that is shown, or None for `words`; volume: linear gain of its sound;
             background: the ground of its picture, "" for the run's; beside: the picture at its side
    """

    line: int
    trial_type: str
    onset: float | None = None
    duration: float | None = None
    run: str = FIRST_RUN
    stim_file: str = ""
    words: str = ""
    pair: str = ""
    volume: float | None = None
    background: str = ""
    beside: str = ""
    stimulus: Stimulus | None = None
    beside_path: Path | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def kind(self) -> str:
        """What kind of thing it shows: "picture", "video", "audio", "text", or "words" of its own."""
        return "words" if self.stimulus is None else self.stimulus.kind


@dataclass(frozen=True)
class Design:
    """The rows of a design, in its order, and where it was read."""

    path: Path
    rows: tuple[DesignTrial, ...]

    def __iter__(self) -> Iterator[DesignTrial]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def files(self) -> list[Path]:
        """The files that are shown, each once."""
        named = [path for row in self for path in (row.stimulus and row.stimulus.path, row.beside_path) if path]
        return list(dict.fromkeys(named))

    def at(self, row: DesignTrial) -> str:
        """Where a row stands, for errors."""
        return f"{self.path}, line {row.line}"


def read_design(path: str | Path, *, needs_onsets: bool = True, is_direct: bool = False) -> Design:
    """The checked design in a tab-separated file; its stimuli exist and have a known suffix.

    Files are looked for from the design's folder, in a `stimuli` folder beside it and in that of its BIDS dataset.
    `needs_onsets`: whether every trial must have an onset; with a fixed gap between trials none has to. `is_direct`:
    whether the words of text files are shown, not spoken.
    Raises   EventsError naming file, line and column; MediaError for a stimulus that cannot be used
    """
    path = Path(path)
    columns, records = read_table(path)
    for name in REQUIRED:
        if name not in columns and (name != "onset" or needs_onsets):
            way_out = "; with --isi it needs no onsets" if name == "onset" else ""
            raise EventsError(
                f"{path}: column {name!r} is missing; a design has onset, duration, trial_type and stim_file or words"
                + (without_tabs(columns) or _other_columns(name, columns) or way_out)
            )
    if "stim_file" not in columns and "words" not in columns:
        raise EventsError(f"{path}: neither column 'stim_file' nor 'words' is there; one of them says what is shown")
    if not records:
        raise EventsError(f"{path}: holds no trials; it needs at least one row below the column names")
    if len(records) > BIG_TRIALS:
        raise EventsError(f"{path}: holds {len(records)} trials; at most {BIG_TRIALS} can be used")
    shelf = StimulusFiles(stimulus_folders(path), is_direct)
    return Design(
        path,
        tuple(
            _trial(dict(zip(columns, cells, strict=True)), path, line, shelf, needs_onsets) for line, cells in records
        ),
    )


def _other_columns(name: str, columns: list[str]) -> str:
    """What may be wrong with a table that has no column of this name."""
    if near := next((column for column in columns if column.strip().lower() == name), None):
        return f"; it has {quoted(near, 40)}: names are in small letters, without blanks around them"
    if {"type", "start"} <= set(columns):
        return "; this looks like a table of events, which `tribe-np predict` takes"
    return ""


def stimulus_folders(design: Path) -> list[Path]:
    """The folders in which a design's files are looked for, in order."""
    here = design.resolve().parent
    roots = [folder for folder in (here, *here.parents) if (folder / DATASET).is_file()]
    return list(dict.fromkeys([here, here / STIMULI_FOLDER, *(root / STIMULI_FOLDER for root in roots)]))


def _trial(record: Mapping[str, str], path: Path, line: int, files: "StimulusFiles", timed: bool) -> DesignTrial:
    where = f"{path}, line {line}"
    values: dict[str, Any] = {name: _number(name, record[name], where) for name in NUMBERS if name in record}
    values |= {name: _text(record[name]) for name in TEXTS if name in record}
    values["run"] = _run(values.get("run", ""), where)
    _check_shown(values, record, where)
    if timed and values["onset"] is None:
        raise EventsError(f"{where}: onset is missing; expected seconds from the start of its run (or give --isi)")
    if values.get("background") and values["background"] not in BACKGROUNDS:
        known = ", ".join(BACKGROUNDS)
        raise EventsError(f"{where}: background is {quoted(values['background'], 40)}, expected one of {known}")
    if values.get("stim_file"):
        values["stimulus"] = files.open(values["stim_file"], "stim_file", where)
    if values.get("beside"):
        values["beside_path"] = _beside(values, where, files)
    own = (*NUMBERS, *TEXTS)
    extra = {name: decode_extra(cell) for name, cell in record.items() if name not in own and cell and name}
    return DesignTrial(line, **values, extra=extra)


def _text(cell: str) -> str:
    return "" if cell.strip().lower() == MISSING_TEXT else cell.strip()


def _number(name: str, cell: str, where: str) -> float | None:
    """A number of a cell, None for an empty one or n/a; NaN is no number here."""
    text = cell.strip()
    if text.lower() in ("", MISSING_TEXT):
        return None
    try:
        value = to_number(text, float)
    except (ValueError, OverflowError):
        value = None
    if value is None or not math.isfinite(value) or value < 0 or (name == "duration" and value == 0):
        expected = {
            "onset": "seconds from 0 on",
            "duration": "seconds above 0, or n/a for the file's own",
            "volume": "a gain from 0 on, such as 0.5",
        }[name]
        point = f"; write {text.replace(',', '.')}" if COMMA.fullmatch(text) else ""
        raise EventsError(f"{where}: {name} is {quoted(text, 40)}, expected {expected}{point}")
    return float(value)


def _run(name: str, where: str) -> str:
    name = name or FIRST_RUN
    if not name.isprintable() or len(name) > LONGEST_NAME:
        raise EventsError(
            f"{where}: run is {quoted(name, 40)}, expected a printable name of at most {LONGEST_NAME} characters"
        )
    return name


def _check_shown(values: Mapping[str, Any], record: Mapping[str, str], where: str) -> None:
    """Refuses a row that shows nothing, or two things, or belongs to no condition."""
    file, words = values.get("stim_file", ""), values.get("words", "")
    if not values.get("trial_type"):
        raise EventsError(f"{where}: trial_type is missing; every trial has a condition")
    if file and words:
        raise EventsError(f"{where}: has both a stim_file and words; give one of them, the other on a row of its own")
    if not file and not words:
        given = [name for name in ("stim_file", "words") if name in record]
        raise EventsError(f"{where}: {' and '.join(given)} {'are' if len(given) > 1 else 'is'} empty; nothing is shown")
    if words and not any(character.isalnum() or not character.isspace() for character in words):
        raise EventsError(f"{where}: words holds no word")


@dataclass(frozen=True)
class StimulusFiles:
    """The files that a design names, looked for in `folders` and opened once."""

    folders: list[Path]
    is_direct: bool
    _opened: dict[Path, Stimulus] = field(default_factory=dict)

    def open(self, name: str, column: str, where: str) -> Stimulus:
        """The stimulus that a cell names.

        Raises   MissingFileError, EventsError with its place in the design
        """
        try:
            candidates = [folder / name for folder in self.folders]
            files = [place for place in candidates if place.is_file()]
            found = [*files, *(place for place in candidates if place.exists()), candidates[0]][0]
            if found not in self._opened:
                self._opened[found] = self._open(found)
            return self._opened[found]
        except MissingFileError as error:
            if found.exists():  # and is a folder
                raise EventsError(f"{where}: {column}: {error}") from error
            looked = "" if Path(name).is_absolute() else f" in {', '.join(map(str, self.folders))}"
            slashes = "; write / between folders" if "\\" in name else ""
            raise MissingFileError(f"{where}: {column} {quoted(name, 200)}: no such file{looked}{slashes}") from error
        except (TribeError, OSError, ValueError) as error:
            raise EventsError(f"{where}: {column}: {error}") from error

    def _open(self, path: Path) -> Stimulus:
        is_text = path.suffix.lower() == TEXT_SUFFIX
        stimulus = open_stimulus(path, words=WordSource(how=DIRECT) if self.is_direct and is_text else None)
        if stimulus.kind == "events":
            raise StimulusError(f"{path}: is a table; a trial shows a picture, a film, a sound or a text (.txt)")
        return stimulus


def _beside(values: Mapping[str, Any], where: str, files: StimulusFiles) -> Path:
    """The picture at the side of another."""
    shown = values.get("stimulus")
    if shown is None or shown.kind != "picture":
        raise EventsError(f"{where}: beside is for a picture; {values.get('stim_file') or 'words'} is none")
    found = files.open(values["beside"], "beside", where)
    if found.kind != "picture":
        raise EventsError(f"{where}: beside {quoted(values['beside'], 100)} is no picture")
    return found.path
