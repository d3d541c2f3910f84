"""Which file of a stimulus is seen or heard when: rows of events.tsv for film, sound and pictures, chunks joined."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tribe_np.media.pictures.kinds import is_picture, is_screen
from tribe_np.media.pictures.screens import Screen
from tribe_np.timeline.events import Event

KINDS_OF_ROWS = {"Video": "video", "Image": "picture", "Audio": "sound"}
SAME_TIME = 1e-3  # seconds by which the chunks of one file may miss each other


@dataclass(frozen=True)
class ShownFile:
    """A piece of a file in its place on the timeline.

    Units    seconds: start on the timeline, offset from the file's second 0; `gain` is the linear volume of a sound
    Fields   screen: how a picture of an experiment is shown: on its ground, beside another, or a blank screen, which
             has no file
    """

    kind: str  # "video", "picture" or "sound"
    path: Path
    start: float
    duration: float
    offset: float = 0.0
    screen: Screen | None = None
    gain: float = 1.0

    @property
    def is_blank(self) -> bool:
        """Whether it is a screen of one colour: there is no file then."""
        return is_screen(self.path)

    @property
    def is_animated(self) -> bool:
        """Whether it is a picture that moves.

        Raises   MediaError, MissingDependencyError
        """
        return self.screen is not None and len(self.screen.delays) > 0

    @property
    def stop(self) -> float:
        """Seconds on the timeline; start + duration."""
        return self.start + self.duration

    def file_time(self, t: float) -> float:
        """The second of the file at second t of the timeline."""
        return t - self.start + self.offset

    def holds(self, t: float) -> bool:
        """Whether the file is shown at second t of the timeline."""
        return self.start - SAME_TIME <= t < self.stop


def shown_files(rows: Iterable[Event]) -> tuple[ShownFile, ...]:
    """The files of a timeline's rows in the order of their starts; chunks that follow each other are one piece."""
    pieces: list[ShownFile] = []
    media = [row for row in rows if row.type in KINDS_OF_ROWS and row.filepath]
    for row in sorted(media, key=lambda row: row.start):
        piece = _shown_file(row)
        place = next((k for k, earlier in enumerate(pieces) if _goes_on(earlier, piece)), None)
        if place is None:
            pieces.append(piece)
        else:
            pieces[place] = replace(pieces[place], duration=piece.stop - pieces[place].start)
    return tuple(pieces)


def _shown_file(row: Event) -> ShownFile:
    """The piece of one row."""
    kind, path = KINDS_OF_ROWS[row.type], Path(row.filepath)
    if row.type == "Video" and is_picture(row.filepath):
        return ShownFile("picture", path, row.start, row.duration, row.offset, Screen.of_row(row))
    volume = row.extra.get("volume", 1.0) if kind == "sound" else 1.0
    gain = float(volume) if isinstance(volume, (int, float)) else 1.0
    return ShownFile(kind, path, row.start, row.duration, row.offset, None, gain)


def _goes_on(earlier: ShownFile, later: ShownFile) -> bool:
    follows = abs(later.start - earlier.stop) < SAME_TIME and (later.kind != "picture" or later.screen is not None)
    if (earlier.screen, earlier.gain) != (later.screen, later.gain):
        return False
    moved = (later.start - later.offset) - (earlier.start - earlier.offset)
    return (earlier.kind, earlier.path) == (later.kind, later.path) and follows and abs(moved) < SAME_TIME


def pieces_at(pieces: Sequence[ShownFile], t: float) -> list[ShownFile]:
    """The pieces that are shown at second t, the one that began last first: it lies on top."""
    return [piece for piece in reversed(pieces) if piece.holds(t)]
