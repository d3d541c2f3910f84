"""What the regions of a model listen to while a stimulus runs: a window in memory, a backward pass a region and row.

Features are read twice: for their moments over the whole stimulus, and for the derivatives. Only steps at rows that
are kept count: past the end of a stimulus, and in gaps, nothing is shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.analysis.sensitivities.feature_moments import FeatureMoments
from tribe_np.analysis.sensitivities.finite_differences import derivative_error
from tribe_np.analysis.sensitivities.lag_curves import LagCurves, LagGrid, LagSums
from tribe_np.analysis.sensitivities.region_sensitivity import DEFAULT_ROWS, ShownWindow, middle_half
from tribe_np.backend import to_host
from tribe_np.cortex.regions.asked_regions import AskedRegions, asked_regions
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.encoder.model import FmriEncoder
from tribe_np.errors import ConfigError, NotFiniteError
from tribe_np.pipeline.costs.estimate import Need
from tribe_np.pipeline.costs.memory_check import Stage
from tribe_np.pipeline.features.source import Items, stacked
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.model_columns import columns_of
from tribe_np.pipeline.progress import Progress, Silent, number_of
from tribe_np.timeline.events import Events, as_events
from tribe_np.timeline.features import n_steps
from tribe_np.timeline.segments import Segment, Window

MANY = 1000  # backward passes: of the released sizes an hour on one core


@dataclass(frozen=True)
class Asking:
    """How much is asked: rows of a window and windows, each spread evenly; None is nine rows, one for a map, and all
    windows. `check` directions in which derivatives are compared with differences.
    """

    rows: int | None = None
    windows: int | None = None
    check: int | None = None

    def rows_for(self, regions: AskedRegions) -> int:
        """Rows of a window."""
        return self.rows or (1 if regions.is_all else DEFAULT_ROWS)


@dataclass(frozen=True, eq=False)
class RegionListening:
    """Curves by lag of each region, and what they were made of.

    Fields   absent: modalities of the checkpoint without events, or left out by `only`; n_steps: of the stimulus, over
             which features have their moments; n_constant: features of each modality that never change; predictions:
             of each region at the rows asked about, by row of the whole prediction; error: of the comparison with
             differences, None where none was asked for
    """

    regions: AskedRegions
    curves: LagCurves
    segments: Sequence[Segment]
    absent: tuple[str, ...]
    n_steps: int
    n_constant: Mapping[str, int]
    n_windows: int
    predictions: Mapping[int, np.ndarray]
    error: float | None

    @property
    def n_passes(self) -> int:
        """Backward passes of the brain encoder."""
        return len(self.predictions) * len(self.regions.names)


def region_sensitivities(
    model: TribeModel,
    events: Any,
    roi: Sequence[str] | None = None,
    *,
    parcellation: Any = None,
    hemisphere: str = "both",
    rows: int | None = None,
    windows: int | None = None,
    check: int | None = None,
    subject: int | str | None = None,
    progress: Progress | None = None,
) -> RegionListening:
    """What regions of `model` listen to while the stimulus of some events runs.

        found = region_sensitivities(model, events, ["FFC"])
        found.curves.best_lags()["video"]  # (1,) seconds from what is shown to the BOLD signal

    roi   names or wildcards of the parcellation; None for every region. `hemisphere` as `tribe_np.cortex.roi` takes it
    rows, windows, check   see `Asking`
    Raises   ConfigError for unknown regions, a checkpoint of voxels, a check in float32; as `TribeModel.predict`
    """
    regions = regions_of_model(model, roi, parcellation, hemisphere)
    return listen(model, as_events(events), regions, Asking(rows, windows, check), subject, progress or Silent())


def regions_of_model(model: TribeModel, roi: Sequence[str] | None, parcellation: Any, hemisphere: str) -> AskedRegions:
    """The regions of what a model predicts.

    Raises   ConfigError, ParcellationError
    """
    series = columns_of(model)
    if not isinstance(series, SurfaceSeries):
        raise ConfigError(f"regions lie on the cortical surface, but this checkpoint predicts {model.output_space}")
    return asked_regions(series, roi, parcellation, hemisphere=hemisphere)


def listen(
    model: TribeModel,
    events: Events,
    regions: AskedRegions,
    asking: Asking,
    subject: int | str | None,
    progress: Progress,
) -> RegionListening:
    """`region_sensitivities` for regions that are found already."""
    if asking.check is not None and model.runtime.precision != "float64":
        raise ConfigError("derivatives are compared with differences in float64 only: take precision float64")
    table = events.standardized()
    windows = model.windows(table)
    source = model.feature_source(progress)
    known = model.known_modalities(source, table)
    subjects = model.subjects_of_windows(subject, windows, table)
    model.check_first(source, known, table, _stage(model))
    items = {m: source.items(m, table) for m in known}
    ear = _Ear(model, regions, windows, items, subjects, asking)
    ear.hear(progress)
    absent = tuple(m for m in model.encoder.build_args.feature_dims if m not in known)
    constant = {m: int((found.deviation == 0).sum()) for m, found in ear.moments.items()}
    n_steps = max(found.n_steps for found in ear.moments.values())
    segments = [segment for window in windows for segment in window.kept]
    return RegionListening(
        regions, ear.sums.curves(), segments, absent, n_steps, constant, len(ear.chosen), ear.predictions, ear.error
    )


class _Ear:
    """Goes through the windows twice: moments of the features, then derivatives of some rows of some windows."""

    def __init__(
        self,
        model: TribeModel,
        regions: AskedRegions,
        windows: Sequence[Window],
        items: Mapping[str, Items],
        subjects: Sequence[int] | None,
        asking: Asking,
    ) -> None:
        self.model, self.regions, self.windows, self.items = model, regions, windows, items
        self.subjects, self.asking = subjects, asking
        data, n_trs = model.data, model.encoder.build_args.n_output_timesteps
        steps = n_steps(data.duration_trs * data.tr, data.frequency)
        self.grid = LagGrid(n_trs, steps, data.tr, data.frequency, data.hemodynamic_offset)
        self.encoder: FmriEncoder = model.encoder.averaged(regions.columns)
        self.moments = {m: FeatureMoments() for m in items}
        self.sums = LagSums(self.grid, list(items), len(regions.names))
        self.predictions: dict[int, np.ndarray] = {}
        self.error: float | None = None
        number = asking.windows or len(windows)
        held = [k for k, window in enumerate(windows) if window.kept_rows]
        self.chosen = held if number >= len(held) else [held[k] for k in _evenly(len(held), number)]

    def hear(self, progress: Progress) -> None:
        """All of it.

        Raises   NotFiniteError
        """
        with self.model.record.timed("moments"):
            heard: dict[str, float] = {}
            for window in self.windows:
                steps = self._steps(window) & self._later(window, heard.get(window.timeline, -np.inf))
                heard[window.timeline] = window.start + window.duration
                for modality, x in self._features(window).items():
                    self.moments[modality].add(x[0][..., steps])
        rows = {k: self._rows(self.windows[k]) for k in self.chosen}
        n_rows, n_regions = sum(map(len, rows.values())), len(self.regions.names)
        what = f"{number_of(n_regions, 'regions')} at {number_of(n_rows, 'rows')} of {number_of(len(rows), 'windows')}"
        n_passes = number_of(n_rows * n_regions, "backward passes")
        advice = "; fewer windows (--windows 4) take less" if n_rows * n_regions > MANY and len(rows) > 4 else ""
        progress.note(f"{what}: {n_passes} of the brain encoder{advice}")
        firsts = np.cumsum([0, *(len(window.kept_rows) for window in self.windows)])
        with (
            self.model.record.timed("derivatives"),
            progress.stage("derivatives", n_rows * n_regions, "backward passes") as step,
        ):
            for k in self.chosen:
                self._hear_window(k, rows[k], int(firsts[k]), step)

    def _hear_window(self, k: int, rows: Sequence[int], first: int, step: Callable[[int], None]) -> None:
        window = self.windows[k]
        features, steps = self._features(window), self._steps(window)
        index = None if self.subjects is None else np.array(self.subjects[k : k + 1])
        placed = {m: self.model.runtime.place(x) for m, x in features.items()}
        output, pull = self.encoder.pullback(placed, index)
        predicted = to_host(output)[0]
        shown = ShownWindow(features, self.moments)
        for row in rows:
            self.predictions[first + window.kept_rows.index(row)] = predicted[:, row].astype(np.float64)
            for region, weights in enumerate(np.eye(len(self.regions.names))):
                numbers = shown.numbers(pull, weights, row, self.grid.n_rows)
                if not all(np.isfinite(x).all() for found in numbers.values() for x in found.values()):
                    name = self.regions.names[region]
                    raise NotFiniteError(
                        f"the derivative of {name} holds NaN or infinite values; try precision float64"
                    )
                self.sums.add(region, row, numbers, steps)
                step(1)
        if self.asking.check is not None and k == self.chosen[len(self.chosen) // 2]:
            self.error = self._error(features, index, pull, rows[len(rows) // 2], shown)

    def _error(self, features: Any, index: Any, pull: Callable[..., Any], row: int, shown: ShownWindow) -> float:
        """The largest of all regions, of the middle row of the middle window."""
        errors = []
        for region in range(len(self.regions.names)):
            grad = np.zeros((1, len(self.regions.names), self.grid.n_rows))
            grad[0, region, row] = 1

            def predict(x: Mapping[str, np.ndarray], region: int = region) -> np.ndarray:
                placed = {m: self.model.runtime.place(values[None]) for m, values in x.items()}
                return np.asarray(to_host(self.encoder(placed, index))[0, region, row])

            gradients = {m: x[0] for m, x in pull(grad, weights=False).on_host().features.items()}
            one = {m: np.asarray(x[0], np.float64) for m, x in features.items()}
            n = self.asking.check or 1
            errors.append(derivative_error(predict, one, gradients, shown.deviations, n_directions=n))
        return max(errors)

    def _features(self, window: Window) -> dict[str, np.ndarray]:
        """Shapes   -> {modality: (1, G, F, T) or (1, F, T)}."""
        return {m: stacked(self.items[m], [window], self.model.data.extractors[m]) for m in self.items}

    def _rows(self, window: Window) -> list[int]:
        """The rows of a window that are asked about: of those that are kept."""
        kept = window.kept_rows
        return [kept[i] for i in middle_half(len(kept), self.asking.rows_for(self.regions))]

    def _steps(self, window: Window) -> np.ndarray:
        """The steps (T,) bool at rows that are kept."""
        grid = self.grid
        of_row = np.floor(np.arange(grid.n_steps) / grid.frequency / grid.tr + 1e-9)
        return np.isin(of_row, window.kept_rows)

    def _later(self, window: Window, stop: float) -> np.ndarray:
        """The steps (T,) bool from a time of the timeline on: windows may overlap."""
        return window.start + np.arange(self.grid.n_steps) / self.grid.frequency >= stop - 1e-6


def _evenly(n: int, count: int) -> list[int]:
    """`count` whole numbers below n, in the middle of as many equal parts."""
    return [int((k + 0.5) * n / count) for k in range(count)]


def _stage(model: TribeModel) -> Stage:
    """Memory of a pass there and back: the intermediates of one window are kept, 20 widths a layer and step."""
    work = model.last_stage(1, 0).need
    transformer = model.encoder.config.encoder
    depth = 0 if transformer is None else transformer.depth
    steps = n_steps(model.data.duration_trs * model.data.tr, model.data.frequency)
    itemsize = np.dtype(model.runtime.dtype).itemsize
    kept = depth * 20 * model.encoder.config.hidden * steps * itemsize
    inputs = sum(x[0] * x[1] for x in model.encoder.build_args.feature_dims.values() if x is not None)
    return Stage(Need(work.stage, work.weights, work.work + kept + 4 * inputs * steps * 8))
