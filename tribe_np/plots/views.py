"""From where the cortex is looked at: upstream's names and angles, the sides of flat maps, and angles of one's own.

Angles are matplotlib's and nilearn's, in degrees: elevation above the plane of x and y, azimuth about z. At (0, 180)
the eye is at the left, at (0, 90) before the face. From straight above and below ("dorsal", "ventral") the frontal pole
is on the picture's right, as upstream shows it through nilearn; (90, -90) has it on top. nilearn's own "ventral" is
turned by half a turn: its elevation of 270 meets a rounding of matplotlib's.
Source   tribev2 7239908 plotting.cortical.VIEW_DICT; nilearn 0.12 MATPLOTLIB_VIEWS
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from tribe_np.errors import ConfigError
from tribe_np.shown import did_you_mean, quoted

BOTH_SIDES = ("left", "right")


@dataclass(frozen=True)
class View:
    """What is shown and from where; the eye is infinitely far.

    Units    degrees
    """

    name: str
    hemispheres: tuple[str, ...]
    elevation: float
    azimuth: float
    is_flat: bool = False  # of the flat map, seen from straight above


_ANGLES = {
    "left": (0.0, 180.0),
    "right": (0.0, 0.0),
    "medial_left": (0.0, 0.0),
    "medial_right": (0.0, 180.0),
    "dorsal": (90.0, 0.0),
    "ventral": (-90.0, 0.0),
    "anterior": (0.0, 90.0),
    "posterior": (0.0, -90.0),
    "posterior_left": (0.0, -135.0),
    "posterior_right": (0.0, -45.0),
    "posterior_ventral": (-45.0, -90.0),
    "posterior_ventral_left": (-10.0, -135.0),
    "lateral_left": (0.0, 180.0),
    "lateral_right": (0.0, 0.0),
    "flat_left": (90.0, -90.0),
    "flat_right": (90.0, -90.0),
}
_OF_ONE_SIDE = {
    name: (name.rpartition("_")[2],)
    for name in (
        "left",
        "right",
        "lateral_left",
        "lateral_right",
        "medial_left",
        "medial_right",
        "flat_left",
        "flat_right",
    )
}
VIEWS = {
    name: View(name, _OF_ONE_SIDE.get(name, BOTH_SIDES), *angles, is_flat=name.startswith("flat"))
    for name, angles in _ANGLES.items()
}
VIEW_PAIRS = {kind: (f"{kind}_left", f"{kind}_right") for kind in ("lateral", "medial", "flat")}


def view_of(name: str | tuple[float, float] | View) -> View:
    """The view of a name, or of a pair of elevation and azimuth in degrees (both hemispheres).

    Raises   ConfigError for an unknown name, and for what is no pair of numbers

    >>> view_of("medial_left").azimuth
    0.0
    >>> view_of((30, -60)).hemispheres
    ('left', 'right')
    """
    if isinstance(name, View):
        return name
    if isinstance(name, str):
        if name in VIEWS:
            return VIEWS[name]
        if name in VIEW_PAIRS:
            raise ConfigError(f"view {name} is two views; expected one of them, {' or '.join(VIEW_PAIRS[name])}")
        known = (*VIEW_PAIRS, *VIEWS)
        raise ConfigError(f"view {quoted(name)} is unknown; known are {', '.join(known)}{did_you_mean(name, known)}")
    try:
        elevation, azimuth = (float(angle) for angle in name)
    except (TypeError, ValueError):
        raise ConfigError(f"view {quoted(name)} is neither a name nor a pair (elevation, azimuth) in degrees") from None
    if not (isfinite(elevation) and isfinite(azimuth)):
        raise ConfigError(f"view {quoted(name)}: elevation and azimuth must be finite numbers of degrees")
    return View(f"{elevation:g},{azimuth:g}", BOTH_SIDES, elevation, azimuth)


def views_named(names: Sequence[str | tuple[float, float] | View]) -> tuple[View, ...]:
    """The views of several names in order; "lateral", "medial" and "flat" stand for the left and the right one.

    Raises   ConfigError as `view_of`, and where no name is given

    >>> [view.name for view in views_named(["lateral", "dorsal"])]
    ['lateral_left', 'lateral_right', 'dorsal']
    """
    names = [names] if isinstance(names, str) else list(names)
    if not names:
        raise ConfigError(f"no view is named; known are {', '.join((*VIEWS, *VIEW_PAIRS))}")
    spread = [one for name in names for one in (VIEW_PAIRS.get(name, (name,)) if isinstance(name, str) else (name,))]
    return tuple(view_of(name) for name in spread)
