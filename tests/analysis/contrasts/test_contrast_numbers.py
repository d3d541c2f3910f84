"""The numbers through the public function: scipy's t, nilearn's GLM, and the time courses by hand."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tests.analysis.contrasts.made_experiments import N, blocks, noise, write_experiment, write_trials
from tribe_np.analysis import contrast
from tribe_np.analysis.contrasts.contrasting import several_contrasts


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return write_experiment(tmp_path / "made", noise(64), blocks())


def of_trials(values: np.ndarray, condition: str) -> np.ndarray:
    """The means of rows of `blocks`."""
    return np.stack(
        [values[int(t[0]) : int(t[0]) + 2].astype(float).mean(axis=0) for t in blocks() if t[2] == condition]
    )


def test_welch(made: Path) -> None:
    found = contrast(made, "a - b")
    a, b = (of_trials(noise(64), name) for name in "ab")
    expected = stats.ttest_ind(a, b, equal_var=False)
    np.testing.assert_allclose(found.maps.t, expected.statistic, rtol=1e-9)
    np.testing.assert_allclose(found.maps.p, expected.pvalue, rtol=1e-9)
    np.testing.assert_allclose(found.maps.df, expected.df, rtol=1e-9)
    np.testing.assert_allclose(found.q, stats.false_discovery_control(expected.pvalue), rtol=1e-9)
    assert found.trials == {"a": 6, "b": 6}
    assert found.across == "across stimuli of one model, not across people"


def test_pairs_and_those_that_are_left_out(tmp_path: Path) -> None:
    trials = [*blocks(), (0, 1, "a", "run-1", "alone"), (1, 1, "b", "run-1", "n/a")]
    found = contrast(write_experiment(tmp_path / "made", noise(64), trials), "a - b", pair=True)
    a, b = (of_trials(noise(64), name) for name in "ab")
    np.testing.assert_allclose(found.maps.t, stats.ttest_rel(a, b).statistic, rtol=1e-9)
    assert found.facts == {"pairs": 6, "trials without a pair": 1, "pairs left out": 1}
    assert "1 trials name no pair; left out" in found.warnings


def test_permutations_stay_within_runs(tmp_path: Path) -> None:
    trials = [(2 + 5 * k, 2, "ab"[k % 2], f"r{k // 4}", "") for k in range(4)]
    trials += [(2 + 5 * k, 2, "ab"[k % 2], "r1", "") for k in range(4)]
    runs = ["r0"] * 24 + ["r1"] * 24
    made = write_experiment(tmp_path / "made", noise(48), trials, timelines=runs, starts=[*range(24), *range(24)])
    found = contrast(made, "a - b", permute=1000)
    assert found.facts["relabelled_within"] == "runs"
    assert found.permuted is not None
    assert found.permuted.is_exact
    assert found.permuted.n == 36  # 6 ways in each of two runs


def test_time_courses_are_means_and_standard_errors(made: Path) -> None:
    courses = contrast(made, "a - b", fir=2).time_courses
    assert courses is not None
    values, onsets = noise(64).astype(float), [int(t[0]) for t in blocks() if t[2] == "a"]
    for k, offset in enumerate(range(-2, 3)):
        rows = values[[onset + offset for onset in onsets]]
        np.testing.assert_allclose(courses.means[0, k], rows.mean(axis=0), atol=1e-9)
        np.testing.assert_allclose(courses.errors[0, k], stats.sem(rows), atol=1e-9)
    assert courses.counts.tolist() == [[6] * 5] * 2


def test_one_trial_gives_the_effect_alone(tmp_path: Path) -> None:
    values = noise(20)
    made = write_experiment(tmp_path / "made", values, [(1, 2, "a", "run-1", ""), (9, 2, "b", "run-1", "")])
    found = contrast(made, "a - b")
    np.testing.assert_allclose(found.maps.effect, values[1:3].mean(axis=0) - values[9:11].mean(axis=0), atol=1e-6)
    assert (found.maps.t, found.q, found.n_significant, found.df_range) == (None, None, None, None)
    assert any(text.startswith("one observation in a condition: the effect only") for text in found.warnings)


def test_several_formulas_and_weights(made: Path) -> None:
    found = several_contrasts(made, ["a - b", "0.5*a + 0.5*b", "b"])
    a, b = (of_trials(noise(64), name) for name in "ab")
    np.testing.assert_allclose(found[1].maps.effect, (a.mean(axis=0) + b.mean(axis=0)) / 2, atol=1e-9)
    np.testing.assert_allclose(found[2].maps.t, stats.ttest_1samp(b, 0).statistic, rtol=1e-9)
    assert any("is the mean of what the model was trained on" in text for text in found[2].warnings)
    assert not any("weights add up" in text for text in found[0].warnings)


def test_a_table_of_whole_predictions(tmp_path: Path) -> None:
    for number in range(4):
        write_experiment(tmp_path / f"clip{number}", noise(8 + number, seed=number), [(0, 1, "x", "run-1", "")])
    rows = [[f"clip{number}", "ab"[number % 2]] for number in range(4)]
    table = write_trials(tmp_path / "clips.tsv", rows, head="prediction\ttrial_type")
    means = [noise(8 + number, seed=number).astype(float).mean(axis=0) for number in range(4)]
    found = contrast(table, "a - b")
    np.testing.assert_allclose(found.maps.effect, (means[0] + means[2] - means[1] - means[3]) / 2, atol=1e-9)
    assert found.series.values.shape == (8, N)


def test_repetitions_are_no_new_stimuli(tmp_path: Path) -> None:
    trials = [(*trial[:3], "run-1", f"clip{trial[2]}{k % 4 // 2}.mp4") for k, trial in enumerate(blocks())]
    head = "onset\tduration\ttrial_type\trun\tstim_file"
    made = write_experiment(tmp_path / "made", noise(64), trials, head=head)
    found = contrast(made, "a - b")
    assert any(text.startswith("the 12 trials show 4 different stimuli") for text in found.warnings)
    found = contrast(made, "a - b", by_stimulus=True)
    a, b = (of_trials(noise(64), name) for name in "ab")
    means = [np.stack([each[0::2].mean(axis=0), each[1::2].mean(axis=0)]) for each in (a, b)]
    np.testing.assert_allclose(found.maps.t, stats.ttest_ind(*means, equal_var=False).statistic, rtol=1e-6)
    assert found.maps.n_observations == (2, 2)
    assert found.trials == {"a": 6, "b": 6}
    assert not any("different stimuli" in text for text in found.warnings)


def test_rows_of_two_conditions_are_counted(tmp_path: Path) -> None:
    trials = [(2 + 6 * k, 2.5, "ab"[k % 2], "run-1", "") for k in range(8)]
    trials += [(4 + 6 * k, 2, "c", "run-1", "") for k in range(8)]  # from the middle of the third row on
    made = write_experiment(tmp_path / "made", noise(64), trials)
    found = several_contrasts(made, ["a - c", "a - b"])
    assert "4 of 24 rows are of trials of several conditions, and count in each of them" in found[0].warnings
    assert not any("of several conditions" in text for text in found[1].warnings)
