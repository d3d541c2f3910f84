"""Which files of a folder, or of a glob, are stimuli, and which belong to another or are none.

Films, sounds and texts of a folder are stimuli. A text or a table beside a film of the same name is about that film; a
picture has no duration of its own, and a table of events may show the films beside it: these two are stimuli where a
glob names them. What is left out is told with a count. A BIDS dataset has its stimuli in the folder `stimuli`, where
its descriptions and annotations (.json, .tsv) are left out like other files that are no stimuli.

Source   BIDS 1.10, "Stimuli"; its proposal BEP044 for names and tables of stimuli, a draft, changes nothing here
"""

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tribe_np.batch.lists.folder_files import files_below, matching, natural_order
from tribe_np.errors import ConfigError
from tribe_np.files.file_kinds import HEAD
from tribe_np.files.text_encoding import text_encoding
from tribe_np.pipeline.experiments.design import DATASET, STIMULI_FOLDER
from tribe_np.pipeline.progress import number_of
from tribe_np.pipeline.stimuli.stimulus import EVENT_TABLES, RECORDINGS, SUFFIXES, TEXT_FILES
from tribe_np.shown import some_of

PICTURES = SUFFIXES["picture"]
ALL_SUFFIXES = frozenset(suffix for group in SUFFIXES.values() for suffix in group)
TIMED_WORDS = (".srt", ".vtt", ".json", ".textgrid")  # kinds of transcripts that are read only where they are named
ABOUT = re.compile(r"(?:readme|licen[cs]e|changes|changelog|citation|copying|notice|credits|requirements)\b", re.I)
TAKEN, TABLE_BESIDE, TEXT_BESIDE = "taken", "table beside", "text beside"
BESIDE = "of the same name as a stimulus beside"
ROLES = {  # what a file is: what several are called in a note, and the note
    TABLE_BESIDE: ("tables", "{n} {beside}, read as its words ({names})"),
    TEXT_BESIDE: (
        "texts",
        "left out {n} {beside} ({names}), most likely what is said in it; a table of stimuli can name it",
    ),
    "transcript": (
        "files",
        "left out {n} {beside} ({names}); transcripts are read where the column transcript of a table names them",
    ),
    "picture": ("pictures", "left out {n}, since a picture has no duration ({names}); a glob or a list takes pictures"),
    "events": ("tables", "left out {n} of events, which show other files ({names}); a glob or a list takes them"),
    "list": ("texts", "left out {n} of paths ({names}); @FILE reads such a text as a list of stimuli"),
    "about": ("texts", "left out {n} about the folder ({names})"),
    "other": ("files", "left out {n} of other kinds ({kinds})"),
}


Sorted = Mapping[str, Sequence[Path]]
"""Files by their role, a key of ROLES."""


@dataclass(frozen=True)
class FoundStimuli:
    """What a folder or a glob holds: stimuli in natural order, links that lead nowhere, and all other files."""

    files: tuple[Path, ...]
    lost: tuple[Path, ...]
    others: Sorted
    datasets: tuple[Path, ...] = ()  # of BIDS, whose `stimuli` are meant


def stimuli_in(folders: Sequence[Path], leave_out: Sequence[Path] = ()) -> FoundStimuli:
    """The stimuli in folders and below them; of a BIDS dataset, those in its `stimuli` folder.

    `leave_out` are folders that are not looked into.
    Raises   MediaError for a folder that cannot be read; ConfigError for a dataset without stimuli
    """
    datasets = tuple(folder for folder in folders if (folder / DATASET).is_file())
    for folder in datasets:
        if not (folder / STIMULI_FOLDER).is_dir():
            raise ConfigError(
                f"{folder}: is a BIDS dataset without a folder {STIMULI_FOLDER}; give the folder of what was shown"
            )
    roots = [folder / STIMULI_FOLDER if folder in datasets else folder for folder in folders]
    files, lost = files_below(roots, leave_out)
    taken, others = sorted_out(files, is_named=False)
    return FoundStimuli(tuple(taken), tuple(_of(lost, (*RECORDINGS, *TEXT_FILES))), others, datasets)


def stimuli_matching(pattern: str, leave_out: Sequence[Path] = ()) -> FoundStimuli:
    """The stimuli that a glob matches; a folder that it matches is taken with all that is in it.

    Raises   ConfigError for a pattern that is none; MediaError for a folder that cannot be read
    """
    files, folders, lost = matching(pattern)
    taken, others = sorted_out(files, is_named=True)
    inside = stimuli_in(folders, [*leave_out, *{path.parent for path in files}])
    return FoundStimuli(
        tuple(sorted({*taken, *inside.files}, key=natural_order)),
        (*_of(lost, ALL_SUFFIXES), *inside.lost),
        {role: [*others.get(role, ()), *inside.others.get(role, ())] for role in ROLES},
        inside.datasets,
    )


