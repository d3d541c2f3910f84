"""The colour maps that the page offers, those that the colour-blind can read first."""

import base64

import numpy as np

from tribe_np.optional import require

OFFERED = (
    "RdBu_r", "PuOr_r", "BrBG_r", "viridis", "cividis", "inferno", "magma", "hot", "coolwarm", "RdYlBu_r", "seismic",
    "turbo",
)  # fmt: skip
"""All but the last two keep their order for the colour-blind; those are there because papers use them."""


def colour_tables(names: tuple[str, ...] = OFFERED) -> dict[str, str]:
    """256 colours of each map as base64 of (256, 3) uint8.

    Raises   MissingDependencyError without matplotlib
    """
    matplotlib = require("matplotlib", extra="plot", why="a page with colours")
    levels = np.linspace(0, 1, 256)
    found = {}
    for name in names:
        table = np.rint(matplotlib.colormaps[name](levels)[:, :3] * 255).astype(np.uint8)
        found[name] = base64.b64encode(table.tobytes()).decode("ascii")
    return found
