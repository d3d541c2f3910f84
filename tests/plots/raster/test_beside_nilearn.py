"""The same surface drawn by nilearn: patches come to lie at the same places of the picture, in each view."""

from dataclasses import replace

import numpy as np
import pytest

from tests.plots.raster.drawn_brains import SIZE, ellipsoids
from tribe_np.plots.raster.raster import rasterise
from tribe_np.plots.views import VIEWS, View

pytestmark = pytest.mark.extras
POLES = np.array([[0, 1, 0.3], [-0.4, -1, 0], [0.3, 0.2, 1], [0, -0.3, -1], [1, 0.4, 0.2], [-1, 0.3, -0.4]])
COLOURS = [(0.5, 0.5, 0.5), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1), (1, 0, 1)]  # none, and each pole's
NEAR = 0.9  # of the cosine to a pole: what belongs to its patch
TOLERANCE = 0.08  # of half the brain's width or height in the picture: nilearn's has perspective


def middle_of(lit: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """The middle of what is lit, from -1 to 1 across what is drawn, of pictures (height, width) bool."""
    low, high = (np.array([part(axis) for axis in np.nonzero(drawn)]) for part in (np.min, np.max))
    return np.asarray((2 * np.argwhere(lit).mean(axis=0) - low - high) / (high - low))


def by_nilearn(coordinates: np.ndarray, faces: np.ndarray, patches: np.ndarray, view: View) -> np.ndarray:
    """Which patch nilearn's picture shows at each pixel (height, width): 0 for none, -1 beside the brain."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure
    from nilearn.plotting import plot_surf

    figure = Figure(figsize=(3, 3), dpi=80)
    axes = figure.add_subplot(projection="3d", proj_type="ortho")
    plot_surf(
        [coordinates, faces], patches.astype(float), view=(view.elevation, view.azimuth),
        cmap=ListedColormap(COLOURS), vmin=0, vmax=len(COLOURS) - 1, colorbar=False,
        axes=axes, figure=figure, engine="matplotlib", avg_method="median",
    )  # fmt: skip
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = np.asarray(canvas.buffer_rgba())[:, :, :3] / 255
    distance = np.abs(picture[:, :, None] - np.array([*COLOURS, (1, 1, 1)])).max(axis=3)
    found = distance.argmin(axis=2)
    return np.where(found == len(COLOURS), -1, np.where(distance.min(axis=2) < 0.1, found, 0))


def by_us(patches: np.ndarray, view: View) -> np.ndarray:
    """Which patch our picture shows at each pixel."""
    raster = rasterise(ellipsoids(), view, width=160, height=160)
    found = np.full(160 * 160, -1)
    found[raster.pixels] = raster.at_pixels(patches, nearest=True)
    return found.reshape(160, 160)


@pytest.mark.parametrize("name", [name for name in VIEWS if not name.startswith("flat")])
def test_patches_lie_where_nilearn_shows_them(name: str) -> None:
    pytest.importorskip("nilearn")
    side = VIEWS[name].hemispheres[-1]
    view = replace(VIEWS[name], hemispheres=(side,))
    coordinates, faces = ellipsoids().hemisphere(side)
    scaled = (coordinates - coordinates.mean(axis=0)) / SIZE
    near = scaled @ (POLES / np.linalg.norm(POLES, axis=1, keepdims=True)).T
    patches = np.where(near.max(axis=1) > NEAR, near.argmax(axis=1) + 1, 0)
    both = np.zeros(2 * len(patches), int)
    both[np.arange(len(patches)) + (side == "right") * len(patches)] = patches
    ours, theirs = by_us(both, view), by_nilearn(coordinates, faces, patches, view)
    compared = 0
    for patch in range(1, len(COLOURS)):
        seen = [(picture == patch).sum() / (picture >= 0).sum() for picture in (ours, theirs)]
        if min(seen) < 0.02:  # at the rim or behind: in both
            assert max(seen) < 0.04
            continue
        compared += 1
        np.testing.assert_allclose(
            middle_of(ours == patch, ours >= 0), middle_of(theirs == patch, theirs >= 0), atol=TOLERANCE
        )
    assert compared >= 2
