"""Mean r as the truth is read earlier or later than expected: a shift that was done twice, or never, shows as a peak.

The truth moves by whole rows. A row that lies between two of the truth is read linearly, which averages noise away, the
more the nearer it is to their middle: by steps of 1 s and a TR of 1.49 s, the lags that fall between rows would win. By
whole rows every lag is read at one and the same fraction, and the lags compare.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tribe_np.analysis.evaluation.running_scores import RunningScores
from tribe_np.errors import ConfigError, MeasurementError, ShapeError

REACH = 10.0  # seconds to each side
FINEST = 1.0  # seconds: rows that are closer are taken several at a time
LEAST_ROWS = 20  # under it, r is high by chance
LEAST_COMMON = 0.5  # of the rows at the expected lag that all lags must have, to be compared on those alone


class LaggedRows(Protocol):
    """Rows of one prediction and one run of truth (`align` makes them); or `parts`, a tuple of such rows."""

    @property
    def seconds(self) -> np.ndarray:
        """When each row starts in the stimulus, (rows,)."""

    def blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Prediction and truth, (b, V) each."""


@dataclass(frozen=True, eq=False)
class LagScan:
    """Mean r over vertices at each lag.

    Shapes   lags, mean_r, rows (L,); halves (2, L): mean r of the first and of the second half of the rows
    Units    seconds; a lag above 0 reads the truth later than at the expected time, so that at a best lag above 0 the
             truth follows the prediction by more than expected. NaN where fewer than 20 rows are left
    """

    lags: np.ndarray
    mean_r: np.ndarray
    halves: np.ndarray
    rows: np.ndarray
    expected: float
    is_common: bool  # every lag has the same rows of the prediction; else each has those that it can
    n_columns: int

    @property
    def step(self) -> float:
        """Seconds between lags: the scan tells no finer."""
        return float(np.diff(self.lags).mean()) if len(self.lags) > 1 else 0.0

    @property
    def best(self) -> float:
        """The lag with the largest mean r; NaN where no lag has one."""
        return _best(self.lags, self.mean_r)

    @property
    def best_of_halves(self) -> tuple[float, float]:
        """The same for each half of the rows: where they disagree, there is no clear peak."""
        return _best(self.lags, self.halves[0]), _best(self.lags, self.halves[1])

    @property
    def is_expected(self) -> bool:
        """Whether the best lag is the expected one, to half a step."""
        return bool(abs(self.best - self.expected) <= self.step / 2 + 1e-9)

    @property
    def is_clear(self) -> bool:
        """Whether both halves of the rows find the best lag, to one step; not where they are under 20 rows."""
        return all(abs(half - self.best) <= self.step * (1 + 1e-9) for half in self.best_of_halves)

    @property
    def is_at_end(self) -> bool:
        """Whether the best lag is the first or the last one: the peak may lie further out."""
        return self.best in (self.lags[0], self.lags[-1])

    @property
    def peak(self) -> float:
        """Top of the parabola through the best lag and its neighbours: an estimate between rows, NaN at an end."""
        if np.isnan(self.best) or self.is_at_end:
            return float("nan")
        i = int(np.argmax(self.lags == self.best))
        before, at, after = (float(r) for r in self.mean_r[i - 1 : i + 2])
        bend = before - 2 * at + after
        return self.best + self.step * (before - after) / (2 * bend) if bend < 0 else float("nan")

    def r_at(self, lag: float) -> float:
        """Mean r at the lag of the scan that is nearest."""
        return float(self.mean_r[np.argmin(np.abs(self.lags - lag))])

    def cells(self) -> list[list[str]]:
        """The scan as a table: lag_s, mean_r, rows; what is best and what is expected is marked."""
        rows = [["lag_s", "mean_r", "rows", "mark"]]
        nearest = self.lags[np.argmin(np.abs(self.lags - self.expected))]
        for lag, r, n in zip(self.lags.tolist(), self.mean_r.tolist(), self.rows.tolist(), strict=True):
            marks = [word for word, at in (("best", self.best), ("expected", nearest)) if lag == at]
            rows.append([f"{lag:g}", "NaN" if np.isnan(r) else repr(r), str(n), ", ".join(marks)])
        return rows


