"""Predictions of every subset of a stimulus' modalities: the features are made once, the encoder runs for each subset.

What is taken away is *absent* (its block of the encoder's input is zero, without the projector's bias: as with
`--only`, and as the dropout of modalities in training) or *zeroed* (its features are zero, so that the bias of its
projector stays: as where a film has no words for a while). They are two questions, and never mixed.
Source   tribev2 7239908 model.FmriEncoderModel.aggregate_features (zeros for a modality that is not in the batch, or
         dropped; `batch.data` in the projector otherwise)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tribe_np.analysis.contributions.subset_values import Subset, subsets_of
from tribe_np.errors import ConfigError
from tribe_np.pipeline.features.source import Items, stacked
from tribe_np.pipeline.model import MOST_WINDOWS, TribeModel
from tribe_np.pipeline.progress import Progress
from tribe_np.timeline.events import Events
from tribe_np.timeline.segments import Segment, Window

ABSENT, ZEROED = "absent", "zeroed"
ABSENCES = {
    ABSENT: "its block of the encoder's input is zero, without the projector's bias",
    ZEROED: "its features are zero, the bias of its projector stays",
}


@dataclass(frozen=True, eq=False)
class SubsetRows:
    """The next rows of what is predicted of every subset, one way of taking modalities away.

    Shapes   rows: which of all; predictions {subset: (b, V)} in the model's dtype
    """

    absence: str
    rows: slice
    predictions: Mapping[Subset, np.ndarray]


@dataclass(frozen=True, eq=False)
class AblatedModel:
    """A model with the features of a table of events, ready to predict every subset of its modalities."""

    model: TribeModel
    modalities: tuple[str, ...]  # in the checkpoint's order: those that have events
    windows: Sequence[Window]
    items: Mapping[str, Items]
    subjects: Sequence[int] | None

    @property
    def segments(self) -> list[Segment]:
        """One for each row, as `TribeModel.predict` gives them."""
        return [segment for window in self.windows for segment in window.kept]

    def blocks(self, absences: Sequence[str], progress: Progress) -> Iterator[SubsetRows]:
        """The rows in order, some windows at a time, in each of the ways; rows of all modalities are computed once."""
        size, first = windows_at_once(self.model), 0
        total = n_encodings(self.modalities, absences) * len(self.windows)
        with (
            self.model.record.timed("encoder"),
            progress.stage("brain encoder", total, "windows") as step,
        ):
            for i in range(0, len(self.windows), size):
                batch = self.windows[i : i + size]
                subjects = None if self.subjects is None else self.subjects[i : i + size]
                features = {m: stacked(self.items[m], batch, self.model.data.extractors[m], i) for m in self.modalities}
                rows = slice(first, first + sum(len(window.kept_rows) for window in batch))
                full = self._rows(features, frozenset(self.modalities), ABSENT, batch, subjects)
                step(len(batch))
                for absence in absences:
                    found = {}
                    for subset in subsets_of(self.modalities)[:-1]:
                        found[subset] = self._rows(features, subset, absence, batch, subjects)
                        step(len(batch))
                    found[frozenset(self.modalities)] = full
                    yield SubsetRows(absence, rows, found)
                    del found  # before the next is made: memory holds one
                first = rows.stop

    def _rows(
        self,
        features: Mapping[str, np.ndarray],
        subset: Subset,
        absence: str,
        batch: Sequence[Window],
        subjects: Sequence[int] | None,
    ) -> np.ndarray:
        """Shapes   features of some windows {modality: (B, G, F, T)} -> their kept rows (b, V)."""
        activities = subset_activity(self.model, features, subset, absence, subjects)
        return np.concatenate([x[:, list(window.kept_rows)].T for window, x in zip(batch, activities, strict=True)])


def subset_activity(
    model: TribeModel,
    features: Mapping[str, np.ndarray],
    subset: Subset,
    absence: str,
    subjects: Sequence[int] | None = None,
) -> np.ndarray:
    """What the encoder makes of some modalities' features.

    Shapes   features {modality: (B, G, F, T)} of all modalities, B subjects -> (B, V, R)
    """
    if absence == ZEROED:
        return model.activity({m: x if m in subset else np.zeros_like(x) for m, x in features.items()}, subjects)
    if subset:
        return model.activity({m: x for m, x in features.items() if m in subset}, subjects)
    # without any feature nothing would tell how many windows and steps there are: all are given, none is projected
    return replace(model, encoder=replace(model.encoder, projectors={})).activity(features, subjects)


def windows_at_once(model: TribeModel) -> int:
    """As many as `predict` takes, so that the full prediction is the same to the bit."""
    return max(1, min(model.data.batch_size, MOST_WINDOWS))


def ready_to_ablate(
    model: TribeModel, events: Events, absences: Sequence[str], progress: Progress, *, subject: int | str | None = None
) -> AblatedModel:
    """The features of all modalities, checked and made; the encoder has not run yet.

    Raises   ConfigError for fewer than two modalities, or absent ones where the checkpoint adds or stacks them;
             EventsError, CheckpointError, MediaError, ShortMemoryError as `TribeModel.predict`
    """
    table = events.standardized()
    windows = model.windows(table)
    source = model.feature_source(progress)
    known = model.known_modalities(source, table)
    check_parts(model, known, absences)
    subjects = model.subjects_of_windows(subject, windows, table)
    model.check_first(source, known, table, model.last_stage(len(windows), rows_held(model, windows, known)))
    return AblatedModel(model, tuple(known), windows, {m: source.items(m, table) for m in known}, subjects)


def n_encodings(modalities: Sequence[str], absences: Sequence[str]) -> int:
    """How often the encoder runs on a window: once for all modalities, and for every other subset in each way."""
    return 1 + len(absences) * (len(subsets_of(modalities)) - 1)


def rows_held(model: TribeModel, windows: Sequence[Window], modalities: Sequence[str]) -> int:
    """How many rows of predictions are in memory at a time: of every subset, of some windows."""
    at_once = min(len(windows), windows_at_once(model))
    return len(subsets_of(modalities)) * max(len(window.kept_rows) for window in windows) * at_once


def check_parts(model: TribeModel, modalities: Sequence[str], absences: Sequence[str]) -> None:
    """Refuses what cannot be taken apart.

    Raises   ConfigError for fewer than two modalities, or absent ones where the checkpoint adds or stacks them
    """
    if len(modalities) < 2:
        raise ConfigError(
            f"the stimulus has events of {modalities[0]} alone; what a modality contributes shows only beside another "
            "one"
        )
    aggregation = model.encoder.config.extractor_aggregation
    if ABSENT in absences and aggregation != "cat":
        raise ConfigError(
            f"{model.checkpoint}: extractor_aggregation {aggregation} needs every modality, so that none can be "
            f"{ABSENT}; take --absence {ZEROED}"
        )
