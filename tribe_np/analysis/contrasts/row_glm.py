"""A general linear model over the rows of predictions: nilearn's fit of each run, and fixed effects over runs.

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
from tribe_np.shown import quoted, some_of
from tribe_np.timeline.table import read_table, to_number

WHY = "a GLM (contrast --glm)"
HRFS = ("glover", "spm")
NOISES = ("ar1", "ols")
SHORT = 60  # rows of a run, below which ar1 is found too small
FEWEST_ROWS = 3  # of a run; nilearn's grid of times needs two
ESTIMABLE = 1e-6  # by how much a contrast may miss what the rows can tell
EXPLAINED = 1e-20  # of a vertex' sum of squares: what rounding leaves where the regressors explain it all


@dataclass(frozen=True, eq=False)
class RunDesign:
    """The design of one run.

    Shapes   design (r, n) with the names of its columns; the first are the conditions that have trials in the run,
             by their numbers; rows: which of the model's
    """

    name: str
    rows: slice
    conditions: tuple[int, ...]
    columns: tuple[str, ...]
    design: np.ndarray


@dataclass(frozen=True, eq=False)
class RowModel:
    """The designs of all runs that have trials, one each.

    Shapes   values (R, V) float64, rows run by run
    """

    conditions: tuple[str, ...]
    values: np.ndarray
    runs: tuple[RunDesign, ...]
    said: tuple[str, ...]

    def runs_of(self, condition: int) -> list[str]:
        """The runs in which a condition has trials."""
        return [run.name for run in self.runs if condition in run.conditions]

    def shares(self, weights: Sequence[float]) -> list[np.ndarray]:
        """The weights of a contrast over the columns of each run: a condition's is shared evenly by its runs."""
        found = []
        for run in self.runs:
            vector = np.zeros(run.design.shape[1])
            vector[: len(run.conditions)] = [weights[c] / len(self.runs_of(c)) for c in run.conditions]
            found.append(vector)
        return found


