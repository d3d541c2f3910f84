"""The embedded demo: tiny random models in the real on-disk layouts, a real film with speech, the real pipeline.

The weights are random, so the predictions mean nothing about any brain; everything else is what a real checkpoint
runs: decoding, words, three transformers, the 2 Hz grid, the encoder, 20,484 vertices.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

import extractors.llama.random
import extractors.vjepa2.random
import extractors.wav2vec_bert.random
import tribe_np.encoder.random
from extractors.common.layers import LayerSelection
from tribe_np.errors import ConfigError, MediaError, MissingDependencyError
from tribe_np.formats.weights import read_json
from tribe_np.media import speech
from tribe_np.media.ffmpeg import run_ffmpeg
from tribe_np.media.transcript import Transcript, Word, write_transcript
from tribe_np.outputs.folder import check_target, output_error, write_file_whole, write_whole
from tribe_np.pipeline.progress import Progress

NOTE = "random weights: the numbers mean nothing about any brain"
TEXT = (
    "Good evening, and welcome to the little cinema. Tonight a red balloon drifts over the old town, past the clock "
    "tower and the bakery. A child runs after it and laughs. Where does it go? Nobody knows. The wind turns, the "
    "bells ring eight times, and the lamps come on one by one. Far above the roofs the balloon grows small, a "
    "bright point among the first stars. The child stops, waves, and whispers: come back soon. Then the street is "
    "quiet again, and somewhere a window closes. "
)
SAMPLE_RATE = 22050
N_VERTICES = 20484
MIN_SECONDS, MAX_SECONDS = 2, 600
MEMBERS = {"clip.mp4", "transcript.json", "models", "predictions", "cache"}


@dataclass(frozen=True)
class DemoPaths:
    """The files of a demo folder."""

    folder: Path

    @property
    def clip(self) -> Path:
        """The film."""
        return self.folder / "clip.mp4"

    @property
    def transcript(self) -> Path:
        """Its words with times, in whisperX's layout."""
        return self.folder / "transcript.json"

    @property
    def models(self) -> Path:
        """encoder/, text/, audio/ and video/."""
        return self.folder / "models"

    @property
    def predictions(self) -> Path:
        """The prediction folder."""
        return self.folder / "predictions"

    @property
    def cache(self) -> Path:
        """Cached features."""
        return self.folder / "cache"


