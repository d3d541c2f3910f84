"""The colour maps that the page offers, those that the colour-blind can read first."""

import numpy as np

from tribe_np.plots.colours.colour_maps import SAFE_COLOUR_MAPS, colour_map
from tribe_np.plots.pages.packing import text_of

OFFERED = (*SAFE_COLOUR_MAPS, "BrBG_r", "hot", "coolwarm", "seismic", "turbo")  # papers use the others


def colour_tables() -> dict[str, str]:
    """256 colours of each map as base64 of (256, 3) uint8.

    Raises   MissingDependencyError without matplotlib
    """
    tables = {name: np.rint(colour_map(name).table[:, :3] * 255).astype(np.uint8) for name in OFFERED}
    return {name: text_of(table.tobytes()) for name, table in tables.items()}


def diverging_maps() -> list[str]:
    """Those of them whose middle is the colour of little: figures fade them on both sides of it, and so does the page.

    Raises   MissingDependencyError without matplotlib
    """
    return [name for name in OFFERED if colour_map(name).is_diverging]
