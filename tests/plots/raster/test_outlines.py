"""Outlines of regions as pixels and as lines, and places for their names."""

import numpy as np
import pytest

from tests.plots.raster.drawn_brains import ellipsoids, sheets
from tribe_np.errors import ShapeError
from tribe_np.plots.raster.outlines import boundaries, chained
from tribe_np.plots.raster.raster import Raster, rasterise
from tribe_np.plots.views import view_of

FLAT = sheets(0, kind="flat")  # 80 mm wide, vertices every 10 mm


def flat_raster(size: int = 160) -> Raster:
    return rasterise(FLAT, view_of("flat_left"), width=size, height=size, margin=0)


def halves(at: float) -> np.ndarray:
    """Region 0 at the left of x = at, 1 at the right of it."""
    return (FLAT.coordinates[:, 0] > at).astype(int)


@pytest.mark.parametrize("width", [1.0, 1.5, 4.0])
def test_a_line_is_as_wide_as_was_asked(width: float) -> None:
    raster = flat_raster()
    row = raster.edges(halves(3), width=width).reshape(160, 160)[80]
    assert row.sum() == pytest.approx(width, abs=0.15)
    assert np.average(np.arange(160) + 0.5, weights=row) == pytest.approx(
        90, abs=0.6
    )  # x = 5 mm, half between vertices


def test_a_thin_line_is_faint() -> None:
    row = flat_raster().edges(halves(3), width=0.5).reshape(160, 160)[80]
    assert row.max() <= 0.5
    assert row.sum() == pytest.approx(0.5, abs=0.1)


def test_a_line_lies_where_labels_change() -> None:
    raster = flat_raster()
    x, y, _ = FLAT.coordinates.T
    regions = (x**2 + y**2 < 25**2).astype(int)
    labels = raster.at_pixels(regions, nearest=True).reshape(160, 160)
    lines = raster.edges(regions, width=14.0)
    lines = lines.reshape(160, 160)
    changes = labels[:, 1:] != labels[:, :-1]
    assert changes.any()
    assert (lines[:, 1:][changes] > 0).all()
    assert lines[labels == 1].min() == 0  # and nowhere else
    assert lines[:20].max() == 0


def test_one_region_has_no_outline() -> None:
    raster = flat_raster()
    for region_of in (np.zeros(162, int), np.full(162, -1), np.where(halves(3) > 0, -1, -7)):
        assert not raster.edges(region_of).any()
        assert raster.contour_lines(region_of) == []


def test_what_has_no_region_borders_on_what_has_one() -> None:
    assert flat_raster().edges(np.where(halves(3) > 0, 4, -1)).any()


def test_lines_of_a_circle_close() -> None:
    x, y, _ = FLAT.coordinates.T
    (line,) = flat_raster().contour_lines((x**2 + y**2 < 25**2).astype(int))
    np.testing.assert_array_equal(line[0], line[-1])
    from_middle = np.hypot(*(line - 80).T) / 2
    assert from_middle.min() > 20
    assert from_middle.max() < 32


def test_lines_end_where_three_regions_meet() -> None:
    x, y, _ = FLAT.coordinates.T
    regions = np.where(x > 3, 0, np.where(y > 3, 1, 2))
    lines = flat_raster().contour_lines(regions)
    ends = np.concatenate([[line[0], line[-1]] for line in lines])
    met, count = np.unique(np.round(ends, 6), axis=0, return_counts=True)
    assert len(lines) == 3
    assert sorted(count) == [1, 1, 1, 3]
    assert np.abs(met[count == 3] - [90, 70]).max() < 12  # (5, 5) mm


def test_outlines_that_are_hidden_are_left_out() -> None:
    surface = sheets(-20, 0)
    per_sheet = len(surface.coordinates) // 4
    on_front, on_back = np.zeros((2, 4 * per_sheet), int)
    on_front[:per_sheet] = surface.coordinates[:per_sheet, 1] > 3
    on_back[per_sheet : 2 * per_sheet] = surface.coordinates[:per_sheet, 1] > 3
    raster = rasterise(surface, view_of("left"), width=100, height=100)
    assert raster.edges(on_front).any()
    assert len(raster.contour_lines(on_front)) == 1
    assert not raster.edges(on_back).any()
    assert raster.contour_lines(on_back) == []
    assert set(raster.label_points(on_front)) == {0, 1}
    assert set(raster.label_points(on_back + 5)) == {5}


def test_outlines_behind_the_horizon_are_left_out() -> None:
    raster = rasterise(ellipsoids(), view_of("left"), width=120, height=90)
    inner = ellipsoids().coordinates[:, 0] > np.repeat([-10, 40], raster.n_vertices // 2)
    assert not raster.edges(inner.astype(int)).any()
    assert raster.contour_lines(inner.astype(int)) == []


def test_smoothed_outlines_stay_near() -> None:
    surface = ellipsoids()
    region_of = (surface.coordinates[:, 1] > 0).astype(int)
    found = boundaries(surface.coordinates, surface.faces, region_of)
    ends = found.points[found.pieces]
    assert np.abs(found.points[:, 1]).max() < 9  # an edge is some 12 mm long
    corners = surface.coordinates[surface.faces[found.faces]]
    assert np.abs(ends.mean(axis=1) - corners.mean(axis=1)).max() < 10


def test_chains_use_every_piece_once() -> None:
    rng = np.random.default_rng(0)
    pieces = rng.integers(0, 30, (60, 2))
    pieces = pieces[pieces[:, 0] != pieces[:, 1]]
    points = np.arange(30)[:, None] * [1.0, 10.0]
    lines = chained(points, pieces)
    walked = [tuple(sorted(pair)) for line in lines for pair in zip(line[:-1, 0], line[1:, 0], strict=True)]
    assert sorted(walked) == sorted(tuple(sorted(piece)) for piece in pieces.astype(float).tolist())


def test_a_name_goes_into_the_largest_part_that_is_seen() -> None:
    raster = flat_raster()
    x, y, _ = FLAT.coordinates.T
    regions = np.full(len(x), -1)
    regions[(x < -5) & (y > 15)] = 3  # large, upper left
    regions[(x > 35) & (y < -35)] = 3  # small, lower right
    regions[(np.hypot(x, y + 10) < 25) & (np.hypot(x, y + 10) > 12) & (y < 12)] = 8  # a ring: its middle is outside
    labels = raster.at_pixels(regions, nearest=True).reshape(160, 160)
    places = raster.label_points(regions)
    assert set(places) == {3, 8}
    for region, (across, down, size) in places.items():
        assert labels[int(down), int(across)] == region
        assert size <= (labels == region).sum()
    assert places[3][0] < 70
    assert places[3][1] < 55


def test_names_of_one_hemisphere() -> None:
    raster = rasterise(ellipsoids(), view_of("dorsal"), width=100, height=100)
    region_of = np.zeros(raster.n_vertices, int)
    left, right = (raster.label_points(region_of, hemisphere=side)[0] for side in ("left", "right"))
    assert left[1] < 45
    assert right[1] > 55


def test_regions_of_another_mesh_are_refused() -> None:
    for ask in (flat_raster().edges, flat_raster().contour_lines, flat_raster().label_points):
        with pytest.raises(ShapeError, match="162"):
            ask(np.zeros(7, int))
