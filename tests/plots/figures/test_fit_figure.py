"""The figures of a fit: every model that was scored has its histogram, whichever it is, and penalties their curve."""

import numpy as np
import pytest

from tribe_np.plots.figures.fit_figure import BINS, fit_scores_figure

pytestmark = pytest.mark.extras


def test_every_model_has_its_histogram_and_the_penalties_their_curve() -> None:
    random = np.random.default_rng(0)
    r = {f"Model {k}": np.clip(0.1 * k + 0.1 * random.standard_normal(500), -1, 1) for k in range(5)}
    r["Model 1"][:40] = np.nan
    scores = np.stack([np.full(500, value) for value in (0.1, 0.3, 0.2)])
    scores[:, :10] = np.nan
    figure = fit_scores_figure(r, np.array([1.0, 10.0, 100.0]), scores, "r2", "anna")
    histograms, curve = figure.axes
    found = [patch.get_data() for patch in histograms.patches]
    assert [int(data.values.sum()) for data in found] == [500, 460, 500, 500, 500]
    np.testing.assert_array_equal(found[0].edges, BINS)
    line = curve.lines[-1]
    np.testing.assert_allclose(line.get_ydata(), [0.1, 0.3, 0.2])
    assert curve.get_xscale() == "log"
    told = " ".join(text.get_text() for text in figure.texts)
    assert all(f"{title}\nmean {np.nanmean(values):.3f}" in told for title, values in r.items())


def test_a_penalty_of_0_and_a_model_without_a_score() -> None:
    nothing = np.full(7, np.nan)
    figure = fit_scores_figure({"Head": nothing}, np.array([0.0, 1.0]), np.zeros((2, 7)), "r", "anna")
    assert figure.axes[1].get_xscale() == "linear"
    assert any("no vertex has a number" in text.get_text() for text in figure.texts)
