"""The words of a run that are written on the screen, apart from those that are heard."""

import json
from contextlib import suppress
from pathlib import Path

from tribe_np.plots.stimulus.run_stimulus import RunStimulus
from tribe_np.plots.stimulus.shown_words import ShownWord
from tribe_np.timeline.trials import TRIALS, Trial, Trials

TEXT_FILE = ".txt"
ROUNDING = 1e-3  # seconds


def seen_words(folder: Path, stimulus: RunStimulus) -> tuple[ShownWord, ...]:
    """The words that a participant reads, in the order of their starts.

    With a trials.tsv they are those within a trial that shows words; while a sound goes on beside it, only words that
    stand in the trial itself. Without, all words during which nothing is heard.
    Raises   EventsError for a table that cannot be read
    """
    path = folder / TRIALS
    if not path.is_file():
        return tuple(word for word in stimulus.words if not _is_heard(word, stimulus))
    trials = [trial for trial in Trials.from_tsv(path) if trial.run == stimulus.timeline]
    reading = [trial for trial in trials if trial.words or (_is_direct(folder) and _is_text(trial))]
    return tuple(word for word in stimulus.words if any(_shows(trial, word, stimulus) for trial in reading))


def _shows(trial: Trial, word: ShownWord, stimulus: RunStimulus) -> bool:
    if not trial.onset - ROUNDING <= word.start < trial.stop - ROUNDING:
        return False
    return word.text in trial.words if trial.words else not _is_heard(word, stimulus)


def _is_heard(word: ShownWord, stimulus: RunStimulus) -> bool:
    return any(piece.holds(word.start) for piece in stimulus.heard)


def _is_text(trial: Trial) -> bool:
    return Path(trial.stim_file).suffix.lower() == TEXT_FILE


def _is_direct(folder: Path) -> bool:
    """Whether the texts of an experiment were shown, not spoken."""
    with suppress(OSError, ValueError, AttributeError):
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        return bool(run.get("options", {}).get("texts") == "direct")
    return False
