"""Names of regions out of the labels of a file: which spelling a hemisphere's labels have, and what they then mean.

    L_V1_ROI       HCP-MMP1 of FreeSurfer's tools           V1 of the left hemisphere
    L_V1_ROI-lh    the same, written by MNE
    V1-lh          MNE
    lh.V1          also ctx-lh-V1, left_V1
    L_V1, V1_L     Workbench, Brainnetome
    V1             plain: nothing is taken off but blanks at the ends

A name is shortened only where all the labels of the hemisphere have the spelling; labels of two spellings are refused,
for one region would otherwise have two names. 7Networks_LH_Vis_1 (Schaefer) stays whole: region 1 of the left
hemisphere is another one than region 1 of the right.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tribe_np.errors import ParcellationError
from tribe_np.formats.annotation import SIDES
from tribe_np.shown import quoted

NO_REGION_NAMES = {
    "", "unknown", "undefined", "unlabeled", "none", "nan", "n_a", "medialwall", "medial_wall", "background",
    "freesurfer_defined_medial_wall", "background_freesurfer_defined_medial_wall",
    "corpuscallosum", "corpus_callosum",  # of Desikan's table: no cortex
}  # fmt: skip
"""Labels that are no area, in lower case and with `_` for everything else; so is any number of question marks."""


@dataclass(frozen=True)
class Spelling:
    """A way of writing the hemisphere into a label."""

    example: str
    pattern: re.Pattern[str]
    is_certain: bool = True  # False: an ordinary name may look like it


LABEL_SPELLINGS = (
    Spelling("L_V1_ROI-lh", re.compile(r"(?P<side>[LR])_(?P<name>.+)_ROI-(?P<again>lh|rh)")),
    Spelling("L_V1_ROI", re.compile(r"(?P<side>[LR])_(?P<name>.+)_ROI")),
    Spelling("V1-lh", re.compile(r"(?P<name>.+)-(?P<side>lh|rh)")),
    Spelling("lh.V1", re.compile(r"(?:ctx[-_.])?(?P<side>lh|rh|LH|RH)[-_.](?P<name>.+)")),
    Spelling("left_V1", re.compile(r"(?P<side>left|right|Left|Right)[-_. ](?P<name>.+)")),
    Spelling("L_V1", re.compile(r"(?P<side>[LR])[-_. ](?P<name>.+)"), is_certain=False),
    Spelling("V1_L", re.compile(r"(?P<name>.+)[-_. ](?P<side>[LR]|lh|rh|LH|RH|left|right|Left|Right)"), False),
)
PLAIN = Spelling("V1", re.compile(r"(?P<name>.*)", re.DOTALL))
APART = re.compile(r"\d+[Nn]etworks_(?P<side>LH|RH)_.+")
"""Schaefer's names, which hold the hemisphere and are kept whole."""


@dataclass(frozen=True)
class NamedLabels:
    """What the labels of one hemisphere mean."""

    spelling: Spelling
    side: str | None  # the hemisphere that the names tell, where they do
    region_of: dict[str, str]  # region by label; labels that are no area are left out


def is_no_region(label: str) -> bool:
    """Whether a label means that its vertices lie in no area: the medial wall, the unknown, an empty name.

    >>> [is_no_region(label) for label in ("???", "L_???_ROI", "Medial_wall", "ctx-lh-unknown", "V1")]
    [True, True, True, True, False]
    """
    inner = [found["name"] for spelling in LABEL_SPELLINGS if (found := spelling.pattern.fullmatch(label.strip()))]
    return any(_means_nothing(name) for name in (label, *inner))


def _means_nothing(name: str) -> bool:
    return set(name.strip()) <= {"?"} or re.sub(r"[\W_]+", "_", name).strip("_").lower() in NO_REGION_NAMES


def named_labels(labels: Sequence[str], origin: str) -> NamedLabels:
    """The spelling of the labels that vertices of one hemisphere have, and the region of each; `origin` is for errors.

    Raises   ParcellationError for labels of two spellings, of both hemispheres, or that become the same name
    """
    areas = {label: label.strip() for label in labels if not is_no_region(label)}
    spelling, side = _spelling(list(areas.values()), origin)
    matched = {label: spelling.pattern.fullmatch(text) for label, text in areas.items()}
    region_of = {label: found["name"].strip() for label, found in matched.items() if found}
    by_region: dict[str, str] = {}
    for label, region in region_of.items():
        if by_region.setdefault(region, label) != label:
            raise ParcellationError(
                f"{origin}: its labels {quoted(by_region[region])} and {quoted(label)} both come to the name {region}"
            )
    return NamedLabels(spelling, side or _side_apart(list(by_region), origin), region_of)


def _spelling(areas: list[str], origin: str) -> tuple[Spelling, str | None]:
    """The spelling that all have, and the hemisphere it tells."""
    for spelling in LABEL_SPELLINGS if areas else ():
        matched = [found for area in areas if (found := spelling.pattern.fullmatch(area))]
        sides = {SIDES[found[group].lower()] for found in matched for group in _groups(spelling)}
        if len(matched) == len(areas) and len(sides) == 1:
            return spelling, sides.pop()
        if len(matched) == len(areas) and spelling.is_certain:
            raise ParcellationError(f"{origin}: its labels name both hemispheres, such as {_some(areas)}")
        if len(matched) < len(areas) and ((spelling.is_certain and matched) or 2 * len(matched) > len(areas)):
            others = [area for area in areas if not spelling.pattern.fullmatch(area)]
            raise ParcellationError(
                f"{origin}: {len(matched)} of its {len(areas)} labels are spelled like {spelling.example}, "
                f"but not {_some(others)}; the labels of a hemisphere must be spelled alike"
            )
    return PLAIN, None


def _groups(spelling: Spelling) -> list[str]:
    return [group for group in ("side", "again") if group in spelling.pattern.groupindex]


def _side_apart(regions: list[str], origin: str) -> str | None:
    matched = [found for region in regions if (found := APART.fullmatch(region))]
    sides = {SIDES[found["side"].lower()] for found in matched}
    if len(sides) == 2:
        raise ParcellationError(f"{origin}: its labels name both hemispheres, such as {_some(regions)}")
    return sides.pop() if matched and len(matched) == len(regions) else None


def _some(names: Sequence[str]) -> str:
    return ", ".join(quoted(name) for name in names[:3]) + (", ..." if len(names) > 3 else "")
