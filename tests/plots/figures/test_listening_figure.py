"""The figures of what regions listen to: one scale for all curves, marks at best lags, lags as labels on the brain."""

from typing import Any

import numpy as np
import pytest

from tribe_np.analysis.sensitivities.lag_curves import LagCurves
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.cortex.regions.asked_regions import AskedRegions, asked_regions
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError
from tribe_np.plots.figures import listening_figure as room
from tribe_np.plots.figures.listening_figure import HUES, MOST_CURVES, best_lag_figure, lag_curve_figure

pytestmark = pytest.mark.extras
N = 2 * 10242


def made(n: int, *, deaf: bool = False) -> tuple[AskedRegions, LagCurves]:
    series = SurfaceSeries(np.zeros((1, N), np.float32), "fsaverage5", np.zeros(1))
    names = tuple(f"r{i}" for i in range(n))
    region_of = np.where(np.arange(N) < 5, -1, np.arange(N) % n)
    regions = asked_regions(series, None, Parcellation("made", names, region_of))
    lags = np.arange(-10, 31) / 2
    values = {"text": np.zeros((n, 41)), "audio": np.zeros((n, 41))}
    if not deaf:
        values["text"][:, 30] = np.arange(1, n + 1)  # +10 s
        values["audio"][:, 28] = 0.5  # +9 s
    return regions, LagCurves(lags, np.full(41, 3), values, values, values)


def test_curves_share_a_scale_and_mark_the_best_lags() -> None:
    regions, curves = made(MOST_CURVES + 2)
    figure = lag_curve_figure(regions, curves, offset=5, note="n")
    axes = [each for each in figure.axes if each.lines]
    assert len(axes) == MOST_CURVES
    assert {each.get_ylim() for each in axes} == {(0, 1.06 * MOST_CURVES)}
    second = axes[1].lines
    assert second[0].get_xdata()[0] == 5
    marks = {
        line.get_color(): (line.get_xdata()[0], line.get_ydata()[0]) for line in second if line.get_marker() == "o"
    }
    assert marks == {HUES[0]: (10.0, 2.0), HUES[1]: (9.0, 0.5)}


def test_deaf_regions_have_curves_and_no_marks() -> None:
    regions, curves = made(2, deaf=True)
    figure = lag_curve_figure(regions, curves, offset=5, note="n")
    assert not [line for each in figure.axes for line in each.lines if line.get_marker() == "o"]
    with pytest.raises(ConfigError, match="nothing to draw"):
        best_lag_figure(regions, curves, note="n")


def test_lags_are_labels_and_bare_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(room, "draw_panels", lambda *given, **_: seen.append(given))
    regions, curves = made(3)
    best_lag_figure(regions, curves, note="n")
    panels, around = seen[0][1], seen[0][4]
    assert [panel.title for panel in panels] == ["of the modality with the largest share", "text", "audio"]
    values = panels[0].overlay.values
    assert np.isnan(values[:5]).all()
    assert set(values[5:].tolist()) == {10.0}
    assert panels[0].overlay.is_labels
    assert (around.legend.scale.low, around.legend.scale.high) == (9.0, 10.0)
