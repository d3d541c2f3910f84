"""Named regions of the cortex: which region each vertex lies in, and the vertices of regions asked for by name.

Source   tribev2 7239908 utils.get_hcp_roi_indices
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tribe_np.cortex.parcellations.label_names import LABEL_SPELLINGS
from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.errors import ConfigError
from tribe_np.shown import quoted

NO_REGION = -1


@dataclass(frozen=True)
class ParcellationFile:
    """A file that a parcellation was read from, as run.json names it."""

    path: Path
    sha256: str

    def as_dict(self) -> dict[str, str]:
        """As run.json and sidecars hold it."""
        return {"path": str(self.path), "sha256": self.sha256}


@dataclass(frozen=True, eq=False)
class Parcellation:
    """Regions by name on both hemispheres; a region of both has one name.

    Shapes   region_of (2 V,) indices into `regions`, NO_REGION where a vertex has none; left hemisphere first
    """

    name: str
    regions: tuple[str, ...]
    region_of: np.ndarray
    files: tuple[ParcellationFile, ...] = ()
    is_cut: bool = False  # the first vertices of a finer mesh

    @property
    def per_hemisphere(self) -> int:
        """Vertices of one hemisphere."""
        return len(self.region_of) // 2

    def vertices(self, region: str, hemisphere: str = "both") -> np.ndarray:
        """Ascending vertices (n,) of one region, of "left", "right" or "both"; none where a hemisphere lacks it.

        Raises   ConfigError for an unknown region or hemisphere
        """
        if region not in self.regions:
            raise self._unknown(region)
        found = np.flatnonzero(self.region_of == self.regions.index(region))
        if hemisphere == "both":
            return found
        if hemisphere not in HEMISPHERES:
            raise ConfigError(f"hemisphere {quoted(hemisphere)} is unknown; known are left, right and both")
        is_right = found >= self.per_hemisphere
        return found[is_right if hemisphere == "right" else ~is_right]

    def matching(self, pattern: str) -> list[str]:
        """The regions that a name means: `V*` matches a prefix, `*a` a suffix, anything else exactly.

        Raises   ConfigError where nothing matches, and for what is no text
        """
        if not isinstance(pattern, str):
            raise ConfigError(f"a region is named by a text such as 'V1', got {quoted(pattern)}")
        if pattern.endswith("*"):
            found = [region for region in self.regions if region.startswith(pattern[:-1])]
        elif pattern.startswith("*"):
            found = [region for region in self.regions if region.endswith(pattern[1:])]
        else:
            found = [region for region in self.regions if region == pattern]
        if not found:
            raise self._unknown(pattern)
        return found

    def indices(self, names: Sequence[str], hemisphere: str = "both") -> np.ndarray:
        """Vertices of the named regions in the order asked for, repeats kept.

        Raises   ConfigError for a name that matches nothing
        """
        found = [self.vertices(region, hemisphere) for name in names for region in self.matching(name)]
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    def _unknown(self, name: str) -> ConfigError:
        near = nearest(name, self.regions)
        some = ", ".join(quoted(region) for region in near or self.regions[:5])
        case = " (upper and lower case matter)" if name.casefold() in {region.casefold() for region in near} else ""
        return ConfigError(
            f"region {quoted(name)} is not an area of {self.name}; "
            f"{'near are' if near else f'it has {len(self.regions)} areas, such as'} {some}{case}"
        )


def nearest(name: str, regions: Sequence[str]) -> list[str]:
    """Up to three regions that a name may mean: in other case, in a file's spelling, as a part, or nearly.

    >>> nearest("v1", ["V2", "V1"]), nearest("L_FFC_ROI", ["V1", "FFC"]), nearest("Vis_1", ["7Networks_LH_Vis_1"])
    (['V1'], ['FFC'], ['7Networks_LH_Vis_1'])
    """
    from difflib import get_close_matches  # here: --help does without

    by_folded: dict[str, list[str]] = {}
    for region in regions:
        by_folded.setdefault(region.casefold(), []).append(region)
    given = name.strip().strip("*").casefold()
    inner = [found["name"].casefold() for each in LABEL_SPELLINGS if (found := each.pattern.fullmatch(name.strip()))]
    same = [region for text in (given, *inner) for region in by_folded.get(text, [])]
    within = [region for region in regions if given in region.casefold()] if len(given) > 2 else []
    within.sort(key=lambda region: not region.casefold().endswith(given))
    alike = [region for text in get_close_matches(given, list(by_folded), n=3) for region in by_folded[text]]
    return list(dict.fromkeys(same or [*within, *alike]))[:3]
