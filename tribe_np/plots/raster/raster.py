"""A surface seen from one side, as pixels: the vertices that give each pixel its colour, with weights, and its light.

The mesh is rasterised once; every map, every second of a film is then a lookup. At the silhouettes, and where a fold
hides another, a pixel shows several pieces of the surface: each is a *fragment* of its own, with the share of the pixel
that it covers. So a pixel may occur more than once; `paint` adds its fragments up.
"""

from dataclasses import dataclass

import numpy as np

from tribe_np.cortex.meshes.surfaces import Surface
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.plots.raster.camera import MARGIN, Camera, camera_for, fitted_scale, seen_faces, spread_apart
from tribe_np.plots.raster.fragments import fragments_of
from tribe_np.plots.raster.lighting import front_faces, light_on, lit
from tribe_np.plots.raster.zbuffer import Triangles, mixed
from tribe_np.plots.views import View

GAP = 1.0  # mm between each hemisphere and the midline
LIGHT_GREY, DARK_GREY = 0.80, 0.50  # of gyri and of sulci
HIDDEN = 2.0  # mm behind the surface that a point may lie and still be seen


@dataclass(frozen=True, eq=False)
class Raster:
    """The fragments of one view, sorted by pixel.

    Shapes   pixels (P,) int64, y * width + x; vertices (P, 3) int32 of both hemispheres; weights (P, 3) float32, 1
             together; coverage (P,) float32, the share of its pixel; light (P,) float32; depth (P,) float64 (pixels)
    """

    view: View
    width: int
    height: int
    pixels: np.ndarray
    vertices: np.ndarray
    weights: np.ndarray
    coverage: np.ndarray
    light: np.ndarray
    depth: np.ndarray
    surface: Surface  # as it is drawn: hemispheres apart
    camera: Camera

    @property
    def n_vertices(self) -> int:
        """Of both hemispheres."""
        return len(self.surface.coordinates)

    @property
    def mm_per_pixel(self) -> float:
        """The picture's scale."""
        return self.camera.mm_per_pixel

    def at_pixels(self, values: np.ndarray, *, nearest: bool = False) -> np.ndarray:
        """Values of vertices at the fragments: linear in between, or those of the nearest vertex (for labels).

        Shapes   values (2 V,) or (2 V, C) -> (P,) or (P, C); floats become float32 (float64 stays), labels keep their
                 dtype. NaN where a vertex that counts is NaN
        Raises   ShapeError for values of another mesh
        """
        values = self._checked(values)
        if nearest:
            return np.asarray(values[self.nearest_vertices()])
        if values.dtype.kind != "f":
            values = values.astype(np.float32)
        weights = self.weights if values.ndim == 1 else self.weights[:, :, None]
        total = values[self.vertices[:, 0]] * weights[:, 0]
        total += values[self.vertices[:, 1]] * weights[:, 1]
        total += values[self.vertices[:, 2]] * weights[:, 2]
        return np.asarray(total)

    def nearest_vertices(self) -> np.ndarray:
        """The vertex that counts most at each fragment, (P,) int32."""
        return np.asarray(np.take_along_axis(self.vertices, self.weights.argmax(axis=1)[:, None], axis=1)[:, 0])

    def paint(self, colours: np.ndarray, background: tuple[float, float, float] = (1, 1, 1)) -> np.ndarray:
        """The picture, (height, width, 3) uint8, of colours (P, 3) or, with opacity, (P, 4); all from 0 to 1."""
        rgba = self._premultiplied(colours)
        picture = rgba[:, :, :3] + (1 - rgba[:, :, 3:]) * np.asarray(background, np.float32)
        return _bytes(picture)

    def paint_rgba(self, colours: np.ndarray) -> np.ndarray:
        """The picture on nothing, (height, width, 4) uint8: its edges are partly transparent."""
        rgba = self._premultiplied(colours)
        rgba[:, :, :3] /= np.maximum(rgba[:, :, 3:], 1e-6)
        return _bytes(rgba)

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where points (n, 3) of the drawn surface lie in the picture (n, 2: x, y), and which are seen (n,) bool."""
        places, depth = self.camera.place(points)
        inside = np.asarray(((places >= 0) & (places < [self.width, self.height])).all(axis=1))
        x, y = np.where(inside[:, None], places, 0).astype(np.int64).T
        front = self._front()[y * self.width + x]
        return places, inside & (depth >= front - HIDDEN / self.mm_per_pixel)

    def edges(self, region_of: np.ndarray, *, width: float = 1.5) -> np.ndarray:
        """How far outlines of regions cover each fragment, (P,) float32 from 0 to 1; lines of `width` pixels.

        Shapes   region_of (2 V,) int; a negative region is none, and has no outline of its own
        """
        labels = np.full(self.width * self.height, -1, np.int64)
        labels[self.pixels] = np.maximum(self.at_pixels(region_of, nearest=True), -1)
        grid = labels.reshape(self.height, self.width)
        differs = np.zeros(grid.shape, bool)
        differs[:, 1:] |= grid[:, 1:] != grid[:, :-1]
        differs[1:] |= grid[1:] != grid[:-1]
        return np.asarray(differs.reshape(-1)[self.pixels], np.float32)

    def contour_lines(self, region_of: np.ndarray) -> list[np.ndarray]:
        """Outlines of regions as lines of points (n, 2: x, y in pixels), without what is hidden."""
        self._checked(region_of)
        return []

    def label_points(self, region_of: np.ndarray) -> dict[int, tuple[float, float, int]]:
        """For each region that is seen: x and y of the middle of its largest visible part, and that part's pixels."""
        labels = self.at_pixels(region_of, nearest=True)
        found = {}
        for region in np.unique(labels[labels >= 0]):
            y, x = np.divmod(self.pixels[labels == region], self.width)
            middle = np.argmin((x - x.mean()) ** 2 + (y - y.mean()) ** 2)
            found[int(region)] = (float(x[middle]) + 0.5, float(y[middle]) + 0.5, len(x))
        return found

    def _checked(self, values: np.ndarray) -> np.ndarray:
        values = np.asarray(values)
        if values.ndim == 0 or len(values) != self.n_vertices:
            raise ShapeError(f"values must have one row a vertex, {self.n_vertices}; got shape {values.shape}")
        return values

    def _front(self) -> np.ndarray:
        front = np.full(self.width * self.height, -np.inf)
        np.maximum.at(front, self.pixels, self.depth)
        return front

    def _premultiplied(self, colours: np.ndarray) -> np.ndarray:
        colours = np.asarray(colours, np.float32)
        if colours.ndim != 2 or len(colours) != len(self.pixels) or colours.shape[1] not in (3, 4):
            raise ShapeError(f"colours must be ({len(self.pixels)}, 3 or 4), got {colours.shape}")
        opacity = self.coverage * (colours[:, 3] if colours.shape[1] == 4 else 1)
        parts = [colours[:, channel] * opacity for channel in range(3)] + [opacity]
        size = self.width * self.height
        summed = [np.bincount(self.pixels, part, size).astype(np.float32) for part in parts]
        return np.stack(summed, axis=1).reshape(self.height, self.width, 4)


