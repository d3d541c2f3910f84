"""Layouts of letters and of brains."""

import json
from typing import Any

import numpy as np
import pytest

from tools.places import GOLDEN
from tribe_np.errors import ConfigError
from tribe_np.plots import combine_mosaics

CASES = json.loads((GOLDEN / "figures.json").read_text())["combine_mosaics"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case[2]))
def test_layouts_are_upstreams(case: tuple[list[str], dict[str, Any], str]) -> None:
    blocks, options, expected = case
    assert combine_mosaics(*blocks, **options) == expected


@pytest.mark.parametrize(
    ("blocks", "options", "message"),
    [
        (["A"], {}, "at least two blocks"),
        (["AB", "BC"], {}, "block 2 of the mosaic has a letter of another block: B"),
        (["A", " "], {}, "must hold letters"),
        (["A", "B"], {"ratio": [1, 2, 3]}, "one for each of 2 blocks, got 3"),
    ],
)
def test_what_is_no_layout_is_refused(blocks: list[str], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        combine_mosaics(*blocks, **options)


@pytest.mark.extras
def test_views_are_at_one_scale_and_do_not_overlap(brain: Any) -> None:
    from tribe_np.plots.figures.arrangements import arrange, rows_of_views
    from tribe_np.plots.views import views_named

    views = views_named(["lateral", "medial", "dorsal", "anterior"])
    rows = rows_of_views(views, is_wide=True)
    assert [view.name for view in rows[0]] == ["lateral_left", "medial_left", "medial_right", "lateral_right"]
    assert [len(row) for row in rows] == [4, 2]
    assert [len(row) for row in rows_of_views(views, is_wide=False)] == [2, 2, 2]
    found = arrange(brain, rows)
    assert len(found.cells) == len(views)
    for cell in found.cells:
        assert (cell.width, cell.height) == pytest.approx(brain.size(cell.view))
        assert cell.x >= 0
        assert cell.x + cell.width <= found.width + 1e-6
        assert cell.y + cell.height <= found.height + 1e-6
        for other in found.cells:
            beside = cell.x + cell.width <= other.x or other.x + other.width <= cell.x
            below = cell.y + cell.height <= other.y or other.y + other.height <= cell.y
            assert other is cell or beside or below


@pytest.mark.extras
def test_ticks_are_few_and_in_order() -> None:
    from tribe_np.plots.colours.colour_scale import colour_scale
    from tribe_np.plots.figures.colour_bars import mappable_of, seen_colours, ticks_of

    values = np.linspace(-2, 2, 101)
    assert ticks_of(colour_scale(values, percentile=100)) == [-2, 0, 2]
    assert ticks_of(colour_scale(values, percentile=100, threshold=1)) == [-2, -1, 1, 2]
    assert ticks_of(colour_scale(values, low=-0.1, high=2)) == [-0.1, 2]
    scale = colour_scale(values, percentile=100, threshold=1)
    seen = seen_colours(scale)
    assert np.ptp(seen[70:186], axis=1).max() < 1e-6  # grey where nothing is shown
    assert np.ptp(seen[[5, 250]], axis=1).min() > 0.3
    assert mappable_of(scale).get_clim() == (-2, 2)
