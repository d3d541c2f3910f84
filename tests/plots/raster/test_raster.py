"""A raster of a surface: what lights where, what hides what, values and light at pixels, painting, framing."""

from dataclasses import replace

import numpy as np
import pytest

from tests.plots.raster.drawn_brains import SIZE, ellipsoids, sheets, surface_of
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.plots.raster.raster import Raster, base_colours, blend, rasterise, shared_scale
from tribe_np.plots.views import view_of, views_named

# where a patch lies in the picture, in halves from its middle: x to the right, y up
POLE, BACK, TOP, BELOW = (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)
SIDES = {
    ("left", POLE): (-1, 0), ("left", BACK): (1, 0), ("left", TOP): (0, 1), ("left", BELOW): (0, -1),
    ("right", POLE): (1, 0), ("right", BACK): (-1, 0), ("right", TOP): (0, 1),
    ("medial_left", POLE): (1, 0), ("medial_left", TOP): (0, 1), ("medial_right", POLE): (-1, 0),
    ("dorsal", POLE): (1, None), ("dorsal", BACK): (-1, None), ("ventral", POLE): (1, None),
    ("anterior", TOP): (None, 1), ("posterior", TOP): (None, 1), ("anterior", BELOW): (None, -1),
}  # fmt: skip
HEMISPHERE_SIDES = {"dorsal": (0, 1), "ventral": (0, -1), "anterior": (1, 0), "posterior": (-1, 0)}  # the left one


def patch(towards: tuple[int, int, int], side: int | None = None) -> np.ndarray:
    """1 at the vertices around a pole of the ellipsoids, of one hemisphere or of both; 0 elsewhere."""
    points = ellipsoids().coordinates
    sides = np.split(points, 2)
    scaled = np.concatenate([(part - part.mean(axis=0)) / SIZE for part in sides])
    lit = scaled @ np.array(towards) > 0.97
    if side is not None:
        lit[(1 - side) * len(sides[0]) :][: len(sides[0])] = False
    return lit.astype(np.float32)


def place_of(raster: Raster, values: np.ndarray) -> np.ndarray:
    """The middle of what is lit, from -1 to 1 across what is drawn: x to the right, y up."""
    y, x = np.divmod(raster.pixels, raster.width)
    places = np.stack([x, -y], axis=1)
    low, high = places.min(axis=0), places.max(axis=0)
    lit = raster.at_pixels(values) > 0.5
    assert lit.any()
    return (2 * places[lit].mean(axis=0) - low - high) / (high - low)


@pytest.mark.parametrize(("view", "pole"), SIDES)
def test_a_patch_lights_its_side(view: str, pole: tuple[int, int, int]) -> None:
    raster = rasterise(ellipsoids(), view_of(view), width=120, height=90)
    for found, expected in zip(place_of(raster, patch(pole)), SIDES[view, pole], strict=True):
        if expected is not None:
            assert found == pytest.approx(expected, abs=0.15)


