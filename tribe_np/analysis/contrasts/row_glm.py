"""A general linear model over the rows of predictions: one regressor a condition, a constant a run, nilearn's fit.

A regressor is 1 in the rows that a trial of the condition covers and 0 elsewhere, without an HRF: the model has learned
the delay, and row t already describes second t. With an HRF the rows count at the time of the BOLD that they estimate
(`hemodynamic_offset` after the second they describe), so that the delay counts once there too.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.analysis.contrasts.observations import covered_rows, rows_of_run
from tribe_np.analysis.contrasts.trial_sources import PlacedTrial, PredictedRows, TrialSource
from tribe_np.analysis.statistics.contrast_tests import StatisticMaps
from tribe_np.analysis.statistics.t_tail import p_of_t, z_of_t
from tribe_np.errors import ConfigError, EventsError
from tribe_np.optional import require
from tribe_np.shown import quoted
from tribe_np.timeline.table import read_table, to_number

WHY = "a GLM (contrast --glm)"
HRFS = ("glover", "spm")
NOISES = ("ar1", "ols")
FEWEST_ROWS = 3  # of a run; nilearn's grid of times needs two
ESTIMABLE = 1e-6  # by how much a contrast may miss what the rows can tell
EXPLAINED = 1e-20  # of a vertex' sum of squares: what rounding leaves where the regressors explain it all


@dataclass(frozen=True, eq=False)
class RowModel:
    """The design over all rows that have a run with trials.

    Shapes   values (R, V) float64, rows run by run; design (R, n) with the names of its columns; the first are the
             conditions, in order
    """

    conditions: tuple[str, ...]
    columns: tuple[str, ...]
    values: np.ndarray
    design: np.ndarray
    runs: tuple[tuple[str, int], ...]  # a name and its number of rows
    said: tuple[str, ...]


def row_model(
    source: TrialSource, *, delay: float = 0.0, hrf: str | None = None, confounds: str | Path | None = None
) -> RowModel:
    """The rows of every run that has trials, and nilearn's first-level design for each, one under the other.

    Conditions share a column over all runs; the constant and the confounds of a run are its own. No drift: predictions
    have none of a scanner's.
    Raises   ConfigError, EventsError, MissingDependencyError
    """
    extra = None if confounds is None else _confounds(Path(confounds), source)
    conditions = source.conditions()
    blocks: list[tuple[np.ndarray, list[str]]] = []
    values, runs, n_before, n_left_out = [], [], 0, 0
    for number, rows in enumerate(source.predictions):
        for run in rows.runs():
            mine = rows_of_run(rows, run)
            trials = [t for t in source.trials if t.prediction == number and t.run in (None, run)]
            if not trials:
                n_left_out += len(mine)
                continue
            name = run if len(source.predictions) == 1 else f"{rows.series.origin}:{run}"
            order = _in_order(mine, rows, name)
            added = None if extra is None else (extra[1][n_before + order], extra[0])
            blocks.append(_run_design(trials, rows, order, conditions, delay=delay, hrf=hrf, added=added, name=name))
            values.append(np.asarray(rows.series.values[order], np.float64))
            runs.append((name, len(order)))
        n_before += len(rows.timelines)
    design, columns = _stacked(blocks, len(conditions))
    said = [f"{n_left_out} rows are of runs without a trial; the GLM leaves them out"] if n_left_out else []
    return RowModel(
        tuple(conditions), (*conditions, *columns), np.concatenate(values), design, tuple(runs), tuple(said)
    )


def _in_order(mine: np.ndarray, rows: PredictedRows, name: str) -> np.ndarray:
    """The rows of a run in the order of time.

    Raises   EventsError where two rows have one time, or where there are too few
    """
    order = mine[np.argsort(rows.series.starts[mine], kind="stable")]
    if len(order) < FEWEST_ROWS:
        raise EventsError(
            f"{rows.series.origin}, run {name}: has {len(order)} rows; a GLM needs {FEWEST_ROWS} at least"
        )
    steps = np.diff(rows.series.starts[order])
    if (steps < rows.series.tr / 2).any():
        raise EventsError(
            f"{rows.series.origin}, run {name}: rows overlap each other in time (predicted with overlapping windows); "
            "a GLM needs a row a TR"
        )
    return order


def _run_design(
    trials: Sequence[PlacedTrial], rows: PredictedRows, order: np.ndarray, conditions: Sequence[str], *,
    delay: float, hrf: str | None, added: tuple[np.ndarray, list[str]] | None, name: str,
) -> tuple[np.ndarray, list[str]]:  # fmt: skip
    """The design of one run, conditions first, and the names of the columns after these."""
    first_level = require("nilearn.glm.first_level", extra="analysis", why=WHY)
    pandas = require("pandas", extra="analysis", why=WHY)
    starts, tr = rows.series.starts[order], rows.series.tr
    if hrf is None:
        events, times = _boxcars(trials, rows, order, conditions, delay), starts + tr / 2
    else:
        events = [
            (float(starts[0]) if t.onset is None else t.onset + delay,
             float(starts[-1] + tr - starts[0]) if t.duration is None else t.duration, conditions.index(t.condition))
            for t in trials
        ]  # fmt: skip
        times = starts + rows.series.hemodynamic_offset
    table = pandas.DataFrame(
        {
            "onset": [e[0] for e in events],
            "duration": [e[1] for e in events],
            "trial_type": [f"c{e[2]}" for e in events],
        }
    )
    regressors = (
        {} if added is None else {"add_regs": added[0], "add_reg_names": [f"x{i}" for i in range(len(added[1]))]}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of singular designs: `row_contrast` tells what they cannot
        made = first_level.make_first_level_design_matrix(
            times, table, hrf_model=hrf, drift_model=None, **regressors
        )  # fmt: skip
    design = np.zeros((len(order), len(conditions) + made.shape[1] - len(set(table["trial_type"]))))
    others = [column for column in made.columns if column not in set(table["trial_type"])]
    for column in set(table["trial_type"]):
        design[:, int(column[1:])] = made[column]
    design[:, len(conditions) :] = made[others].to_numpy()
    names = [] if added is None else [f"{confound} ({name})" for confound in added[1]]
    return design, [*names, f"constant ({name})"]


def _boxcars(
    trials: Sequence[PlacedTrial], rows: PredictedRows, order: np.ndarray, conditions: Sequence[str], delay: float
) -> list[tuple[float, float, int]]:
    """Onset, duration and condition of every stretch of rows that trials of one condition cover."""
    place = {row: i for i, row in enumerate(order.tolist())}
    starts, tr = rows.series.starts[order], rows.series.tr
    found = []
    for number, condition in enumerate(conditions):
        covered = np.zeros(len(order) + 1, bool)
        for trial in trials:
            if trial.condition == condition:
                chosen = covered_rows(trial, rows, delay)[0].tolist()
                covered[[place[row] for row in chosen if row in place]] = True
        for i in np.flatnonzero(covered):
            found.append((float(starts[i]), float(tr), number))  # a box a row: gaps between rows stay gaps
    return found


def _stacked(blocks: Sequence[tuple[np.ndarray, list[str]]], n_conditions: int) -> tuple[np.ndarray, list[str]]:
    """One design of all runs: conditions together, the other columns of each run for itself."""
    own = sum(len(names) for _, names in blocks)
    design = np.zeros((sum(len(block) for block, _ in blocks), n_conditions + own))
    row, column = 0, n_conditions
    for block, names in blocks:
        here = slice(row, row + len(block))
        design[here, :n_conditions] = block[:, :n_conditions]
        design[here, column : column + len(names)] = block[:, n_conditions:]
        row, column = row + len(block), column + len(names)
    return design, [name for _, names in blocks for name in names]


def _confounds(path: Path, source: TrialSource) -> tuple[list[str], np.ndarray]:
    """The columns of a table with a line for each row of the predictions.

    Raises   EventsError
    """
    columns, records = read_table(path)
    n_rows = sum(len(rows.timelines) for rows in source.predictions)
    if len(records) != n_rows:
        raise EventsError(
            f"{path}: has {len(records)} lines of values, but the predictions have {n_rows} rows; expected one for each"
        )
    values = np.empty((n_rows, len(columns)))
    for row, (line, cells) in enumerate(records):
        for column, (name, cell) in enumerate(zip(columns, cells, strict=True)):
            try:
                values[row, column] = to_number(cell, float)
            except (ValueError, OverflowError, TypeError):
                values[row, column] = np.nan
            if not np.isfinite(values[row, column]):
                raise EventsError(f"{path}, line {line}: {name} is {quoted(cell, 40)}, expected a number")
    return columns, values


def row_contrast(model: RowModel, weights: Sequence[float], counts: Sequence[int], noise: str = "ar1") -> StatisticMaps:
    """The contrast of a row model at every vertex, by nilearn's run_glm and compute_contrast.

    Shapes   weights, counts: one a condition of the model; counts are of trials
    Numerics t on R - rank degrees of freedom, two-sided. ar1: a vertex' rows are whitened by the autocorrelation of its
             residuals, in steps of 0.01, as nilearn does; at the seam of two runs the last row of one whitens the first
             of the next. Where nothing differs and neighbouring rows correlate by 0.5 (0.8), p < 0.05 in 5.9 % (5.3 %)
             of vertices, with ols in 15 % (22 %): 120 rows, 20 trials. Vertices that the regressors explain to the last
             digit have an effect and no t
    Raises   ConfigError for a contrast that the rows cannot tell
    Source   nilearn 0.14 glm.first_level.run_glm, glm.contrasts.compute_contrast
    """
    first_level = require("nilearn.glm.first_level", extra="analysis", why=WHY)
    glm = require("nilearn.glm", extra="analysis", why=WHY)
    vector = np.zeros(model.design.shape[1])
    vector[: len(weights)] = weights
    inverse = np.linalg.pinv(model.design, rcond=1e-10)
    if np.abs(vector @ inverse @ model.design - vector).max() > ESTIMABLE * np.abs(vector).max():
        raise ConfigError(
            "the rows cannot tell this contrast: its regressors are a sum of others (constants and confounds among "
            "them), as where trials leave no row between them; compare conditions with each other"
        )
    values = model.values
    finite = np.isfinite(values).all(axis=0)
    effect, t = np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)
    known = values[:, finite]
    beta = inverse @ known
    effect[finite] = vector @ beta
    left = ((known - model.design @ beta) ** 2).sum(axis=0)
    has_t = np.flatnonzero(finite)[left > EXPLAINED * np.maximum((known**2).sum(axis=0), 1e-300)]
    df: float = len(values) - int(np.linalg.matrix_rank(model.design))
    if df > 0 and len(has_t):
        labels, results = first_level.run_glm(values[:, has_t], model.design, noise_model=noise)
        found = glm.compute_contrast(labels, results, vector, stat_type="t")
        effect[has_t] = np.ravel(found.effect)
        t[has_t] = np.ravel(found.effect) / np.sqrt(np.ravel(found.variance))
        df = float(found.dof)
    degrees = np.where(np.isnan(t), np.nan, df)
    n_undefined = int(finite.sum()) - len(has_t)
    said = [f"{n_undefined} of {len(t)} vertices are explained without rest: they have no t"] if n_undefined else []
    said += (
        [f"{(~finite).sum()} of {len(t)} vertices are NaN or infinite in some row: they stay NaN"]
        if (~finite).any()
        else []
    )
    maps: dict[str, Any] = {"t": t, "df": degrees, "p": p_of_t(t, degrees), "z": z_of_t(t, degrees)}
    return StatisticMaps(
        f"GLM over rows, {noise}", tuple(counts), effect, **maps, hedges_g=None, g_low=None, g_high=None,
        n_vertices=len(t), n_not_finite=int((~finite).sum()), n_undefined=n_undefined, said=tuple(said),
    )  # fmt: skip
