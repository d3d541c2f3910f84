"""Sums by lag against the naive mean, moments block by block, and the differences that derivatives are checked by."""

from collections.abc import Mapping

import numpy as np
import pytest

from tribe_np.analysis.sensitivities.feature_moments import FeatureMoments
from tribe_np.analysis.sensitivities.finite_differences import derivative_error
from tribe_np.analysis.sensitivities.lag_curves import LagCurves, LagGrid, LagSums


@pytest.mark.parametrize(("tr", "offset"), [(1.0, 5.0), (1.49, 5.0), (2.0, 4.25), (1.25, 5.0)])
def test_every_step_counts_once_at_the_nearest_lag(tr: float, offset: float) -> None:
    grid, rng = LagGrid(6, 11, tr=tr, offset=offset), np.random.default_rng(0)
    sums = LagSums(grid, ["text"], 2)
    rows = {row: rng.standard_normal((2, 11)) for row in (0, 2, 5)}
    steps = np.arange(11) != 3
    for row, values in rows.items():
        for region in (0, 1):
            one = {"text": values[region]}
            sums.add(region, row, {"slope": one, "scaled": one, "drive": one}, steps)
        assert (np.diff(grid.places(row)) == -1).all(), "half way between two lags, neighbours do not share one"
    curves = sums.curves()
    assert curves.counts.sum() == 30
    for at, lag in enumerate(curves.lags):
        held = [
            values[1, step]
            for row, values in rows.items()
            for step in np.flatnonzero(steps)
            if np.floor(2 * (row * tr + offset - step / 2) + 0.5 + 1e-9) / 2 == lag
        ]
        assert curves.counts[at] == len(held)
        if held:
            np.testing.assert_allclose(curves.drive["text"][1, at], np.mean(held))
            np.testing.assert_allclose(curves.scaled["text"][1, at], np.sqrt(np.mean(np.square(held))))
        else:
            assert np.isnan(curves.scaled["text"][1, at])


def curves_of(counts: list[int], **scaled: list[list[float]]) -> LagCurves:
    values = {m: np.array(x, float) for m, x in scaled.items()}
    return LagCurves(np.arange(len(counts)) / 2, np.array(counts), values, values, values)


def test_one_row_at_the_edge_decides_no_lag() -> None:
    curves = curves_of([1, 4, 2], text=[[9, 1, 2]], audio=[[0, 3, 0]])
    assert {m: x.tolist() for m, x in curves.best_lags().items()} == {"text": [1.0], "audio": [0.5]}
    assert {m: x.tolist() for m, x in curves.peaks().items()} == {"text": [2.0], "audio": [3.0]}
    shares = {m: float(x[0]) for m, x in curves.shares().items()}
    assert shares == pytest.approx({"text": (81 + 4 + 8) / (93 + 36), "audio": 36 / (93 + 36)})
    assert curves.strongest().tolist() == [0]
    assert curves.lag_of_strongest().tolist() == [1.0]


def test_a_deaf_region_has_no_modality_and_no_lag() -> None:
    curves = curves_of([2, 2], text=[[0, 0], [1, 0]], audio=[[0, 0], [0, 0]])
    assert curves.strongest().tolist() == [-1, 0]
    assert np.isnan(curves.lag_of_strongest()).tolist() == [True, False]
    assert np.isnan(curves.best_lags()["audio"]).all()
    assert np.isnan(curves.shares()["text"]).tolist() == [True, False]


def test_moments_do_not_depend_on_the_blocks() -> None:
    x = np.random.default_rng(1).standard_normal((3, 4, 50)) + 1e6
    moments = FeatureMoments()
    for first, stop in ((0, 1), (1, 1), (1, 30), (30, 50)):
        moments.add(x[..., first:stop])
    rows = x.reshape(12, 50)
    np.testing.assert_allclose(moments.mean[:, 0], rows.mean(axis=1), rtol=1e-15)
    np.testing.assert_allclose(moments.deviation[:, 0], rows.std(axis=1), rtol=1e-9)
    assert moments.n_steps == 50


def test_a_wrong_derivative_is_told_from_a_right_one() -> None:
    x = {"text": np.random.default_rng(2).standard_normal((2, 3, 5))}
    deviations = {"text": np.full((6, 1), 0.5)}

    def predict(shown: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.asarray(np.sum(np.sin(shown["text"])))

    right = {"text": np.cos(x["text"])}
    assert derivative_error(predict, x, right, deviations) < 1e-7
    wrong = right["text"].copy()
    wrong[0, 0, 0] += 0.5
    assert derivative_error(predict, x, {"text": wrong}, deviations) > 1e-3
