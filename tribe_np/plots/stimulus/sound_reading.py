"""The sound of a stimulus on its timeline: its envelope for a figure, and one WAV file for a film or page."""

import tempfile
import wave
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from tribe_np.errors import MediaError, OutputError, reason_of
from tribe_np.files.atomic import whole_file
from tribe_np.files.leftovers import scratch_prefix
from tribe_np.media.ffmpeg import input_args, run_ffmpeg
from tribe_np.media.film.probe import probe
from tribe_np.media.sound.audio import TRACK_CHANNELS, TRACK_RATE, extract_audio
from tribe_np.media.sound.sound_file import open_sound, reason
from tribe_np.plots.stimulus.shown_files import ShownFile

FILMS = frozenset({".mp4", ".m4v", ".avi", ".mkv", ".mov", ".webm"})


@dataclass(frozen=True, eq=False)
class SoundTrack:
    """The pieces of sound of a timeline. The sound of a film is decoded once, into a folder that goes with the object.

    Units    seconds on the timeline; samples in [-1, 1], outside of all pieces 0
    """

    pieces: tuple[ShownFile, ...]
    _kept: "list[tempfile.TemporaryDirectory[str]]" = field(default_factory=list)
    _decoded: dict[tuple[Path, int], Path] = field(default_factory=dict)

    def envelope(self, start: float, stop: float, n: int) -> np.ndarray:
        """The loudest sample in each of n equal parts of the time from `start` to `stop`.

        Shapes   -> (n,) float32, 0 to 1
        Raises   MediaError for a file that cannot be decoded
        """
        peaks = np.zeros(n, np.float32)
        if not stop > start:
            return peaks
        for piece in self.pieces:
            for begin, rate, samples in self._blocks(piece, start, stop):
                loud = np.abs(samples).max(axis=1).astype(np.float32)
                times = begin + np.arange(len(loud)) / rate
                parts = np.clip(((times - start) / (stop - start) * n).astype(np.int64), 0, n - 1)
                np.maximum.at(peaks, parts, loud)
        return np.minimum(peaks, 1.0)

    def samples(self, start: float, stop: float, rate: int = TRACK_RATE) -> np.ndarray:
        """The sound from `start` to `stop` in two channels; for long stretches use `write_wav`.

        Shapes   -> (n, 2) float32
        Raises   MediaError
        """
        heard = np.zeros((max(0, round((stop - start) * rate)), TRACK_CHANNELS), np.float32)
        for piece in self.pieces:
            for begin, own_rate, samples in self._blocks(piece, start, stop, rate):
                assert own_rate == rate
                first = max(0, round((begin - start) * rate))
                part = heard[first : first + len(samples)]
                part += _in_stereo(samples)[: len(part)]
        return np.clip(heard, -1.0, 1.0)

    def write_wav(self, path: str | Path, start: float, stop: float, rate: int = TRACK_RATE) -> Path:
        """Writes the sound from `start` to `stop` as 16-bit stereo, silence where there is none; whole or not at all.

        Raises   MediaError for a sound that cannot be decoded; OutputError where the file cannot be written
        """
        path = Path(path)
        try:
            with whole_file(path) as partial, partial.open("wb") as file, wave.open(file, "wb") as track:
                track.setnchannels(TRACK_CHANNELS)
                track.setsampwidth(2)
                track.setframerate(rate)
                n_samples, block = max(0, round((stop - start) * rate)), 30 * rate
                for first in range(0, n_samples, block):
                    begin, end = start + first / rate, start + min(first + block, n_samples) / rate
                    track.writeframesraw(np.rint(self.samples(begin, end, rate) * 32767).astype("<i2").tobytes())
        except MediaError:
            raise
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {reason_of(error)}") from error
        return path

    def _blocks(
        self, piece: ShownFile, start: float, stop: float, rate: int | None = None
    ) -> Iterator[tuple[float, int, np.ndarray]]:
        """The samples (n, C) of a piece between two moments in blocks: (second of the timeline, rate, samples)."""
        begin, end = max(start, piece.start), min(stop, piece.stop)
        if not end > begin:
            return
        with open_sound(self.readable(piece.path, rate)) as sound:
            own_rate, place = int(sound.file.samplerate), round(piece.file_time(begin) * sound.file.samplerate)
            n_left = min(round(piece.file_time(end) * own_rate), sound.n_samples) - place
            try:
                while n_left > 0:
                    samples = sound.read(place, min(n_left, 10 * own_rate))
                    if not len(samples):
                        return
                    heard = np.nan_to_num(samples) * np.float32(piece.gain)
                    yield piece.start + place / own_rate - piece.offset, own_rate, heard
                    place, n_left = place + len(samples), n_left - len(samples)
            except soundfile.SoundFileError as error:
                raise MediaError(f"{piece.path}: cannot be decoded: {reason(error)}") from error

    def readable(self, path: Path, rate: int | None = None) -> Path:
        """A sound file as it is; the sound of a film, or of another rate than asked for, decoded into one.

        Raises   MediaError, MissingDependencyError without ffmpeg
        """
        if not is_film(path) and (rate is None or _rate_of(path) == rate):
            return path
        wanted = TRACK_RATE if rate is None else rate
        if (path, wanted) not in self._decoded:
            self._decoded[path, wanted] = self._decode(path, wanted)
        return self._decoded[path, wanted]

    def _decode(self, path: Path, rate: int) -> Path:
        if not self._kept:
            self._kept.append(tempfile.TemporaryDirectory(prefix=scratch_prefix()))
        made = Path(self._kept[0].name) / f"sound-{len(self._decoded)}.wav"
        source = path
        if is_film(path):
            extract_audio(path, made)
            if rate == TRACK_RATE:
                return made
            source, made = made, made.with_name(f"{made.stem}-{rate}.wav")
        run_ffmpeg(
            [*input_args(source), "-vn", "-ar", str(rate), "-ac", str(TRACK_CHANNELS), "-y", f"file:{made}"],
            path_for_errors=path,
        )
        return made


def is_film(path: Path) -> bool:
    """Whether a file is one whose sound ffmpeg takes out of a film, by its name."""
    return path.suffix.lower() in FILMS


def has_sound(path: Path) -> bool:
    """Whether a film has a sound track.

    Raises   MediaError, MissingDependencyError
    """
    return probe(path).has_audio


def _rate_of(path: Path) -> int:
    with suppress(MediaError), open_sound(path) as sound:
        return int(sound.file.samplerate)
    return 0


def _in_stereo(samples: np.ndarray) -> np.ndarray:
    """Two channels: one is heard on both sides, of more than two the mean is."""
    if samples.shape[1] == TRACK_CHANNELS:
        return samples
    return np.repeat(samples.mean(axis=1, keepdims=True), TRACK_CHANNELS, axis=1)
