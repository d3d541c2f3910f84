"""Axes that a caller gives: one, several, by view, also three-dimensional ones as upstream's users make them.

Source   tribev2 7239908 plotting.base.BasePlotBrain.get_axarr_and_views, plotting.utils.convert_ax_to_2d
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError
from tribe_np.plots.figures.brains import Brain
from tribe_np.plots.raster.raster import Raster
from tribe_np.plots.views import VIEWS, View, views_named

SHARP = 300.0  # dots per inch of a picture at least: figures are saved finer than they are shown


def shown_views(views: Any) -> tuple[View, ...]:
    """The views of names or angles, or of one alone.

    Raises   ConfigError for an unknown view
    """
    is_pair = isinstance(views, tuple) and len(views) == 2 and all(isinstance(angle, (int, float)) for angle in views)
    return views_named([views] if is_pair or isinstance(views, (str, View)) else views)


def views_and_axes(views: Any, axes: Any, *, convert: bool = True) -> list[tuple[View, Any]]:
    """The axes of each view; a mapping whose names are views needs no others. `convert`: 3-D ones become flat.

    Raises   ConfigError for an unknown view, and where there are not as many axes as views
    """
    if isinstance(axes, Mapping):
        if axes and all(name in VIEWS for name in axes):
            views = list(axes)
        axes = list(axes.values())
    given = list(np.ravel(np.asarray(axes, object))) if isinstance(axes, (Sequence, np.ndarray)) else [axes]
    named = shown_views(views)
    if len(named) != len(given):
        raise ConfigError(
            f"{len(named)} views ({', '.join(view.name for view in named)}) need as many axes, got {len(given)}"
        )
    for one in given:
        if not hasattr(one, "imshow") and not hasattr(one, "get_position"):
            raise ConfigError(f"expected matplotlib axes, got {type(one).__name__}")
    return [(view, _flat(one) if convert else one) for view, one in zip(named, given, strict=True)]


def raster_for(axes: Any, brain: Brain, view: View) -> Raster:
    """A raster in the size that the axes have, as fine as they may be saved."""
    box = axes.get_window_extent()
    finer = max(1.0, SHARP / axes.figure.get_dpi())
    width, height = (max(1, round(length * finer)) for length in (box.width, box.height))
    return brain.raster(view, width, height)


def _flat(axes: Any) -> Any:
    """The axes, or flat ones in the place of three-dimensional ones."""
    if not hasattr(axes, "view_init"):
        return axes
    place = axes.get_subplotspec()
    figure = axes.figure
    flat = figure.add_axes(axes.get_position()) if place is None else figure.add_subplot(place)
    axes.remove()
    return flat
