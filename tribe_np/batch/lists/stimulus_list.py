"""STIMULI of `tribe-np batch plan`: files, folders, globs, lists and tables, made one list of named stimuli.

What is taken, what is left out and how names came about is said in notes; what is not there, or is no stimulus, is an
error that names the first few and counts all. Contents are not looked at: a damaged film is told when it is planned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tribe_np.batch.lists.folder_files import is_pattern
from tribe_np.batch.lists.listed_stimulus import ListedStimulus, absolute_path
from tribe_np.batch.lists.stimulus_files import (
    ALL_SUFFIXES,
    FoundStimuli,
    header_of,
    is_events_table,
    is_path_list,
    notes_on,
    notes_on_found,
    standing_beside,
    stimuli_in,
    stimuli_matching,
)
from tribe_np.batch.lists.stimulus_names import named_stimuli
from tribe_np.batch.lists.stimulus_table import (
    STANDARD_INPUT,
    STIMULUS,
    TABLES,
    read_path_list,
    read_stimulus_table,
)
from tribe_np.errors import ConfigError, MediaError, MissingFileError, StimulusError
from tribe_np.pipeline.stimuli.stimulus import EVENT_TABLES, TEXT_FILES, open_stimulus
from tribe_np.shown import some_of

LIST_MARK = "@"
SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")


def list_stimuli(given: Sequence[str | Path], *, study: Path | None = None) -> tuple[list[ListedStimulus], list[str]]:
    """The stimuli that arguments name, each with a name of its own, in the order given, and notes.

    An argument is a stimulus; a folder; a glob; `@FILE`, a list with a path a line; `-`, such a list on standard input;
    or a table of stimuli (.tsv, .csv). `study` is a folder that is not looked into for stimuli.
    Raises   ConfigError for an argument or table that cannot be used; MissingFileError for files that are not there;
             StimulusError for files that are no stimuli, or where there are none
    """
    arguments = [str(one) for one in given]
    if not arguments:
        raise ConfigError(
            "no stimuli are given; expected files, a folder, a glob, @FILE with a path a line, or a table"
        )
    shelf = _Shelf(() if study is None else (study,))
    if len(arguments) > 1:  # may be what a shell made of a glob
        shelf.others = dict(standing_beside([Path(one) for one in arguments if Path(one).is_file()]))
        shelf.beside = frozenset(path for paths in shelf.others.values() for path in paths)
    for one in arguments:
        shelf.take(one)
    shelf.check()
    named, said = named_stimuli(shelf.listed)
    return named, [*shelf.notes, *notes_on(shelf.others), *notes_on_found(shelf.found, shelf.datasets), *said]


@dataclass
class _Shelf:
    """What the arguments gave so far."""

    leave_out: tuple[Path, ...]
    beside: frozenset[Path] = frozenset()
    others: dict[str, Sequence[Path]] = field(default_factory=dict)
    listed: list[ListedStimulus] = field(default_factory=list)
    found: list[Path] = field(default_factory=list)  # of those listed, what was found in folders and by globs
    datasets: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: list[tuple[Path, str]] = field(default_factory=list)  # and where it was named, "" for an argument
    unfit: list[tuple[Path, str]] = field(default_factory=list)

    def take(self, argument: str) -> None:
        """One argument."""
        if not argument.strip():
            raise ConfigError(
                "an empty name is given as a stimulus; expected a file, a folder, a glob, @FILE or a table"
            )
        path = Path(argument)
        if argument == STANDARD_INPUT:
            self._take_list(None)
        elif path.exists():
            self._take_path(path)
        elif argument.startswith(LIST_MARK):
            self._take_list(Path(argument.removeprefix(LIST_MARK)))
        elif is_pattern(argument) and not path.is_symlink():
            self._take_found(
                stimuli_matching(argument, self.leave_out), argument, "matches no film, sound, text or picture"
            )
        else:
            self.missing.append((path, ""))

    def _take_path(self, path: Path, where: str = "") -> None:
        if path.is_dir():
            if any(folder.exists() and folder.samefile(path) for folder in self.leave_out):
                raise ConfigError(f"{path}: is the study's own folder, which holds no stimuli; give another --out")
            self._take_found(stimuli_in([path], self.leave_out), str(path), "holds no film, sound or text")
        elif path in self.beside:
            return
        elif path.suffix.lower() in TABLES and not _is_events(path):
            rows, notes = read_stimulus_table(path)
            self.notes += notes
            for row in rows:
                self._take_file(row)
        else:
            self._take_file(ListedStimulus("", absolute_path(path)), where)

    def _take_found(self, found: FoundStimuli, what: str, nothing: str) -> None:
        if not found.files and not found.lost:
            raise StimulusError("; ".join([f"{what}: {nothing}", *notes_on(found.others)]))
        self.listed += [ListedStimulus("", absolute_path(path)) for path in found.files]
        self.found += found.files
        self.datasets += found.datasets
        self.missing += [(path, "") for path in found.lost]
        self.others |= {role: [*self.others.get(role, ()), *paths] for role, paths in found.others.items()}

    def _take_list(self, path: Path | None) -> None:
        lines, notes = read_path_list(path)
        self.notes += notes
        elsewhere = 0
        for number, name in lines:
            where = f"{'standard input' if path is None else path.name}, line {number}"
            beside = absolute_path(name, Path() if path is None else path.parent)
            here = absolute_path(name)
            found = here if here.exists() and not beside.exists() else beside
            elsewhere += found != beside
            if found.exists():
                self._take_path(found, where)
            else:
                self.missing.append((found, where))
        if elsewhere:
            self.notes.append(
                f"{path}: {elsewhere} of its {len(lines)} paths are taken from the working folder, not its own"
            )

    def _take_file(self, one: ListedStimulus, where: str = "") -> None:
        where = where if one.table is None else f"{one.table.name}, line {one.line}"
        for path in (one.path, one.transcript):
            if path is not None and not path.is_file():
                self.missing.append((path, where))
        suffix = one.path.suffix.lower()
        if suffix not in ALL_SUFFIXES or (suffix in TEXT_FILES and is_path_list(one.path)):
            self.unfit.append((one.path, where))
        self.listed.append(one)

    def check(self) -> None:
        """Refuses all that cannot be used, told together.

        Raises   MissingFileError, StimulusError, MediaError
        """
        if self.missing:
            raise MissingFileError(
                _told(self.missing, "no such file", "files are not there") + _why_missing(self.missing)
            )
        if self.unfit:
            raise StimulusError(_why_unfit(self.unfit))
        for one in self.listed:
            _check_name(one.path)


def _is_events(path: Path) -> bool:
    columns = header_of(path) if path.suffix.lower() in EVENT_TABLES else ()
    return is_events_table(columns) and STIMULUS not in columns


def _told(files: Sequence[tuple[Path, str]], of_one: str, of_several: str) -> str:
    named = [f"{path} ({where})" if where else str(path) for path, where in files]
    return f"{named[0]}: {of_one}" if len(named) == 1 else f"{len(named)} {of_several}: {some_of(named)}"


def _why_missing(files: Sequence[tuple[Path, str]]) -> str:
    if any(path.is_symlink() for path, _ in files):
        return "; a link that leads nowhere stands for a file that was not fetched (`git annex get` or `datalad get`)"
    if any(path.is_dir() for path, _ in files):
        return "; a folder is there, expected a file"
    if any("\\" in path.name for path, _ in files):
        return "; write / between folders"
    if any(":/" in str(path) for path, _ in files):
        return "; an address of the web is to be fetched first"
    return ""


def _why_unfit(files: Sequence[tuple[Path, str]]) -> str:
    (path, where), several = files[0], len(files) > 1
    if is_path_list(path):
        return (
            f"{_told(files, 'holds paths, one a line', 'files are no stimuli')}; a text is a stimulus, whose words are "
            f"spoken: as a list of stimuli, give it as {LIST_MARK}{path.name}"
        )
    if several:
        return (
            f"{_told(files, '', 'files are no stimuli')}; leave them out, or give their folder, or a glob in "
            "quotes, which leave out such files by themselves"
        )
    place = f"{where}: " if where else ""
    table = "; a table of stimuli is saved as .csv or .tsv" if path.suffix.lower() in SPREADSHEETS else ""
    try:
        open_stimulus(path)  # it says so in its own words
    except MediaError as error:
        return f"{place}{error}{table}"
    return f"{place}{path}: is no stimulus{table}"


def _check_name(path: Path) -> None:
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise MediaError(
            f"{str(path)!r}: the name is not valid UTF-8 and cannot stand in a plan; rename the file"
        ) from error
