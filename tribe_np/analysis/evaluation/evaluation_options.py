"""What can be asked of an evaluation, checked before anything is read."""

import math
from dataclasses import dataclass
from typing import Any

from tribe_np.analysis.evaluation.truth_runs import TruthTimes
from tribe_np.errors import ConfigError
from tribe_np.shown import quoted

LARGEST = 1e6
LONGEST_OFFSET = 60.0


@dataclass(frozen=True)
class EvaluationOptions:
    """What can be asked of `evaluate`.

    Units    seconds: tr between rows of the truth, start when the stimulus began in the scan, offset from a
             prediction's row to its BOLD, for an array that does not say it
    Fields   aligned: the truth's rows stand at stimulus time already; parcellation: of the regions, False for none
    """

    tr: float | None = None
    start: float | None = None
    offset: float | None = None
    aligned: bool = False
    parcellation: Any = None

    def __post_init__(self) -> None:
        _check("--tr", self.tr, 0.05, 30.0)
        _check("--start", self.start, -LARGEST, LARGEST)
        _check("--offset", self.offset, -LONGEST_OFFSET, LONGEST_OFFSET)

    @property
    def times(self) -> TruthTimes:
        """What is told of the times of the truth."""
        return TruthTimes(self.tr, self.start, self.aligned, self.offset)


def _check(name: str, value: Any, least: float, most: float) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ConfigError(f"{name} must be a number of seconds, got {quoted(value)}")
    if not least <= value <= most:
        raise ConfigError(f"{name} must be from {least:g} to {most:g} seconds, got {value:g}")
