"""Parcellations that have a name of their own: what they are called here, and in the files of others.

hcp-mmp1, schaefer-400-7 (100 to 1000 regions, 7 or 17 networks, or kong17), destrieux, desikan, yeo-7, yeo-17,
lausanne-1 to lausanne-5, brainnetome. A file is recognised by its name without the hemisphere, the template, the
density and the end of it: `lh.HCP-MMP1.annot` and `tpl-fsaverage_hemi-L_den-164k_atlas-HCPMM1_dseg.label.annot` are
both hcp-mmp1.
"""

import re
from collections.abc import Collection

PLAIN_NAMES = {
    "hcp-mmp1": r"hcp[-_]?mm?p?1(\.0)?|glasser(2016|[-_]?360)?|hcp-multi-modal-parcellation",
    "destrieux": r"aparc\.a2009s|destrieux(2009|2010)?(\.a2009s)?",
    "desikan": r"aparc|desikan(2006)?(_seg-aparc)?|desikan-?killiany",
    "brainnetome": r"brainnetome|bn_atlas",
}
"""What a file is called, in lower case and without its decorations."""
LAUSANNE_SCALES = range(1, 6)
SCHAEFER_SIZES = range(100, 1001, 100)
NETWORKS = ("7", "17", "kong17")
ALIASES = {
    "hcp": "hcp-mmp1", "hcpmmp1": "hcp-mmp1", "hcp_mmp1": "hcp-mmp1", "glasser": "hcp-mmp1",
    "aparc": "desikan", "desikan-killiany": "desikan", "a2009s": "destrieux", "aparc.a2009s": "destrieux",
}  # fmt: skip
IN_SHORT = (
    "hcp-mmp1, schaefer-400-7 (100 to 1000 regions, 7, 17 or kong17 networks), destrieux, desikan, yeo-7, yeo-17, "
    "lausanne-1 to lausanne-5, brainnetome"
)
DECORATIONS = (
    re.compile(r"^(tpl|space)-[a-z0-9]+_"), re.compile(r"^\*[._-]?|(?<=_)\*_|(?<=[._])\*[._]|[._-]\*$"),
    re.compile(r"(^|_)den-[0-9a-z]+(?=_|$)"), re.compile(r"^_"), re.compile(r"^(atlas|desc)-"), re.compile(r"_dseg$"),
)  # fmt: skip
SUFFIXES = (".label.annot", ".annot", ".label.gii", ".gii", ".dlabel.nii", ".csv", ".tsv")


def _schaefer(size: int, networks: str) -> str:
    number = networks.removeprefix("kong")
    in_name = f"kong2022_{number}" if networks != number else number
    return rf"schaefer(2018)?_({size}parcels_{in_name}networks(_order)?|seg-{networks}n_scale-{size})"


PATTERNS = {
    **{name: re.compile(pattern) for name, pattern in PLAIN_NAMES.items()},
    **{f"yeo-{n}": re.compile(rf"yeo2011_({n}networks_n1000|seg-{n}n)") for n in ("7", "17")},
    **{f"lausanne-{n}": re.compile(rf"lausanne2018_scale-{n}") for n in LAUSANNE_SCALES},
    **{
        f"schaefer-{size}-{networks}": re.compile(_schaefer(size, networks))
        for size in SCHAEFER_SIZES
        for networks in NETWORKS
    },
}
"""How the files of each parcellation are called; each is called by its own name too."""


TELLING = {
    "hcp-mmp1": {"FFC", "TE1a", "POS1", "LIPv"}, "desikan": {"bankssts", "parsopercularis", "pericalcarine"},
    "destrieux": {"S_calcarine", "G_cuneus", "G_and_S_paracentral"},
}  # fmt: skip
"""Regions that no other of these parcellations has."""
TELLING_FORMS = {"schaefer": re.compile(r"\d+networks_[lr]h_.+", re.I), "yeo": re.compile(r"\d+networks_\d+", re.I)}
ALSO = {"lausanne": "desikan"}  # whose regions it divides


def family_of_regions(regions: Collection[str]) -> str | None:
    """The parcellation that regions are surely of, without its size; None where they tell none.

    >>> family_of_regions(["V1", "FFC", "TE1a", "POS1", "LIPv"]), family_of_regions(["7Networks_1"])
    ('hcp-mmp1', 'yeo')
    """
    found = next((name for name, telling in TELLING.items() if telling <= set(regions)), None)
    forms = (form for form, pattern in TELLING_FORMS.items() if all(map(pattern.fullmatch, regions)))
    return found or (next(forms, None) if regions else None)


def is_called_wrongly(name: str, regions: Collection[str]) -> bool:
    """Whether regions are surely not those of the parcellation of a known name."""
    family, told = name if name in PLAIN_NAMES else name.partition("-")[0], family_of_regions(regions)
    return told is not None and told not in (family, ALSO.get(family))


def known_name(text: str) -> str | None:
    """The parcellation that a text names; None where it names none.

    >>> known_name("HCP-MMP1"), known_name("schaefer-400-7"), known_name("lh.annot")
    ('hcp-mmp1', 'schaefer-400-7', None)
    """
    name = text.strip().lower()
    name = ALIASES.get(name, name)
    return name if name in PATTERNS else None


def stem(file_name: str) -> str:
    """A file's name without its end, its hemisphere (`*`) and other decorations, in lower case.

    >>> stem("tpl-fsaverage_*_den-164k_atlas-HCPMM1_dseg.label.annot"), stem("*.aparc.annot")
    ('hcpmm1', 'aparc')
    """
    name = _without_end(file_name).lower()
    for decoration in DECORATIONS:
        name = decoration.sub("", name)
    return name


def _without_end(file_name: str) -> str:
    return next((file_name[: -len(end)] for end in SUFFIXES if file_name.lower().endswith(end)), file_name)


def shown_name(file_name: str, regions: Collection[str] = ()) -> str:
    """What a parcellation is called after a file (`*` for its hemisphere): its known name, or the file's.

    >>> shown_name("*.aparc.annot"), shown_name("S1200.*.MyAreas.label.gii")
    ('desikan', 'S1200.MyAreas')
    """
    known = name_of_file(file_name)
    if known and not is_called_wrongly(known, regions):
        return known
    return re.sub(r"[._-]?\*", "", _without_end(file_name)).strip("._- ") or "areas"


def name_of_file(file_name: str) -> str | None:
    """The parcellation that a file's name (`*` for its hemisphere) tells; None where it tells none.

    >>> name_of_file("*.Schaefer2018_400Parcels_7Networks_order.annot")
    'schaefer-400-7'
    """
    core = stem(file_name)
    return next((name for name, pattern in PATTERNS.items() if core == name or pattern.fullmatch(core)), None)