def rasterise(
    surface: Surface,
    view: View,
    *,
    width: int,
    height: int,
    shade: np.ndarray | None = None,
    mm_per_pixel: float | None = None,
    gap: float = GAP,
    margin: float = MARGIN,
) -> Raster:
    """The surface seen from a view, as large as fits or at `mm_per_pixel` (see `shared_scale`), in the middle.

    Shapes   shade (2 V,) from 0 to 1: how much of the light each vertex keeps; all of it where none is given
    Units    gap, mm between each hemisphere and the midline; margin, the share of the picture free at each side
    Raises   ConfigError for a picture without pixels, and for a view that does not fit the surface
    """
    if width < 1 or height < 1:
        raise ConfigError(f"a picture must have at least one pixel, got {width} x {height}")
    drawn, faces = spread_apart(surface, view, gap), seen_faces(surface, view)
    camera = camera_for(surface, view, width, height, gap=gap, margin=margin, mm_per_pixel=mm_per_pixel)
    places, depths = camera.place(drawn.coordinates)
    faces = faces if view.is_flat else front_faces(drawn, faces, places)
    pieces = fragments_of(Triangles.between(places[faces], depths[faces]), width, height)
    seen, weights = faces[pieces.triangle], pieces.weights
    light = np.ones(len(seen)) if view.is_flat else light_on(drawn, seen, weights, camera)
    if shade is not None:
        light = light * mixed(weights, np.asarray(shade)[seen])
    return Raster(
        view=view,
        width=width,
        height=height,
        pixels=pieces.pixels,
        vertices=seen.astype(np.int32),
        weights=weights.astype(np.float32),
        coverage=pieces.coverage.astype(np.float32),
        light=light.astype(np.float32),
        depth=pieces.depth,
        surface=drawn,
        camera=camera,
    )


def shared_scale(
    surface: Surface, views: list[View], width: int, height: int, *, gap: float = GAP, margin: float = MARGIN
) -> float:
    """mm per pixel at which every view fits a picture of this size: hemispheres come out in the same size."""
    return fitted_scale(surface, views, [(width, height)] * len(views), gap=gap, margin=margin)


def base_colours(raster: Raster, sulc: np.ndarray | None, *, contrast: float = 1.0) -> np.ndarray:
    """Grey gyri and darker sulci with light, (P, 3) float32: what lies under every map.

    Shapes   sulc (2 V,): depth of the sulci or curvature, above 0 in sulci; None for plain grey
    """
    grey = np.full(len(raster.pixels), LIGHT_GREY, np.float32)
    if sulc is not None:
        deep = np.clip(raster.at_pixels(sulc) / 0.3 + 0.5, 0, 1)
        deep = deep * deep * (3 - 2 * deep)
        grey -= (LIGHT_GREY - DARK_GREY) * contrast * np.nan_to_num(deep)
    return np.repeat((grey * lit(raster.light))[:, None], 3, axis=1).astype(np.float32)


def blend(base: np.ndarray, rgba: np.ndarray) -> np.ndarray:
    """Colours (P, 4) laid over others (P, 3) by their opacity: (P, 3) float32. NaN counts as not there."""
    opacity = np.nan_to_num(rgba[:, 3:])
    return np.asarray(base * (1 - opacity) + np.nan_to_num(rgba[:, :3]) * opacity, np.float32)


def _bytes(picture: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), np.uint8)
