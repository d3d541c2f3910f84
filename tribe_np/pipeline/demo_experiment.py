"""The demo's experiment: pictures, words, sounds and films of our own in a design of 24 trials in two runs.

Eight conditions of three trials each: drawn faces and drawn houses, sentences and the same words in disorder, speech
and tones, moving dots and dots at rest.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from tribe_np.errors import MediaError, MissingDependencyError
from tribe_np.media.speech import synthesis as speech
from tribe_np.outputs.whole import write_whole
from tribe_np.pipeline.demo_drawings import dots_film, drawn_face, drawn_house
from tribe_np.timeline.table import write_table

SAMPLE_RATE = 22050
N_EACH = 3
SENTENCES = (
    "the child follows a red balloon",
    "two old friends walk slowly home",
    "a small dog sleeps by the fire",
)
SPEECH = ("Where does the balloon go?", "The wind turns at night.", "A window closes softly.")
PITCHES = (220.0, 330.0, 495.0)
FIRST, EVERY, SHOWN = 2.0, 4.0, 2.0
"""Seconds: the first onset of a run, from one onset to the next, and how long pictures, words and films are shown."""
COLUMNS = ("onset", "duration", "trial_type", "run", "stim_file", "words")
STIMULI, DESIGN = "stimuli", "design.tsv"


@dataclass(frozen=True)
class Shown:
    """What one trial of the design shows."""

    trial_type: str
    stim_file: str = ""
    words: str = ""

    @property
    def duration(self) -> str:
        """Seconds as the design has them; a sound lasts as long as it does."""
        return "n/a" if self.stim_file.endswith(".wav") else f"{SHOWN:g}"


def make_experiment(folder: Path, *, seed: int, command: str) -> str:
    """Writes design.tsv and stimuli/ into a folder, whole or not at all; returns what spoke.

    Raises   OutputError, MediaError; MissingDependencyError without ffmpeg or Pillow
    """
    engines: list[str] = []

    def fill(partial: Path) -> None:
        rng = np.random.default_rng(seed)
        (partial / STIMULI).mkdir()
        shown, engine = make_stimuli(partial / STIMULI, rng)
        engines.append(engine)
        write_table(partial / DESIGN, list(COLUMNS), design_rows(shown, rng))

    write_whole(folder, fill, command)
    return engines[0]


def make_stimuli(folder: Path, rng: np.random.Generator) -> tuple[list[Shown], str]:
    """The files of all conditions, and what is shown in each of the 24 trials; the engine that spoke."""
    shown = []
    for number in range(N_EACH):
        drawn_face(folder / f"drawn_face_{number + 1}.png", rng, number)
        drawn_house(folder / f"drawn_house_{number + 1}.png", rng, number)
        shown += [
            Shown("drawn_faces", f"drawn_face_{number + 1}.png"),
            Shown("drawn_houses", f"drawn_house_{number + 1}.png"),
        ]
    words = [word for sentence in SENTENCES for word in sentence.split()]
    mixed = [words[place] for place in rng.permutation(len(words))]
    for number, sentence in enumerate(SENTENCES):
        shown += [Shown("sentences", words=sentence), Shown("word_lists", words=" ".join(mixed[number::N_EACH]))]
    engines = []
    for number, text in enumerate(SPEECH):
        engines.append(_speak(folder / f"speech_{number + 1}.wav", text))
        soundfile.write(folder / f"tone_{number + 1}.wav", tone(PITCHES[number]), SAMPLE_RATE, subtype="PCM_16")
        (folder / f"tone_{number + 1}.tsv").write_text("")  # a transcript without a word: nobody is asked for one
        shown += [Shown("speech", f"speech_{number + 1}.wav"), Shown("tones", f"tone_{number + 1}.wav")]
    dots = int(rng.integers(2**31))
    for name in ("motion", "static"):
        dots_film(folder / f"{name}.mp4", np.random.default_rng(dots), moving=name == "motion")
        shown += [Shown(name, f"{name}.mp4")] * N_EACH
    return shown, engines[0]


def design_rows(shown: list[Shown], rng: np.random.Generator) -> list[list[str]]:
    """The rows of the design: two runs of 12 trials in random order, each with every condition once or twice."""
    conditions = list(dict.fromkeys(trial.trial_type for trial in shown))
    by_run: dict[str, list[Shown]] = {"run-1": [], "run-2": []}
    for number, condition in enumerate(conditions):
        first, second, third = (trial for trial in shown if trial.trial_type == condition)
        by_run["run-1"].append(first)
        by_run["run-2"].append(second)
        by_run[f"run-{1 + number // 2 % 2}"].append(third)
    rows = []
    for run, trials in by_run.items():
        for place, number in enumerate(rng.permutation(len(trials))):
            trial = trials[number]
            onset = f"{FIRST + EVERY * place:g}"
            rows.append([onset, trial.duration, trial.trial_type, run, trial.stim_file or "n/a", trial.words or "n/a"])
    return rows


def tone(pitch: float, seconds: float = SHOWN) -> np.ndarray:
    """Short tones of one pitch, (n,) float64 from -1 to 1."""
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    loudness = np.sin(np.pi * (times * 4 % 1)) ** 2
    return np.asarray(0.3 * loudness * np.sin(2 * np.pi * pitch * times))


def murmur(text: str) -> tuple[np.ndarray, list[list[str]]]:
    """Speech-like sound where nothing can speak: a buzz of 120 Hz, a syllable a word. Also the rows of its words."""
    parts, rows, start = [], [], 0.0
    for number, word in enumerate(text.split()):
        seconds = 0.1 + 0.04 * len(word)
        times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        formant = 500 + 250 * (number % 4)
        buzz = sum(
            np.sin(2 * np.pi * 120 * k * times) * np.exp(-(((120 * k - formant) / 300) ** 2)) for k in range(1, 20)
        )
        parts += [0.2 * np.hanning(len(times)) * buzz, np.zeros(round(0.05 * SAMPLE_RATE))]
        rows.append([word, f"{start:.3f}", f"{seconds:.3f}"])
        start += seconds + 0.05
    return np.concatenate(parts), rows


def _speak(path: Path, text: str) -> str:
    """A spoken sentence with the table of its words beside it; returns what spoke."""
    try:
        transcript, engine = speech.synthesise(text, path, language="english", engine="espeak-ng")
        if transcript is None:
            raise MediaError("espeak-ng gave no word times")
        rows = [[word.text, f"{word.start:.3f}", f"{word.stop - word.start:.3f}"] for word in transcript.words]
    except (MissingDependencyError, MediaError):
        samples, rows = murmur(text)
        soundfile.write(path, samples, SAMPLE_RATE, subtype="PCM_16")
        engine = "a buzz (espeak-ng is not installed)"
    write_table(path.with_suffix(".tsv"), ["text", "start", "duration"], rows)
    return engine