def whole_row_lags(tr: float, *, reach: float = REACH) -> np.ndarray:
    """Lags of whole rows from -reach to +reach, ascending, 0 among them.

    Units    seconds; `tr` is the truth's, in which it is read. Rows under 1 s apart are taken several at a time
    Raises   ConfigError for a TR or a reach that is no time
    """
    if not (np.isfinite(tr) and tr > 0 and np.isfinite(reach) and reach >= 0):
        raise ConfigError(f"a lag scan needs a TR above 0 s and a reach of at least 0 s, got {tr:g} and {reach:g}")
    step = tr * max(1, round(FINEST / tr))
    n = int(np.floor(reach / step + 1e-9))
    return np.arange(-n, n + 1) * step


def lag_scan(
    aligned_at: Callable[[float], Any],
    lags: Sequence[float] | np.ndarray,
    *,
    expected: float = 0.0,
    columns: slice | np.ndarray = slice(None),
    truth_columns: np.ndarray | None = None,
) -> LagScan:
    """Mean r over vertices with the truth read at each of the lags.

    aligned_at   lag -> LaggedRows, such as `lambda lag: align(prediction, truth, lag=lag)`
    lags         ascending and evenly apart; those of `whole_row_lags` compare with each other
    columns      the vertices that are looked at: slice(None, None, 4) takes a quarter of the time; `truth_columns` are
                 those of the truth where they are others
    Numerics all lags are of the same rows of the prediction, those that have truth at every lag, unless these are fewer
             than 20 or than half of those at the expected lag: then each lag has its own. Rows of several runs are
             scored together, as RunningScores does
    Raises   ConfigError for lags that are not so; MeasurementError, or what `aligned_at` raised, where no lag has a row
    """
    lags = _checked_lags(lags)
    found = _all_parts(aligned_at, lags.tolist())
    kept = _common_seconds(found, int(np.argmin(np.abs(lags - expected))))
    chosen = columns, columns if truth_columns is None else truth_columns
    scored = [_score_halves(parts, kept, chosen) for parts in found]
    halves = np.array([[_mean_r(half) for half in one[:2]] for one in scored]).T
    whole = np.array([_mean_r(one[2]) for one in scored])
    rows = np.array([0 if one[2] is None else one[2].n for one in scored])
    n_columns = max(one[2].n_columns for one in scored if one[2] is not None)
    return LagScan(lags, whole, halves, rows, expected, kept is not None, n_columns)


def lag_warnings(scan: LagScan, *, hemodynamic_offset: float, is_aligned: bool) -> list[str]:
    """What to say of a scan whose best lag is not the expected one; nothing where it is.

    hemodynamic_offset, is_aligned   how the truth was read: at t + offset, or at t since it stood there already
    """
    if np.isnan(scan.best):
        return ["lag scan: no lag has an r"]
    if scan.is_expected:
        return []
    told = (
        f"lag scan: r is largest with the truth read {_moved(scan.best - scan.expected)} than expected: "
        f"{scan.r_at(scan.best):.4f}, against {scan.r_at(scan.expected):.4f}"
    )
    if np.isnan(scan.best_of_halves).any():
        return [f"{told}; there are too few rows to say whether that is a clear peak"]
    if not scan.is_clear:
        first, second = scan.best_of_halves
        return [f"{told}; but the halves of the rows have it at {first:+g} s and {second:+g} s: there is no clear peak"]
    return [f"{told}. {_likely(scan, hemodynamic_offset, is_aligned)}"]


def _likely(scan: LagScan, offset: float, is_aligned: bool) -> str:
    apart = scan.best - scan.expected
    near = max(scan.step, FINEST) * (1 + 1e-9)
    if offset > 0 and not is_aligned and abs(apart + offset) <= near:
        seems = "the truth seems to stand at stimulus time already (--truth-aligned)"
        if abs(apart + offset) > scan.step / 2:  # a row off: as likely as not, another number of volumes
            return f"That is about the offset of {offset:g} s: {seems}, or its first volumes are gone (--start)"
        return f"That is the offset of {offset:g} s the other way: {seems}"
    if offset > 0 and is_aligned and abs(apart - offset) <= near:
        return f"That is the offset of {offset:g} s: the truth seems to be in scan time (without --truth-aligned)"
    if scan.is_at_end:
        return "That is the end of the scan: the peak may lie further out. Do both begin at the same time (--start)?"
    if abs(apart) <= near:
        return "That is one step: blood may be that much faster or slower, or a row is counted from its middle"
    return "Do both begin at the same time (--start)? Is their TR the same?"


