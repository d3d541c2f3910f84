"""Which hemisphere a file's name tells, and which file is the other hemisphere's.

lh.aparc.annot    sub-01_hemi-L_dseg.label.gii    S1200.L.areas.label.gii    areas_left.csv
"""

import re
from collections.abc import Iterable

from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.formats.annotation import SIDES

_EDGE = r"(?=[._\-\s]|$)"
_START = r"(?:^|(?<=[._\-\s]))"
MARKS = (
    re.compile(rf"{_START}hemi-(?P<side>l|r|lh|rh|left|right){_EDGE}", re.IGNORECASE),
    re.compile(rf"{_START}(?P<side>lh|rh){_EDGE}", re.IGNORECASE),
    re.compile(rf"{_START}(?P<side>left|right){_EDGE}", re.IGNORECASE),
    re.compile(rf"{_START}(?P<side>[LR]){_EDGE}"),
)
"""From the surest to the least; the first that a name has decides."""


def hemisphere_of(name: str) -> str | None:
    """The hemisphere that a file's name tells; None where it tells none, or both.

    >>> [hemisphere_of(name) for name in ("lh.aparc.annot", "a_hemi-R_dseg.label.gii", "areas.annot")]
    ['left', 'right', None]
    """
    return marked(name)[0]


def marked(name: str) -> tuple[str | None, str]:
    """The hemisphere that a file's name tells, and the name with `*` for the mark, the same for both hemispheres.

    >>> marked("lh.aparc.annot")
    ('left', '*.aparc.annot')
    """
    for mark in MARKS:
        sides = {SIDES[found["side"].lower()] for found in mark.finditer(name)}
        if len(sides) == 1:
            return sides.pop(), mark.sub("*", name)
        if sides:
            break
    return None, name


def counterpart(name: str, others: Iterable[str]) -> str | None:
    """The name among others that differs in nothing but the mark of the hemisphere; None where there is none.

    >>> counterpart("lh.a.mgh", ["lh.a.mgh", "rh.b.mgh", "rh.a.mgh"])
    'rh.a.mgh'
    """
    side, key = marked(name)
    if side is None:
        return None
    wanted = next(each for each in HEMISPHERES if each != side), key
    return next((other for other in others if marked(other) == wanted), None)
