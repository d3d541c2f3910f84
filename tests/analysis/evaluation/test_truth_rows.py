"""Truth is read at t + offset, once; what does not fit is refused."""

import numpy as np
import pytest

from tribe_np.analysis.evaluation.truth_rows import TruthRun, align
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import MeasurementError

V = 1284  # both hemispheres of fsaverage3


def _prediction(n: int = 20, *, offset: float = 5.0, tr: float = 1.0, first: float = 0.0, vertices=None):
    values = np.zeros((n, V if vertices is None else len(vertices)), np.float32)
    return SurfaceSeries(values, "fsaverage3", first + np.arange(n) * tr, tr, offset, vertices)


def _truth(n: int = 30, **settings):
    values = np.repeat(np.arange(n, dtype=np.float32)[:, None], V, axis=1)
    return TruthRun("s1", "run-1", values, **{"tr": 1.0, **settings})


def _rows(made, size: int = 256) -> list[float]:
    return [float(row[0]) for _, truth in made.blocks(size) for row in truth]


def test_an_impulse_is_found_five_seconds_later_and_nowhere_else() -> None:
    prediction, truth = _prediction(), _truth()
    prediction.values[7] = 1
    truth.values[:] = 0
    truth.values[12] = 1
    for predicted, measured in align(prediction, truth).blocks(3):
        assert (predicted == measured).all()


@pytest.mark.parametrize(
    ("settings", "lag", "first"),
    [
        ({}, 0.0, 5), ({}, 3.0, 8), ({}, -2.0, 3), ({"is_aligned": True}, 0.0, 0), ({"is_aligned": True}, 2.0, 2),
        ({"start": 2.0}, 0.0, 3), ({"start": -4.0, "is_aligned": True}, 0.0, 4),
    ],
)  # fmt: skip
def test_truth_is_read_at_t_plus_offset_unless_it_is_aligned(settings, lag, first) -> None:
    assert _rows(align(_prediction(4), _truth(**settings), lag=lag)) == [first, first + 1, first + 2, first + 3]


def test_rows_outside_the_overlap_are_dropped_and_counted() -> None:
    made = align(_prediction(20), _truth(15))  # rows 5 to 14 of the truth answer rows 0 to 9
    assert (made.rows, made.n_dropped_prediction, made.n_dropped_truth) == (10, 10, 5)
    assert made.seconds.tolist() == list(range(10))
    made = align(_prediction(20), _truth(15), lag=-8.0)
    assert (made.rows, made.n_dropped_prediction, made.n_dropped_truth) == (15, 5, 0)


def test_a_time_between_two_rows_is_read_linearly() -> None:
    made = align(_prediction(3), _truth(start=0.25))
    assert made.is_between
    assert _rows(made) == [4.75, 5.75, 6.75]


def test_a_hundredth_of_a_percent_is_no_fraction() -> None:
    assert not align(_prediction(3), _truth(start=1e-5)).is_between


def test_blank_rows_of_the_truth_are_left_out_and_gaps_of_the_prediction_stay_gaps() -> None:
    blank = np.zeros(30, bool)
    blank[6] = True
    made = align(_prediction(4), _truth(is_blank=blank))
    assert _rows(made, 2) == [5, 7, 8]
    assert made.n_dropped_prediction == 1
    series = _prediction(4)
    series.starts[2:] += 6
    assert _rows(align(series, _truth())) == [5, 6, 13, 14]


def test_a_prediction_of_some_vertices_takes_those_of_the_truth() -> None:
    truth = _truth()
    truth.values[:] = np.arange(V)
    [(_, block)] = align(_prediction(3, vertices=np.array([4, 700])), truth).blocks()
    assert block.tolist() == [[4, 700]] * 3


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        (_truth(tr=1.49), "1.49 s between rows, the prediction 1 s"),
        (TruthRun("s1", "run-1", np.zeros((9, 5124)), 1.0, origin="x.npy"), "x.npy: has shape (9, 5124), expected"),
        (_truth(start=500.0), "no row in common"),
        (_truth(is_blank=np.ones(30, bool)), "no finite value"),
    ],
)
def test_what_does_not_fit_is_refused(truth, said) -> None:
    with pytest.raises(MeasurementError) as caught:
        align(_prediction(), truth)
    assert said in str(caught.value)
