"""Where the cortex must be on the canvas, worked out in Python from nilearn's surfaces: no code of the page is used.

The page's camera is orthographic and turned as nilearn counts (azimuth 0 looks from the right, 180 from the left). Its
scale and the middle of its picture are not assumed: they are fitted to where the page says that some vertices are, and
the fit must be exact to a fraction of a pixel, which a wrong axis, a mirrored side or a perspective never is.
"""

from dataclasses import dataclass

import numpy as np

from tests.browser.chromium import Browser
from tests.browser.planted import HALF, N_VERTICES, surface

GAP = 3.0  # mm of each hemisphere to the midline, on the page
EXACT = 0.5  # pixels
KINDS = ("pial", "inflated", "flat")
NONE = -1


@dataclass(frozen=True, eq=False)
class SeenCortex:
    """Where every vertex is on the canvas."""

    places: np.ndarray  # (V, 3): pixels to the right, pixels down, mm towards the viewer
    faces: np.ndarray  # (n, 3)
    points: np.ndarray  # (V, 3) mm
    pixels: float  # a mm
    low: np.ndarray  # (n, 2): of each face, on the canvas
    high: np.ndarray

    def face_at(self, x: float, y: float) -> tuple[int, np.ndarray]:
        """The foremost face under a point of the canvas (NONE for the background), and its weights."""
        near = np.flatnonzero(((self.low <= [x, y]) & (self.high >= [x, y])).all(axis=1))
        a, b, c = (self.places[self.faces[near, corner]] for corner in range(3))
        area = cross(b - a, c - a)
        weights = np.stack([cross(b - [x, y, 0], c - [x, y, 0]), cross(c - [x, y, 0], a - [x, y, 0])], 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            weights = weights / area[:, None]
        weights = np.concatenate([weights, 1 - weights.sum(axis=1, keepdims=True)], axis=1)
        inside = (weights >= 0).all(axis=1) & (area < 0)  # y points down: what faces the viewer turns the other way
        if not inside.any():
            return NONE, np.zeros(3)
        depth = np.where(inside, (weights * np.stack([a[:, 2], b[:, 2], c[:, 2]], 1)).sum(axis=1), -np.inf)
        found = int(depth.argmax())
        return int(near[found]), weights[found]

    def vertex_at(self, x: float, y: float) -> int:
        """The vertex of what is seen at a point that is nearest to it; NONE for the background."""
        face, weights = self.face_at(x, y)
        if face == NONE:
            return NONE
        corners = self.faces[face]
        hit = weights @ self.points[corners]
        return int(corners[((self.points[corners] - hit) ** 2).sum(axis=1).argmin()])

    def sampled(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of pixels (n, 2), by column and row, those that show cortex: pixels, corners (m, 3), weights."""
        found = [self.face_at(x + 0.5, y + 0.5) for x, y in pixels]
        on = np.array([face != NONE for face, _ in found], bool)
        faces = np.array([face for face, _ in found], int)[on]
        return pixels[on], self.faces[faces], np.array([weights for _, weights in found]).reshape(-1, 3)[on]


def cross(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Twice the area of two edges on the canvas."""
    return one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]


def axes_of(azimuth: float, elevation: float) -> np.ndarray:
    """Rows: to the right, up, towards the viewer."""
    a, e = np.radians([azimuth, elevation])
    towards = np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    right = np.array([-np.sin(a), np.cos(a), 0.0])
    return np.stack([right, np.cross(towards, right), towards])


def page_places(browser: Browser, vertices: np.ndarray) -> np.ndarray:
    """Where the page says that vertices are (n, 3): pixels, pixels, whether they are seen."""
    script = "return arguments[0].map(vertex => tribePage.scene.screenPosition(vertex).map(Number))"
    return np.array(browser.js(script, [int(vertex) for vertex in vertices]))


def seen_cortex(browser: Browser, kind: str) -> SeenCortex:
    """The cortex as it must be seen now, in a shape; the page's own places of some vertices must agree."""
    camera = browser.js("return tribePage.scene.camera")
    whole = surface(kind)
    points = whole.apart(GAP).coordinates.astype(float)
    faces = whole.faces
    side = camera.get("side", "both")
    if side != "both":
        faces = faces[(faces[:, 0] < HALF) == (side == "left")]
    axes = np.eye(3) if kind == "flat" else axes_of(camera["azimuth"], camera["elevation"])
    turned = points @ axes.T
    some = np.random.default_rng(0).choice(np.unique(faces), 60, replace=False)
    said = page_places(browser, some)[:, :2] * [1, -1]
    # one scale, and a middle; the flat maps lie apart as the page likes, so each has a middle of its own
    group = (some >= HALF).astype(int) if kind == "flat" else np.zeros(len(some), int)
    n_groups = group.max() + 1
    rows = np.zeros((2 * len(some), 1 + 2 * n_groups))
    rows[:, 0] = turned[some, :2].ravel()
    for axis in range(2):
        rows[np.arange(len(some)) * 2 + axis, 1 + 2 * group + axis] = 1
    fitted = np.linalg.lstsq(rows, said.ravel(), rcond=None)[0]
    misfit = np.abs(rows @ fitted - said.ravel()).max()
    assert misfit < EXACT, f"the page draws {kind} elsewhere than nilearn's surface is: {misfit:.2f} pixels off"
    assert fitted[0] > 0
    shift = fitted[1:].reshape(n_groups, 2)
    group_of = (np.arange(N_VERTICES) >= HALF).astype(int) if kind == "flat" else np.zeros(N_VERTICES, int)
    places = np.column_stack([(turned[:, :2] * fitted[0] + shift[group_of]) * [1, -1], turned[:, 2]])
    if kind == "flat":
        places[:, 2] = points[:, 2] = 0
    corners = places[faces, :2]
    return SeenCortex(places, faces, points, float(fitted[0]), corners.min(axis=1), corners.max(axis=1))
