"""The colour maps that the page offers, those that the colour-blind can read first."""

import numpy as np

from tribe_np.plots.colours.colour_maps import SAFE_COLOUR_MAPS, colour_map
from tribe_np.plots.pages.packing import text_of

ALSO_OFFERED = ("BrBG_r", "hot", "coolwarm", "seismic", "turbo")  # papers use them


def colour_tables() -> dict[str, str]:
    """256 colours of each map as base64 of (256, 3) uint8.

    Raises   MissingDependencyError without matplotlib
    """
    names = (*SAFE_COLOUR_MAPS, *ALSO_OFFERED)
    return {name: text_of(np.rint(colour_map(name).table[:, :3] * 255).astype(np.uint8).tobytes()) for name in names}
