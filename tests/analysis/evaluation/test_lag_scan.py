"""Lag scans of data whose lag is known: impulses, smooth courses at a TR of 1.49 s, noise, runs that are too short."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from tribe_np.analysis.evaluation.lag_scan import LagScan, lag_scan, lag_warnings, whole_row_lags
from tribe_np.errors import ConfigError, MeasurementError

OFFSET = 5.0


@dataclass(frozen=True, eq=False)
class Laid:
    """Rows of a prediction, and the truth read linearly at their time + the offset + a lag."""

    prediction: np.ndarray
    truth: np.ndarray
    tr: float
    lag: float
    start: float = 0.0  # of the truth

    @property
    def kept(self) -> np.ndarray:
        """The prediction's rows that have truth."""
        places = self.places
        return np.flatnonzero((places >= 0) & (places <= len(self.truth) - 1))

    @property
    def places(self) -> np.ndarray:
        """Where in the truth each row of the prediction is."""
        places = (np.arange(len(self.prediction)) * self.tr + OFFSET + self.lag - self.start) / self.tr
        return np.where(np.abs(places - np.round(places)) < 1e-6, np.round(places), places)

    @property
    def seconds(self) -> np.ndarray:
        """Times in the stimulus."""
        return self.kept * self.tr

    def blocks(self, size: int = 17) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """In blocks that no half ends with."""
        where = self.places[self.kept]
        before = np.floor(where).astype(int)
        share = (where - before)[:, None]
        truth = self.truth[before] * (1 - share) + self.truth[np.minimum(before + 1, len(self.truth) - 1)] * share
        for first in range(0, len(truth), size):
            yield self.prediction[self.kept][first : first + size], truth[first : first + size]


def course(seconds: np.ndarray, columns: int = 6, seed: int = 0) -> np.ndarray:
    """Smooth values at any times, (len(seconds), columns): nothing below a period of 8 s, no period that recurs."""
    random = np.random.default_rng(seed)
    periods, phases = random.uniform(8, 60, (2, 25, columns))
    return np.sin(2 * np.pi * seconds[:, None, None] / periods + phases).sum(axis=1)


def scan_of(delay: float, tr: float, *, rows: int = 150, noise: float = 0.0, truth_rows: int | None = None) -> LagScan:
    """The scan of a truth that follows the prediction by `delay` seconds."""
    random = np.random.default_rng(1)
    prediction = course(np.arange(rows) * tr)
    truth = course(np.arange(truth_rows or rows + 30) * tr - delay)
    truth = truth + noise * random.normal(size=truth.shape)
    return lag_scan(lambda lag: Laid(prediction, truth, tr, lag), whole_row_lags(tr))


@pytest.mark.parametrize("extra", range(-10, 11))
def test_an_impulse_tells_every_lag_exactly(extra: int) -> None:
    prediction, truth = np.zeros((60, 3)), np.zeros((90, 3))
    prediction[30] = 1
    truth[30 + 5 + extra] = 1
    found = lag_scan(lambda lag: Laid(prediction, truth, 1.0, lag), whole_row_lags(1.0))
    assert found.best == extra
    assert found.r_at(extra) == pytest.approx(1, abs=1e-12)
    assert found.is_expected == (extra == 0)
    others = found.mean_r[found.lags != extra]
    assert (others < 0.01).all()


@pytest.mark.parametrize("tr", [0.4, 0.72, 1.0, 1.49, 2.0, 3.5])
@pytest.mark.parametrize("whole", [-1, 0, 1])
def test_a_lag_of_whole_rows_is_found_at_any_tr(tr: float, whole: int) -> None:
    step = whole_row_lags(tr)[-1] - whole_row_lags(tr)[-2]
    found = scan_of(OFFSET + whole * step, tr, noise=3.0)
    assert found.step == pytest.approx(step)
    assert found.best == pytest.approx(whole * step)
    assert found.peak == pytest.approx(whole * step, abs=0.25 * step)
    assert found.is_clear


def test_data_shifted_before_are_told_at_a_tr_that_does_not_divide_the_offset() -> None:
    found = scan_of(0.0, 1.49, noise=1.0)
    assert found.best == pytest.approx(-3 * 1.49)  # -5 s lie between rows: the nearest
    assert found.peak == pytest.approx(-5, abs=0.3)
    assert not found.is_expected
    (told,) = lag_warnings(found, hemodynamic_offset=OFFSET, is_aligned=False)
    assert "4.47 s earlier than expected" in told
    assert "--truth-aligned" in told


def test_lags_between_rows_would_win_by_averaging_noise_away() -> None:
    random = np.random.default_rng(2)
    prediction = course(np.arange(300) * 2.0, 40)
    truth = course(np.arange(330) * 2.0 - 6, 40) + 12 * random.normal(size=(330, 40))

    def at(lag: float) -> Laid:
        return Laid(prediction, truth, 2.0, lag + 1, 0.0)  # expected lag on a row

    fine = lag_scan(at, np.arange(-10.0, 11.0))
    whole = lag_scan(at, whole_row_lags(2.0))
    assert abs(fine.best) == 1  # what averages two rows beats the true lag
    assert whole.best == 0


def test_all_lags_are_of_the_same_rows() -> None:
    found = scan_of(OFFSET, 1.0)
    assert found.is_common
    assert set(found.rows.tolist()) == {150 - 5}  # at -10 s the first 5 rows have no truth
    short = scan_of(OFFSET, 1.0, rows=40, truth_rows=40)  # 20 of 35 are common
    assert short.is_common
    assert set(short.rows.tolist()) == {40 - 5 - 15}
    shorter = scan_of(OFFSET, 1.0, rows=38, truth_rows=38)
    assert not shorter.is_common
    assert shorter.rows.tolist() == [38 - abs(5 + lag) for lag in range(-10, 11)]


