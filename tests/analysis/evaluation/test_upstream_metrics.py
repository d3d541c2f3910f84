"""The numbers that upstream logs, against what neuraltrain and torchmetrics made (tools/reference/scores.py)."""

from pathlib import Path

import numpy as np
import pytest

from tools.reference.scores import our_scores, score_inputs, spiked_inputs
from tribe_np.analysis.evaluation.upstream_metrics import GroupedRows, UpstreamPearson
from tribe_np.errors import ShapeError
from tribe_np.formats.safetensors import read_header

GOLDEN = Path(__file__).parents[2] / "golden" / "scores.safetensors"
NAMES = ("r", "mse", "r2", "pearson", "pearson_mean", "pearson_sum", "grouped", "ranks_1", "top_1", "ranks_3", "top_3")


def golden() -> dict[str, np.ndarray]:
    """What the libraries made."""
    return {name: entry.read() for name, entry in read_header(GOLDEN)[0].items()}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", NAMES)
def test_it_is_what_the_libraries_make(seed: int, name: str) -> None:
    made, expected = np.atleast_1d(our_scores(score_inputs(seed))[name]), golden()
    np.testing.assert_allclose(made, expected[f"{seed}.float64.{name}"], rtol=1e-8, atol=5e-8)
    bound = 1e-5 if name == "r2" else 1e-6  # torchmetrics subtracts sums of squares in float32: n mean^2 costs digits
    np.testing.assert_allclose(made, expected[f"{seed}.float32.{name}"], rtol=bound, atol=1e-6)


def test_one_spike_leaves_a_column_without_upstreams_r() -> None:
    found = UpstreamPearson(4)
    for prediction, truth in zip(*(np.split(array, range(800, 3200, 800)) for array in spiked_inputs()), strict=True):
        found.add(prediction, truth)
    np.testing.assert_allclose(found.per_column, golden()["spiked"], atol=1e-6)
    assert np.isnan(found.per_column).tolist() == [False, True, False, True]
    assert np.isfinite(found.scores.r).all()
    assert found.mean == pytest.approx(found.scores.r[[0, 2]].mean())
    assert found.sum == pytest.approx(found.scores.r[[0, 2]].sum())


def test_parts_merge_and_keep_what_they_have_seen() -> None:
    parts = [UpstreamPearson(4), UpstreamPearson(4)]
    for part, rows in zip(parts, (slice(0, 1400), slice(1400, 3200)), strict=True):
        part.add(*(array[rows] for array in spiked_inputs()))
    assert np.isfinite(parts[0].per_column).all()
    parts[0].merge(parts[1])
    np.testing.assert_allclose(parts[0].per_column, golden()["spiked"], atol=1e-6)
    assert np.isnan(parts[0].per_column).tolist() == [False, True, False, True]
    parts[1].merge(UpstreamPearson(4))
    assert parts[1].scores.n == 1800
    with pytest.raises(ShapeError, match="5 columns"):
        parts[1].merge(UpstreamPearson(5))


def test_without_a_column_that_varies_there_is_no_mean() -> None:
    found = UpstreamPearson(2)
    assert np.isnan(found.mean)
    found.add(np.ones((4, 2)), np.zeros((4, 2)))
    found.add(np.ones((0, 2)), np.zeros((0, 2)))
    assert np.isnan(found.mean)
    assert found.sum == 0


def test_groups_keep_their_order_and_their_own_rows() -> None:
    a = score_inputs(3)
    groups = np.array(["b", "a"])[a["groups"] % 2]
    found = GroupedRows(lambda: UpstreamPearson(24))
    for first in range(0, 64, 10):
        rows = slice(first, first + 10)
        found.add(a["prediction"][rows], a["truth"][rows], groups[rows])
    assert list(found.of) == list(dict.fromkeys(groups.tolist()))
    alone = UpstreamPearson(24)
    alone.add(a["prediction"][groups == "b"], a["truth"][groups == "b"])
    np.testing.assert_allclose(found.of["b"].scores.r, alone.scores.r, atol=1e-13)
    whole = GroupedRows(lambda: UpstreamPearson(24))
    whole.add(a["prediction"], a["truth"])
    assert list(whole.of) == ["0.0"]  # upstream's
    with pytest.raises(ShapeError, match="a group for each of 64 rows, got 3"):
        whole.add(a["prediction"], a["truth"], "abc")
