"""A stimulus, or a table of events, to what each of its modalities contributes: what `tribe-np modalities` does."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np import __version__
from tribe_np.analysis.modalities.modality_maps import ModalityMaps, ModalitySums
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.voxel_series import AnySeries, VoxelSeries
from tribe_np.errors import ConfigError
from tribe_np.pipeline.ablation.subset_predictions import ABSENCES, ABSENT, AblatedModel, ready_to_ablate
from tribe_np.pipeline.early_checks import check_extractors, check_subject
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.progress import Progress, Silent
from tribe_np.pipeline.provenance import provenance
from tribe_np.pipeline.run import made_of_events, run_facts, run_files, word_options
from tribe_np.pipeline.stimuli.picture_rows import PictureShow
from tribe_np.pipeline.stimuli.stimulus import WordSource, open_stimulus
from tribe_np.pipeline.subjects import whose_brain
from tribe_np.shown import did_you_mean, quoted
from tribe_np.timeline.events import as_events


@dataclass(frozen=True, eq=False)
class Ablation:
    """What the modalities of a stimulus contribute, by the way of taking them away; where the columns lie; the run."""

    maps: Mapping[str, ModalityMaps]
    series: AnySeries  # of one row of zeros
    run: Mapping[str, Any]


def ablate(
    model: TribeModel,
    events: Any,
    absences: Sequence[str] | str = ABSENT,
    *,
    subject: int | str | None = None,
    progress: Progress | None = None,
) -> dict[str, ModalityMaps]:
    """What each modality contributes to `model.predict(events)`, by the way of taking it away.

        maps = ablate(model, events)["absent"]
        maps.shapley["text"]  # (V,)

    absences   "absent": its block of the encoder's input is zero, as with `only`; "zeroed": its features are zero and
               the bias of its projector stays; or both
    Features are made once, or come from the cache; memory does not grow with the length of the stimulus.
    Raises   ConfigError for another word, a single modality, or a checkpoint whose modalities cannot be absent; as
             `TribeModel.predict`
    """
    ways = checked_absences([absences] if isinstance(absences, str) else absences)
    progress = progress or Silent()
    return _contributions(ready_to_ablate(model, as_events(events), ways, progress, subject=subject), ways, progress)


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


def _contributions(ready: AblatedModel, absences: Sequence[str], progress: Progress) -> dict[str, ModalityMaps]:
    sums = {absence: ModalitySums(ready.modalities, ready.model.n_vertices) for absence in absences}
    for block in ready.blocks(absences, progress):
        sums[block.absence].add(block.predictions)
    return {absence: each.maps() for absence, each in sums.items()}


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
) -> Ablation:
    """`ablate` for a file, with all that run.json says of a run.

    Raises   TribeError of every kind
    """
    began = time.time()
    opened = open_stimulus(stimulus, words=words)
    ways = checked_absences(absences)
    model = load()
    series = columns_of(model)
    check_extractors(model, opened, words)
    check_subject(model, subject)

    def contributions(events: Any) -> tuple[AblatedModel, dict[str, ModalityMaps]]:
        ready = ready_to_ablate(model, events, ways, model.progress, subject=subject)
        return ready, _contributions(ready, ways, model.progress)

    _, (ready, maps) = made_of_events(model, opened, words, contributions, pictures)
    shape = np.broadcast_to(np.float32(0), (len(ready.segments), model.n_vertices))
    run = {
        "tribe_np": __version__,
        "command": command,
        **provenance(),
        **run_files(model, opened, words.transcript),
        **run_facts(model, shape, ready.segments),
    }
    run["subject"] = whose_brain(subject, model.subjects, model.encoder, average=model.average_subjects)
    run["options"] |= {"threads": threads, "subject": subject, **word_options(words)}
    run["seconds"] |= {"total": round(time.time() - began, 3)}
    return Ablation(maps, series, run)


def columns_of(model: TribeModel) -> AnySeries:
    """Where the columns of a model's predictions lie, as a series of one row of zeros.

    Raises   ConfigError for a checkpoint of parcels, or of a place that is not known
    """
    space, columns = model.output_space, model.encoder.columns
    values, offset = np.zeros((1, model.n_vertices), np.float32), model.data.hemodynamic_offset
    origin = str(model.checkpoint)
    if space.kind == "surface":
        return SurfaceSeries(values, space.name, np.zeros(1), model.data.tr, offset, columns, origin=origin)
    if space.kind == "mask":
        return VoxelSeries(values, space, np.zeros(1), model.data.tr, offset, columns, origin=origin)
    raise ConfigError(f"{origin}: maps are made of vertices or voxels, but this checkpoint has {space}")