def make_demo(folder: Path, *, seconds: int, seed: int, progress: Progress) -> tuple[DemoPaths, str]:
    """Writes models, film and transcript into `folder`; returns its paths and what spoke.

    Raises   ConfigError, OutputError, MissingDependencyError (the bundled ffmpeg)
    """
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise ConfigError(f"--seconds must be from {MIN_SECONDS} to {MAX_SECONDS}, got {seconds}")
    if seed < 0:
        raise ConfigError(f"--seed must not be negative, got {seed}")
    check_target(folder, is_demo_folder)
    paths = DemoPaths(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(folder, error) from error
    with progress.stage("tiny random models", 4, "models") as step:
        write_models(paths.models, seed=seed, step=step)
    with progress.stage("film with speech", None, "films") as step:
        engine = write_clip(paths, seconds=seconds)
        step(1)
    return paths, engine


def is_demo_folder(folder: Path) -> bool:
    """Whether the folder holds an earlier demo and nothing else."""
    names = {p.name for p in folder.iterdir()}
    return names <= MEMBERS and "models" in names


def write_models(folder: Path, *, seed: int, step: Callable[[int], None]) -> None:
    """The four models, in the layouts of their real counterparts, made whole or not at all.

    Raises   OutputError
    """

    def fill(partial: Path) -> None:
        text = extractors.llama.random.write_random(partial / "text", seed=seed + 1, n_layers=4)
        step(1)
        audio = extractors.wav2vec_bert.random.write_random(partial / "audio", seed=seed + 2, n_layers=2)
        step(1)
        video = extractors.vjepa2.random.write_random(partial / "video", seed=seed + 3)
        step(1)
        dims = {"text": _feature_dims(text), "audio": _feature_dims(audio), "video": _feature_dims(video)}
        tribe_np.encoder.random.write_random(partial / "encoder", seed=seed, feature_dims=dims, n_outputs=N_VERTICES)
        step(1)

    def is_models(path: Path) -> bool:
        return {p.name for p in path.iterdir()} <= {"encoder", "text", "audio", "video"}

    write_whole(folder, fill, replaceable=is_models)


def _feature_dims(folder: Path) -> tuple[int, int]:
    """(G, F) of a model's features: the released fractions of its depth give one group fewer than distinct layers."""
    config = read_json(folder / "config.json")
    groups = LayerSelection((0.5, 0.75, 1.0)).groups(config["num_hidden_layers"] + 1)
    return len(groups), config["hidden_size"]


def write_clip(paths: DemoPaths, *, seconds: int) -> str:
    """The film and its transcript; speech from espeak-ng, or tones where it is not installed. Returns which.

    Raises   MediaError, MissingDependencyError
    """
    wav = paths.folder / f".speech.{os.getpid()}.wav"
    try:
        try:
            transcript, engine = speech.synthesise(
                TEXT * max(1, round(seconds / 30)), wav, language="english", engine="espeak-ng"
            )
            if transcript is None:
                raise MediaError("espeak-ng gave no word times")
            words = transcript.words
        except (MissingDependencyError, MediaError):
            words, engine = _tones(wav, seconds), "tones (espeak-ng is not installed)"
        kept = tuple(w for w in words if w.stop <= seconds)
        write_transcript(paths.transcript, Transcript(kept, language="en"))
        write_file_whole(paths.clip, lambda p: _film(p, wav, seconds))
    finally:
        wav.unlink(missing_ok=True)
    return engine


def _film(path: Path, wav: Path, seconds: int) -> None:
    moving = path.with_suffix(".mp4")
    arguments = [
        "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size=320x240:rate=24:duration={seconds}", "-i", str(wav),
        "-af", "apad", "-t", str(seconds), "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p",
        "-threads", "1", "-c:a", "aac", "-b:a", "96k", "-ar", "44100", "-ac", "2", "-map", "0:v", "-map", "1:a",
        "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1",
        "-movflags", "+faststart", "-f", "mp4", "-y", str(moving),
    ]  # fmt: skip
    try:
        run_ffmpeg(arguments, path_for_errors=path)
        moving.replace(path)
    finally:
        moving.unlink(missing_ok=True)


def _tones(wav: Path, seconds: int) -> tuple[Word, ...]:
    """A tone per word of TEXT, with the words' times: sound to hear where nothing can speak."""
    words, start = [], 0.0
    samples = np.zeros(seconds * SAMPLE_RATE)
    for n, text in enumerate(TEXT.split() * max(1, round(seconds / 30))):
        duration = 0.08 + 0.05 * len(text)
        if start + duration > seconds:
            break
        first, count = int(start * SAMPLE_RATE), int(duration * SAMPLE_RATE)
        phase = np.arange(count) / SAMPLE_RATE
        pitch = 110.0 * 2 ** ((n * 5 % 12) / 12)
        harmonics = sum(np.sin(2 * np.pi * pitch * k * phase) / k for k in range(1, 6))
        samples[first : first + count] = 0.2 * np.hanning(count) * harmonics
        words.append(
            Word(text=text, start=round(start, 3), stop=round(start + duration, 3), sequence_id=0, sentence="")
        )
        start += duration + 0.06
    soundfile.write(wav, samples, SAMPLE_RATE, subtype="PCM_16")
    return tuple(words)


def remove_results(paths: DemoPaths) -> None:
    """Removes the predictions of an earlier demo, so that the folder never mixes two."""
    shutil.rmtree(paths.predictions, ignore_errors=True)
