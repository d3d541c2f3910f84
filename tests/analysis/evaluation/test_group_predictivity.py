"""R_group and each subject beside it: by hand, and with a group whose agreement is known."""

import numpy as np
import pytest
from scipy import stats

from tests.analysis.evaluation.made_series import correlate, repeats_of, slow_noise
from tribe_np.analysis.evaluation.group_predictivity import group_predictivity
from tribe_np.errors import ConfigError, ShapeError


def group(n: int, *, n_rows: int = 90, n_columns: int = 5, share: float = 0.3) -> tuple[np.ndarray, list[np.ndarray]]:
    """A prediction that knows half of the signal, and subjects with a gain and a baseline of their own."""
    rng = np.random.default_rng([n, n_rows])
    signal = slow_noise(rng, n_rows, n_columns)
    subjects = repeats_of(rng, signal, n, share)
    subjects = [one * rng.uniform(0.2, 5, n_columns) + rng.normal(size=n_columns) * 30 for one in subjects]
    return signal + slow_noise(rng, n_rows, n_columns), subjects


def by_hand(prediction: np.ndarray, subjects: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    scored = np.array([stats.zscore(one) for one in subjects])
    others = [np.delete(scored, i, axis=0).mean(axis=0) for i in range(len(scored))]
    return (
        correlate(prediction, scored.mean(axis=0)),
        np.array([correlate(one, rest) for one, rest in zip(subjects, others, strict=True)]),
        np.array([correlate(prediction, rest) for rest in others]),
    )


@pytest.mark.parametrize("n", [2, 3, 11])
def test_it_is_what_one_does_by_hand(n: int) -> None:
    prediction, subjects = group(n)
    r_group, leave_one_out, r_with_others = by_hand(prediction, subjects)
    found = group_predictivity(prediction, subjects)
    np.testing.assert_allclose(found.r_group, r_group, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.leave_one_out, leave_one_out, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.r_with_others, r_with_others, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.share_below, [(leave_one_out[:, v] < r_group[v]).sum() / n for v in range(5)])
    np.testing.assert_allclose(found.share_below_others, (leave_one_out < r_with_others).mean(axis=0))
    np.testing.assert_allclose(found.median_subject, np.median(leave_one_out, axis=0), atol=1e-12)
    everywhere, region = found.over(), found.over([1, 3])
    assert everywhere.r_group == pytest.approx(r_group.mean())
    np.testing.assert_allclose(region.leave_one_out, leave_one_out[:, [1, 3]].mean(axis=1))
    np.testing.assert_allclose(region.r_with_others, r_with_others[:, [1, 3]].mean(axis=1))
    assert region.share_below == np.mean(leave_one_out[:, [1, 3]].mean(axis=1) < r_group[[1, 3]].mean())
    assert (everywhere.n_vertices, region.n_vertices) == (5, 2)


def test_a_group_of_known_agreement_is_found_again() -> None:
    """Share a of each subject's variance is the signal; 12 subjects, 300 vertices, 600 rows: within 0.02.

    A perfect prediction has r = sqrt(a n / (1 + (n - 1) a)) with the mean of n, a subject sqrt(a) times that of the
    mean of n - 1: a perfect prediction is above every subject.
    """
    rng = np.random.default_rng(0)
    n, share = 12, 0.25
    signal = slow_noise(rng, 600, 300, 0.5)
    subjects = repeats_of(rng, signal, n, share)
    found = group_predictivity(signal, subjects)

    def of_mean(k: int) -> float:
        return (share * k / (1 + (k - 1) * share)) ** 0.5

    assert found.r_group.mean() == pytest.approx(of_mean(12), abs=0.02)
    np.testing.assert_allclose(found.r_with_others.mean(axis=1), of_mean(11), atol=0.02)
    np.testing.assert_allclose(found.leave_one_out.mean(axis=1), share**0.5 * of_mean(11), atol=0.02)
    assert found.over().share_below == found.over().share_below_others == 1.0
    unrelated = group_predictivity(slow_noise(rng, 600, 300, 0.5), subjects)
    assert abs(unrelated.r_group.mean()) < 0.02
    assert unrelated.over().share_below == 0.0


def test_a_subject_as_its_own_prediction_gains_only_by_being_in_the_mean() -> None:
    """Why r_with_others is there: against all, a subject that takes itself along beats its leave-one-out r."""
    _, subjects = group(4)
    found = group_predictivity(subjects[2], subjects)
    np.testing.assert_allclose(found.r_with_others[2], found.leave_one_out[2], atol=1e-12)
    assert np.all(found.r_group > found.leave_one_out[2] + 0.05)


def test_runs_are_z_scored_each_by_itself() -> None:
    prediction, subjects = group(3)
    split = [[one[:40], one[40:] * 9 - 100] for one in subjects]
    parted = [np.concatenate([stats.zscore(one[:40]), stats.zscore(one[40:])]) for one in subjects]
    centred = np.concatenate([one - one.mean(axis=0) for one in (prediction[:40], prediction[40:])])
    found = group_predictivity([prediction[:40] + 5, prediction[40:]], split)
    r_group, leave_one_out, _ = by_hand(centred, parted)
    np.testing.assert_allclose(found.r_group, r_group, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.leave_one_out, leave_one_out, rtol=0, atol=1e-10)


def test_vertices_that_someone_lacks_are_nan_and_counted() -> None:
    prediction, subjects = group(3)
    whole = group_predictivity(prediction, subjects)
    subjects[1][:, 2] = -4.25
    subjects[1][77, 4] = np.nan
    subjects[2][0, 4] = np.inf
    prediction[3, 0] = np.nan
    found = group_predictivity(prediction, [one.astype(np.float32) for one in subjects])
    assert found.n_unusable.tolist() == [0, 2, 1]
    assert found.n_unusable_prediction == 1
    for values in (found.r_group, found.leave_one_out, found.r_with_others, found.share_below, found.median_subject):
        assert np.isnan(np.atleast_2d(values)[:, [0, 2, 4]]).all()
        assert np.isfinite(np.atleast_2d(values)[:, [1, 3]]).all()
    np.testing.assert_allclose(found.r_group[[1, 3]], whole.r_group[[1, 3]], atol=1e-5)
    assert found.over().n_vertices == 2
    nothing = found.over([0, 2])
    assert nothing.n_vertices == 0
    assert np.isnan([nothing.r_group, nothing.share_below, *nothing.leave_one_out]).all()


def test_subjects_who_cancel_each_other_leave_no_mean() -> None:
    one = slow_noise(np.random.default_rng(0), 50, 2)
    found = group_predictivity(one, [one, -one])
    assert np.isnan(found.r_group).all()
    assert np.isnan(found.leave_one_out).all()


def test_memory_maps_read_a_few_columns_at_a_time_give_the_same(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    prediction, subjects = group(4)
    for i, one in enumerate(subjects):
        np.save(tmp_path / f"{i}.npy", one)
    whole = group_predictivity(prediction, subjects)
    monkeypatch.setattr("tribe_np.analysis.evaluation.run_columns.AT_ONCE", 180)
    found = group_predictivity(prediction, [np.load(tmp_path / f"{i}.npy", mmap_mode="r") for i in range(4)])
    np.testing.assert_allclose(found.r_group, whole.r_group, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.leave_one_out, whole.leave_one_out, rtol=0, atol=1e-12)


def test_too_few_or_unlike_subjects_are_refused() -> None:
    prediction, subjects = group(3)
    with pytest.raises(ConfigError, match="at least two subjects, got 1"):
        group_predictivity(prediction, subjects[:1])
    with pytest.raises(ShapeError, match="subject 2 has 89 rows x 5 vertices, prediction has 90 rows x 5 vertices"):
        group_predictivity(prediction, [subjects[0], subjects[1][1:]])
    with pytest.raises(ShapeError, match="subject 1: expected numbers"):
        group_predictivity(prediction, [subjects[0][:, 0], subjects[1]])
