"""What can be asked of an evaluation, checked before anything is read."""

import math
from dataclasses import dataclass
from typing import Any

from tribe_np.analysis.evaluation.autocorrelated_nulls import KINDS_OF_NULL, N_SURROGATES
from tribe_np.analysis.evaluation.lag_scan import REACH
from tribe_np.analysis.evaluation.reliability import LEAST_RELIABILITY, MOST_SPLITS
from tribe_np.analysis.evaluation.truth_runs import TruthTimes, check_times
from tribe_np.analysis.statistics.relabellings import check_most, check_seed
from tribe_np.errors import ConfigError
from tribe_np.shown import did_you_mean, quoted

LARGEST = 1e6
LONGEST_OFFSET, LONGEST_LAG = 60.0, 60.0
SHORTEST_SHIFT = 30.0  # BOLD remembers that long


@dataclass(frozen=True)
class EvaluationOptions:
    """What can be asked of `evaluate`.

    Units    seconds: tr between rows of the truth, start when the stimulus began in the scan, offset from a
             prediction's row to its BOLD, for an array that does not say it
    Fields   aligned: the truth's rows stand at stimulus time already; parcellation: of the regions, False for none;
             reach: of the lag scan to both sides, 0 for none; splits: the most split halves of repetitions; threshold:
             the least reliability of which a normalised r is made; null: phases, shifts or blocks, of `surrogates`
             draws from `seed`, shifts of at least null_seconds (None: 30), blocks so long (None: 60); level: of q
    """

    tr: float | None = None
    start: float | None = None
    offset: float | None = None
    aligned: bool = False
    parcellation: Any = None
    reach: float = REACH
    splits: int = MOST_SPLITS
    threshold: float = LEAST_RELIABILITY
    null: str | None = None
    surrogates: int = N_SURROGATES
    null_seconds: float | None = None
    seed: int = 0
    level: float = 0.05

    def __post_init__(self) -> None:
        _check("--tr", self.tr, 0.05, 30.0)
        _check("--start", self.start, -LARGEST, LARGEST)
        check_times(self.times)
        _check("--lags", self.reach, 0.0, LONGEST_LAG)
        _check("--null-seconds", self.null_seconds, SHORTEST_SHIFT, 3600.0)
        _check_share("--threshold", self.threshold)
        _check_share("--level", self.level)
        if self.null is not None and self.null not in KINDS_OF_NULL:
            raise ConfigError(
                f"--null {quoted(self.null)} is unknown; known are {', '.join(KINDS_OF_NULL)}"
                f"{did_you_mean(self.null, KINDS_OF_NULL)}"
            )
        check_most(self.surrogates, "--surrogates")
        if isinstance(self.splits, bool) or not isinstance(self.splits, int) or self.splits < 1:
            raise ConfigError(f"--splits must be a whole number from 1 on, got {quoted(self.splits)}")
        check_seed(self.seed, "--seed")
        _check("--offset", self.offset, -LONGEST_OFFSET, LONGEST_OFFSET)

    @property
    def times(self) -> TruthTimes:
        """What is told of the times of the truth."""
        return TruthTimes(self.tr, self.start, self.aligned, self.offset)


def _check_share(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
        raise ConfigError(f"{name} must be above 0 and at most 1, got {quoted(value)}")


def _check(name: str, value: Any, least: float, most: float) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ConfigError(f"{name} must be a number of seconds, got {quoted(value)}")
    if not least <= value <= most:
        raise ConfigError(f"{name} must be from {least:g} to {most:g} seconds, got {value:g}")
