"""A stimulus, or a table of events, to what regions listen to in it: what `tribe-np sensitivity` does."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np import __version__
from tribe_np.pipeline.early_checks import check_extractors, check_subject
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.provenance import provenance
from tribe_np.pipeline.run import made_of_events, run_facts, run_files, word_options
from tribe_np.pipeline.sensitivities.listening import Asking, RegionListening, listen, regions_of_model
from tribe_np.pipeline.stimuli.picture_rows import PictureShow
from tribe_np.pipeline.stimuli.stimulus import WordSource, open_stimulus
from tribe_np.pipeline.subjects import whose_brain
from tribe_np.timeline.events import Events

ALIKE = 1e-3  # of z-scored BOLD: other kernels, or rows computed with others, give less


@dataclass(frozen=True, eq=False)
class EarlierRows:
    """What was predicted of the stimulus before.

    Shapes   predictions (R, n); columns (n,) of the mesh, or None for all of it
    """

    predictions: np.ndarray
    columns: Sequence[int] | None
    origin: str


def listen_to_stimulus(
    stimulus: Path,
    *,
    load: Callable[[], TribeModel],
    words: WordSource,
    roi: Sequence[str] | None,
    parcellation: Any = None,
    hemisphere: str = "both",
    asking: Asking | None = None,
    pictures: PictureShow | None = None,
    command: str = "",
    threads: int | None = None,
    subject: str | None = None,
    earlier: EarlierRows | None = None,
) -> tuple[RegionListening, dict[str, Any]]:
    """`region_sensitivities` for a file, and all that run.json says of a run.

    Raises   TribeError of every kind
    """
    began = time.time()
    opened = open_stimulus(stimulus, words=words)
    model = load()
    regions = regions_of_model(model, roi, parcellation, hemisphere)
    check_extractors(model, opened, words)
    check_subject(model, subject)

    def work(events: Events) -> RegionListening:
        return listen(model, events, regions, asking or Asking(), subject, model.progress)

    _, found = made_of_events(model, opened, words, work, pictures)
    for text in regions.warnings:
        model.record.warn(text)
    difference = None if earlier is None else _difference(found, earlier)
    if earlier is not None and difference is not None and difference > ALIKE:
        by = f"by up to {difference:.3g}" if np.isfinite(difference) else "in their number"
        model.record.warn(f"{earlier.origin}: its predictions of these regions differ from those made now {by}")
    shape = np.broadcast_to(np.float32(0), (len(found.segments), model.n_vertices))
    run = {"tribe_np": __version__, "command": command, **provenance(),
           **run_files(model, opened, words.transcript), **run_facts(model, shape, found.segments)}  # fmt: skip
    run["subject"] = whose_brain(subject, model.subjects, model.encoder, average=model.average_subjects)
    run["options"] |= {"threads": threads, "subject": subject, **word_options(words)}
    run["seconds"] |= {"total": round(time.time() - began, 3)}
    run["difference_from_the_folder"] = difference if difference is not None and np.isfinite(difference) else None
    return found, run


def _difference(found: RegionListening, earlier: EarlierRows) -> float | None:
    """The largest, of the mean of a region whose vertices were all predicted before; None where there is none."""
    series, given = found.regions.series, earlier.predictions
    if len(given) != len(found.segments):
        return float("inf")
    place = np.full(2 * series.per_hemisphere, -1)
    columns = np.arange(given.shape[1]) if earlier.columns is None else np.asarray(earlier.columns)
    if columns.max() >= len(place):
        return None
    place[columns] = np.arange(len(columns))
    largest = None
    for region, mine in enumerate(found.regions.columns):
        there = place[series.columns[mine]]
        if (there < 0).any():
            continue
        for row, predicted in found.predictions.items():
            apart = abs(float(np.mean(given[row, there], dtype=np.float64)) - float(predicted[region]))
            largest = apart if largest is None else max(largest, apart)
    return largest