def row_model(
    source: TrialSource, *, delay: float = 0.0, hrf: str | None = None, confounds: str | Path | None = None
) -> RowModel:
    """The rows of every run that has trials, and nilearn's first-level design for each run.

    Every run has regressors, a constant and confounds of its own. No drift: predictions have none of a scanner's.
    Raises   ConfigError, EventsError, MissingDependencyError
    """
    extra = None if confounds is None else _confounds(Path(confounds), source)
    conditions = source.conditions()
    values: list[np.ndarray] = []
    runs: list[RunDesign] = []
    n_before = n_left_out = n_rows = 0
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
            made = _run_design(trials, rows, order, conditions, delay=delay, hrf=hrf, added=added)
            runs.append(RunDesign(name, slice(n_rows, n_rows + len(order)), *made))
            values.append(np.asarray(rows.series.values[order], np.float64))
            n_rows += len(order)
        n_before += len(rows.timelines)
    said = [f"{n_left_out} rows are of runs without a trial; the GLM leaves them out"] if n_left_out else []
    return RowModel(tuple(conditions), np.concatenate(values), tuple(runs), tuple(said))


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
    delay: float, hrf: str | None, added: tuple[np.ndarray, list[str]] | None,
) -> tuple[tuple[int, ...], tuple[str, ...], np.ndarray]:  # fmt: skip
    """The numbers of the conditions that the run has, the names of all columns, and the design."""
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
    here = sorted({number for _, _, number in events})
    table = pandas.DataFrame(
        [(onset, duration, f"c{number}") for onset, duration, number in events],
        columns=["onset", "duration", "trial_type"],
    )
    names = [] if added is None else added[1]
    regressors = {} if added is None else {"add_regs": added[0], "add_reg_names": [f"x{i}" for i in range(len(names))]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of singular designs: `row_contrast` tells what they cannot
        made = first_level.make_first_level_design_matrix(times, table, hrf_model=hrf, drift_model=None, **regressors)
    of_conditions = [f"c{number}" for number in here]
    others = [column for column in made.columns if column not in set(of_conditions)]
    columns = (*(conditions[number] for number in here), *names, "constant")
    return tuple(here), columns, made[[*of_conditions, *others]].to_numpy()


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
    """The contrast of a row model at every vertex: nilearn's GLM in each run, and fixed effects over runs.

    Shapes   weights, counts: one a condition of the model; counts are of trials
    Numerics each run is fitted for itself, with residuals, autocorrelation and whitening of its own: no row of a run
             touches another. A condition's effect is its mean over the runs that have it, so that run r takes the
             contrast c_r of weights divided by the number of these runs, and
             t = sum of c_r b_r / sqrt(sum of c_r V_r c_r), two-sided, on the sum of the runs' R - rank degrees of
             freedom. Where every run has every condition, this is nilearn's FirstLevelModel over runs.
             ar1: a vertex' rows are whitened by the autocorrelation of its residuals, in steps of 0.01, as nilearn
             does. Where nothing differs and neighbouring rows correlate by 0.5 (0.8), p < 0.05 in 5.9 % (5.3 %)
             of vertices, with ols in 15 % (22 %): 120 rows, 20 trials. The autocorrelation of few rows comes out too
             small: in two runs of 60 rows that is 6.3 % (5.2 %), in four of 30 rows 9.2 % (8.1 %), which is said.
             Vertices that the regressors of a run explain to the last digit have an effect and no t
    Raises   ConfigError for a contrast that the rows of a run cannot tell
    Source   nilearn 0.14 glm.first_level.run_glm, glm.contrasts.compute_contrast, compute_fixed_effect_contrast
    """
    finite = np.isfinite(model.values).all(axis=0)
    known = model.values[:, finite]
    effect, variance, df, has_t = np.zeros(known.shape[1]), np.zeros(known.shape[1]), 0.0, np.ones(known.shape[1], bool)
    used = []
    for run, vector in zip(model.runs, model.shares(weights), strict=True):
        if vector.any():
            part = _in_run(known[run.rows], run, vector, noise, len(model.runs))
            effect, variance, df, has_t = effect + part[0], variance + part[1], df + part[2], has_t & part[3]
            used.append(len(run.design))
    n, n_undefined = len(finite), int((~has_t).sum())
    with np.errstate(all="ignore"):
        t = _scattered(np.where(has_t, effect / np.sqrt(variance), np.nan), finite)
    degrees = np.where(np.isnan(t), np.nan, df)
    said = _absent(model, weights)
    if noise == "ar1" and min(used) < SHORT:
        said.append(
            f"the shortest run has {min(used)} rows: the ar1 of a run is found too small from few rows, and so is p "
            "(where nothing differs, p < 0.05 in 7 to 9 % of vertices at 30 rows a run)"
        )
    said += [f"{n_undefined} of {n} vertices are explained without rest: they have no t"] if n_undefined else []
    said += [f"{n - len(effect)} of {n} vertices are NaN or infinite in some row: they stay NaN"] * (n > len(effect))
    maps: dict[str, Any] = {"t": t, "df": degrees, "p": p_of_t(t, degrees), "z": z_of_t(t, degrees)}
    return StatisticMaps(
        f"GLM over rows, {noise}" + (f", fixed effects over {len(used)} runs" if len(used) > 1 else ""), tuple(counts),
        _scattered(effect, finite), **maps, hedges_g=None, g_low=None, g_high=None,
        n_vertices=n, n_not_finite=n - len(effect), n_undefined=n_undefined, said=tuple(said),
    )  # fmt: skip


def _in_run(
    values: np.ndarray, run: RunDesign, vector: np.ndarray, noise: str, n_runs: int
) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """Effect, its variance, degrees of freedom, and where there is a variance, of values (r, V) without NaN.

    Raises   ConfigError
    """
    first_level = require("nilearn.glm.first_level", extra="analysis", why=WHY)
    glm = require("nilearn.glm", extra="analysis", why=WHY)
    inverse = np.linalg.pinv(run.design, rcond=1e-10)
    where = f"run {quoted(run.name)}: " if n_runs > 1 else ""
    if np.abs(vector @ inverse @ run.design - vector).max() > ESTIMABLE * np.abs(vector).max():
        hint = ", or give every run every condition" if n_runs > 1 else ""
        raise ConfigError(
            f"{where}the rows cannot tell this contrast: its regressors are a sum of others (constants and confounds "
            f"among them), as where trials leave no row between them; compare conditions with each other{hint}"
        )
    df = len(values) - int(np.linalg.matrix_rank(run.design))
    if df < 1:
        raise ConfigError(
            f"{where}{len(values)} rows and as many regressors ({', '.join(run.columns)}) leave nothing to tell noise "
            "by; contrast without --glm compares means of trials"
        )
    beta = inverse @ values
    effect, variance = vector @ beta, np.zeros(values.shape[1])
    left = ((values - run.design @ beta) ** 2).sum(axis=0)
    has_t = left > EXPLAINED * np.maximum((values**2).sum(axis=0), 1e-300)
    if has_t.any():
        labels, results = first_level.run_glm(values[:, has_t], run.design, noise_model=noise)
        found = glm.compute_contrast(labels, results, vector, stat_type="t")
        effect[has_t], variance[has_t] = np.ravel(found.effect), np.ravel(found.variance)
    return effect, variance, float(df), has_t


def _scattered(values: np.ndarray, finite: np.ndarray) -> np.ndarray:
    found = np.full(len(finite), np.nan)
    found[finite] = values
    return found


def _absent(model: RowModel, weights: Sequence[float]) -> list[str]:
    """What to say of conditions that some runs do not have."""
    names = {run.name for run, vector in zip(model.runs, model.shares(weights), strict=True) if vector.any()}
    said = []
    for c, condition in enumerate(model.conditions):
        lacking = sorted(names - set(model.runs_of(c)))
        if weights[c] and lacking:
            said.append(
                f"{condition} has no trial in {len(lacking)} of {len(names)} runs ({some_of(lacking)}): its effect is "
                "the mean of the others, each against the constant of its run"
            )
    return said
