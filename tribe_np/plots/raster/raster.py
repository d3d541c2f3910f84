"""A surface seen from one side, as pixels: the vertices that give each pixel its colour, with weights, and its light.

The mesh is rasterised once; every map, every second of a film is then a lookup. At the silhouettes, and where a fold
hides another, a pixel shows several pieces of the surface: each is a *fragment* of its own, with the share of the pixel
that it covers. So a pixel may occur more than once; `paint` adds its fragments up.
"""

from dataclasses import dataclass

import numpy as np

from tribe_np.cortex.meshes.surfaces import Surface
from tribe_np.errors import ShapeError
from tribe_np.plots.raster.camera import (
    MARGIN,
    Camera,
    camera_for,
    check_picture,
    fitted_scale,
    seen_faces,
    spread_apart,
)
from tribe_np.plots.raster.fragments import fragments_of
from tribe_np.plots.raster.lighting import is_turned_here, light_on, lit, mean_of_neighbours
from tribe_np.plots.raster.outlines import SLACK, STEEP, boundaries, chained, line_coverage
from tribe_np.plots.raster.visible_parts import middles_of_parts
from tribe_np.plots.raster.zbuffer import Triangles, mixed
from tribe_np.plots.views import View

GAP = 1.0  # mm between each hemisphere and the midline
LIGHT_GREY, DARK_GREY = 0.86, 0.58  # of gyri and of sulci
SOFTNESS = 0.3  # of their border: the sulcal depth in which one grey becomes the other


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
        """Values of vertices at the fragments: linear in between or, for labels, that of the nearest vertices.

        Shapes   values (2 V,) or (2 V, C) -> (P,) or (P, C); floats become float32 (float64 stays), labels keep their
                 dtype. NaN where a vertex of the fragment's triangle is NaN
        Raises   ShapeError for values of another mesh
        """
        values = self.checked(values)
        if nearest:
            corner = self._weightiest(values) if values.ndim == 1 else self.weights.argmax(axis=1)
            return np.asarray(values[np.take_along_axis(self.vertices, corner[:, None], axis=1)[:, 0]])
        if values.dtype.kind != "f":
            values = values.astype(np.float32)
        weights = self.weights if values.ndim == 1 else self.weights[:, :, None]
        with np.errstate(invalid="ignore"):  # infinities
            total = values[self.vertices[:, 0]] * weights[:, 0]
            total += values[self.vertices[:, 1]] * weights[:, 1]
            total += values[self.vertices[:, 2]] * weights[:, 2]
        return np.asarray(total)

    def _weightiest(self, values: np.ndarray) -> np.ndarray:
        """Which corner of each fragment bears the value that has most of its weight, (P,): corners of one region count
        together."""
        mine = values[self.vertices]
        same = mine[:, :, None] == mine[:, None, :]
        return np.asarray((same * self.weights[:, None, :]).sum(axis=2).argmax(axis=1))

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
        return places, self._is_seen(places, depth)

    def _is_seen(self, places: np.ndarray, depth: np.ndarray) -> np.ndarray:
        inside = np.asarray(((places >= 0) & (places < [self.width, self.height])).all(axis=1))
        x, y = np.where(inside[:, None], places, 0).astype(np.int64).T
        front = np.full(self.width * self.height, np.inf)
        pixels, first = np.unique(self.pixels, return_index=True)
        front[pixels] = self.depth[first]
        return np.asarray(inside & (depth >= front[y * self.width + x] - SLACK / self.mm_per_pixel - STEEP))

    def edges(self, region_of: np.ndarray, *, width: float = 1.5) -> np.ndarray:
        """How far outlines of regions cover each fragment, (P,) float32 from 0 to 1; lines of `width` pixels.

        Shapes   region_of (2 V,) int; below 0 is no region: it has no outline of its own
        """
        points, depth, pieces = self._front_pieces(region_of)
        start, stop = pieces.T
        pixel, covered, at = line_coverage(points[start], points[stop], depth[pieces], width, self.width, self.height)
        first = np.searchsorted(self.pixels, pixel)
        count = np.searchsorted(self.pixels, pixel, side="right") - first
        hit = np.repeat(np.arange(len(pixel)), count)
        fragment = first[hit] + np.arange(len(hit)) - (np.cumsum(count) - count)[hit]
        near = np.abs(self.depth[fragment] - at[hit]) < SLACK / self.mm_per_pixel + STEEP
        lines = np.zeros(len(self.pixels))
        np.maximum.at(lines, fragment[near], covered[hit[near]])
        return lines.astype(np.float32)

    def contour_lines(self, region_of: np.ndarray) -> list[np.ndarray]:
        """Outlines of regions as lines of points (n, 2: x, y in pixels), without what is hidden: for vector pictures.

        Shapes   region_of (2 V,) int; below 0 is no region
        """
        points, depth, pieces = self._front_pieces(region_of)
        middle, at = points[pieces].sum(axis=1) / 2, depth[pieces].sum(axis=1) / 2
        return chained(points, pieces[self._is_seen(middle, at)])

    def label_points(
        self, region_of: np.ndarray, *, hemisphere: str | None = None
    ) -> dict[int, tuple[float, float, int]]:
        """For each region that is seen: x and y of the middle of its largest visible part, and that part's pixels.

        Shapes   region_of (2 V,) int; below 0 is no region. hemisphere: of one side alone, where both are seen
        """
        labels = self.at_pixels(self.checked(region_of).astype(np.int64), nearest=True)
        if hemisphere is not None:
            is_right = self.vertices[:, 0] >= self.n_vertices // 2
            labels = np.where(is_right == (hemisphere == "right"), labels, -1)
        grid = np.full(self.width * self.height, -1, np.int64)
        pixels, first = np.unique(self.pixels, return_index=True)  # the front fragment of each pixel
        grid[pixels] = labels[first]
        return middles_of_parts(grid.reshape(self.height, self.width))

    def _front_pieces(self, region_of: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Outlines in the picture: places of points (n, 2), their depths (n,), and pieces (m, 2) on faces that face the
        eye."""
        faces = seen_faces(self.surface, self.view)
        found = boundaries(self.surface.coordinates, faces, self.checked(region_of))
        points, depth = self.camera.place(found.points)
        is_front = is_turned_here(self.surface, faces, self.camera.place(self.surface.coordinates)[0])
        return points, depth, found.pieces[is_front[found.faces]]

    def checked(self, values: np.ndarray) -> np.ndarray:
        """The values, (2 V,) or (2 V, C), or ShapeError where they are of another mesh."""
        values = np.asarray(values)
        if values.ndim == 0 or len(values) != self.n_vertices:
            raise ShapeError(f"values must have one row a vertex, {self.n_vertices}; got shape {values.shape}")
        return values

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
    check_picture(width, height, margin, mm_per_pixel)
    drawn, faces = spread_apart(surface, view, gap), seen_faces(surface, view)
    camera = camera_for(surface, view, width, height, gap=gap, margin=margin, mm_per_pixel=mm_per_pixel)
    places, depths = camera.place(drawn.coordinates)
    faces = faces[is_turned_here(drawn, faces, places)]
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
    Units    contrast, of sulci to gyri: 1 as usual, 0 none
    """
    grey = np.full(len(raster.pixels), LIGHT_GREY, np.float32)
    if sulc is not None:
        depth = raster.at_pixels(mean_of_neighbours(raster.checked(sulc), raster.surface.faces))
        deep = np.nan_to_num(np.clip(depth / SOFTNESS + 0.5, 0, 1))  # where it is not known, as a gyrus
        grey -= (LIGHT_GREY - DARK_GREY) * contrast * deep * deep * (3 - 2 * deep)
    return np.repeat((grey * lit(raster.light))[:, None], 3, axis=1).astype(np.float32)


def blend(base: np.ndarray, rgba: np.ndarray) -> np.ndarray:
    """Colours (P, 4) laid over others (P, 3) by their opacity: (P, 3) float32. NaN counts as not there."""
    opacity = np.nan_to_num(rgba[:, 3:])
    return np.asarray(base * (1 - opacity) + np.nan_to_num(rgba[:, :3]) * opacity, np.float32)


def _bytes(picture: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), np.uint8)
