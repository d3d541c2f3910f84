"""Borders of thresholds and labels: each pixel by its share, no stairs."""

import numpy as np
import pytest

from tests.plots.raster.arranged_views import arranged
from tests.plots.raster.drawn_brains import ellipsoids, sheets
from tribe_np.plots.raster.canvas import canvas_of
from tribe_np.plots.raster.raster import Raster, rasterise
from tribe_np.plots.raster.softening import change_per_pixel, label_colours, share_above, weight_slopes
from tribe_np.plots.views import view_of

FLAT = sheets(0, kind="flat")
X, Y, _ = FLAT.coordinates.T
COLOURS = np.array([[1.0, 0, 0, 1], [0, 0, 1, 1], [0, 1, 0, 0]])


def flat_raster() -> Raster:
    return rasterise(FLAT, view_of("flat_left"), width=160, height=160, margin=0)


def test_weights_change_as_the_triangles_are_wide() -> None:
    raster = flat_raster()
    plane = 2 * X - 3 * Y
    change = change_per_pixel(weight_slopes(raster), plane[raster.vertices])
    np.testing.assert_allclose(change, np.hypot(2, 3) * raster.mm_per_pixel, rtol=1e-4)


@pytest.mark.parametrize("threshold", [11.0, 11.13, 11.4])
def test_a_threshold_cuts_pixels_by_their_share(threshold: float) -> None:
    share = share_above(flat_raster(), X, threshold).reshape(160, 160)[77]
    assert set(share[:57]) == {1.0}
    assert set(share[60:100]) == {0.0}
    assert share[80:].sum() == pytest.approx((40 - threshold) / 0.5, abs=0.02)
    assert share[:80].sum() == pytest.approx((40 - threshold) / 0.5, abs=0.02)


def test_no_threshold_hides_nan_and_a_plateau_is_cut_whole() -> None:
    raster = flat_raster()
    values = np.where(X > 0, np.nan, 1.0)
    share = share_above(raster, values, 0.5).reshape(160, 160)
    assert set(np.unique(share)) == {0.0, 1.0}
    assert (share[:, :79] == 1).all()
    assert (share[:, 81:] == 0).all()


def test_labels_mix_at_their_border_alone() -> None:
    raster = flat_raster()
    labels = (X + Y / 3 > 3).astype(int)
    rgba = label_colours(raster, labels, lambda found: COLOURS[found])
    plain = COLOURS[raster.at_pixels(labels, nearest=True)]
    mixed = (rgba[:, 0] > 0.01) & (rgba[:, 2] > 0.01)
    assert 50 < mixed.sum() < 500
    np.testing.assert_allclose(rgba[~mixed], plain[~mixed], atol=0.011)
    assert np.abs(rgba - plain).max() <= 0.51  # the larger share is the label's own
    np.testing.assert_allclose(rgba[:, [0, 2, 3]].sum(axis=1), 2, atol=1e-5)
    red = rgba[:, 0].reshape(160, 160).sum()
    assert red == pytest.approx((plain[:, 0]).sum(), rel=0.005)


def test_a_label_without_a_colour_fades_into_nothing() -> None:
    raster = flat_raster()
    labels = np.where(X > 3, 2, 0)
    rgba = label_colours(raster, labels, lambda found: COLOURS[found])
    np.testing.assert_allclose(rgba[rgba[:, 3] > 0.05, :3], [[1, 0, 0]] * int((rgba[:, 3] > 0.05).sum()), atol=1e-5)


def test_three_labels_and_one_everywhere() -> None:
    raster = rasterise(ellipsoids(), view_of("left"), width=80, height=60)
    labels = np.arange(raster.n_vertices) % 3
    rgba = label_colours(raster, labels, lambda found: np.eye(4)[found] + [0, 0, 0, 1])
    assert np.isfinite(rgba).all()
    np.testing.assert_allclose(rgba[:, :3].sum(axis=1), 1, atol=1e-5)
    one = label_colours(raster, labels * 0, lambda found: COLOURS[found])
    np.testing.assert_allclose(one, np.tile(COLOURS[0], (len(one), 1)), atol=1e-6)


def test_a_canvas_softens_where_its_table_jumps() -> None:
    values = ellipsoids().coordinates[:, 2] - 10
    canvas = canvas_of(arranged(ellipsoids(), [view_of("left")], 160, 120), 160, 120, shading=0)
    table = np.tile(np.array([255, 0, 0, 255], np.uint8), (256, 1))
    table[100:] = (255, 0, 0, 0)
    found = canvas.picture(values, table, -60, 60)[:, 80].astype(int)
    bare = canvas.picture(None, table, 0, 1)[:, 80].astype(int)
    half = (found != bare).any(axis=1) & (found[:, 1] > 0)
    inside = half & (np.arange(120) > 40) & (np.arange(120) < 100)
    assert inside.sum() == 1  # one pixel of the column is cut
    row = int(np.flatnonzero(inside)[0])
    assert (found[row + 2 : row + 20, 1] == 0).all()
    assert (found[row - 20 : row - 1] == bare[row - 20 : row - 1]).all()


def test_a_ramp_of_opacity_is_left_as_it_is() -> None:
    values = ellipsoids().coordinates[:, 1]
    canvas = canvas_of(arranged(ellipsoids(), [view_of("left")], 80, 60), 80, 60)
    ramp = np.stack([np.arange(256)] * 4, axis=1).astype(np.uint8)
    noisy = ramp.copy()
    noisy[::2, 3] = 0  # more jumps than borders can be
    for table in (ramp, noisy):
        assert canvas.picture(values, table, -100, 70).shape == (60, 80, 3)
