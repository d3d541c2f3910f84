"""Several maps as colours of one brain, for `plot`: the stronger a value, the more its colour hides the folds.

`plot_surf_rgb` is upstream's picture of the same, which paints black where there is no signal.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError, ShapeError
from tribe_np.plots.colours.colour_maps import colour_map
from tribe_np.plots.colours.colour_scale import FADE
from tribe_np.plots.figures.figure_options import FigureOptions
from tribe_np.plots.figures.mixed_colours import Legend, MixLegend, SwatchLegend
from tribe_np.plots.figures.overlays import MixedMap

WHOLE_WAY = (0.0, 1.0)  # how strength becomes opacity, where nobody says otherwise


def mixture(
    maps: np.ndarray, titles: Sequence[str], options: FigureOptions, unit: str, *, is_beside: bool
) -> tuple[MixedMap, Legend, str]:
    """What is painted, what its colours mean, and a line on their strength.

    Values run from 0, where there is no colour, to the percentile of all values above 0, unless limits are given.
    Shapes   maps (2 V, n); NaN is bare
    Raises   ShapeError for another number of maps than the colours take; ConfigError where nothing is above 0
    """
    n = maps.shape[1]
    if options.mix != "tab10" and n not in (2, 3):
        raise ShapeError(f"red, green and blue are two or three maps, got {n}; --rgb tab10 takes more")
    palette = colour_map(options.mix).listed[:, :3] if options.mix == "tab10" else np.eye(3)
    if n > len(palette):
        raise ShapeError(f"{options.mix} has {len(palette)} colours, too few for {n} maps")
    palette = palette[:n]
    low, high = options.limits or (0.0, _strongest(maps, options.percentile))
    shares = np.clip((maps - low) / (high - low), 0, 1)
    if options.threshold is not None:
        shares = np.where(np.abs(maps) < options.threshold, 0, shares)
    is_winner = options.mix != "rgb"
    fade = WHOLE_WAY if options.fade is FADE else options.fade
    legend: Any = SwatchLegend(titles, palette) if is_winner else MixLegend(titles, is_beside)
    ends = f"full at {high:.3g} and above" if fade is None else f"none at {low:.3g}, full at {high:.3g}"
    note = f"Strength of the colours: {ends}{f' ({unit})' if unit else ''}"
    if fade is None and is_winner:
        note = ""  # one colour, however strong
    return MixedMap(shares.astype(np.float32), palette, is_winner, fade), legend, note


def _strongest(maps: np.ndarray, percentile: float) -> float:
    """The percentile of the values above 0 of all maps."""
    if not 50 < percentile <= 100:
        raise ConfigError(f"the percentile of the limits must be above 50 and at most 100, got {percentile:g}")
    above = maps[np.isfinite(maps) & (maps > 0)]
    if not above.size:
        raise ConfigError("there is nothing to draw: no value is above 0, and red, green and blue show what is")
    return float(np.percentile(above, percentile))
