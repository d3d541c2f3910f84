"""What is left of a stimulus, piece by piece: which files are still the ones of the prediction, and what is said of
those that are not.
"""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tribe_np.errors import ConfigError, MediaError, TribeError
from tribe_np.files.leftovers import scratch_prefix
from tribe_np.files.sha256 import sha256_of
from tribe_np.media.film.probe import probe
from tribe_np.media.pictures.kinds import PICTURE_SUFFIXES
from tribe_np.media.sound.audio import audio_info
from tribe_np.media.speech.synthesis import synthesise
from tribe_np.media.transcripts.text_file import read_text_file
from tribe_np.plots.stimulus.file_finding import FileFinder, is_sealed
from tribe_np.plots.stimulus.picture_reading import film_size, picture_file_size
from tribe_np.plots.stimulus.shown_files import SAME_TIME, ShownFile
from tribe_np.plots.stimulus.sound_reading import has_sound, is_film

PICTURES = frozenset({*PICTURE_SUFFIXES, ".bmp"})
SHORTER = 0.1  # seconds by which a file may be shorter than its rows say and still be the same
SPOKEN_ALIKE = 0.02  # seconds by which speech that was made again may be longer or shorter


@dataclass
class StimulusParts:
    """Collects the pieces that can be shown, and notes about those that cannot."""

    finder: FileFinder
    given: Path | None = None  # the file that the user names in the place of the run's
    pictured: list[ShownFile] = field(default_factory=list)
    heard: list[ShownFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    keep: Any = None

    def note(self, text: str) -> None:
        """Keeps what is said once."""
        if text not in self.notes:
            self.notes.append(text)

    def collect(self, pieces: Iterable[ShownFile]) -> None:
        """Takes what can be shown of the pieces of a timeline.

        Raises   ConfigError where a given file could stand for several
        """
        pieces = list(pieces)
        stand_in = self._replaced(pieces)
        seen = [piece for piece in pieces if piece.kind != "sound"]
        for piece in seen:
            self._see(piece, stand_in)
        with_sound = [piece for piece in pieces if piece.kind == "sound"]
        for piece in with_sound:
            film = next((other for other in seen if other.kind == "video" and _together(piece, other)), None)
            self._hear(piece, film, stand_in)
        for film in self.pictured:
            if (
                film.kind == "video"
                and not any(_together(piece, film) for piece in with_sound)
                and has_sound(film.path)
            ):
                self.note(f"the sound of {film.path.name} is no part of the prediction and is left out")

    # -- pictures ------------------------------------------------------------------------------------------------

    def _see(self, piece: ShownFile, stand_in: Path | None) -> None:
        if piece.is_blank:
            self.pictured.append(piece)
            return
        path, why = (self.given, "") if piece.path == stand_in else self.finder.find(piece.path)
        if path is None:
            self.note(f"{why}: its pictures are left out (--stimulus FILE names another place)")
            return
        try:
            found = self._on_screen(replace(piece, path=path))
            _check_seen(found, path)
        except TribeError as error:
            if piece.path == stand_in:
                raise
            self.note(f"{error}: its pictures are left out")
            return
        self.pictured.append(found)

    def _on_screen(self, piece: ShownFile) -> ShownFile:
        """A picture with its screen's files where they lie now."""
        if piece.screen is None:
            return piece
        beside = piece.screen.beside
        if beside:
            other, why = self.finder.find(beside)
            if other is None:
                raise MediaError(f"{why}, which was shown beside {piece.path.name}")
            beside = str(other)
        return replace(piece, screen=replace(piece.screen, filepath=str(piece.path), beside=beside))

    # -- sound ---------------------------------------------------------------------------------------------------

    def _hear(self, piece: ShownFile, film: ShownFile | None, stand_in: Path | None) -> None:
        if film is not None and is_sealed(piece.path) and film.path != stand_in:
            self.heard.append(piece)
            if not self._shows(film):
                self.note(f"the sound of {film.path.name} is still in the cache")
            return
        if film is not None and self._shows(film):
            shown = next(other for other in self.pictured if _same_place(other, film))
            if has_sound(shown.path):
                self.heard.append(replace(piece, path=shown.path))
            else:
                self.note(f"{shown.path} has no sound")
            return
        path, why = (self.given, "") if piece.path == stand_in else self.finder.find(piece.path)
        if path is None and film is None and self._speak_again(piece):
            return
        if path is None:
            kind = "the sound of the film" if film is not None else why
            self.note(f"{kind}: the sound is left out" if film is None else f"{kind} is not in the cache any more")
            return
        try:
            _check_heard(piece, path)
        except TribeError as error:
            if piece.path == stand_in:
                raise
            self.note(f"{error}: the sound is left out")
            return
        self.heard.append(replace(piece, path=path))

    def _shows(self, film: ShownFile) -> bool:
        return any(_same_place(other, film) for other in self.pictured)

    def _speak_again(self, piece: ShownFile) -> bool:
        """Speaks a text once more with espeak-ng, where that gives the same length; gTTS may give anything."""
        run = self.finder.run
        if self.finder.kind != "text" or run.get("speech_engine") != "espeak-ng":
            return False
        path, _ = self.finder.find(self.finder.stimulus[0])
        if path is None:
            return False
        folder = tempfile.TemporaryDirectory(prefix=scratch_prefix())
        wav = Path(folder.name) / "speech.wav"
        try:
            synthesise(read_text_file(path), wav, language=_language(run), engine="espeak-ng")
            lasts = audio_info(wav).duration
        except TribeError:
            return False
        if abs(lasts - piece.stop) > SPOKEN_ALIKE and abs(lasts - piece.duration) > SPOKEN_ALIKE:
            return False
        self.keep = folder
        self.heard.append(replace(piece, path=wav))
        self.note("the speech was no longer in the cache and was made again by espeak-ng")
        return True

    # -- a file that the user names ------------------------------------------------------------------------------

    def _replaced(self, pieces: list[ShownFile]) -> Path | None:
        """The file of the run that the given one stands for."""
        if self.given is None:
            return None
        pieces = [piece for piece in pieces if not piece.is_blank]
        seen = list(dict.fromkeys(piece.path for piece in pieces if piece.kind != "sound"))
        own = seen or list(dict.fromkeys(piece.path for piece in pieces))
        is_spoken = not seen and len(own) == 1 and str(own[0]) != self.finder.stimulus[0]
        if not own or is_spoken:
            self._place_given()
            return None
        named = [path for path in own if path.name == self.given.name]
        if len(named) != 1 and len(own) > 1:
            raise ConfigError(
                f"{self.given}: the prediction was made from {len(own)} files ({', '.join(p.name for p in own[:5])}); "
                "give one with the name of the file it stands for"
            )
        stands_for = named[0] if named else own[0]
        self._compare(stands_for)
        return stands_for

    def _compare(self, stands_for: Path) -> None:
        named, digest = self.finder.stimulus
        assert self.given is not None
        if not named or digest is None or Path(named) != stands_for:
            return
        if sha256_of(self.given, error=MediaError) != digest:
            self.note(f"{self.given} is not the file that the prediction was made from ({stands_for.name})")

    def _place_given(self) -> None:
        """A file that stands for none: from second 0 on, for as long as it lasts."""
        assert self.given is not None
        for piece in whole_file_pieces(self.given):
            (self.heard if piece.kind == "sound" else self.pictured).append(piece)
        self.note(f"{self.given} is shown from second 0 on; the folder does not say that it belongs to it")


def whole_file_pieces(path: Path) -> list[ShownFile]:
    """A film with its sound, a sound, or a picture (of no duration), from second 0 on.

    Raises   MediaError, MissingDependencyError
    """
    if path.suffix.lower() in PICTURES:
        picture_file_size(path)
        return [ShownFile("picture", path, 0.0, float("inf"))]
    if not is_film(path):
        return [ShownFile("sound", path, 0.0, audio_info(path).duration)]
    film_size(path)
    film = ShownFile("video", path, 0.0, probe(path).duration)
    return [film, *([replace(film, kind="sound")] if has_sound(path) else [])]


def _together(sound: ShownFile, film: ShownFile) -> bool:
    """Whether a sound is one that stands beside a film, second for second."""
    moved = (sound.start - sound.offset) - (film.start - film.offset)
    return abs(moved) < SAME_TIME and sound.start < film.stop and film.start < sound.stop


def _same_place(one: ShownFile, other: ShownFile) -> bool:
    return (one.kind, one.start, one.duration, one.offset) == (other.kind, other.start, other.duration, other.offset)


def _check_seen(piece: ShownFile, path: Path) -> None:
    if piece.screen is not None:
        next(piece.screen.video_frames())
        return
    if piece.kind == "picture":
        picture_file_size(path)
        return
    film_size(path)
    _check_length(piece, path, probe(path).duration)


def _check_heard(piece: ShownFile, path: Path) -> None:
    if is_film(path):
        if not has_sound(path):
            raise MediaError(f"{path} has no sound")
        _check_length(piece, path, probe(path).duration)
    else:
        _check_length(piece, path, audio_info(path).duration)


def _check_length(piece: ShownFile, path: Path, lasts: float) -> None:
    wanted = piece.offset + piece.duration
    if lasts < wanted - SHORTER and wanted != float("inf"):
        raise MediaError(f"{path} lasts {lasts:g} s, but the prediction was made from {wanted:g} s of it")


def _language(run: Mapping[str, Any]) -> str | None:
    options = run.get("options")
    asked = options.get("language") if isinstance(options, Mapping) else None
    told = asked if run.get("language_from") == "option" else run.get("language")
    return told if isinstance(told, str) else None
