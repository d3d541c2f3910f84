"""How well a prediction tells the response of a group, beside how well its own members tell it.

    R_group            r(prediction, mean of the z-scored subjects)
    each subject       r(subject, mean of the z-scored others): leave one out
    share below        the share of subjects whose r is below R_group

as the paper of TRIBE v2 holds them side by side. The two are not quite the same task: R_group is against all n subjects,
a subject's r against n - 1. `r_with_others` is the prediction's r with each of those very means, for a comparison on
the same target; with ten subjects and more the difference is small.
Each run of each subject is z-scored by itself, and the mean of each run of the prediction is taken out.
Source   d'Ascoli et al. 2026, "A foundation model of vision, audition, and language for in-silico neuroscience",
         arXiv 2605.04326; leave-one-out correlation: Hasson et al. 2004, Science 303, 1634
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tribe_np.analysis.evaluation.run_columns import Runs, alike, column_steps
from tribe_np.errors import ConfigError


class GroupMeans(NamedTuple):
    """Means over vertices; `leave_one_out` (S,), `share_below` of these S means against r_group."""

    r_group: float
    leave_one_out: np.ndarray
    r_with_others: np.ndarray
    share_below: float
    share_below_others: float
    n_vertices: int


@dataclass(frozen=True, eq=False)
class GroupPredictivity:
    """Maps of the prediction and of every subject; NaN where the prediction or any subject is flat or not finite.

    Shapes   r_group (V,); leave_one_out, r_with_others (S, V); n_unusable (S,), vertices that each subject lacks
    """

    r_group: np.ndarray
    leave_one_out: np.ndarray
    r_with_others: np.ndarray
    n_unusable: np.ndarray
    n_unusable_prediction: int

    @property
    def share_below(self) -> np.ndarray:
        """The share of subjects whose leave-one-out r is below R_group, (V,)."""
        return _share(self.leave_one_out < self.r_group, self.r_group)

    @property
    def share_below_others(self) -> np.ndarray:
        """The share of subjects whose r is below the prediction's with the same mean of the others, (V,)."""
        return _share(self.leave_one_out < self.r_with_others, self.r_group)

    @property
    def median_subject(self) -> np.ndarray:
        """The median leave-one-out r over subjects, (V,)."""
        return np.median(self.leave_one_out, axis=0)

    def over(self, vertices: np.ndarray | slice | None = None) -> GroupMeans:
        """Means over the vertices of a region (indices or a mask; None: all), of those that have values."""
        chosen = slice(None) if vertices is None else vertices
        group, subjects, others = self.r_group[chosen], self.leave_one_out[:, chosen], self.r_with_others[:, chosen]
        usable = np.isfinite(group)
        if not usable.any():
            nothing = np.full(len(subjects), np.nan)
            return GroupMeans(np.nan, nothing, nothing, np.nan, np.nan, 0)
        r_group = float(group[usable].mean())
        by_subject, with_others = subjects[:, usable].mean(axis=1), others[:, usable].mean(axis=1)
        return GroupMeans(
            r_group,
            by_subject,
            with_others,
            float(np.mean(by_subject < r_group)),
            float(np.mean(by_subject < with_others)),
            int(usable.sum()),
        )


def group_predictivity(prediction: Runs, subjects: Sequence[Runs]) -> GroupPredictivity:
    """R_group and each subject's leave-one-out r, at every vertex.

    Subjects are read twice, one after the other: memory does not grow with their number.

    Shapes   prediction and each subject: (R, V), or a list of the same runs
    Raises   ConfigError for fewer than two subjects; ShapeError where rows or vertices differ
    """
    if len(subjects) < 2:
        raise ConfigError(f"group predictivity needs at least two subjects, got {len(subjects)}")
    predicted, *found = alike(
        [prediction, *subjects], ["prediction", *(f"subject {i + 1}" for i in range(len(subjects)))]
    )
    n_columns, n_rows = predicted.n_columns, predicted.n_rows
    r_group = np.empty(n_columns)
    by_subject, with_others = (np.empty((len(found), n_columns)) for _ in range(2))
    n_unusable, n_unusable_prediction = np.zeros(len(found), int), 0
    for columns in column_steps(n_columns, n_rows):
        x = predicted.centred(columns)
        n_unusable_prediction += int(np.isnan(x[0]).sum())
        total = np.zeros_like(x)
        for i, subject in enumerate(found):
            scored = subject.z_scored(columns)
            n_unusable[i] += int(np.isnan(scored[0]).sum())
            total += scored
        with_total = _dots(x, total)
        r_group[columns] = _ratio(with_total, _dots(total, total))
        for i, subject in enumerate(found):
            scored = subject.z_scored(columns)
            others = total - scored
            power = _dots(others, others)
            by_subject[i, columns] = _ratio(_dots(scored, others) / np.sqrt(n_rows), power)
            with_others[i, columns] = _ratio(_dots(x, others), power)
    missing = np.isnan(r_group)
    by_subject[:, missing] = np.nan
    with_others[:, missing] = np.nan
    return GroupPredictivity(r_group, by_subject, with_others, n_unusable, n_unusable_prediction)


def _dots(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("rb,rb->b", one, other))


def _ratio(product: np.ndarray, power: np.ndarray) -> np.ndarray:
    """product / sqrt(power), NaN where subjects cancel each other."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(product / np.sqrt(np.where(power > 1e-9, power, np.nan)))


def _share(is_below: np.ndarray, r_group: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(r_group), is_below.mean(axis=0), np.nan)
