"""Which hemisphere a file's name tells, and which file is the other hemisphere's.

lh.aparc.annot    sub-01_hemi-L_dseg.label.gii    S1200.L.areas.label.gii    areas_left.csv
"""

import re

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
