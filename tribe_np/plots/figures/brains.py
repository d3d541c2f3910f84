"""The brain that maps are drawn on: a surface, its folds in grey, its flat map, and its rasters, each made once.

Source   tribev2 7239908 plotting.base.BasePlotBrain.get_mesh (inflate, bg_map)
"""

from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np

from tribe_np.cortex.meshes.surfaces import SURFACES, Surface, load_overlay, load_surface
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.plots.raster.camera import extent
from tribe_np.plots.raster.raster import GAP, Raster, base_colours, rasterise
from tribe_np.plots.views import View
from tribe_np.shown import did_you_mean, quoted

Inflate = bool | str
BACKGROUNDS = ("sulcal", "curvature", "thresholded")  # upstream's names of what is seen under a map
FOLDED = -0.10  # sulcal depth above which "thresholded" is dark
SIZE = (600, 480)  # pixels of a view whose place says nothing else


@dataclass(frozen=True, eq=False)
class FoldedBrain:
    """A surface with its folds.

    Shapes   folds (2 V,): above 0 in sulci, or None for plain grey
    Units    gap, mm between each hemisphere and the midline
    """

    surface: Surface
    folds: np.ndarray | None = None
    flat: Surface | None = None
    gap: float = GAP
    _rasters: dict[tuple[object, ...], Raster] = field(default_factory=dict)
    _greys: WeakKeyDictionary[Raster, np.ndarray] = field(default_factory=WeakKeyDictionary)
    _contours: WeakKeyDictionary[Raster, tuple[np.ndarray, list[np.ndarray]]] = field(default_factory=WeakKeyDictionary)

    @property
    def n_vertices(self) -> int:
        """Vertices of both hemispheres."""
        return len(self.surface.coordinates)

    def surface_for(self, view: View) -> Surface:
        """The surface that a view shows.

        Raises   ConfigError for a flat view of a brain without its flat map
        """
        if not view.is_flat:
            return self.surface
        if self.flat is None:
            raise ConfigError(f"view {view.name} needs the flat map of {self.surface.mesh}, which was not given")
        return self.flat

    def size(self, view: View) -> tuple[float, float]:
        """Width and height in mm of what a view shows."""
        low, high = extent(self.surface_for(view), view, self.gap)
        width, height = high - low
        return float(width), float(height)

    def raster(self, view: View, width: int, height: int, mm_per_pixel: float | None = None) -> Raster:
        """The raster of a view, made at the first call."""
        key = (view, width, height, mm_per_pixel)
        if key not in self._rasters:
            margin = 0.0 if mm_per_pixel is None else 0.01
            self._rasters[key] = rasterise(
                self.surface_for(view), view, width=width, height=height, mm_per_pixel=mm_per_pixel, gap=self.gap,
                margin=margin,
            )  # fmt: skip
        return self._rasters[key]

    def grey(self, raster: Raster) -> np.ndarray:
        """The folds in grey at a raster's fragments, (P, 3) float32, made at the first call: not to be changed."""
        if raster not in self._greys:
            self._greys[raster] = base_colours(raster, self.folds)
        return self._greys[raster]

    def contours(self, raster: Raster, region_of: np.ndarray) -> list[np.ndarray]:
        """Borders of regions as lines in a raster's pixels, kept for the next map with the same regions."""
        kept = self._contours.get(raster)
        if kept is None or kept[0] is not region_of:
            self._contours[raster] = kept = (region_of, raster.contour_lines(region_of))
        return kept[1]

    def check(self, values: np.ndarray, what: str) -> None:
        """Raises ShapeError for values of another mesh."""
        if values.shape[:1] != (self.n_vertices,):
            raise ShapeError(
                f"{what}: has {values.shape[0] if values.ndim else 0} vertices, but {self.surface.mesh} has "
                f"{self.n_vertices} (both hemispheres); tribe-np resample brings values onto another mesh"
            )


def folded_brain(
    mesh: str,
    inflate: Inflate = "half",
    *,
    bg_map: str = "sulcal",
    views: tuple[View, ...] = (),
    gap: float = GAP,
    subjects_dir: str | Path | None = None,
) -> FoldedBrain:
    """The brain of a mesh; its flat map is read where one of the views is flat.

    inflate   upstream's "half", True or False, or a surface by name: pial, white, inflated, half, sphere
    Raises    ConfigError for an unknown surface or background; MeshError for files that are missing or damaged
    """
    surface = load_surface(mesh, _kind(inflate), subjects_dir=subjects_dir)
    has_flat = any(view.is_flat for view in views)
    flat = load_surface(mesh, "flat", subjects_dir=subjects_dir) if has_flat else None
    return FoldedBrain(surface, _folds(mesh, bg_map, subjects_dir), flat, gap)


def _kind(inflate: Inflate) -> str:
    if isinstance(inflate, bool):
        return "inflated" if inflate else "pial"
    known = [kind for kind in SURFACES if kind != "flat"]
    if inflate not in known:
        is_flat = inflate == "flat"
        hint = "; a flat map is a view: flat, flat_left, flat_right" if is_flat else did_you_mean(inflate, known)
        raise ConfigError(f"surface {quoted(inflate)} is unknown; known are {', '.join(known)}{hint}")
    return inflate


def _folds(mesh: str, bg_map: str, subjects_dir: str | Path | None) -> np.ndarray:
    if bg_map not in BACKGROUNDS:
        raise ConfigError(
            f"bg_map {quoted(bg_map)} is unknown; known are {', '.join(BACKGROUNDS)}{did_you_mean(bg_map, BACKGROUNDS)}"
        )
    if bg_map == "curvature":
        return load_overlay(mesh, "curv", subjects_dir=subjects_dir)
    depth = load_overlay(mesh, "sulc", subjects_dir=subjects_dir)
    return np.where(depth > FOLDED, 1.0, -1.0).astype(np.float32) if bg_map == "thresholded" else depth
