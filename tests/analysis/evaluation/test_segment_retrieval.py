"""Retrieval: ranks seen by eye, ties, chance by guessing, segments of runs. Upstream's: test_upstream_metrics."""

import numpy as np
import pytest

from tribe_np.analysis.evaluation.segment_retrieval import SegmentMeans, TopkRetrieval
from tribe_np.errors import ConfigError, ShapeError


def retrieved(prediction: np.ndarray, truth: np.ndarray, k: int = 1) -> TopkRetrieval:
    """One set."""
    found = TopkRetrieval(k)
    found.add(prediction, truth)
    return found


def test_a_prediction_that_points_to_its_own_truth_is_a_hit() -> None:
    truth = np.array([[5.0, 0, 0], [0, 0.1, 0], [0, 0, 3]])
    prediction = np.array([[1.0, 0, 0], [2, 1, 0], [0, 0, 9]])
    found = retrieved(prediction, truth)
    assert found.ranks.tolist() == [0, 1, 0]
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.chance == pytest.approx(1 / 3)
    assert retrieved(prediction, truth, 2).accuracy == 1


def test_equal_candidates_share_their_places() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=(20, 301))
    truth[[4, 11, 19]] = truth[7]
    truth[:, 0] = 0
    truth[4, 0] = -0.0
    assert retrieved(truth, truth).ranks[[4, 7, 11, 19]].tolist() == [1.5] * 4


def test_guesses_reach_chance() -> None:
    random = np.random.default_rng(1)
    found = TopkRetrieval(2)
    for size in (8, 8, 4) * 400:
        found.add(random.normal(size=(size, 6)), random.normal(size=(size, 6)))
    assert found.chance == pytest.approx((16 * 2 / 8 + 4 * 2 / 4) / 20)
    assert found.accuracy == pytest.approx(found.chance, abs=4 * np.sqrt(0.25 / len(found.ranks)))
    found = retrieved(random.normal(size=(3, 6)), random.normal(size=(3, 6)), 5)
    assert found.accuracy == found.chance == 1


def test_labels_say_whose_truth_it_is() -> None:
    truth = np.eye(4)
    found = TopkRetrieval(1)
    found.add(np.eye(4)[[2, 2, 0]], truth, ["c", "c", "b"], ["a", "b", "c", "d"])
    assert found.ranks.tolist() == [0, 0, 2]  # of "b": below "a", and the middle of the three others, which are equal


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((3, 2)), np.zeros((3, 4))), r"expected \(N, F\) and \(M, F\)"),
        ((np.zeros((3, 2)), np.zeros((4, 2))), "3 predictions and 4 truths need labels"),
        ((np.zeros((3, 2)), np.zeros((3, 2)), "abc"), "labels of both or of none"),
        ((np.zeros((3, 2)), np.zeros((3, 2)), "abc", "ab"), "a label for each"),
        ((np.zeros((3, 2)), np.zeros((3, 2)), "abc", "abd"), "no truth is called 'c'"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: tuple[np.ndarray, ...], message: str) -> None:
    with pytest.raises((ShapeError, ConfigError), match=message):
        TopkRetrieval().add(*arguments)
    with pytest.raises(ConfigError, match="k of at least 1"):
        TopkRetrieval(0)


def test_none_has_no_accuracy() -> None:
    found = retrieved(np.zeros((0, 3)), np.zeros((0, 3)))
    assert np.isnan([found.accuracy, found.chance]).all()
    assert found.ranks.size == 0


@pytest.mark.parametrize("block", [1, 3, 7, 50])
def test_segments_are_means_of_whole_ones(block: int) -> None:
    random = np.random.default_rng(2)
    runs = [random.normal(size=(2, rows, 4)).astype(np.float32) for rows in (23, 4, 10)]
    found = SegmentMeans(4, rows=5)
    for prediction, truth in runs:
        for first in range(0, len(truth), block):
            found.add(prediction[first : first + block], truth[first : first + block])
        found.end_run()
    expected = [run[:, : 5 * (run.shape[1] // 5)].reshape(2, -1, 5, 4).mean(axis=2) for run in runs]
    np.testing.assert_allclose(found.prediction, np.concatenate([made[0] for made in expected]), atol=1e-6)
    np.testing.assert_allclose(found.truth, np.concatenate([made[1] for made in expected]), atol=1e-6)
    assert len(found.truth) == 6
    assert found.n_left == 3 + 4


def test_segments_are_retrieved_within_batches() -> None:
    random = np.random.default_rng(4)
    found = SegmentMeans(30, rows=2)
    truth = np.repeat(random.normal(size=(10, 30)), 2, axis=0)
    prediction = truth + 0.1
    prediction[:, 3], truth[5, 4] = np.nan, np.nan  # columns that every segment goes without
    found.add(prediction, truth)
    batches = found.retrieval(1)
    assert batches.accuracy == 1
    assert batches.chance == pytest.approx((8 / 8 + 2 / 2) / 10)
    assert found.retrieval(1, None).chance == pytest.approx(0.1)
    assert np.isnan(SegmentMeans(3).retrieval().accuracy)
    with pytest.raises(ShapeError, match=r"\(rows, 30\), got \(2, 3\)"):
        found.add(np.zeros((2, 3)), np.zeros((2, 3)))
    with pytest.raises(ConfigError, match="at least one row"):
        SegmentMeans(3, 0)
