"""The subcortex of the Harvard-Oxford atlas, by upstream's rule.

The atlas is `sub-maxprob-thr50`: one label a voxel, the index in the list of names, whose first is Background. Labels
that contain Cortex, White, Stem or Background in any case of letters go; 16 structures stay, eight a side. The atlas
is FSL's, not part of this project: it is read where it lies, or nilearn fetches it.
Source   neuralset 0.0.2 extractors.neuro.MaskProjector.get_mask; tribev2 7239908 plotting.subcortical
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.output_space import SUBCORTICAL
from tribe_np.cortex.parcellations.parcellation import ParcellationFile
from tribe_np.cortex.subcortex.voxel_mask import VoxelMask, labelled_mask
from tribe_np.errors import MissingDependencyError, ParcellationError, reason_of_fetch
from tribe_np.files.sha256 import sha256_of
from tribe_np.formats.label_volume import Volume, canonical, mended, read_label_names, read_volume
from tribe_np.optional import require
from tribe_np.shown import shown

EXCLUDED = ("Cortex", "White", "Stem", "Background")
VARIABLE = "TRIBE_NP_SUBCORTEX"
VOLUME = "HarvardOxford-sub-maxprob-thr50-{resolution}mm.nii.gz"
NAMES = "HarvardOxford-Subcortical.xml"
TABLES = (".tsv", ".csv", ".txt", ".xml")
HOW_TO = (
    f"give the atlas with --mask FILE or {VARIABLE} (FSL's data/atlases folder, or {VOLUME.format(resolution=2)} with "
    f"{NAMES}), set FSLDIR, or let nilearn fetch it with a network (NILEARN_DATA names its folder)"
)


@dataclass(frozen=True, eq=False)
class Atlas:
    """A labelled volume and the name of each label, the background's first."""

    volume: Volume
    labels: tuple[str, ...]
    files: tuple[ParcellationFile, ...] = ()


def left_out(labels: Sequence[str]) -> list[int]:
    """The labels that upstream's rule leaves out, by index."""
    return [k for k, label in enumerate(labels) if any(part.lower() in label.lower() for part in EXCLUDED)]


def subcortical_mask(atlas: Atlas) -> VoxelMask:
    """The voxels of the structures that upstream's rule keeps."""
    values = atlas.volume.values
    if values.dtype.kind == "f":
        if not np.array_equal(values, np.floor(values)):  # NaN too
            raise ParcellationError(f"{atlas.volume.origin}: holds fractions, expected a label in each voxel")
        values = values.astype(np.int64)
    mask = labelled_mask(
        SUBCORTICAL, values, atlas.volume.affine, atlas.labels, left_out(atlas.labels), atlas.volume.origin,
        atlas.files,
    )  # fmt: skip
    if not mask.n_voxels:
        raise ParcellationError(f"{atlas.volume.origin}: no voxel is left without {', '.join(EXCLUDED)}")
    return mask


def load_atlas(resolution: int = 2) -> Atlas:
    """Harvard-Oxford's subcortical atlas: of TRIBE_NP_SUBCORTEX, else of FSLDIR, else as nilearn fetches it.

    Raises   ParcellationError that says how to get it; MissingDependencyError without nilearn
    """
    given = os.environ.get(VARIABLE)
    if given:
        return read_atlas(given, resolution)
    fsl = os.environ.get("FSLDIR")
    if fsl and (folder := Path(fsl) / "data" / "atlases").is_dir():
        return read_atlas(folder, resolution)
    return _fetched(resolution)


def read_atlas(source: str | Path, resolution: int = 2) -> Atlas:
    """The atlas of a folder laid out as FSL's data/atlases, or of a NIfTI file with the names of its labels near it.

    Raises   ParcellationError
    """
    path = Path(source)
    if path.is_dir():
        path = volume_in(path, resolution)
    names = names_near(path)
    if names is None:
        raise ParcellationError(
            f"{path}: found no names of its labels beside it; expected {NAMES} or a table of its name"
        )
    return atlas_of(path, names)


def atlas_of(volume: Path, names: Path) -> Atlas:
    """The atlas of a NIfTI file and the file of its names.

    Raises   ParcellationError
    """
    files = tuple(ParcellationFile(path, sha256_of(path, error=ParcellationError)) for path in (volume, names))
    return Atlas(read_volume(volume), tuple(read_label_names(names)), files)


def volume_in(folder: Path, resolution: int) -> Path:
    """The atlas's file in FSL's folder, or in one that holds it directly.

    Raises   ParcellationError
    """
    name = VOLUME.format(resolution=resolution)
    for path in (folder / "HarvardOxford" / name, folder / name, folder / "data" / "atlases" / "HarvardOxford" / name):
        if os.path.lexists(path):
            return path
    raise ParcellationError(f"{folder}: holds no {name}; {HOW_TO}")


def names_near(volume: Path) -> Path | None:
    """The names of a volume's labels: a table or XML of the same name beside it, else FSL's XML for Harvard-Oxford."""
    stem = volume.name.removesuffix(".gz").removesuffix(".nii")
    beside = [volume.with_name(stem + ending) for ending in TABLES]
    of_fsl = [volume.parent / NAMES, volume.parent.parent / NAMES] if stem.startswith("HarvardOxford-sub-") else []
    return next((path for path in (*beside, *of_fsl) if path.is_file()), None)


def _fetched(resolution: int) -> Atlas:
    try:
        datasets: Any = require("nilearn.datasets", extra="plot", why="fetching the Harvard-Oxford atlas")
    except MissingDependencyError as error:
        raise MissingDependencyError(f"{error}. Or {HOW_TO}") from error
    try:
        found = datasets.fetch_atlas_harvard_oxford(f"sub-maxprob-thr50-{resolution}mm", verbose=0)
    except Exception as error:  # whatever its downloads raise
        raise ParcellationError(
            f"nilearn could not fetch the Harvard-Oxford atlas ({shown(reason_of_fetch(error), 200)}); {HOW_TO}"
        ) from error
    origin = "nilearn's Harvard-Oxford sub-maxprob-thr50"
    path = Path(str(getattr(found, "filename", "")))
    files = (ParcellationFile(path, sha256_of(path, error=ParcellationError)),) if path.is_file() else ()
    return Atlas(canonical(found.maps, origin), tuple(mended(str(label)) for label in found.labels), files)
