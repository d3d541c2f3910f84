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
from tribe_np.plots.figures.listening_figure import (
    HUES,
    LEAST_SPAN,
    MOST_CURVES,
    best_lag_figure,
    lag_curve_figure,
    strongest_figure,
)

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
    with pytest.raises(ConfigError, match="nothing to draw"):
        strongest_figure(regions, curves, note="n")


def test_a_best_lag_far_away_is_drawn_with_its_curve() -> None:
    regions, curves = made(2)
    far = LagCurves(curves.lags * 4, curves.counts, curves.slope, curves.scaled, curves.drive)  # best at +40 and +36 s
    (axes, _) = [each for each in lag_curve_figure(regions, far, offset=5, note="n").axes if each.lines]
    assert axes.lines[1].get_xdata().max() == 40
    assert axes.get_ylim() == (0, 1.06 * 2)


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
    scale = around.legend.scale
    assert (scale.low, scale.high) == (9.5 - LEAST_SPAN / 2, 9.5 + LEAST_SPAN / 2), "1 s is not all the colours"


def test_the_strongest_modality_has_a_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(room, "draw_panels", lambda *given, **_: seen.append(given))
    regions, curves = made(3)
    curves.scaled["text"][0] = 0  # so that audio comes first
    curves.scaled["text"][2] = curves.scaled["audio"][2] = 0
    strongest_figure(regions, curves, note="n")
    (panel,), around = seen[0][1], seen[0][4]
    shares = panel.overlay.shares
    assert np.isnan(shares[:5]).all()
    assert np.isnan(shares[8]).all(), "of a region that listens to nothing"
    assert (shares[6].tolist(), shares[7].tolist()) == ([0, 1], [1, 0])
    assert panel.overlay.shows_strongest
    assert list(around.legend.labels) == ["text", "audio"]


def test_one_modality_alone_has_one_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(room, "draw_panels", lambda *given, **_: seen.append(given))
    regions, both = made(3)
    one = {"audio": both.scaled["audio"]}
    curves = LagCurves(both.lags, both.counts, one, one, one)
    best_lag_figure(regions, curves, note="n")
    strongest_figure(regions, curves, note="n")
    assert [[panel.title for panel in given[1]] for given in seen] == [["audio"], [""]]
