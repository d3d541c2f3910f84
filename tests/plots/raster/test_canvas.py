"""A canvas of several views: the same picture as its rasters painted one by one, for any map."""

import numpy as np
import pytest

from tests.plots.raster.arranged_views import arranged
from tests.plots.raster.drawn_brains import ellipsoids, sheets
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.plots.raster.canvas import canvas_of
from tribe_np.plots.raster.lighting import lit
from tribe_np.plots.raster.raster import base_colours, blend, rasterise
from tribe_np.plots.views import view_of, views_named

WIDTH, HEIGHT = 200, 140
VIEWS = views_named(["lateral", "medial"])
TABLE = np.stack([np.arange(256), 255 - np.arange(256), np.full(256, 40), np.full(256, 255)], axis=1).astype(np.uint8)
RAMP = ellipsoids().coordinates[:, 1]


def test_one_by_one_gives_the_same_picture() -> None:
    placed = arranged(ellipsoids(), VIEWS, WIDTH, HEIGHT)
    sulc = ellipsoids().coordinates[:, 2] / 100
    table = TABLE.copy()
    table[:, 3] = np.linspace(0, 255, 256)
    found = canvas_of(placed, WIDTH, HEIGHT, sulc=sulc, shading=0.5, background=(0.2, 0.4, 1)).picture(
        RAMP, table, -90, 70
    )
    expected = np.zeros_like(found)
    for raster, left, top in placed:
        values = (raster.at_pixels(RAMP) + 90) / 160 * 256
        rgba = table[np.clip(values, 0, 255).astype(int)] / 255
        rgba[:, :3] *= (1 - 0.5 * (1 - lit(raster.light)))[:, None]
        one = raster.paint(blend(base_colours(raster, sulc), rgba), background=(0.2, 0.4, 1))
        expected[top : top + raster.height, left : left + raster.width] = one
    assert np.abs(found.astype(int) - expected).max() <= 2


def test_a_ramps_colours_come_in_order() -> None:
    canvas = canvas_of(arranged(ellipsoids(), VIEWS[:1], WIDTH, HEIGHT), WIDTH, HEIGHT, shading=0)
    row = canvas.picture(RAMP, TABLE, RAMP.min(), RAMP.max())[HEIGHT // 2].astype(int)
    inside = row[row[:, 2] == 40]
    assert len(inside) > 120
    assert (np.diff(inside[:, 0]) < 0).mean() > 0.99  # high at the frontal pole, which is at the left
    np.testing.assert_allclose(inside[:, 0] + inside[:, 1], 255, atol=1)


def test_limits_are_kept() -> None:
    canvas = canvas_of(arranged(ellipsoids(), VIEWS, WIDTH, HEIGHT), WIDTH, HEIGHT, shading=0)
    for values, row in (
        (np.full_like(RAMP, 1e30), 255),
        (np.full_like(RAMP, -np.inf), 0),
        (RAMP * 0 + 1, 255),
        (RAMP * 0, 0),
    ):
        middle = canvas.picture(values, TABLE, 0, 1)[HEIGHT // 4, WIDTH // 4]
        np.testing.assert_allclose(middle, TABLE[row, :3], atol=1)
    canvas.picture(RAMP, TABLE, 3, 3)  # no room between the limits: one colour, no complaint


def test_nothing_and_nan_show_the_sulci() -> None:
    canvas = canvas_of(arranged(ellipsoids(), VIEWS, WIDTH, HEIGHT), WIDTH, HEIGHT)
    bare = canvas.picture(None, TABLE, 0, 1)
    np.testing.assert_array_equal(canvas.picture(RAMP * np.nan, TABLE, 0, 1), bare)
    assert (bare[:, :, 0] == bare[:, :, 1]).all()
    half = np.where(RAMP > 0, np.nan, RAMP).astype(np.float32)
    picture = canvas.picture(half, TABLE, -90, 70)
    same = (picture == bare).all(axis=2)
    assert same[HEIGHT // 4, 20]  # the front of the left hemisphere
    assert not same[HEIGHT // 4, WIDTH // 2 - 20]


def test_outlines_lie_over_every_map() -> None:
    placed = arranged(ellipsoids(), VIEWS, WIDTH, HEIGHT)
    region_of = (RAMP > 0).astype(int)
    plain, lined = (
        canvas_of(placed, WIDTH, HEIGHT),
        canvas_of(placed, WIDTH, HEIGHT, region_of=region_of, outline_width=2.5),
    )
    for values in (None, RAMP):
        pictures = [canvas.picture(values, TABLE, -90, 70).astype(int) for canvas in (plain, lined)]
        differs = (pictures[0] != pictures[1]).any(axis=2)
        assert 0.005 < differs.mean() < 0.05
        assert pictures[1][differs].min() < 30  # nearly black


def test_views_share_a_scale_and_the_room() -> None:
    placed = arranged(ellipsoids(), views_named(["lateral", "dorsal", "ventral", "anterior"]), 300, 160)
    assert len({raster.mm_per_pixel for raster, _, _ in placed}) == 1
    taken = np.zeros((160, 300), int)
    for raster, left, top in placed:
        taken[top : top + raster.height, left : left + raster.width] += 1
    assert (taken <= 1).all()
    assert taken.mean() > 0.7
    drawn = np.concatenate([raster.pixels for raster, _, _ in placed])
    assert len(drawn) > 0.4 * 300 * 160


def test_the_same_every_time() -> None:
    pictures = [
        canvas_of(arranged(ellipsoids(), VIEWS, WIDTH, HEIGHT), WIDTH, HEIGHT).picture(RAMP, TABLE, -90, 70)
        for _ in range(2)
    ]
    assert pictures[0].tobytes() == pictures[1].tobytes()


def test_what_cannot_be_placed_is_refused() -> None:
    raster = rasterise(ellipsoids(), view_of("left"), width=60, height=40)
    with pytest.raises(ConfigError, match="at least one view"):
        canvas_of([], 60, 40)
    with pytest.raises(ConfigError, match=r"view left at \(30, 0\) reaches beyond"):
        canvas_of([(raster, 30, 0)], 60, 40)
    with pytest.raises(ConfigError, match="cover the same pixels"):
        canvas_of([(raster, 0, 0), (raster, 5, 0)], 90, 40)
    other = rasterise(sheets(0), view_of("left"), width=60, height=40)
    with pytest.raises(ConfigError, match="same mesh"):
        canvas_of([(raster, 0, 0), (other, 60, 0)], 120, 40)
    with pytest.raises(ShapeError, match="1284"):
        canvas_of([(raster, 0, 0)], 60, 40).picture(np.zeros(3), TABLE, 0, 1)
