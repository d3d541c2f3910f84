"""A colour for every place of the cortex, the same on both sides: what shows that views and meshes fit each other.

Source   tribev2 7239908 plotting.utils.get_rainbow_brain
"""

from pathlib import Path

import numpy as np

from tribe_np.cortex.meshes.surfaces import load_surface
from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.errors import ConfigError
from tribe_np.optional import require
from tribe_np.shown import quoted

SATURATION = 0.9
DARKEST, BRIGHTER = 0.8, 0.3  # of what lies lowest; what is added towards the top, as far as 1


def get_rainbow_brain(
    mesh: str = "fsaverage5", hemi: str = "both", *, subjects_dir: str | Path | None = None
) -> np.ndarray:
    """Colours of the vertices of "left", "right" or "both": hue by longitude on the sphere, brighter towards the top.

    Shapes   -> (V, 3) or (2 V, 3) float64 in 0..1
    Raises   ConfigError for another hemisphere; MeshError where the sphere is not found
    """
    if hemi not in (*HEMISPHERES, "both"):
        raise ConfigError(f"hemi {quoted(hemi)} is unknown; known are left, right and both")
    to_rgb = require("matplotlib.colors", extra="plot", why="get_rainbow_brain").hsv_to_rgb
    sphere = load_surface(mesh, "sphere", subjects_dir=subjects_dir)
    x, y, z = (sphere.coordinates if hemi == "both" else sphere.hemisphere(hemi)[0]).T
    hue = (np.arctan2(y, x if hemi == "left" else -x) + np.pi) / (2 * np.pi)
    height = (z - z.min()) / (z.max() - z.min() + 1e-8)
    value = np.clip(DARKEST + height * BRIGHTER, 0, 1)
    colours: np.ndarray = to_rgb(np.stack([hue, np.full_like(hue, SATURATION), value], axis=1))
    return colours
