"""Sound files: what they hold, their samples, and the sound track of a video as upstream's moviepy would write it."""

import errno
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import soundfile

from tribe_np.errors import MediaError, OutputError
from tribe_np.files.atomic import whole_file
from tribe_np.media.ffmpeg import input_args, open_ffmpeg
from tribe_np.media.film.probe import MediaInfo, probe
from tribe_np.media.sound.sound_file import BLOCK_SAMPLES, UNNOTICED, open_sound, reason
from tribe_np.media.sound.sound_kind import how_to_convert

ON_TIME = 0.05  # seconds, about a packet: players do not begin the sound of a film more exactly
TRACK_RATE = 44100  # Hz, of an extracted sound track
TRACK_CHANNELS = 2
TRACK_LIMIT = 32440  # moviepy clips to 0.99 of full scale before it writes: int(0.99 * 32768)


class SoundInfo(NamedTuple):
    """What a sound file holds. Units: Hz, seconds. `notes` say what was odd about it and what was done."""

    rate: int
    duration: float
    n_channels: int
    notes: tuple[str, ...] = ()


def audio_info(path: str | Path, *, trust_header: bool = False) -> SoundInfo:
    """Rate, length and channels of a sound file: WAV, FLAC, Ogg, MP3 and what else libsndfile reads.

    Units    duration: samples that decoding gives / rate; with `trust_header` those of the header, as upstream
    Raises   MediaError: no such file, empty, not sound that libsndfile reads, cut short, without samples
    Source   neuralset 0.0.2 Audio.model_post_init (soundfile.info)
    """
    with open_sound(path, trust_header=trust_header) as sound:
        n_samples = sound.n_samples if trust_header else sound.counted()
        notes = sound.examined.notes
        return SoundInfo(sound.file.samplerate, n_samples / sound.file.samplerate, sound.file.channels, notes)


def read_audio(
    path: str | Path, offset: float = 0.0, duration: float | None = None, *, trust_header: bool = False
) -> tuple[np.ndarray, int]:
    """(samples, rate) of a piece of a sound file; without `duration`, up to its end.

    Shapes   -> samples (N, C) float32
    Units    offset and duration in seconds; samples in [-1, 1); rate in Hz
    Numerics first sample round(offset * rate), count round(duration * rate), halves to even; decoded in float64,
             then rounded. A piece that goes on past the end of the file yields fewer samples
    Raises   MediaError as `audio_info`; also for a piece without samples, or NaN or infinite ones
    Source   neuralset 0.0.2 Audio._read
    """
    with open_sound(path, trust_header=trust_header) as sound:
        rate, n_samples = int(sound.file.samplerate), sound.n_samples
        start = round(offset * rate)
        n_wanted = n_samples - start if duration is None else round(duration * rate)
        if not trust_header:
            n_wanted = min(n_wanted, n_samples - start)
        if not 0 <= start < n_samples or n_wanted < 1:
            raise MediaError(
                f"{path}: no samples from {offset:g} s on{'' if duration is None else f' for {duration:g} s'}; "
                f"the sound lasts {n_samples / rate:g} s"
            )
        try:
            samples = sound.read(start, n_wanted)
        except soundfile.SoundFileError as error:
            raise MediaError(f"{path}: cannot be decoded: {reason(error)}; {how_to_convert(path)}") from error
    if len(samples) == 0:
        raise MediaError(f"{path}: no samples could be decoded; the file is damaged or cut short")
    if len(samples) < n_wanted - UNNOTICED * rate and not trust_header:
        raise MediaError(f"{path}: cannot be decoded from {(start + len(samples)) / rate:.1f} s on; it is damaged")
    bad = np.flatnonzero(~np.isfinite(samples).all(axis=1))
    if bad.size:
        raise MediaError(
            f"{path}: holds NaN or infinite samples, the first at {(start + bad[0]) / rate:.3f} s; save it again as "
            "16-bit sound"
        )
    return samples, rate


@dataclass(frozen=True)
class TrackHabits:
    """Upstream's ways with the sound of a film, by their names in `Compat`; each off by default."""

    sound_from_start: bool = False
    ffmpeg_picks_stream: bool = False
    container_duration: bool = False


