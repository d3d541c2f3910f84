"""The embedded demo: tiny random models in the real on-disk layouts, a real film with speech, the real pipeline.

The weights are random, so the predictions mean nothing about any brain; everything else is what a real checkpoint
runs: decoding, words, three transformers, the 2 Hz grid, the encoder, 20,484 vertices.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from extractors.catalogue import RECORDS, ModelRecord
from extractors.common.layer_groups import RELEASED_SELECTION
from tribe_np.encoder.random import write_random as write_encoder
from tribe_np.errors import ConfigError, MediaError, MissingDependencyError
from tribe_np.files.leftovers import is_passing_name, passing_name, remove_if_possible, remove_leftovers
from tribe_np.formats.weights import read_json
from tribe_np.media.ffmpeg import file_url, run_ffmpeg
from tribe_np.media.speech import synthesis as speech
from tribe_np.media.transcripts.transcript import Transcript, Word
from tribe_np.media.transcripts.whisperx_json import whisperx_text
from tribe_np.outputs.made_here import LITTER, file_marker, is_own_file, others_files_in
from tribe_np.outputs.whole import check_target, output_error, remove_whole, write_file_whole, write_whole
from tribe_np.pipeline.progress import Progress
from tribe_np.pipeline.store.workspace import others_files_in_cache
from tribe_np.shown import some_of

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
COMMAND, PAGE_COMMAND = "demo", "page"


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
        """encoder/, and a folder of each modality shown."""
        return self.folder / "models"

    @property
    def predictions(self) -> Path:
        """The prediction folder."""
        return self.folder / "predictions"

    @property
    def cache(self) -> Path:
        """Cached features."""
        return self.folder / "cache"

    @property
    def page(self) -> Path:
        """The page on which the cortex moves while the film runs."""
        return self.folder / "page.html"

    @property
    def experiment(self) -> Path:
        """design.tsv and stimuli/ of `demo --experiment`."""
        return self.folder / "experiment"

    @property
    def experiment_run(self) -> Path:
        """The predictions of the experiment."""
        return self.folder / "experiment_run"

    @property
    def motion(self) -> Path:
        """The predictions of the experiment's film of moving dots alone."""
        return self.folder / "motion_run"

    @property
    def static(self) -> Path:
        """The predictions of the experiment's film of dots at rest alone."""
        return self.folder / "static_run"

    @property
    def faces_contrast(self) -> Path:
        """What the first `next:` line of the experiment makes."""
        return self.folder / "faces_contrast"

    @property
    def sentences_contrast(self) -> Path:
        """What the second makes."""
        return self.folder / "sentences_contrast"

    @property
    def comparison(self) -> Path:
        """What the third makes."""
        return self.folder / "comparison"

    @property
    def results(self) -> dict[Path, str]:
        """Folders that commands write into it, those of the `next:` lines too, and which command."""
        return {
            self.predictions: "predict", self.experiment: COMMAND, self.experiment_run: "experiment",
            self.motion: "predict", self.static: "predict", self.faces_contrast: "contrast",
            self.sentences_contrast: "contrast", self.comparison: "compare",
        }  # fmt: skip


def make_demo(folder: Path, *, seconds: int, seed: int, progress: Progress) -> tuple[DemoPaths, str]:
    """Writes models, film and transcript into `folder`; returns its paths and what spoke.

    Raises   ConfigError, OutputError, MissingDependencyError (the bundled ffmpeg)
    """
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise ConfigError(f"--seconds must be from {MIN_SECONDS} to {MAX_SECONDS}, got {seconds}")
    if seed < 0:
        raise ConfigError(f"--seed must not be negative, got {seed}")
    check_target(folder, others_files_in_demo)
    paths = DemoPaths(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)
    except OSError as error:
        raise output_error(folder, error) from error
    with progress.stage("tiny random models", 1 + len(shown_models()), "models") as step:
        write_models(paths.models, seed=seed, step=step)
    with progress.stage("film with speech", None, "films") as step:
        engine = write_clip(paths, seconds=seconds)
        step(1)
    return paths, engine