def test_too_few_rows_have_no_r() -> None:
    found = scan_of(OFFSET, 1.0, rows=30, truth_rows=30)
    assert np.isnan(found.mean_r[found.rows < 20]).all()
    assert np.isfinite(found.mean_r[found.rows >= 20]).all()
    assert np.isnan(scan_of(OFFSET, 1.0, rows=15).best)
    assert lag_warnings(scan_of(OFFSET, 1.0, rows=15), hemodynamic_offset=5, is_aligned=False) == [
        "lag scan: no lag has an r"
    ]


def test_a_scan_of_noise_says_that_there_is_no_peak() -> None:
    said = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        prediction, truth = random.normal(size=(200, 8)), random.normal(size=(240, 8))
        found = lag_scan(lambda lag, p=prediction, t=truth: Laid(p, t, 1.0, lag), whole_row_lags(1.0))
        said += lag_warnings(found, hemodynamic_offset=5, is_aligned=False)
    assert len(said) > 8
    assert sum("no clear peak" in one for one in said) > 0.7 * len(said)


def test_runs_are_scored_together_and_told_apart() -> None:
    @dataclass(frozen=True, eq=False)
    class Parts:
        parts: tuple[Laid, ...]

    random = np.random.default_rng(3)
    runs = []
    for seed in (0, 1):
        prediction = course(np.arange(60) * 1.0, seed=seed)
        truth = course(np.arange(90) * 1.0 - 7, seed=seed)
        runs.append((prediction, truth + random.normal(size=truth.shape)))
    found = lag_scan(lambda lag: Parts(tuple(Laid(p, t, 1.0, lag) for p, t in runs)), whole_row_lags(1.0))
    assert found.best == 2
    assert set(found.rows.tolist()) == {2 * 55}
    one = lag_scan(lambda lag: Laid(*runs[0], 1.0, lag), whole_row_lags(1.0))
    assert one.best == 2
    assert not np.allclose(one.mean_r, found.mean_r)


def test_some_columns_will_do() -> None:
    prediction, truth = course(np.arange(99) * 1.0), course(np.arange(130) * 1.0 - 5)
    truth[:, 1] = 3
    whole = lag_scan(lambda lag: Laid(prediction, truth, 1.0, lag), [-1, 0, 1])
    some = lag_scan(lambda lag: Laid(prediction, truth, 1.0, lag), [-1, 0, 1], columns=slice(0, None, 3))
    assert (whole.n_columns, some.n_columns) == (6, 2)
    assert some.best == whole.best == 0
    assert np.isfinite(whole.mean_r).all()  # a constant column takes no part
    assert whole.r_at(0) == pytest.approx(1)


def test_the_table_marks_the_best_and_the_expected() -> None:
    cells = scan_of(OFFSET + 2, 1.0).cells()
    assert cells[0] == ["lag_s", "mean_r", "rows", "mark"]
    assert [(row[0], row[3]) for row in cells[1:] if row[3]] == [("0", "expected"), ("2", "best")]
    assert len(cells) == 22
    assert [row[3] for row in scan_of(OFFSET, 1.0).cells()[1:] if row[3]] == ["best, expected"]


@pytest.mark.parametrize(
    ("delay", "is_aligned", "words"),
    [
        (0.0, False, "5 s earlier than expected.*offset of 5 s the other way.*--truth-aligned"),
        (1.0, False, "4 s earlier.*about the offset of 5 s.*--truth-aligned.*first volumes are gone"),
        (10.0, True, "5 s later than expected.*in scan time.*without --truth-aligned"),
        (0.0, True, "5 s earlier.*begin at the same time"),
        (6.0, False, "1 s later.*one step"),
        (12.0, False, r"7 s later.*--start"),
        (15.0, False, "10 s later.*end of the scan"),
    ],
)
def test_a_warning_says_what_is_likely(delay: float, is_aligned: bool, words: str) -> None:
    import re

    (told,) = lag_warnings(scan_of(delay, 1.0, noise=1.0), hemodynamic_offset=OFFSET, is_aligned=is_aligned)
    assert re.search(words, told), told
    assert lag_warnings(scan_of(OFFSET, 1.0), hemodynamic_offset=OFFSET, is_aligned=is_aligned) == []


def test_lags_that_make_no_scan_are_refused() -> None:
    for lags in ([], [0, 1, 3], [1, 0], [0, np.nan], [[0, 1]]):
        with pytest.raises(ConfigError, match="ascending and evenly apart"):
            lag_scan(lambda lag: Laid(np.zeros((9, 2)), np.zeros((9, 2)), 1.0, lag), lags)
    for tr, reach in ((0, 10), (np.nan, 10), (1, -1)):
        with pytest.raises(ConfigError, match="a TR above 0 s"):
            whole_row_lags(tr, reach=reach)
    assert whole_row_lags(12.0).tolist() == [0]
    assert whole_row_lags(2.0, reach=4).tolist() == [-4, -2, 0, 2, 4]


def test_what_lays_the_rows_may_refuse_some_lags_not_all() -> None:
    prediction, truth = course(np.arange(99) * 1.0), course(np.arange(130) * 1.0 - 5)

    def at(lag: float) -> Laid:
        if lag < 0:
            raise MeasurementError("no row in common")
        return Laid(prediction, truth, 1.0, lag)

    found = lag_scan(at, [-1, 0, 1])
    assert found.best == 0
    assert found.rows.tolist() == [0, 99, 99]
    assert not found.is_common
    with pytest.raises(MeasurementError, match="no row in common"):
        lag_scan(at, [-3, -2, -1])
