"""Rows to fit a new person's head on: for each row that `predict` gives, what the head reads there, and the features.

Row t stands at stimulus time, as a prediction's does: what is fitted to it is the BOLD of t + hemodynamic_offset.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.backend import to_host
from tribe_np.encoder.head_states import features_at_trs, states_before_head
from tribe_np.files.temporary_rows import temporary_rows
from tribe_np.pipeline.features.source import stacked
from tribe_np.pipeline.model import MOST_WINDOWS, TribeModel
from tribe_np.pipeline.own_features import own_windows
from tribe_np.pipeline.progress import Progress
from tribe_np.timeline.events import as_events
from tribe_np.timeline.segments import Segment


@dataclass(frozen=True, eq=False)
class StimulusWindows:
    """The encoder's inputs one after the other, read when they are asked for.

    Shapes   kept: of each window's TRs, those that `predict` gives rows of; features_of gives {modality: (B, G, F, T)}
             or (B, F, T) of the windows of some numbers
    """

    kept: tuple[tuple[int, ...], ...]
    features_of: Callable[[Sequence[int]], dict[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class HeadRows:
    """Rows in the order of `predict`, R of them: those of each window after those of the one before.

    Shapes   states (R, D) in the model's dtype; features {modality: (R, G * F)} in a file, empty unless asked for
    """

    states: np.ndarray
    features: Mapping[str, np.ndarray]
    segments: tuple[Segment, ...]
    windows: StimulusWindows | None = None


def head_rows(
    model: TribeModel, events: Any, *, with_features: bool = False, progress: Progress | None = None
) -> HeadRows:
    """The states before the head at every row that `predict` keeps; nothing of the head is computed.

    with_features   also the features of each modality, pooled to TRs, for a linear model of them
    Raises          EventsError, CheckpointError, MediaError, ShortMemoryError as `predict` does
    """
    shown = model.progress if progress is None else progress
    table = as_events(events).standardized()
    windows = model.windows(table)
    source = model.feature_source(shown)
    known = model.known_modalities(source, table)
    n_rows = sum(len(window.kept_rows) for window in windows)
    model.check_first(source, known, table, model.last_stage(len(windows), n_rows))
    items = {m: source.items(m, table) for m in known}

    extractors = model.data.extractors  # not the model, whose layers are given back before the fit

    def features_of(numbers: Sequence[int]) -> dict[str, np.ndarray]:
        some = [windows[number] for number in numbers]
        return {m: stacked(items[m], some, extractors[m]) for m in items}

    rows = _Collected(n_rows, known if with_features else [])
    size = max(1, min(model.data.batch_size, MOST_WINDOWS))
    with model.record.timed("encoder"), shown.stage("brain encoder", len(windows), "windows") as step:
        for i in range(0, len(windows), size):
            batch = range(i, min(i + size, len(windows)))
            rows.add(model, features_of(batch), [list(windows[number].kept_rows) for number in batch])
            step(len(batch))
    laid = StimulusWindows(tuple(window.kept_rows for window in windows), features_of)
    return rows.together((segment for window in windows for segment in window.kept), laid)


def head_rows_of_features(
    model: TribeModel, features: Mapping[str, Any], *, with_features: bool = False, progress: Progress | None = None
) -> HeadRows:
    """The same from features that were kept, or of your own: the rows that `predict_features` gives.

    Shapes   features {modality: (G, F, T) or (F, T)} at `data.frequency` Hz from time 0, one T for all
    Raises   ShapeError for features that do not fit
    """
    windows = own_windows(features, model.data)
    rows = _Collected(sum(len(window.segments) for window in windows), features if with_features else [])
    with (progress or model.progress).stage("brain encoder", len(windows), "windows") as step:
        for window in windows:
            rows.add(model, {m: x[None] for m, x in window.features.items()}, [list(range(len(window.segments)))])
            step(1)
    laid = StimulusWindows(
        tuple(tuple(range(len(window.segments))) for window in windows),
        lambda numbers: {m: np.stack([windows[number].features[m] for number in numbers]) for m in features},
    )
    return rows.together((segment for window in windows for segment in window.segments), laid)


class _Collected:
    """Rows of the windows so far, window by window: arrays that are filled, the wide ones in files."""

    def __init__(self, n_rows: int, modalities: Iterable[str]) -> None:
        self.n_rows, self.filled = n_rows, 0
        self.states = np.zeros((0, 0))
        self.features: dict[str, np.ndarray] = dict.fromkeys(modalities, self.states)

    def add(self, model: TribeModel, arrays: Mapping[str, np.ndarray], kept: Sequence[Sequence[int]]) -> None:
        """Shapes   arrays {modality: (B, G, F, T) or (B, F, T)}; kept: the rows of each of the B windows."""
        n_trs = model.encoder.build_args.n_output_timesteps
        found = to_host(states_before_head(model.encoder, {m: model.runtime.place(x) for m, x in arrays.items()}))
        wide = {m: arrays[m] if arrays[m].ndim == 4 else arrays[m][:, None] for m in self.features}
        pooled = {m: features_at_trs(x, n_trs) for m, x in wide.items()}
        if not self.filled:
            self.states = np.empty((self.n_rows, found.shape[2]), found.dtype)
            self.features = {m: temporary_rows((self.n_rows, x.shape[2]), x.dtype) for m, x in pooled.items()}
        for window, of in enumerate(kept):
            rows = slice(self.filled, self.filled + len(of))
            self.states[rows] = found[window, list(of)]
            for m, x in pooled.items():
                self.features[m][rows] = x[window, list(of)]
            self.filled = rows.stop

    def together(self, segments: Iterable[Segment], windows: StimulusWindows) -> HeadRows:
        return HeadRows(self.states, self.features, tuple(segments), windows)