def others_files_in_demo(folder: Path) -> str | None:
    """Why a folder may not become a demo: what it holds beside an earlier demo's files, whole or in part.

    Raises   OSError for a folder that cannot be read
    """
    paths = DemoPaths(folder)
    found = sorted(folder.iterdir())
    makers = {paths.clip: COMMAND, paths.transcript: COMMAND, paths.page: PAGE_COMMAND}
    files = [path for path, command in makers.items() if is_own_file(path, command)]
    known = {paths.models, *paths.results, paths.cache, *files, *map(file_marker, makers)}
    others = [p.name for p in found if p not in known and p.name not in LITTER and not is_passing_name(p.name)]
    if others:
        return f"holds other files ({some_of(others, 2)})"
    checks: list[tuple[Path, Callable[[Path], str | None]]] = [
        (paths.models, lambda path: others_files_in(path, COMMAND)),
        *((path, partial(others_files_in, command=command)) for path, command in paths.results.items()),
        (paths.cache, others_files_in_cache),
    ]
    for path, others_in in checks:
        if path in found and (
            reason := others_in(path) if path.is_dir() and not path.is_symlink() else "is not a folder"
        ):
            return f"holds {path.name}, which {reason}"
    return None


def shown_models() -> list[ModelRecord]:
    """The extractors that the demo has."""
    return [record for record in RECORDS if record.demo is not None]


def write_models(folder: Path, *, seed: int, step: Callable[[int], None]) -> None:
    """The brain encoder and its extractors, in the layouts of their real counterparts, made whole or not at all.

    Raises   OutputError
    """

    def fill(partial: Path) -> None:
        dims = {}
        for number, record in enumerate(shown_models(), 1):
            model = record.write_random(partial / record.modality, seed=seed + number, **record.demo or {})
            dims[record.modality] = _feature_dims(model)
            step(1)
        write_encoder(partial / "encoder", seed=seed, feature_dims=dims, n_outputs=N_VERTICES)
        step(1)

    write_whole(folder, fill, COMMAND)


def _feature_dims(folder: Path) -> tuple[int, int]:
    """(G, F) of a model's features: the released fractions of its depth give one group fewer than distinct layers."""
    config = read_json(folder / "config.json")
    groups = RELEASED_SELECTION.groups(config["num_hidden_layers"] + 1)
    return len(groups), config["hidden_size"]


def write_clip(paths: DemoPaths, *, seconds: int) -> str:
    """The film and its transcript; speech from espeak-ng, or tones where it is not installed. Returns which.

    Raises   MediaError, MissingDependencyError
    """
    wav = passing_name(paths.folder / "speech.wav", "partial")
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
        text = whisperx_text(Transcript(kept, language="en"))
        write_file_whole(paths.transcript, lambda p: p.write_text(text, encoding="utf-8", newline=""), COMMAND)
        write_file_whole(paths.clip, lambda p: _film(p, wav, seconds), COMMAND)
    finally:
        remove_if_possible(wav)
    return engine


def _film(path: Path, wav: Path, seconds: int) -> None:
    arguments = [
        "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size=320x240:rate=24:duration={seconds}", "-i", file_url(wav),
        "-af", "apad", "-t", str(seconds), "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p",
        "-threads", "1", "-c:a", "aac", "-b:a", "96k", "-ar", "44100", "-ac", "2", "-map", "0:v", "-map", "1:a",
        "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1",
        "-movflags", "+faststart", "-f", "mp4", "-y", file_url(path),
    ]  # fmt: skip
    run_ffmpeg(arguments, path_for_errors=path)


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
    soundfile.write(wav, samples, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return tuple(words)


def remove_results(paths: DemoPaths) -> None:
    """Removes the predictions, the experiment and the page of an earlier demo, so that the folder never mixes two.

    Raises   OutputError
    """
    for folder, command in paths.results.items():
        remove_whole(folder, command)
    try:
        if is_own_file(paths.page, PAGE_COMMAND):
            paths.page.unlink()
            file_marker(paths.page).unlink(missing_ok=True)
    except OSError as error:
        raise output_error(paths.page, error) from error
