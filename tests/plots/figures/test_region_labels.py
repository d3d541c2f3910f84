"""Borders and names of regions: lines where the border is, names on what is seen and never on each other."""

from typing import Any

import numpy as np
import pytest

from tests.plots.figures.conftest import pixels
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.errors import ConfigError, ParcellationError
from tribe_np.plots import annotate_rois, plot_surf
from tribe_np.plots.figures.figure_files import png_bytes
from tribe_np.plots.figures.sheets import Look

pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def quarters(brain: Any) -> Parcellation:
    """Labels for tests alone: front and back, above and below."""
    _, y, z = brain.surface.coordinates.T
    return Parcellation("quarters", ("back", "front", "low back", "low front"), (y > 0) + 2 * (z < 0))


def texts(figure: Any) -> list[Any]:
    """The names written on brains, without halos and L and R."""
    return [
        text
        for axes in figure.axes
        for text in axes.texts
        if text.get_text() not in ("L", "R") and not text.get_path_effects()
    ]


def test_a_border_is_a_dark_line_where_the_regions_meet(brain: Any, quarters: Parcellation) -> None:
    bare = np.full(brain.n_vertices, np.nan)
    bare[0] = 0
    plain = pixels(plot_surf(bare, views="right", brain=brain))
    outlined = pixels(plot_surf(bare, views="right", brain=brain, outlines=quarters))
    rows, columns = np.nonzero((plain - outlined).max(axis=2) > 0.25)
    assert len(rows) > 300
    is_near = (np.abs(columns - plain.shape[1] / 2) < 25) | (np.abs(rows - plain.shape[0] / 2) < 25)
    assert is_near.mean() > 0.97  # a cross: y and z are 0 in the middle


def test_names_stand_on_their_regions_in_each_view(brain: Any, quarters: Parcellation) -> None:
    figure = plot_surf(
        np.arange(brain.n_vertices) * 1.0, views=["left", "right"], brain=brain, parcellation=quarters,
        annotated_rois=["*back"],
    )  # fmt: skip
    found = [(text.get_text(), text.axes.drawn_view.raster.view.name, *text.get_position()) for text in texts(figure)]
    assert sorted(name for name, *_ in found) == ["back", "back", "low back", "low back"]
    for name, view, x, y in found:
        raster = figure.axes[["left", "right"].index(view)].drawn_view.raster
        assert (x > raster.width / 2) == (view == "left")  # the back is right of the middle, seen from the left
        assert (y > raster.height / 2) == name.startswith("low")


def test_no_name_covers_another(brain: Any) -> None:
    y, z = brain.surface.coordinates[:, 1:].T
    stripes = (np.floor(y / 9) + 12).astype(int)
    stripes[np.abs(z) > 12] = -1
    regions = tuple(f"a long name {i}" for i in range(stripes.max() + 1))
    figure = plot_surf(
        y, views="left", brain=brain, annotated_rois="a*", outlines=Parcellation("stripes", regions, stripes),
        look=Look(60),
    )  # fmt: skip
    png_bytes(figure)
    boxes = [text.get_window_extent() for text in texts(figure)]
    assert len(boxes) > 8
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])


def test_names_come_into_axes_that_were_drawn_before(brain: Any, quarters: Parcellation) -> None:
    figure = plot_surf(np.ones(brain.n_vertices), views="dorsal", brain=brain)
    annotate_rois(figure.axes[0], {"front": "F"}, parcellation=quarters, fontsize=9, color="navy")
    annotate_rois(figure.axes[0], "back", hemi="left", parcellation=quarters, outlines=True)
    assert sorted(text.get_text() for text in texts(figure)) == ["F", "F", "back"]
    assert figure.axes[0].collections
    with pytest.raises(ConfigError, match="known are left, right"):
        annotate_rois(figure.axes[0], "back", hemi="both", parcellation=quarters)


def test_what_cannot_be_labelled_is_said(
    brain: Any, quarters: Parcellation, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    from matplotlib.figure import Figure

    with pytest.raises(ConfigError, match="show no brain"):
        annotate_rois(Figure().add_subplot(), "V1")
    values = np.ones(brain.n_vertices)
    with pytest.raises(ConfigError, match="'bakc' is not an area of quarters; near are 'back'"):
        plot_surf(values, brain=brain, annotated_rois="bakc", parcellation=quarters)
    for name in ("SUBJECTS_DIR", "FREESURFER_HOME", "TRIBE_NP_PARCELLATION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(ParcellationError, match="hcp-mmp1"):
        plot_surf(values, brain=brain, annotated_rois="V1")


def test_a_name_stays_in_its_picture_and_none_is_written_on_a_rim(brain: Any) -> None:
    x, y, _ = brain.surface.coordinates.T
    outwards = np.where(np.arange(brain.n_vertices) < brain.n_vertices // 2, -x, x)
    is_back, is_outer = y < -0.8 * y.max(), outwards > 0
    parcellation = Parcellation(
        "two", ("a long name at the rim", "hidden"), np.select([is_back & is_outer, ~is_outer], [0, 1], -1)
    )
    figure = plot_surf(y, views=["left"], brain=brain, annotated_rois="*", parcellation=parcellation, look=Look(60))
    png_bytes(figure)
    (text,) = texts(figure)
    assert text.get_position()[0] < text.axes.drawn_view.raster.label_points(parcellation.region_of)[0][0] - 10
    box, picture = text.get_window_extent(), text.axes.get_window_extent()
    assert picture.x0 <= box.x0
    assert box.x1 <= picture.x1
    assert picture.y0 <= box.y0
    assert box.y1 <= picture.y1
    (said,) = figure.odd
    assert said == "1 of 2 names are not written, for these views show too little of their regions: hidden"
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    with pytest.warns(UserWarning, match="1 of 2 names are not written"):
        plot_surf(y, views=["left"], brain=brain, annotated_rois="*", parcellation=parcellation, axes=axes)


def test_borders_are_thinner_where_regions_are_small(brain: Any, quarters: Parcellation) -> None:
    y = brain.surface.coordinates[:, 1]
    many = Parcellation("many", tuple(map(str, range(160))), np.arange(brain.n_vertices) % 160)

    def width(parcellation: Parcellation, mm: float) -> float:
        figure = plot_surf(y, brain=brain, outlines=parcellation, look=Look(mm, 100))
        return float(figure.axes[0].collections[0].get_linewidths()[0])

    assert 0.12 <= width(many, 20) < width(many, 60) < width(quarters, 60) == 0.45
    assert width(quarters, 20) < 0.45
