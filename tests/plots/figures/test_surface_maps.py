"""A map on the cortex: the right pixels light up, in the right colours, in every view."""

from math import cos, radians, sin
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.plots.figures.conftest import pixels, redness, smooth
from tools.places import GOLDEN
from tools.reference.figures import KEPT, MESH
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.plots import PlotBrain, get_rainbow_brain, plot_surf, plot_surf_rgb
from tribe_np.plots.views import VIEWS, View

pytestmark = pytest.mark.extras
SOLID = [view for view in VIEWS.values() if not view.is_flat]


def seen_places(brain: Any, view: View) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y (downwards) in 0..1 of the brain's box, and nearness to the eye, by arithmetic of the test's own."""
    elevation, azimuth = radians(view.elevation), radians(view.azimuth)
    towards = np.array([cos(azimuth) * cos(elevation), sin(azimuth) * cos(elevation), sin(elevation)])
    right = np.array([-sin(azimuth), cos(azimuth), 0])
    points = brain.surface.apart(brain.gap).coordinates.astype(float)
    half = len(points) // 2
    is_shown = np.repeat([side in view.hemispheres for side in ("left", "right")], half)
    x, y, near = points @ right, -(points @ np.cross(towards, right)), points @ towards
    x, y = ((v - v[is_shown].min()) / np.ptp(v[is_shown]) for v in (x, y))
    return x, y, np.where(is_shown, near, -np.inf)


@pytest.mark.parametrize("view", SOLID, ids=lambda view: view.name)
def test_a_patch_lights_its_place_in_every_view(brain: Any, view: View) -> None:
    x, y, near = seen_places(brain, view)
    nearest = int(near.argmax())
    distance = np.linalg.norm(brain.surface.coordinates - brain.surface.coordinates[nearest], axis=1)
    side = np.arange(len(x)) // (len(x) // 2)
    patch = (distance < 9) & (side == side[nearest])
    picture = pixels(plot_surf(patch.astype(float), views=view, brain=brain, cmap="Reds"))
    lit = redness(picture) > 0.3
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    box = np.argwhere(picture.min(axis=2) < 0.985)  # the brain on white
    (top, left), (bottom, right) = box.min(axis=0), box.max(axis=0)
    assert columns.mean() == pytest.approx(left + x[patch].mean() * (right - left), abs=0.05 * (right - left))
    assert rows.mean() == pytest.approx(top + y[patch].mean() * (bottom - top), abs=0.05 * (bottom - top))
    assert 0.0005 < lit.mean() < 0.1


def test_what_is_on_the_other_side_lights_nothing(brain: Any) -> None:
    values = np.zeros(brain.n_vertices)
    values[brain.n_vertices // 2 :] = 1  # the right hemisphere
    assert (redness(pixels(plot_surf(values, views="left", brain=brain, cmap="Reds"))) < 0.2).all()
    assert (redness(pixels(plot_surf(values, views="right", brain=brain, cmap="Reds"))) > 0.3).mean() > 0.3


def test_a_ramp_shows_its_colours_in_order(brain: Any) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    ramp = LinearSegmentedColormap.from_list("ramp", ["#0000ff", "#ff0000"])
    values = brain.surface.coordinates[:, 1]  # from the back to the front
    picture = pixels(plot_surf(values, views="right", brain=brain, cmap=ramp, alpha_cmap=None))
    row = picture[picture.shape[0] // 2]
    row = row[(row[:, 1] < 0.05) & (row[:, [0, 2]].max(axis=1) > 0.3)]
    share = row[:, 0] / (row[:, 0] + row[:, 2])  # light takes as much of red as of blue
    assert len(share) > 100
    assert (np.diff(share) > -0.03).all()
    assert share[0] < 0.1
    assert share[-1] > 0.9


def test_nan_and_what_is_below_the_threshold_are_bare(brain: Any) -> None:
    values = np.ones(brain.n_vertices)
    values[brain.surface.coordinates[:, 1] > 0] = np.nan
    small = np.where(np.isnan(values), 0.1, values)
    for shown, options in ((values, {}), (small, {"threshold": 0.5})):
        picture = redness(pixels(plot_surf(shown, views="right", brain=brain, cmap="Reds", vmin=0, vmax=1, **options)))
        half = picture.shape[1] // 2
        assert (picture[:, : half - 20] > 0.2).mean() > 0.4
        assert (picture[:, half + 20 :] < 0.1).all()


def test_one_vertex_at_twenty_sigma_leaves_the_picture_as_it_was(brain: Any) -> None:
    values = smooth(brain.surface.coordinates, 1)
    spiked = values.copy()
    spiked[17] = 20 * values.std()
    one, other = (pixels(plot_surf(v, views="left", brain=brain)) for v in (values, spiked))
    assert (np.abs(one - other).max(axis=2) > 0.03).mean() < 0.01


def test_whole_numbers_are_labels_with_sharp_borders(brain: Any) -> None:
    labels = np.where(brain.surface.coordinates[:, 1] > 0, 1, 0)
    labels[brain.surface.coordinates[:, 2] < -40] = -1
    picture = pixels(plot_surf(labels, views="left", brain=brain, cmap="bwr"))
    blue = (picture[:, :, 2] - picture[:, :, 0] > 0.3).mean()
    red = (redness(picture) > 0.3).mean()
    assert 0.1 < blue < 0.6
    assert 0.1 < red < 0.6


def test_axes_of_the_caller_are_drawn_in(brain: Any) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 4))
    FigureCanvasAgg(figure)
    grid = figure.subplots(2, 2, subplot_kw={"projection": "3d"})
    values = smooth(brain.surface.coordinates, 2)
    mappable = plot_surf(values, brain=brain, axes={"left": grid[0, 0], "right": grid[0, 1]}, vmin=-1, vmax=2)
    assert mappable.get_clim() == (-1, 2)
    plot_surf(values, brain=brain, axes=list(grid[1]), views=["dorsal", (30, 40)], colorbar=True, colorbar_title="z")
    picture = pixels(figure)
    for rows in (slice(0, 200), slice(200, 400)):
        for columns in (slice(0, 200), slice(200, 400)):
            assert (picture[rows, columns].min(axis=2) < 0.9).mean() > 0.1
    with pytest.raises(ConfigError, match="need as many axes"):
        plot_surf(values, brain=brain, axes=list(figure.axes[:2]), views="left")
    with pytest.raises(ConfigError, match="expected matplotlib axes, got str"):
        plot_surf(values, brain=brain, axes="left")


def test_values_of_another_mesh_come_onto_the_brain(brain: Any, subjects_dir: Path) -> None:
    coarse = np.linspace(-1, 1, 2 * 642).astype(np.float32)
    assert plot_surf(coarse, brain=brain, subjects_dir=subjects_dir) is not None
    with pytest.raises(ShapeError, match="has 100 vertices, expected both hemispheres"):
        plot_surf(np.zeros(100), brain=brain)
    with pytest.raises(ShapeError, match=r"one row of numbers"):
        plot_surf(np.zeros((3, 1284)), brain=brain)


def test_three_maps_mix_where_they_meet(brain: Any) -> None:
    y = brain.surface.coordinates[:, 1]
    front, back, all_of_it = (y > 30) * 1.0, (y < -30) * 1.0, np.zeros(len(y))
    picture = pixels(plot_surf_rgb([front, back, all_of_it], views="right", brain=brain, norm_percentile=100))
    red, green = (
        (picture[:, :, 0] > 0.7) & (picture[:, :, 1] < 0.3),
        (picture[:, :, 1] > 0.7) & (picture[:, :, 0] < 0.3),
    )
    assert np.flatnonzero(red.any(axis=0)).mean() > 0.6 * picture.shape[1]
    assert np.flatnonzero(green.any(axis=0)).mean() < 0.4 * picture.shape[1]
    with pytest.raises(ShapeError, match="two or three maps, got 4"):
        plot_surf_rgb([front] * 4, brain=brain)


def test_alpha_lets_the_folds_be_seen(brain: Any) -> None:
    maps = [np.linspace(0, 1, brain.n_vertices)] * 2
    bare = pixels(plot_surf_rgb(maps, alpha_signals=np.zeros(brain.n_vertices), views="left", brain=brain))
    assert np.ptp(bare, axis=2).max() < 0.02  # grey
    assert np.ptp(pixels(plot_surf_rgb(maps, views="left", brain=brain)), axis=2).max() > 0.3


def test_upstreams_class_draws_and_gives_what_upstreams_does(subjects_dir: Path, tmp_path: Path) -> None:
    plotter = PlotBrain(mesh="fsaverage3", inflate=True, subjects_dir=str(subjects_dir))
    values = np.linspace(-1, 1, 1284)
    assert plotter.VIEW_DICT["ventral"] == (-90, 0)
    assert len(plotter.plot_surf(values, views=["left", "dorsal"]).axes) == 2
    assert set(plotter.get_mesh()["both"]) == {"coords", "faces", "bg_map"}
    assert plotter.get_mesh()["left"]["coords"][:, 0].max() == pytest.approx(0, abs=1e-4)
    assert plotter.get_stat_map(values)["right"].shape == (642,)
    figure = plotter.plot_surf_rgb([values, values, values], save_path=tmp_path / "colours")
    axes = figure.axes[0]
    assert plotter.plot_surf_rgb([values] * 3, axes=axes).shape == (1284, 4)
    assert np.load(tmp_path / "colours.npy").shape == (1284, 4)
    with pytest.raises(ConfigError, match="atlas_name: values of an atlas"):
        PlotBrain(atlas_name="difumo")


@pytest.mark.parametrize("hemi", ["both", "left"])
def test_the_rainbow_is_upstreams(hemi: str, subjects_dir: Path) -> None:
    golden = load_file(GOLDEN / "figures.safetensors")[f"rainbow.{hemi}"]
    found = get_rainbow_brain(MESH, hemi, subjects_dir=subjects_dir)
    np.testing.assert_allclose(found[KEPT], golden, rtol=0, atol=1e-5)
    with pytest.raises(ConfigError, match="known are left, right and both"):
        get_rainbow_brain(MESH, "middle")
