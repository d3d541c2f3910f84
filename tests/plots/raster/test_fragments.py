"""Fragments beside a plain rasteriser that loops over pixels and triangles; what cannot be drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cortex.icospheres import icosphere
from tests.plots.raster.drawn_brains import front_plainly, share_plainly
from tests.strategies import normal, seeds
from tribe_np.plots.raster.fragments import Fragments, fragments_of
from tribe_np.plots.raster.lighting import is_closed
from tribe_np.plots.raster.zbuffer import Triangles

WIDTH, HEIGHT = 20, 17


def drawn(corners: np.ndarray, depths: np.ndarray, width: int = WIDTH, height: int = HEIGHT) -> Fragments:
    return fragments_of(Triangles.between(corners, depths), width, height)


def a_ball() -> tuple[np.ndarray, np.ndarray]:
    """80 triangles, 14 pixels wide, not quite in the middle."""
    points, faces = icosphere(1)
    placed = points[faces] * 7 + np.array([9.3, 8.9, 0.0])
    return placed[:, :, :2], placed[:, :, 2]


def summed(found: Fragments) -> np.ndarray:
    return np.bincount(found.pixels, found.coverage, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH)


def test_a_ball_equals_the_plain_rasteriser() -> None:
    corners, depths = a_ball()
    front, share = front_plainly(corners, depths, WIDTH, HEIGHT), share_plainly(corners, depths, WIDTH, HEIGHT)
    found = drawn(corners, depths)
    whole = found.coverage == 1
    np.testing.assert_array_equal(found.triangle[whole], front.reshape(-1)[found.pixels[whole]])
    assert whole.sum() > 100
    # a pixel that no centre near it sees is not looked at closely: it may keep up to a corner's share
    np.testing.assert_allclose(summed(found), share, atol=2 / 16)
    assert np.mean(summed(found) == share) > 0.98


@given(seeds)
def test_loose_triangles_equal_the_plain_rasteriser(seed: int) -> None:
    places = normal(seed, 5, 3, 3, scale=8.0) + np.array([WIDTH / 2, HEIGHT / 2, 0])
    corners, depths = places[:, :, :2], places[:, :, 2]
    found = drawn(corners, depths)
    front = front_plainly(corners, depths, WIDTH, HEIGHT)
    whole = found.coverage == 1
    np.testing.assert_array_equal(found.triangle[whole], front.reshape(-1)[found.pixels[whole]])
    assert set(found.pixels) >= set(np.flatnonzero(front.reshape(-1) >= 0))


@given(seeds)
def test_weights_are_shares(seed: int) -> None:
    places = normal(seed, 12, 3, 3, scale=9.0) + np.array([WIDTH / 2, HEIGHT / 2, 0])
    found = drawn(places[:, :, :2], places[:, :, 2])
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, atol=1e-12)
    assert (found.weights >= 0).all()
    assert (np.diff(found.pixels) >= 0).all()
    assert (summed(found) <= 1 + 1e-12).all()
    assert (found.coverage > 0).all()


@given(seeds)
def test_the_order_of_triangles_does_not_matter(seed: int) -> None:
    places = normal(seed, 12, 3, 3, scale=9.0) + np.array([WIDTH / 2, HEIGHT / 2, 0])
    order = np.random.default_rng(seed).permutation(12)
    one = drawn(places[:, :, :2], places[:, :, 2])
    other = drawn(places[order][:, :, :2], places[order][:, :, 2])
    np.testing.assert_array_equal(one.pixels, other.pixels)
    np.testing.assert_array_equal(one.coverage, other.coverage)
    np.testing.assert_array_equal(one.triangle, order[other.triangle])


def test_no_crack_opens_between_two_triangles() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        a, b, c, d = rng.uniform(2, 16, 2), *rng.uniform(0, 18, (3, 2))
        corners = np.array([[a, b, c], [b, c, d], [a, b, d], [a, c, d]])  # cover the hull of the four
        found = drawn(corners, np.zeros((4, 3)))
        grid = np.zeros((HEIGHT, WIDTH))
        np.add.at(grid.reshape(-1), found.pixels, found.coverage)
        row_inside = [np.flatnonzero(row == 1) for row in grid]
        assert all((np.diff(row) == 1).all() for row in row_inside if len(row))


def test_a_fold_gives_a_pixel_two_fragments() -> None:
    near = np.array([[[0, 0], [10.5, 0], [0, 40]]])  # ends within pixels of the first row
    far = np.array([[[-50, -50], [100, -50], [0, 100]]])
    found = drawn(np.concatenate([near, far]), np.array([[9.0] * 3, [0.0] * 3]))
    top = found.pixels == 10
    assert top.sum() == 2
    assert found.triangle[top].tolist() == [0, 1]  # the front one first
    assert found.coverage[top].sum() == 1
    assert 0.2 < found.coverage[top][0] < 0.6


@pytest.mark.parametrize(
    "spoil",
    [
        lambda corners, depths: corners.__setitem__(0, corners[0, 0]),  # a point
        lambda corners, depths: corners.__setitem__((0, 2), (corners[0, 0] + corners[0, 1]) / 2),  # a line
        lambda corners, depths: corners.__setitem__((0, 1, 0), np.nan),
        lambda corners, depths: corners.__setitem__((0, 1, 1), np.inf),
        lambda corners, depths: depths.__setitem__((0, 1), np.nan),
    ],
)
def test_a_triangle_that_is_none_is_not_seen(spoil: object) -> None:
    corners = np.array([[[2.2, 2.1], [20.3, 3.1], [6.7, 16.4]], [[1.2, 1.1], [21.3, 2.1], [5.7, 17.4]]])
    depths = np.array([[5.0] * 3, [0.0] * 3])
    spoil(corners, depths)  # type: ignore[operator]
    found = drawn(corners, depths)
    assert len(found.pixels)
    assert set(found.triangle) == {1}


def test_nothing_at_all() -> None:
    found = drawn(np.zeros((0, 3, 2)), np.zeros((0, 3)))
    assert len(found.pixels) == 0


def test_outside_of_the_picture() -> None:
    assert len(drawn(np.array([[[-90, -9], [-50, -9], [-50, -4.0]]]), np.zeros((1, 3))).pixels) == 0


@given(st.integers(0, 2))
def test_a_ball_is_closed_until_a_face_is_missing_or_turned(order: int) -> None:
    _, faces = icosphere(order)
    turned = faces.copy()
    turned[0] = turned[0, ::-1]
    assert is_closed(faces)
    assert not is_closed(faces[1:])
    assert not is_closed(turned)
    assert not is_closed(faces[:0])