@pytest.mark.parametrize("view", HEMISPHERE_SIDES)
def test_hemispheres_lie_where_they_are_seen_from_there(view: str) -> None:
    raster = rasterise(ellipsoids(), view_of(view), width=120, height=90)
    left = np.repeat([1.0, 0.0], len(ellipsoids().coordinates) // 2)
    for found, expected in zip(place_of(raster, left), HEMISPHERE_SIDES[view], strict=True):
        assert found == pytest.approx(expected / 2, abs=0.1)


def test_a_patch_is_not_seen_from_behind() -> None:
    raster = rasterise(ellipsoids(), view_of("left"), width=120, height=90)
    assert raster.at_pixels(patch((1, 0, 0))).max() == 0
    assert raster.at_pixels(patch((-1, 0, 0))).max() == 1


def test_hemispheres_never_overlap() -> None:
    raster = rasterise(ellipsoids(), view_of("dorsal"), width=200, height=200, gap=4.0)
    is_left = raster.vertices[:, 0] < raster.n_vertices // 2
    rows = raster.pixels // raster.width
    assert (raster.vertices < raster.n_vertices // 2)[is_left].all()
    free = (rows[~is_left].min() - rows[is_left].max() - 1) * raster.mm_per_pixel
    assert free == pytest.approx(8, abs=2 * raster.mm_per_pixel)


def test_a_ramp_comes_in_order() -> None:
    raster = rasterise(ellipsoids(), view_of("left"), width=120, height=90)
    ramp = ellipsoids().coordinates[:, 1]
    y = raster.pixels // raster.width
    middle = (y == 45) & (raster.coverage == 1)
    values = raster.at_pixels(ramp)[middle]
    assert (np.diff(values) < 0).all()  # the frontal pole is at the left
    np.testing.assert_allclose(np.diff(values), -raster.mm_per_pixel, atol=1e-4)


def test_what_is_in_front_hides_what_is_behind() -> None:
    surface = sheets(-10, 0)  # the first is nearer to an eye at the left
    per_sheet = len(surface.coordinates) // 4
    left = rasterise(surface, view_of("left"), width=60, height=60)
    right = rasterise(replace(surface), replace(view_of("medial_left")), width=60, height=60)
    assert (left.vertices < per_sheet).all()
    assert ((right.vertices >= per_sheet) & (right.vertices < 2 * per_sheet)).all()


def test_vertices_in_no_face_do_not_count() -> None:
    raster = rasterise(sheets(0, kind="flat"), view_of("flat_left"), width=100, height=100, margin=0)
    assert raster.mm_per_pixel == pytest.approx(0.8)
    assert len(np.unique(raster.pixels)) == 100 * 100
    assert (raster.light == 1).all()


def test_values_between_vertices() -> None:
    raster = rasterise(sheets(0, kind="flat"), view_of("flat_left"), width=50, height=50, margin=0)
    x, y, _ = sheets(0, kind="flat").coordinates.T
    plane = np.stack([2 * x - y, x + 3 * y], axis=1)
    row, column = np.divmod(raster.pixels, 50)
    across, up = (column + 0.5) * 1.6 - 40, 40 - (row + 0.5) * 1.6
    np.testing.assert_allclose(raster.at_pixels(plane), np.stack([2 * across - up, across + 3 * up], axis=1), atol=1e-3)


def test_labels_are_never_mixed() -> None:
    raster = rasterise(ellipsoids(), view_of("left"), width=120, height=90)
    labels = np.where(ellipsoids().coordinates[:, 1] > 0, 7, 2)
    found = raster.at_pixels(labels, nearest=True)
    assert set(found) == {2, 7}
    assert found.dtype == labels.dtype
    mine = (labels[raster.vertices] == 7) * raster.weights
    np.testing.assert_array_equal((mine.sum(axis=1) > 0.5)[found == 7], True)


def test_a_missing_vertex_leaves_its_triangles_bare() -> None:
    surface = sheets(0, kind="flat")
    values = np.ones(len(surface.coordinates), np.float32)
    values[40] = np.nan  # the middle
    raster = rasterise(surface, view_of("flat_left"), width=80, height=80, margin=0)
    bare = np.isnan(raster.at_pixels(values))
    has_it = (raster.vertices == 40).any(axis=1)
    np.testing.assert_array_equal(bare, has_it)
    assert 0 < bare.mean() < 0.1


def test_light_comes_from_the_eye() -> None:
    raster = rasterise(ellipsoids(), view_of("left"), width=120, height=90)
    y, x = np.divmod(raster.pixels, raster.width)
    middle = np.hypot(x - 60, y - 45) < 5
    rim = raster.coverage < 1
    assert raster.light[middle].min() > 0.95
    assert raster.light[rim].mean() < 0.4
    assert (raster.light >= 0).all()
    assert (raster.light <= 1).all()
    half = rasterise(ellipsoids(), view_of("left"), width=120, height=90, shade=np.full(raster.n_vertices, 0.5))
    np.testing.assert_allclose(half.light, raster.light / 2, rtol=1e-6)


def test_sulci_are_darker_and_missing_ones_are_gyri() -> None:
    raster = rasterise(ellipsoids(), view_of("left"), width=60, height=45)
    one = np.ones(raster.n_vertices)
    deep, high, none = (base_colours(raster, sulc) for sulc in (one, -one, None))
    assert (deep < high).all()
    np.testing.assert_array_equal(high, none)
    np.testing.assert_array_equal(base_colours(raster, one * np.nan), none)
    np.testing.assert_array_equal(base_colours(raster, one, contrast=0), none)


def test_colours_are_blended_by_opacity() -> None:
    base = np.array([[0.5, 0.5, 0.5]] * 3)
    rgba = np.array([[1, 0, 0, 0.0], [1, 0, 0, 1], [np.nan, np.nan, np.nan, 0]])
    np.testing.assert_allclose(blend(base, rgba), [[0.5] * 3, [1, 0, 0], [0.5] * 3])


def test_painting() -> None:
    raster = rasterise(ellipsoids(), view_of("left"), width=60, height=45)
    red = np.tile([1.0, 0, 0], (len(raster.pixels), 1))
    picture = raster.paint(red, background=(0, 0, 1))
    assert picture.shape == (45, 60, 3)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture[0, 0], [0, 0, 255])
    np.testing.assert_array_equal(picture[22, 30], [255, 0, 0])
    total = picture.astype(int).sum(axis=2)
    assert ((total >= 254) & (total <= 256)).all()  # each pixel red, blue, or both by its share
    mixed = (picture[:, :, 0] > 0) & (picture[:, :, 2] > 0)
    assert 50 < mixed.sum() < 400
    clear = raster.paint_rgba(np.concatenate([red, np.full((len(red), 1), 0.5)], axis=1))
    np.testing.assert_array_equal(clear[22, 30], [255, 0, 0, 128])
    np.testing.assert_array_equal(clear[0, 0], [0, 0, 0, 0])


def test_the_same_every_time() -> None:
    one, other = (rasterise(ellipsoids(), view_of((20, 200)), width=60, height=45) for _ in range(2))
    for name in ("pixels", "vertices", "weights", "coverage", "light", "depth"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


def test_points_are_projected_to_where_they_are_drawn() -> None:
    raster = rasterise(ellipsoids(), view_of((20, 200)), width=200, height=150)
    whole = raster.coverage == 1
    y, x = np.divmod(raster.pixels[whole], raster.width)
    corners = raster.surface.coordinates[raster.vertices[whole]]
    points = (corners * raster.weights[whole][:, :, None]).sum(axis=1)
    places, seen = raster.project(points)
    np.testing.assert_allclose(places, np.stack([x, y], axis=1) + 0.5, atol=1e-2)
    assert seen.all()
    hidden = raster.project(raster.surface.coordinates - 60 * raster.camera.towards)[1]
    assert not hidden[raster.project(raster.surface.coordinates)[1]].any()


def test_one_scale_for_several_views() -> None:
    views = views_named(["lateral", "dorsal", "anterior"])
    scale = shared_scale(ellipsoids(), views, 120, 90)
    rasters = [rasterise(ellipsoids(), view, width=120, height=90, mm_per_pixel=scale) for view in views]
    # the height of a hemisphere, from the side and from the front
    tall = [np.ptp(raster.pixels // raster.width) + 1 for raster in (rasters[0], rasters[3])]
    assert tall[0] == pytest.approx(tall[1], abs=1)
    assert tall[0] * scale == pytest.approx(2 * SIZE[2], abs=2 * scale)
    alone = [rasterise(ellipsoids(), view, width=120, height=90).mm_per_pixel for view in views]
    assert scale == pytest.approx(max(alone))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"width": 0}, "at least one pixel"),
        ({"margin": 0.5}, "margin"),
        ({"mm_per_pixel": 0.0}, "mm_per_pixel"),
        ({"mm_per_pixel": float("nan")}, "mm_per_pixel"),
    ],
)
def test_a_picture_that_cannot_be_is_refused(changes: dict[str, float], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        rasterise(ellipsoids(), view_of("left"), **({"width": 10, "height": 10} | changes))  # type: ignore[arg-type]


def test_flat_maps_and_views_must_fit() -> None:
    with pytest.raises(ConfigError, match="flat_left"):
        rasterise(ellipsoids(), view_of("flat_left"), width=9, height=9)
    with pytest.raises(ConfigError, match="expected flat_left and flat_right"):
        rasterise(sheets(0, kind="flat"), view_of("left"), width=9, height=9)


def test_values_of_another_mesh_are_refused() -> None:
    raster = rasterise(ellipsoids(), view_of("left"), width=20, height=15)
    with pytest.raises(ShapeError, match="1284"):
        raster.at_pixels(np.zeros(1000))
    with pytest.raises(ShapeError, match="colours"):
        raster.paint(np.zeros((3, 3)))


def test_odd_surfaces_are_drawn_as_far_as_they_go() -> None:
    good = ellipsoids()
    lost = good.coordinates.copy()
    lost[[5, 700]] = np.nan
    torn = rasterise(surface_of(lost, good.faces), view_of("left"), width=60, height=45)
    assert 5 not in torn.vertices
    assert len(torn.pixels) > 1000
    gone = surface_of(np.zeros((8, 3)), np.array([[0, 1, 2]]))
    assert len(rasterise(gone, view_of("left"), width=10, height=10).pixels) == 0
    assert (
        len(rasterise(surface_of(np.zeros((8, 3)), np.zeros((0, 3))), view_of("left"), width=9, height=9).pixels) == 0
    )
    assert rasterise(good, view_of("left"), width=1, height=1).coverage.sum() > 0.3
