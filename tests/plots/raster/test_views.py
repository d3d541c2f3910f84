"""Views: upstream's names and angles, pairs, angles of one's own, and what is neither."""

import numpy as np
import pytest

from tribe_np.errors import ConfigError
from tribe_np.plots.raster.camera import directions
from tribe_np.plots.views import VIEWS, View, view_of, views_named

UPSTREAM = {  # tribev2 7239908 plotting.cortical.VIEW_DICT
    "left": (0, 180), "right": (0, 0), "medial_left": (0, 0), "medial_right": (0, 180), "dorsal": (90, 0),
    "ventral": (-90, 0), "anterior": (0, 90), "posterior": (0, -90), "posterior_left": (0, -135),
    "posterior_right": (0, -45), "posterior_ventral": (-45, -90), "posterior_ventral_left": (-10, -135),
}  # fmt: skip


@pytest.mark.parametrize("name", UPSTREAM)
def test_upstreams_names_have_its_angles(name: str) -> None:
    assert (view_of(name).elevation, view_of(name).azimuth) == UPSTREAM[name]


@pytest.mark.parametrize(
    ("name", "sides"),
    [("left", ("left",)), ("lateral_right", ("right",)), ("medial_left", ("left",)), ("flat_right", ("right",))]
    + [(name, ("left", "right")) for name in ("dorsal", "ventral", "anterior", "posterior", "posterior_left")],
)  # fmt: skip
def test_a_view_shows_its_hemispheres(name: str, sides: tuple[str, ...]) -> None:
    assert view_of(name).hemispheres == sides


def test_lateral_is_left_and_right() -> None:
    for one, other in (("lateral_left", "left"), ("lateral_right", "right")):
        pair = view_of(one), view_of(other)
        assert len({(view.elevation, view.azimuth, view.hemispheres) for view in pair}) == 1


def test_pairs_are_spread_in_order() -> None:
    names = [view.name for view in views_named(["medial", "dorsal", "lateral", (10, 20), view_of("flat_left")])]
    assert names == ["medial_left", "medial_right", "dorsal", "lateral_left", "lateral_right", "10,20", "flat_left"]


def test_one_name_may_stand_alone() -> None:
    assert views_named("lateral") == views_named(["lateral"])


def test_angles_of_ones_own() -> None:
    view = view_of((30.5, -60))
    assert (view.elevation, view.azimuth, view.hemispheres, view.is_flat) == (30.5, -60, ("left", "right"), False)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dorsl", "did you mean dorsal"),
        ("lateral", "lateral is two views; expected one of them, lateral_left or lateral_right"),
        ((1, 2, 3), "neither a name nor a pair"),
        ((1, "north"), "neither a name nor a pair"),
        ((float("nan"), 0), "finite"),
        (7, "neither a name nor a pair"),
    ],
)
def test_what_is_no_view_is_refused(name: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        view_of(name)  # type: ignore[arg-type]


def test_no_view_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="no view"):
        views_named([])


@pytest.mark.parametrize("name", VIEWS)
def test_directions_are_square_and_right_handed(name: str) -> None:
    right, up, towards = directions(view_of(name))
    np.testing.assert_allclose(np.cross(right, up), towards, atol=1e-11)
    assert np.linalg.norm(up) == pytest.approx(1)


@pytest.mark.extras
@pytest.mark.parametrize("angles", [(0, 180), (90, 0), (-90, 0), (90, -90), (30, 40), (-20, 200), (135, 10), (269, 0)])
def test_directions_are_matplotlibs(angles: tuple[float, float]) -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    axes = Figure().add_subplot(projection="3d", proj_type="ortho")
    axes.view_init(*angles)
    axes.set_box_aspect((1, 1, 1))
    axes.set(xlim=(-1, 1), ylim=(-1, 1), zlim=(-1, 1))
    projection = axes.get_proj()
    found = directions(View("", ("left",), *angles))
    for row, ours in enumerate(found[:2]):
        theirs = projection[row, :3]
        np.testing.assert_allclose(theirs / np.linalg.norm(theirs), ours, atol=1e-9)