def extract_audio(video_path: str | Path, wav_path: str | Path, habits: TrackHabits | None = None) -> bool:
    """Writes the sound track of a video as 16-bit stereo WAV at 44100 Hz; False, and no file, when it has none.

    The file appears whole or not at all. It is written where the caller says, never beside the video by default.
    Numerics ffmpeg's 16-bit decode, limited to +-32440 (0.99 of full scale), int(44100 * duration) samples of the film:
             every sample equals upstream's where the sound has one track, begins with the film and has no gaps. Sound
             that begins late is after silence, and gaps of its times over 0.1 s are silence
    Raises   MediaError when the video cannot be decoded; OutputError when the file cannot be written
    Source   neuralset 0.0.2 ExtractAudioFromVideo; moviepy 2.2.1 AudioFileClip, write_audiofile
    """
    info, habits = probe(video_path), habits or TrackHabits()
    if not info.has_audio:
        return False
    wav_path = Path(wav_path)
    command = [
        *input_args(video_path), *_track_args(info, habits), "-vn", "-f", "s16le", "-acodec", "pcm_s16le",
        "-ar", str(TRACK_RATE), "-ac", str(TRACK_CHANNELS), "-", *_counted_from(info, habits),
    ]  # fmt: skip
    try:
        wav_path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(wav_path) as partial, open_ffmpeg(command, path_for_errors=video_path) as stream:
            _write_track(stream, partial, _n_track_samples(info, habits))
    except MediaError:
        raise
    except OSError as error:
        wrong = "the disk is full" if error.errno == errno.ENOSPC else f"cannot be written: {error.strerror or error}"
        raise OutputError(f"{wav_path}: {wrong}") from error
    return True


def track_duration(info: MediaInfo, habits: TrackHabits) -> float:
    """Seconds of the sound that `extract_audio` writes, without writing it."""
    return _n_track_samples(info, habits) / TRACK_RATE


def _n_track_samples(info: MediaInfo, habits: TrackHabits) -> int:
    duration = (info.header_duration or info.duration) if habits.container_duration else info.duration
    return int(TRACK_RATE * duration)


def _track_args(info: MediaInfo, habits: TrackHabits) -> list[str]:
    """Which track, and its place in time; what is less than a packet late stays where it is, as upstream has it."""
    chosen = [] if habits.ffmpeg_picks_stream else ["-map", f"0:{info.audio_stream}"]
    if habits.sound_from_start:
        return chosen
    placed = f"aresample={TRACK_RATE}:async=1"
    if info.audio_start > ON_TIME:
        placed += f":first_pts={round((info.start - info.header_start) * TRACK_RATE)}"
    return [*chosen, "-af", placed]


def _counted_from(info: MediaInfo, habits: TrackHabits) -> list[str]:
    """A second output that goes nowhere, for sound that is late: ffmpeg counts time from the streams it reads."""
    if habits.sound_from_start or not info.has_video or info.audio_start <= ON_TIME:
        return []
    return ["-map", f"0:{info.video_stream}", "-c", "copy", "-f", "null", "-"]


def _write_track(stream: IO[bytes], path: Path, n_samples: int) -> None:
    block = BLOCK_SAMPLES // TRACK_CHANNELS
    # the standard library's writer: libsndfile answers "System error" whatever the disk said
    with path.open("wb") as file, wave.open(file, "wb") as track:
        track.setnchannels(TRACK_CHANNELS)
        track.setsampwidth(2)
        track.setframerate(TRACK_RATE)
        for start in range(0, n_samples, block):
            n_wanted = min(block, n_samples - start)
            raw = stream.read(n_wanted * TRACK_CHANNELS * 2)
            raw += bytes(n_wanted * TRACK_CHANNELS * 2 - len(raw))  # the sound may end before the pictures
            track.writeframesraw(limit_track(np.frombuffer(raw, "<i2")).astype("<i2").tobytes())


def limit_track(samples: np.ndarray) -> np.ndarray:
    """16-bit samples as moviepy writes them: value / 32768 clipped to +-0.99, times 32768, truncated toward zero.

    Shapes   samples (...) int16 -> (...) int16
    Numerics dividing by a power of two is exact, so this is a clip to +-32440
    Source   moviepy 2.2.1 AudioClip.to_soundarray(quantize=True)
    """
    return np.asarray(np.clip(samples, -TRACK_LIMIT, TRACK_LIMIT), np.int16)
