"""A map of the vertices that pass a threshold shows each of them, also one that stands alone."""

from typing import Any

import numpy as np
import pytest

from tests.plots.figures.conftest import pixels
from tribe_np.plots.colours.colour_scale import colour_scale
from tribe_np.plots.figures.colour_bars import ScaleBar
from tribe_np.plots.figures.given_axes import shown_views
from tribe_np.plots.figures.overlays import ValueMap
from tribe_np.plots.figures.panels import Figure, Panel, draw_panels
from tribe_np.plots.figures.sheets import Look

pytestmark = pytest.mark.extras


def coloured(brain: Any, overlay: ValueMap) -> np.ndarray:
    figure = draw_panels(brain, [Panel("", overlay)], shown_views("left"), Look(60), Figure(shows_sides=False))
    picture = pixels(figure)
    found: np.ndarray = picture.max(axis=2) - picture.min(axis=2) > 0.2
    return found


def test_a_vertex_alone_is_seen_and_its_neighbours_values_do_not_count(brain: Any) -> None:
    left = np.arange(brain.n_vertices // 2)
    nearest = int(brain.surface.coordinates[left, 0].argmin())  # to who looks from the left
    values = np.full(brain.n_vertices, np.nan)
    values[nearest] = 5.0
    scale = colour_scale(np.array([4.0, 5.0]), symmetric=True, threshold=4.0)
    seen = coloured(brain, ValueMap(values, scale, shown=np.isfinite(values)))
    assert 4 < seen.sum() < 0.01 * seen.size
    assert not coloured(brain, ValueMap(values, scale)).any()  # linear from a number to none: none
    weak = np.where(np.isfinite(values), values, -4.5)
    assert (coloured(brain, ValueMap(weak, scale, shown=np.isfinite(values))) == seen).all()


def test_a_patch_ends_half_way_to_its_neighbours(brain: Any) -> None:
    """All vertices of one half of the values, so that the border is where the mask passes 1/2."""
    shown = brain.surface.coordinates[:, 1] > 0
    values = np.where(shown, 5.0, np.nan)
    scale = colour_scale(np.array([4.0, 5.0]), symmetric=True, threshold=4.0)
    share = coloured(brain, ValueMap(values, scale, shown=shown)).sum()
    every = coloured(brain, ValueMap(np.full(brain.n_vertices, 5.0), scale)).sum()
    assert share / every == pytest.approx(0.5, abs=0.04)


def test_the_ticks_of_a_lying_bar_do_not_touch(brain: Any) -> None:
    scale = colour_scale(np.array([-4.77, 4.77]), symmetric=True, threshold=3.56)
    for is_vertical, n in ((True, 4), (False, 2)):
        bar = ScaleBar(scale, "z", is_vertical=is_vertical)
        figure = draw_panels(brain, [Panel("", None)], shown_views("left"), Look(60), Figure(legend=bar))
        figure.canvas.draw()
        numbers = [text for text in figure.texts if text.get_text().strip("−").replace(".", "").isdigit()]
        boxes = [text.get_window_extent() for text in numbers]
        assert len(boxes) == n
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
