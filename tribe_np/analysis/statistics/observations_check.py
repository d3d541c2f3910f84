"""The observations of conditions, checked: what every test takes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tribe_np.errors import ConfigError, ShapeError


@dataclass(frozen=True, eq=False)
class Groups:
    """The conditions that have a weight, in float64.

    Shapes   values: one (n_c, V) a condition, NaN at a vertex with a value that is not finite; weights (C,);
             finite (V,) where every observation is; used: which of the given conditions these are
    """

    values: tuple[np.ndarray, ...]
    weights: np.ndarray
    finite: np.ndarray
    used: tuple[int, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Observations of each condition."""
        return tuple(len(values) for values in self.values)

    @property
    def n_vertices(self) -> int:
        """Columns."""
        return len(self.finite)


def checked_groups(groups: Sequence[np.ndarray], weights: Sequence[float], *, paired: bool = False) -> Groups:
    """The conditions whose weight is not 0, with equally many vertices each and at least one observation.

    Raises   ShapeError, ConfigError
    """
    if len(groups) != len(weights):
        raise ShapeError(f"expected a weight for each of {len(groups)} conditions, got {len(weights)}")
    used = tuple(i for i, weight in enumerate(weights) if weight != 0)
    if not used or not np.all(np.isfinite(weights)):
        raise ConfigError(f"weights must be finite and not all 0, got {list(weights)}")
    values = tuple(np.asarray(groups[i], np.float64) for i in used)
    for i, observed in zip(used, values, strict=True):
        if observed.ndim != 2 or not len(observed) or observed.shape[1] != values[0].shape[-1]:
            raise ShapeError(f"condition {i + 1}: expected observations (n, V), n at least 1, got {observed.shape}")
    if paired and len({len(observed) for observed in values}) > 1:
        sizes = ", ".join(str(len(observed)) for observed in values)
        raise ShapeError(f"paired conditions need one observation each of every pair, got {sizes}")
    finite = np.all([np.isfinite(observed).all(axis=0) for observed in values], axis=0)
    if not finite.all():  # whatever is not finite makes the whole vertex NaN, and no warning
        values = tuple(np.where(finite, observed, np.nan) for observed in values)
    return Groups(values, np.array([weights[i] for i in used], np.float64), finite, used)
