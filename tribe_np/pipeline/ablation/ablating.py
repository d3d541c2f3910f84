"""A stimulus, or a table of events, to what each of its modalities contributes: what `tribe-np modalities` does."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np import __version__
from tribe_np.analysis.contributions.modality_maps import ModalityMaps, ModalitySums
from tribe_np.analysis.contributions.truth_maps import TruthSums
from tribe_np.analysis.evaluation.truth_runs import TruthTimes
from tribe_np.cortex.voxel_series import AnySeries
from tribe_np.errors import ConfigError
from tribe_np.pipeline.ablation.subset_predictions import ABSENCES, ABSENT, AblatedModel, ready_to_ablate
from tribe_np.pipeline.early_checks import check_extractors, check_subject
from tribe_np.pipeline.given_truth import GivenTruth
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.model_columns import columns_of
from tribe_np.pipeline.progress import Progress, Silent
from tribe_np.pipeline.provenance import provenance
from tribe_np.pipeline.run import made_of_events, run_facts, run_files, word_options
from tribe_np.pipeline.stimuli.picture_rows import PictureShow
from tribe_np.pipeline.stimuli.stimulus import WordSource, open_stimulus
from tribe_np.pipeline.subjects import whose_brain
from tribe_np.shown import did_you_mean, quoted
from tribe_np.timeline.events import Events, as_events

SAME = 1e-3  # of z-scored BOLD: another number of windows at once, or other kernels, give less


@dataclass(frozen=True, eq=False)
class Ablation:
    """What the modalities of a stimulus contribute, by the way of taking them away; where the columns lie; the run."""

    maps: Mapping[str, ModalityMaps]
    series: AnySeries  # of one row of zeros
    run: Mapping[str, Any]
    difference: float | None = None  # the largest, of the full prediction from an earlier one


def ablate(
    model: TribeModel,
    events: Any,
    absences: Sequence[str] | str = ABSENT,
    *,
    truth: Any = None,
    times: TruthTimes | None = None,
    subject: int | str | None = None,
    progress: Progress | None = None,
) -> dict[str, ModalityMaps]:
    """What each modality contributes to `model.predict(events)`, by the way of taking it away.

        maps = ablate(model, events)["absent"]
        maps.shapley["text"]  # (V,)

    absences   "absent": its block of the encoder's input is zero, as with `only`; "zeroed": its features are zero and
               the bias of its projector stays; or both
    truth      measured data, as `evaluate` takes them; times: what is told of theirs
    Features are made once, or come from the cache; memory does not grow with the length of the stimulus.
    Raises   ConfigError for another word, a single modality, or a checkpoint whose modalities cannot be absent; as
             `TribeModel.predict`; MeasurementError for truth that cannot be used
    """
    ways = checked_absences([absences] if isinstance(absences, str) else absences)
    wanted = GivenTruth(truth, times or TruthTimes())
    return _contributions(model, as_events(events), ways, wanted, subject, progress or Silent()).maps


def checked_absences(absences: Sequence[str]) -> tuple[str, ...]:
    """Each once, in the order given.

    Raises   ConfigError for an unknown one, or none
    """
    for name in absences:
        if name not in ABSENCES:
            raise ConfigError(
                f"a modality can be {' or '.join(ABSENCES)}, not {quoted(name)}{did_you_mean(name, list(ABSENCES))}"
            )
    if not absences:
        raise ConfigError(f"say how a modality is taken away: {' or '.join(ABSENCES)}")
    return tuple(dict.fromkeys(absences))


def _contributions(
    model: TribeModel,
    events: Events,
    absences: Sequence[str],
    truth: GivenTruth,
    subject: int | str | None,
    progress: Progress,
    earlier: np.ndarray | None = None,
) -> "_Contributions":
    """The truth is read first: hours of features are not made for a file that is not there."""
    segments = [segment for window in model.windows(events.standardized()) for segment in window.kept]
    laid = truth.laid(model, segments)
    ready = ready_to_ablate(model, events, absences, progress, subject=subject)
    sums = {absence: ModalitySums(ready.modalities, model.n_vertices) for absence in absences}
    beside = {} if laid is None else {absence: TruthSums(ready.modalities, laid) for absence in absences}
    difference = None if earlier is None else _Difference(earlier, (len(segments), model.n_vertices))
    for block in ready.blocks(absences, progress):
        sums[block.absence].add(block.predictions)
        if difference is not None:
            difference.add(block.rows, block.predictions[frozenset(ready.modalities)])
        if block.absence in beside:
            beside[block.absence].add(block.rows.start, block.predictions)
        del block  # before the next is made: memory holds one
    maps = {absence: each.maps() for absence, each in sums.items()}
    for absence, each in beside.items():
        found = each.maps()
        maps[absence] = replace(maps[absence], truth=found)
        for text in found.warnings:
            model.record.warn(text)
    return _Contributions(ready, maps, None if difference is None else difference.largest)


@dataclass(frozen=True, eq=False)
class _Contributions:
    ready: AblatedModel
    maps: dict[str, ModalityMaps]
    difference: float | None


class _Difference:
    """The largest difference of rows from those of an earlier prediction; infinite where shapes differ."""

    def __init__(self, earlier: np.ndarray, shape: tuple[int, int]) -> None:
        self.earlier = earlier if earlier.shape == shape else None
        self.largest = 0.0 if self.earlier is not None else np.inf

    def add(self, rows: slice, full: np.ndarray) -> None:
        """The next rows."""
        if self.earlier is not None:
            self.largest = max(self.largest, float(np.abs(self.earlier[rows] - full).max()))


def ablate_stimulus(
    stimulus: Path,
    *,
    load: Callable[[], TribeModel],
    words: WordSource,
    absences: Sequence[str],
    pictures: PictureShow | None = None,
    command: str = "",
    threads: int | None = None,
    subject: str | None = None,
    truth: GivenTruth | None = None,
    earlier: np.ndarray | None = None,
) -> Ablation:
    """`ablate` for a file, with all that run.json says of a run; `earlier` (R, V) is what was predicted of it before.

    Raises   TribeError of every kind
    """
    began = time.time()
    opened = open_stimulus(stimulus, words=words)
    ways = checked_absences(absences)
    model = load()
    series = columns_of(model)
    check_extractors(model, opened, words)
    check_subject(model, subject)

    def contributions(events: Events) -> _Contributions:
        return _contributions(model, events, ways, truth or GivenTruth(), subject, model.progress, earlier)

    _, found = made_of_events(model, opened, words, contributions, pictures)
    if found.difference is not None and found.difference > SAME:
        by = f"by up to {found.difference:.3g}" if np.isfinite(found.difference) else "in their number"
        model.record.warn(
            f"{stimulus.parent}: its predictions differ from those made now {by}; contributions are to those made now"
        )
    run = _run_of(model, found, command, run_files(model, opened, words.transcript))
    run["subject"] = whose_brain(subject, model.subjects, model.encoder, average=model.average_subjects)
    run["options"] |= {"threads": threads, "subject": subject, **word_options(words)}
    run["seconds"] |= {"total": round(time.time() - began, 3)}
    known = found.difference if found.difference is not None and np.isfinite(found.difference) else None
    return Ablation(found.maps, series, run, known)


def _run_of(model: TribeModel, found: _Contributions, command: str, files: dict[str, Any]) -> dict[str, Any]:
    """What run.json says of a run."""
    segments = found.ready.segments
    shape = np.broadcast_to(np.float32(0), (len(segments), model.n_vertices))
    facts = run_facts(model, shape, segments)
    return {"tribe_np": __version__, "command": command, **provenance(), **files, **facts}
