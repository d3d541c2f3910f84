"""A stimulus and a person's BOLD to a checkpoint with that person in it: what `tribe-np fit` does."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from tribe_np.outputs.whole import check_own_target
from tribe_np.pipeline.early_checks import check_extractors
from tribe_np.pipeline.fitting.fit_pictures import fit_pictures
from tribe_np.pipeline.fitting.fitting_events import FittedPerson, ReadyFit, check_fit_target, truth_places
from tribe_np.pipeline.fitting.person_fit import FitOptions
from tribe_np.pipeline.given_truth import GivenTruth
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.model_columns import columns_of
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
    titles: Mapping[str, str] | None = None,
    command: str = "",
    threads: int | None = None,
) -> FittedPerson:
    """Fits a person and writes the checkpoint, with fit.json and the maps of scores; everything is checked first.

    titles   of the models in the figures; None: no figures
    Raises   TribeError of every kind; nothing is written then
    """
    began = time.time()
    opened = open_stimulus(stimulus, words=words)
    check_own_target(out, "fit", {**words.inputs(opened), **truth_places(truth)})
    model = load()
    check_fit_target(out, model.checkpoint, truth)
    ready = ReadyFit.of(model, options, alone=alone)
    check_extractors(model, opened, words)
    _, laid = made_of_events(model, opened, words, lambda events: ready.rows_of(events, truth), pictures)
    ready = ready.without_layers()
    model = ready.model
    found = ready.fitted(*laid)
    drawn, without = dict[str, bytes](), list[str]()
    if titles is not None:
        is_random = bool(found.record["random_weights"])
        drawn, without = fit_pictures(columns_of(model), found.fit, found.rows, titles, is_random=is_random)
    record = {
        "command": command, **run_files(model, opened, words.transcript), **found.record,
        "warnings": [*found.record["warnings"], *without],
        "options": {"threads": threads, **word_options(words)}, "seconds": round(time.time() - began, 3),
    }  # fmt: skip
    return replace(found, record=record).write(model.checkpoint, out, alone=alone, pictures=drawn)
