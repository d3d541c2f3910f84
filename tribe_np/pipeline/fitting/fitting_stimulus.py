"""A stimulus and a person's BOLD to a checkpoint with that person in it: what `tribe-np fit` does."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tribe_np.outputs.whole import check_own_target
from tribe_np.pipeline.ablation.given_truth import GivenTruth
from tribe_np.pipeline.early_checks import check_extractors
from tribe_np.pipeline.fitting.fitting_events import FittedPerson, ReadyFit, truth_places
from tribe_np.pipeline.fitting.person_fit import FitOptions
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.run import made_of_events, run_files, word_options
from tribe_np.pipeline.stimuli.picture_rows import PictureShow
from tribe_np.pipeline.stimuli.stimulus import WordSource, open_stimulus


def fit_stimulus(
    stimulus: Path,
    out: Path,
    truth: GivenTruth,
    options: FitOptions,
    *,
    load: Callable[[], TribeModel],
    words: WordSource,
    pictures: PictureShow | None = None,
    alone: bool = False,
    command: str = "",
    threads: int | None = None,
) -> FittedPerson:
    """Fits a person and writes the checkpoint, with fit.json and the maps of scores; everything is checked first.

    Raises   TribeError of every kind; nothing is written then
    """
    began = time.time()
    opened = open_stimulus(stimulus, words=words)
    check_own_target(out, "fit", {**words.inputs(opened), **truth_places(truth)})
    model = load()
    check_own_target(out, "fit", {"checkpoint": model.checkpoint})
    ready = ReadyFit.of(model, options, alone=alone)
    check_extractors(model, opened, words)
    _, laid = made_of_events(model, opened, words, lambda events: ready.rows_of(events, truth), pictures)
    found = ready.fitted(*laid)
    record = {
        "command": command, **run_files(model, opened, words.transcript), **found.record,
        "options": {"threads": threads, **word_options(words)}, "seconds": round(time.time() - began, 3),
    }  # fmt: skip
    return replace(found, record=record).write(model.checkpoint, out, alone=alone)
