"""A person's rows: BOLD beside the states of 5 s before, once; what is kept out, and what is too little."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from tribe_np.analysis.evaluation.truth_rows import TruthRun
from tribe_np.analysis.evaluation.truth_runs import PairedRun
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError
from tribe_np.pipeline.fitting.head_rows import HeadRows
from tribe_np.pipeline.fitting.person_rows import one_person, person_rows
from tribe_np.pipeline.given_truth import PairedTruth

V, D, OFFSET = 2 * 642, 3, 5.0  # fsaverage3


def seconds_of(lengths: Mapping[str, int]) -> HeadRows:
    """States that say their second, and the number of their timeline."""
    found = [[second, number, 0] for number, n in enumerate(lengths.values()) for second in range(n)]
    states = np.array(found, np.float32)
    return HeadRows(states, {"text": states * 10}, ())


def scan(rows: int, *, start: float = 0.0, aligned: bool = False) -> np.ndarray:
    """BOLD that says its second in the scan."""
    return np.repeat((np.arange(rows) + start)[:, None], V, axis=1).astype(np.float32)


def paired(lengths: Mapping[str, int], runs: Sequence[tuple[str, str, TruthRun]]) -> PairedTruth:
    ends = np.cumsum([0, *lengths.values()])
    rows_of = {name: np.arange(a, b) for name, a, b in zip(lengths, ends[:-1], ends[1:], strict=True)}

    def series(name: str) -> SurfaceSeries:
        n = lengths[name]
        return SurfaceSeries(np.broadcast_to(np.float32(0), (n, V)), "fsaverage3", np.arange(n) * 1.0, 1.0, OFFSET)

    made = tuple(PairedRun(truth, series(name), name) for _, name, truth in runs)
    return PairedTruth(made, rows_of, ())


def one_run(n: int, values: np.ndarray, **options: Any) -> PairedTruth:
    return paired({"film": n}, [("", "film", TruthRun("anna", "run-1", values, 1.0, **options))])


@pytest.mark.parametrize("aligned", [False, True])
def test_bold_stands_beside_the_second_that_made_it(aligned: bool) -> None:
    truth = one_run(200, scan(210), is_aligned=aligned)
    found = person_rows(seconds_of({"film": 200}), truth, share=0.2, gap=10)
    (trained,), (kept,) = found.trained, found.kept_out
    for run in (trained, kept):
        late = 0 if aligned else OFFSET
        np.testing.assert_array_equal(run.measured[:, 0], run.states[:, 0] + late)
        np.testing.assert_array_equal(run.features["text"][run.rows], run.states * 10)
        assert len(run.features["text"]) == 200
    assert (len(trained.rows), found.n_left_out, len(kept.rows)) == (150, 10, 40)
    assert kept.states[0, 0] == 160
    assert isinstance(kept.measured, np.memmap)


def test_rows_without_bold_are_counted_and_not_fitted() -> None:
    """The scan ends with the film: BOLD of the last five seconds was never measured."""
    values = scan(200)
    values[50:53] = np.nan  # a volume that failed
    blank = np.zeros(200, bool)
    blank[50:53] = True
    found = person_rows(seconds_of({"film": 200}), one_run(200, values, is_blank=blank), share=0.2, gap=0)
    assert found.n_without_bold == 8
    assert found.n_trained + found.n_kept_out == 192
    assert all(np.isfinite(run.measured).all() for run in (*found.trained, *found.kept_out))
    assert not {45, 46, 47, *range(195, 200)} & set(found.trained[0].states[:, 0]) | set(found.kept_out[0].rows) & {199}


@pytest.mark.parametrize("n_same", [0, 40])
def test_one_film_under_two_names_is_said(n_same: int) -> None:
    lengths = {"a": 100, "b": 100, "c": 60}
    runs = [("", name, TruthRun("anna", f"run-{name}", scan(n + 10), 1.0)) for name, n in lengths.items()]
    rows = seconds_of(lengths)
    rows.states[200 : 200 + n_same] = rows.states[:n_same]
    said = person_rows(rows, paired(lengths, runs), share=0.3, gap=10).said
    assert [text[:28] for text in said] == (["40 of the 60 rows that are s"] if n_same else [])


def test_whole_runs_are_kept_out_of_three_or_more() -> None:
    lengths = {"a": 100, "b": 100, "c": 60, "d": 40}
    runs = [("", name, TruthRun("anna", f"run-{name}", scan(n + 10), 1.0)) for name, n in lengths.items()]
    found = person_rows(seconds_of(lengths), paired(lengths, runs), share=0.3, gap=10)
    assert [run.name for run in found.trained] == ["run-a (a)", "run-b (b)"]
    assert [run.name for run in found.kept_out] == ["run-c (c)", "run-d (d)"]
    for number, run in enumerate((*found.trained, *found.kept_out)):
        assert (run.states[:, 1] == number).all()
    assert found.n_left_out == 0


def test_a_film_that_was_shown_again_is_never_fitted_on_and_scored() -> None:
    """The second run began late: of the first ten seconds there is the first run alone."""
    runs = [
        ("", "film", TruthRun("anna", "run-1", scan(130), 1.0)),
        ("", "film", TruthRun("anna", "run-2", scan(115, start=16) + 2, 1.0, start=15.0)),
    ]
    found = person_rows(seconds_of({"film": 120}), paired({"film": 120}, runs), share=0.25, gap=5)
    assert [len(run.rows) for run in (*found.trained, *found.kept_out)] == [85, 30]
    assert not set(found.trained[0].states[:, 0]) & set(found.kept_out[0].states[:, 0])
    for run in (*found.trained, *found.kept_out):
        assert run.name == "run-1 + run-2 (film)"
        seconds = run.states[:, 0]
        np.testing.assert_array_equal(run.measured[:, 0], seconds + OFFSET + np.where(seconds < 10, 0, 1.5))
    assert found.said == ("2 runs of film are averaged: scores are of their mean",)
    assert found.n_without_bold == 0


@pytest.mark.parametrize(
    ("n", "share", "said"), [(60, 0.2, "12 rows are left to score"), (60, 0.7, "8 rows are left to fit")]
)
def test_too_few_rows(n: int, share: float, said: str) -> None:
    with pytest.raises(ConfigError, match=f"{said}.*, expected 30 or more"):
        person_rows(seconds_of({"film": n}), one_run(n, scan(n + 5)), share=share, gap=10)


def test_lags_count_seconds_also_where_nothing_was_shown() -> None:
    """A pause of the story has no rows to predict; the row before it is not the second before the row after it."""
    shown = np.r_[0:60, 75:200]  # seconds
    series = SurfaceSeries(np.broadcast_to(np.float32(0), (len(shown), V)), "fsaverage3", shown * 1.0, 1.0, OFFSET)
    truth = PairedTruth(
        (PairedRun(TruthRun("anna", "run-1", scan(210), 1.0), series, "story"),), {"story": np.arange(len(shown))}, ()
    )
    states = np.stack([shown, shown, shown], axis=1).astype(np.float32)
    found = person_rows(HeadRows(states, {"text": states * 10}, ()), truth, share=0.2, gap=10)
    for run in (*found.trained, *found.kept_out):
        np.testing.assert_array_equal(
            run.features["text"][:, 0], np.where(np.isin(range(200), shown), range(0, 2000, 10), 0)
        )
        np.testing.assert_array_equal(run.rows, run.states[:, 0])
        np.testing.assert_array_equal(run.places, np.flatnonzero(np.isin(shown, run.rows)))
        assert isinstance(run.features["text"], np.memmap)


def test_a_fit_is_of_one_person() -> None:
    runs = [("", "film", TruthRun(name, "run-1", scan(130), 1.0)) for name in ("anna", "berta")]
    assert one_person(paired({"film": 120}, runs[:1])) == "anna"
    with pytest.raises(ConfigError, match=r"of 2 subjects \(anna, berta\); a fit is of one"):
        one_person(paired({"film": 120}, runs))