def _of(paths: Iterable[Path], suffixes: Container[str]) -> list[Path]:
    return [path for path in paths if _suffix(path) in suffixes]


def sorted_out(files: Sequence[Path], *, is_named: bool) -> tuple[Sequence[Path], Sorted]:
    """Those of the files that are stimuli, and all others.

    `is_named`: whether somebody named them, so that pictures and tables of events are meant.
    """
    recordings = {(path.parent, path.stem) for path in _of(files, RECORDINGS)}
    with_words = recordings | {(path.parent, path.stem) for path in _of(files, TEXT_FILES)}
    found = defaultdict(list)
    for path in files:
        owners = with_words if _suffix(path) in EVENT_TABLES else recordings
        found[_role(path, (path.parent, path.stem) in owners, is_named)].append(path)
    return found.pop(TAKEN, []), found


def standing_beside(files: Sequence[Path]) -> Sorted:
    """Texts and tables that have the name of a stimulus beside them among the files."""
    _, others = sorted_out(files, is_named=True)
    return {role: others[role] for role in (TEXT_BESIDE, TABLE_BESIDE) if role in others}


def notes_on(others: Sorted) -> list[str]:
    """What is to be said of files that are no stimuli, a line for each role with a count."""
    return [_note(role, list(dict.fromkeys(others[role]))) for role in ROLES if others.get(role)]


def notes_on_found(files: Sequence[Path], datasets: Sequence[Path]) -> list[str]:
    """What is to be said of datasets, and of texts among films and sounds, which may be there for another reason."""
    spoken = _of(files, TEXT_FILES)
    notes = []
    if datasets:
        n_datasets = number_of(len(datasets), "BIDS datasets")
        notes.append(f"{n_datasets}, of which the folder {STIMULI_FOLDER} is taken ({_names(datasets)})")
    if 0 < len(spoken) < len(files):
        notes.append(f"{number_of(len(spoken), 'texts')} among other stimuli, to be spoken ({_names(spoken)})")
    return notes


def _role(path: Path, is_beside: bool, is_named: bool) -> str:
    suffix = _suffix(path)
    if suffix in RECORDINGS:
        return TAKEN
    if suffix in PICTURES:
        return TAKEN if is_named else "picture"
    if suffix in TEXT_FILES:
        if is_beside:
            return TEXT_BESIDE
        return "list" if is_path_list(path) else "about" if ABOUT.match(path.stem) else TAKEN
    if suffix in EVENT_TABLES and is_beside:
        return TABLE_BESIDE
    if suffix in EVENT_TABLES and is_events_table(header_of(path)):
        return TAKEN if is_named else "events"
    return "transcript" if suffix in TIMED_WORDS and is_beside else "other"


def _note(role: str, files: Sequence[Path]) -> str:
    what, text = ROLES[role]
    counts = Counter(_suffix(path) or "without suffix" for path in files).most_common()
    kinds = some_of([f"{count} {suffix}" for suffix, count in counts], 6)
    return text.format(n=number_of(len(files), what), names=_names(files), kinds=kinds, beside=BESIDE)


def is_path_list(path: Path) -> bool:
    """Whether every line of a text, as far as its first bytes show, is the path of a film, a sound or a picture.

    A sentence may end with such a name too: where there are blanks, a file must be there.
    """
    lines = [line.strip().strip("\"'") for line in _head(path).splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines or not all(line.lower().endswith((*RECORDINGS, *PICTURES)) for line in lines):
        return False
    return not any(" " in line for line in lines) or any(
        folder.joinpath(line).is_file() for line in lines for folder in (path.parent, Path())
    )


def header_of(path: Path) -> tuple[str, ...]:
    """The names of the columns in a tab-separated table, as far as its first bytes show."""
    first = next(iter(_head(path).lstrip("\r\n").splitlines()), "")
    return tuple(cell.strip().strip('"') for cell in first.split("\t"))


def is_events_table(columns: Sequence[str]) -> bool:
    """Whether a table of these columns is one of events, which is a stimulus."""
    return {"type", "start"} <= set(columns)


def _head(path: Path) -> str:
    """The first lines of a text; nothing of a file that cannot be read, which is told when it is opened."""
    try:
        with path.open("rb") as file:
            raw = file.read(HEAD)
    except OSError:
        return ""
    text = raw.decode(text_encoding(raw), errors="replace")
    whole, end, _ = text.rpartition("\n")
    return whole if len(raw) == HEAD and end else text  # the last line may be cut


def _suffix(path: Path) -> str:
    return path.suffix.lower()


def _names(files: Sequence[Path]) -> str:
    return some_of([str(path) for path in files])
