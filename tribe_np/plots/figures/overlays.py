"""What is painted over the folds: values through a colour scale, or colours of the vertices themselves."""

from dataclasses import dataclass, replace

import numpy as np

from tribe_np.plots.colours.colour_scale import ColourScale
from tribe_np.plots.figures.brains import FoldedBrain
from tribe_np.plots.raster.raster import Raster, blend
from tribe_np.plots.raster.softening import label_colours, share_above

RELIEF = 0.25  # of a colour that light may take away: the shape stays seen, the colour readable


@dataclass(frozen=True, eq=False)
class ValueMap:
    """Values (2 V,) and their scale; labels (whole numbers) are not interpolated. NaN is bare.

    Shapes   shown (2 V,) bool or None: the vertices that are painted, each half-way to its neighbours, so that one that
             stands alone is seen too; the values of the others do not count
    """

    values: np.ndarray
    scale: ColourScale
    is_labels: bool = False
    shown: np.ndarray | None = None

    def colours(self, raster: Raster) -> np.ndarray:
        """RGBA at the fragments, (P, 4) float32."""
        if self.is_labels:
            return label_colours(raster, self.values, self.scale.rgba)
        if self.shown is not None:
            return self._of_shown(raster, self.shown.astype(np.float32))
        if self.scale.threshold is None:
            return self.scale.rgba(raster.at_pixels(self.values))
        rgba = replace(self.scale, threshold=None).rgba(raster.at_pixels(self.values))
        rgba[:, 3] *= share_above(raster, self.values, self.scale.threshold)  # no stairs at the border
        return rgba

    def _of_shown(self, raster: Raster, shown: np.ndarray) -> np.ndarray:
        weight = raster.at_pixels(shown)
        values = raster.at_pixels(np.where(shown > 0, self.values, 0)) / np.where(weight > 0, weight, 1)
        rgba = replace(self.scale, threshold=None).rgba(values)
        rgba[:, 3] *= share_above(raster, shown, 0.5)
        return rgba


@dataclass(frozen=True, eq=False)
class ColourOverlay:
    """Colours (2 V, 4) in 0..1; multiplied ones are darkened by the grey of the folds."""

    table: np.ndarray
    is_multiplied: bool = False

    def colours(self, raster: Raster) -> np.ndarray:
        """RGBA at the fragments, (P, 4) float32."""
        return np.asarray(raster.at_pixels(self.table), np.float32)


@dataclass(frozen=True, eq=False)
class MixedMap:
    """Strengths (2 V, n) in 0..1 of maps whose colours are mixed, or of which the strongest is shown; NaN is bare.

    Shapes   palette (n, 3) in 0..1
    fade     (threshold, scale): from which strength on colours come out of the folds, and how soon they hide them;
             None: they hide them everywhere, and are dark where strength is little
    """

    shares: np.ndarray
    palette: np.ndarray
    shows_strongest: bool = False
    fade: tuple[float, float] | None = (0.0, 1.0)

    def colours(self, raster: Raster) -> np.ndarray:
        """RGBA at the fragments, (P, 4) float32."""
        found = raster.at_pixels(self.shares)
        known = np.isfinite(found).all(axis=1)
        shares = np.where(known[:, None], found, 0)
        strongest = shares.max(axis=1)
        mixed = self.palette[shares.argmax(axis=1)] if self.shows_strongest else shares @ self.palette
        opacity = known.astype(np.float32)
        if self.fade is not None:
            threshold, scale = self.fade
            opacity *= np.clip((strongest - threshold) / max(scale, 1e-6), 0, 1)
            if not self.shows_strongest:
                mixed = mixed / np.maximum(strongest, 1e-6)[:, None]
        return np.column_stack([np.clip(mixed, 0, 1), opacity]).astype(np.float32)


Overlay = ValueMap | ColourOverlay | MixedMap


def painted(brain: FoldedBrain, raster: Raster, overlay: Overlay | None) -> np.ndarray:
    """The picture of a view, (height, width, 4) uint8, transparent around the brain."""
    base = brain.grey(raster)
    if overlay is not None:
        rgba = overlay.colours(raster)
        is_multiplied = isinstance(overlay, ColourOverlay) and overlay.is_multiplied
        rgba[:, :3] *= base if is_multiplied else (1 - RELIEF + RELIEF * raster.light)[:, None]
        base = blend(base, rgba)
    return raster.paint_rgba(base)
