"""An impulse in one row: whoever covers that second gets it, nobody else; nothing is shifted a second time."""

from pathlib import Path

import numpy as np
import pytest

from tests.analysis.contrasts.made_experiments import N, write_experiment
from tribe_np.analysis.contrasts.observations import covered_rows, observe, time_courses
from tribe_np.analysis.contrasts.row_glm import row_model
from tribe_np.analysis.contrasts.trial_sources import read_trial_source

AT = 7  # the row with the impulse


@pytest.fixture(params=[0.0, -1e-6], ids=["from 0", "a hair before"])
def impulse(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """20 rows, a trial in each second; rows begin where predict begins them."""
    values = np.zeros((20, N))
    values[AT] = 1
    trials = [(second, 1, f"c{second}", "run-1", "") for second in range(20)]
    return write_experiment(tmp_path / "made", values, trials, starts=(np.arange(20) + request.param).tolist())


def test_the_trial_of_that_second_gets_it_and_no_other(impulse: Path) -> None:
    found = observe(read_trial_source(impulse))
    assert (found.values[AT] == 1).all()
    assert np.delete(found.values, AT, axis=0).max() == 0
    assert [rows.tolist() for rows in found.rows] == [[row] for row in range(20)]


@pytest.mark.parametrize("delay", [-2.0, 3.0])
def test_a_delay_is_added_once(impulse: Path, delay: float) -> None:
    source = read_trial_source(impulse)
    trial = next(t for t in source.trials if t.condition == f"c{AT - int(delay)}")
    assert covered_rows(trial, source.predictions[0], delay)[0].tolist() == [AT]


def test_offset_0_of_a_time_course_is_the_row_of_the_onset(impulse: Path) -> None:
    courses = time_courses(read_trial_source(impulse), 3)
    assert courses.offsets.tolist() == [-3, -2, -1, 0, 1, 2, 3]
    for condition, means in zip(courses.conditions, courses.means, strict=True):
        at = np.flatnonzero(means[:, 0] == 1)
        away = AT - int(condition[1:])
        assert courses.offsets[at].tolist() == ([away] if abs(away) <= 3 else [])


@pytest.mark.extras
def test_the_boxcar_of_that_second_is_the_impulse(impulse: Path) -> None:
    model = row_model(read_trial_source(impulse))
    np.testing.assert_allclose(model.runs[0].design[:, :20], np.eye(20), atol=1e-12)


@pytest.mark.extras
def test_with_a_response_rows_count_at_the_time_of_their_bold(tmp_path: Path) -> None:
    from nilearn.glm.first_level import make_first_level_design_matrix
    from pandas import DataFrame

    made = write_experiment(tmp_path / "made", np.zeros((40, N)), [(10, 2, "a", "run-1", "")])
    model = row_model(read_trial_source(made), hrf="glover")
    events = DataFrame({"onset": [10.0], "duration": [2.0], "trial_type": ["a"]})
    expected = make_first_level_design_matrix(np.arange(40) + 5.0, events, hrf_model="glover", drift_model=None)
    np.testing.assert_allclose(model.runs[0].design[:, 0], expected["a"], atol=1e-12)
    assert 10 <= model.runs[0].design[:, 0].argmax() <= 12  # not five seconds later


def test_partly_covered_instant_and_shared_rows(tmp_path: Path) -> None:
    values = np.repeat(np.arange(10.0)[:, None], N, axis=1)
    trials = [(8.5, 4, "late"), (3, 0, "now"), (2.5, 1, "half"), (4.0004, 2, "near")]
    made = write_experiment(tmp_path / "made", values, trials, head="onset\tduration\ttrial_type")
    found = observe(read_trial_source(made))
    assert found.values[:, 0].tolist() == [8.5, 3, 2.5, 4.5]
    assert (found.n_partial, found.n_instant) == (1, 1)
    assert found.said == (
        "1 of 4 trials are covered by rows only in part; the rows that there are count",
        "1 of 4 trials have no duration; the row in which they begin counts",
    )


def test_rows_of_the_trials_run_only(tmp_path: Path) -> None:
    values = np.repeat(np.arange(8.0)[:, None], N, axis=1)
    runs = ["one"] * 4 + ["two"] * 4
    trials = [(1, 2, "a", "one"), (1, 2, "a", "two")]
    made = write_experiment(
        tmp_path / "made", values, trials, head="onset\tduration\ttrial_type\trun", timelines=runs,
        starts=[0, 1, 2, 3] * 2,
    )  # fmt: skip
    assert observe(read_trial_source(made)).values[:, 0].tolist() == [1.5, 5.5]
