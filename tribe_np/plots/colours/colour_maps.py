"""Colour maps by name, as tables of 256 colours: matplotlib's, and those of seaborn and colorcet where installed.

Source   tribev2 7239908 plotting.utils.get_cmap and get_alpha_cmap: the order of the packages, what is transparent.
         Upstream fades only "seismic" and "bwr" from the middle outwards; here every diverging map does
"""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError
from tribe_np.optional import require
from tribe_np.shown import did_you_mean, quoted

DIVERGING, SEQUENTIAL = "RdBu_r", "inferno"  # defaults: both are told apart without red or green cones
SAFE_COLOUR_MAPS = ("RdBu_r", "PuOr_r", "inferno", "cividis", "viridis", "magma")  # for people who see fewer colours
N_COLOURS = 256
WHY = "a colour map"
TWO_SIDED = frozenset({
    "PiYG", "PRGn", "BrBG", "PuOr", "RdGy", "RdBu", "RdYlBu", "RdYlGn", "Spectral", "coolwarm", "bwr", "seismic",
    "berlin", "managua", "vanimo", "vlag", "icefire", "bkr", "bky", "bjy", "bwy", "cwr", "gwv", "diverging",
})  # fmt: skip
ELSEWHERE = {  # what people ask for, and the package that has it
    "seaborn": ("rocket", "mako", "icefire", "vlag", "flare", "crest"),
    "colorcet": (
        "fire",
        "bmy",
        "bgy",
        "bmw",
        "bgyw",
        "kbc",
        "kgy",
        "blues",
        "rainbow",
        "isolum",
        "glasbey",
        "bjy",
        "cwr",
    ),
}


@dataclass(frozen=True, eq=False)
class ColourMap:
    """Colours from low to high, (256, 4) float64 in 0..1; a diverging one means nothing in its middle.

    Shapes   listed (n, 4): each colour once, of a map of so many colours
    """

    name: str
    table: np.ndarray
    is_diverging: bool
    listed: np.ndarray


def colour_map(cmap: Any) -> ColourMap:
    """The map of a name or of a matplotlib Colormap.

    Raises   ConfigError for a name that no installed package knows; MissingDependencyError without matplotlib
    """
    if isinstance(cmap, ColourMap):
        return cmap
    known = require("matplotlib", extra="plot", why=WHY).colormaps
    found = _named(cmap, known) if isinstance(cmap, str) else cmap
    if not callable(found):
        raise ConfigError(f"expected the name of a colour map or a matplotlib Colormap, got {quoted(cmap)}")
    name = str(getattr(found, "name", "a colour map"))
    table = np.asarray(found(np.linspace(0, 1, N_COLOURS)), np.float64)
    listed = np.asarray(found(np.arange(getattr(found, "N", N_COLOURS))), np.float64)
    return ColourMap(cmap if isinstance(cmap, str) else name, table, _is_diverging(name), listed)


def alpha_ramp(n: int, threshold: float = 0, scale: float = 1, *, symmetric: bool = False) -> np.ndarray:
    """How opaque each of n colours is: not at all up to `threshold` of the way, then more, wholly `scale` later.

    Shapes   -> (n,) float64 in 0..1; symmetric: the way begins in the middle and goes to both ends
    Raises   ConfigError for a threshold outside 0..1 or a negative scale
    Source   tribev2 7239908 plotting.utils.get_alpha_cmap, which has n = 1024
    """
    if not (0 <= threshold <= 1 and scale >= 0):
        raise ConfigError(
            f"what fades is (threshold, scale), fractions of the colour map: threshold within 0..1 and scale not "
            f"negative, got ({threshold}, {scale})"
        )
    first, last = int(threshold * (n - 1)), int((threshold + scale) * (n - 1))
    alpha = np.ones(n)
    alpha[:first] = 0
    alpha[first:last] = np.linspace(0, 1, last - first)[: n - first]
    return np.concatenate([alpha[::-2], alpha[::2]]) if symmetric else alpha


def _named(name: str, known: Any) -> Any:
    if name in known:
        return known[name]
    names = list(known)
    for package, theirs in ELSEWHERE.items():
        if find_spec(package) is not None:
            room = require(package, why=WHY, install=f"pip install {package}").cm
            maps = dict(room) if isinstance(room, dict) else vars(room)
            if callable(maps.get(name)):
                return maps[name]
            names += [name for name in maps if not name.startswith("_")]
        elif name.removesuffix("_r") in theirs:
            raise ConfigError(f"colour map {quoted(name)} comes with {package}: pip install {package}")
    raise ConfigError(
        f"colour map {quoted(name)} is unknown{did_you_mean(name, names)}; safe for colour-blind readers are "
        f"{', '.join(SAFE_COLOUR_MAPS)}"
    )


def _is_diverging(name: str) -> bool:
    plain = name.removesuffix("_r").removeprefix("cet_")
    return plain in TWO_SIDED or plain.startswith("diverging") or plain.rstrip("0123456789A") == "CET_D"
