"""Measured data beside rows that are yet to be predicted: read, and laid on the timelines, before any model runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tribe_np.analysis.contributions.truth_maps import LaidTruth, lay_truth, rows_by_timeline
from tribe_np.analysis.evaluation.truth_runs import PairedRun, TruthTimes, read_truth
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.model_columns import columns_of
from tribe_np.timeline.segments import Segment


@dataclass(frozen=True, eq=False)
class PairedTruth:
    """Runs of truth with the rows of the prediction that belong to each timeline, and what was odd."""

    runs: tuple[PairedRun, ...]
    rows_of: Mapping[str, np.ndarray]
    said: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class GivenTruth:
    """Measured data as they were given, None for none, and what is told of their times."""

    source: Any = None
    times: TruthTimes = field(default_factory=TruthTimes)

    def paired(self, model: TribeModel, segments: Sequence[Segment]) -> PairedTruth | None:
        """Its runs beside the rows that will be predicted; None without any.

        Raises   ConfigError for predictions that do not lie on a mesh; as `read_truth`
        """
        if self.source is None:
            return None
        series = columns_of(model)
        if not isinstance(series, SurfaceSeries):
            raise ConfigError(f"truth is of a cortical surface; this checkpoint has {model.output_space}")
        of_rows, starts = [segment.timeline for segment in segments], [segment.start for segment in segments]
        timelines, rows_of = rows_by_timeline(series, of_rows, np.array(starts))
        runs, said = read_truth(self.source, timelines, self.times)
        return PairedTruth(tuple(runs), rows_of, tuple(said))

    def laid(self, model: TribeModel, segments: Sequence[Segment]) -> LaidTruth | None:
        """Its runs laid on the rows that will be predicted; None without any.

        Raises   as `paired` and `lay_truth`
        """
        paired = self.paired(model, segments)
        return None if paired is None else lay_truth(paired.runs, paired.rows_of, paired.said)