def _moved(seconds: float) -> str:
    return f"{abs(seconds):g} s {'later' if seconds > 0 else 'earlier'}"


def _checked_lags(lags: Sequence[float] | np.ndarray) -> np.ndarray:
    known = np.asarray(lags, np.float64)
    steps = np.diff(known) if known.ndim == 1 else np.zeros(1)
    is_even = steps.size == 0 or (steps.min() > 0 and np.ptp(steps) <= 1e-6 * steps.mean())
    if known.size == 0 or not np.isfinite(known).all() or not is_even:
        raise ConfigError("lag scan: expected lags in seconds, ascending and evenly apart")
    return known


def _all_parts(aligned_at: Callable[[float], Any], lags: list[float]) -> list[tuple[Any, ...]]:
    """The rows of each run at each lag; none where the truth does not reach."""
    found: list[tuple[Any, ...]] = []
    reason = MeasurementError("lag scan: prediction and truth have no row in common at any lag")
    for lag in lags:
        try:
            rows = aligned_at(lag)
        except MeasurementError as error:
            reason = error
            found.append(())
        else:
            found.append(tuple(getattr(rows, "parts", (rows,))))
    if not any(found):
        raise reason
    return found


def _run_of(rows: Any) -> tuple[int, int]:
    """What tells a run from others, at every lag."""
    return id(getattr(rows, "prediction", None)), id(getattr(rows, "truth", None))


def _common_seconds(found: list[tuple[Any, ...]], at: int) -> dict[tuple[int, int], np.ndarray] | None:
    """Times of the rows that every lag has, by run; None where they are too few."""
    common: dict[tuple[int, int], np.ndarray] = {_run_of(rows): rows.seconds for rows in found[at]}
    n_expected = sum(map(len, common.values()))
    for parts in found:
        here = {_run_of(rows): rows.seconds for rows in parts}
        common = {run: np.intersect1d(seconds, here.get(run, [])) for run, seconds in common.items()}
    n = sum(map(len, common.values()))
    return common if n >= max(LEAST_ROWS, LEAST_COMMON * n_expected) else None


def _score_halves(
    parts: tuple[Any, ...], kept: dict[tuple[int, int], np.ndarray] | None, columns: tuple[Any, Any]
) -> tuple[RunningScores | None, RunningScores | None, RunningScores | None]:
    """Scores of the first half of the rows, of the second, and of all."""
    chosen = [
        np.ones(len(rows.seconds), bool) if kept is None else np.isin(rows.seconds, kept.get(_run_of(rows), []))
        for rows in parts
    ]
    n_first = (sum(int(mask.sum()) for mask in chosen) + 1) // 2
    scores: list[RunningScores] = []
    taken = 0
    for rows, mask in zip(parts, chosen, strict=True):
        seen = 0
        for prediction, truth in rows.blocks():
            is_kept = mask[seen : seen + len(truth)]
            seen += len(truth)
            p, t = prediction[:, columns[0]], truth[:, columns[1]]
            if not is_kept.all():
                p, t = p[is_kept], t[is_kept]
            scores = scores or [RunningScores(t.shape[1]) for _ in range(2)]
            cut = min(max(n_first - taken, 0), len(t))
            scores[0].add(p[:cut], t[:cut])
            scores[1].add(p[cut:], t[cut:])
            taken += len(t)
        if seen != len(mask):
            raise ShapeError(f"lag scan: blocks gave {seen} rows, expected {len(mask)}")
    if not scores:
        return None, None, None
    whole = RunningScores(scores[0].n_columns)
    for half in scores:
        whole.merge(half)
    return scores[0], scores[1], whole


def _mean_r(scores: RunningScores | None) -> float:
    if scores is None or scores.n < LEAST_ROWS:
        return float("nan")
    r = scores.r
    return float(r[np.isfinite(r)].mean()) if np.isfinite(r).any() else float("nan")


def _best(lags: np.ndarray, mean_r: np.ndarray) -> float:
    """The lag of the largest r; of equal ones the one nearest to 0."""
    if np.isnan(mean_r).all():
        return float("nan")
    ties = lags[mean_r == np.nanmax(mean_r)]
    return float(ties[np.argmin(np.abs(ties))])
