"""Courses of stimuli of different lengths on one grid: second by second from each start, or by share of duration."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.analysis.comparisons.compared_items import ComparedItem
from tribe_np.errors import ConfigError
from tribe_np.shown import quoted

COURSE_ALIGNMENTS = ("seconds", "share")
ON_GRID = 1e-5  # of a step: nearer than that, a point is the row itself


@dataclass(frozen=True, eq=False)
class SharedGrid:
    """The points at which courses are compared.

    Shapes   points (P,): seconds from the start of each stimulus, or shares of its duration in 0..1
    """

    how: str
    points: np.ndarray
    step: float  # seconds, or share

    def positions(self, item: ComparedItem) -> np.ndarray:
        """Where the rows of an item lie on this grid, (R,).

        A row is a value for the whole of its TR: of shares it stands for the middle of that, so that a copy at half the
        speed, each row twice, has the same course.
        """
        if self.how == "seconds":
            return item.times
        return (item.times + item.series.tr / 2) / item.seconds

    def aligned(self, item: ComparedItem, values: np.ndarray) -> np.ndarray:
        """Values (R, K) of an item's rows at the points, (P, K) in float64."""
        return interpolated(self.positions(item), values, self.points)

    def as_dict(self) -> dict[str, Any]:
        """As comparison.json holds it."""
        if self.how == "seconds":
            seconds = float(self.points[-1]) + self.step
            meaning = f"row by row over the first {seconds:g} s of each stimulus, from its first row on"
        else:
            meaning = f"at {len(self.points)} equal shares of each duration, as many as the shortest has rows"
        return {"by": self.how, "n_points": len(self.points), "step": self.step, "meaning": meaning}


def shared_grid(items: Sequence[ComparedItem], how: str) -> tuple[SharedGrid, list[str]]:
    """The grid of all items, and what was odd: rows of different lengths, rows that are passed over.

    `seconds`: as long as the shortest, in steps of the longest TR. `share`: as many points as the fewest rows.
    Raises   ConfigError for another word
    """
    if how not in COURSE_ALIGNMENTS:
        raise ConfigError(f"align must be one of {', '.join(COURSE_ALIGNMENTS)}, got {quoted(how)}")
    said = []
    steps = {item.series.tr for item in items}
    if len(steps) > 1:
        told = ", ".join(f"{tr:g}" for tr in sorted(steps))
        said.append(f"rows last {told} s: courses over time are interpolated between rows")
    if how == "seconds":
        step = max(steps)
        last = min(float(item.times[-1]) for item in items)
        return SharedGrid(how, np.arange(0, last + step * ON_GRID, step), step), said
    n_points = min(len(item.times) for item in items)
    passed = [item.name for item in items if len(item.times) > 2 * n_points]
    if passed:
        said.append(
            f"{len(passed)} of {len(items)} stimuli have over twice the {n_points} rows of the shortest, such as "
            f"{passed[0]}: by share of duration only the rows nearest to {n_points} points count in their courses"
        )
    return SharedGrid(how, (np.arange(n_points) + 0.5) / n_points, 1 / n_points), said


def interpolated(positions: np.ndarray, values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Values (R, K) between ascending positions (R,), linearly, at points (P,); beyond the ends, those of the ends.

    Numerics a point within `ON_GRID` of a position is that row, unchanged
    """
    if len(positions) == 1:
        return np.repeat(np.asarray(values, np.float64), len(points), axis=0)
    below = np.clip(np.searchsorted(positions, points, side="right") - 1, 0, len(positions) - 2)
    share = (points - positions[below]) / (positions[below + 1] - positions[below])
    share = np.clip(share, 0, 1)
    share = np.where(np.abs(share - np.round(share)) < ON_GRID, np.round(share), share)[:, None]
    lower, upper = (np.asarray(values[rows], np.float64) for rows in (below, below + 1))
    mixed: np.ndarray = lower * (1 - share) + upper * share
    return mixed
