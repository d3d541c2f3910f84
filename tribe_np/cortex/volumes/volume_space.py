"""In which space a volume's coordinates are: as the caller says, or as its name or header does; never a guess.

BIDS names say it (`space-MNI152NLin2009cAsym`), and NIfTI's code 4 does ("MNI 152"). Code 3 (Talairach), 2 (aligned to
something) and 1 (scanner) say nothing of a template.
"""

import re
from pathlib import Path

from tribe_np.errors import ConfigError, MeasurementError
from tribe_np.formats.voxel_files import VoxelFile
from tribe_np.shown import quoted

ENTITY = re.compile(r"(?:^|[_.])space-([A-Za-z0-9+]+)")
MNI152_CODE = 4
NATIVE_ENTITIES = ("T1w", "T2w", "anat", "fsnative")
HELP = "say it with --space (space): mni152, mni305, native with --subject, or as-is for upstream's numbers"


def space_in_name(path: Path) -> str | None:
    """The value of the name's space entity."""
    found = ENTITY.search(path.name)
    return found[1] if found else None


def volume_space(file: VoxelFile, asked: str | None, subject: str | None, warn: list[str]) -> tuple[str, str]:
    """The space of a volume (mni152, mni305, native, as-is), and where that was found.

    Raises   MeasurementError for a volume without orientation; ConfigError where nothing says the space, or what says
             it contradicts the rest
    """
    if file.affine is None:
        raise MeasurementError(
            f"{file.path}: has no orientation (sform and qform code are 0): nothing says where its voxels lie; set "
            "one, for example with fslorient or nibabel"
        )
    space, origin = _found(file, asked, subject, warn)
    if subject is not None and space != "native":
        raise ConfigError(
            f"{file.path}: in space {space} ({origin}), but subject {subject}'s own surfaces were asked for; give "
            "--space native (space), or no subject"
        )
    return space, origin


def _found(file: VoxelFile, asked: str | None, subject: str | None, warn: list[str]) -> tuple[str, str]:
    entity = space_in_name(file.path)
    named = None if entity is None else _of_entity(entity)
    if asked is not None:
        if named not in (None, asked) and asked != "as-is":
            warn.append(f"{file.path}: its name says space {entity}; {asked} was used, as given")
        return asked, "given"
    if entity is not None:
        if named is None:
            raise ConfigError(f"{file.path}: its space {quoted(entity)} is not known here; {HELP}")
        if named == "native" and subject is None:
            raise ConfigError(
                f"{file.path}: space {entity} is the subject's own; give --subject and --subjects-dir, whose surfaces "
                "are sampled"
            )
        return named, f"space-{entity} in its name"
    if MNI152_CODE in (file.codes[0] or file.codes[1],):
        return "mni152", f"{'sform' if file.codes[0] else 'qform'} code 4 of its header"
    if subject is not None:
        return "native", "the subject given"
    raise ConfigError(f"{file.path}: neither its name (space-...) nor its header says which space it is in; {HELP}")


def _of_entity(entity: str) -> str | None:
    if entity.startswith("MNI152") or entity == "MNI":
        return "mni152"
    if entity.startswith("MNI305"):
        return "mni305"
    return "native" if entity in NATIVE_ENTITIES else None
