"""The two numberings of fsaverage3 and fsaverage4: nilearn's since 0.14, and FreeSurfer's own.

Both have the same places, so that counts tell nothing: values of one on the surface of the other, or under a
parcellation that was cut short for the other, would look right and lie elsewhere.
"""

from pathlib import Path

from tribe_np.cortex.meshes.mesh_sources import local_files
from tribe_np.cortex.meshes.nesting import is_prefix
from tribe_np.cortex.meshes.surfaces import Surface, load_surface
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.sizes import HEMISPHERES, NUMBERED_TWICE, OF_FREESURFER, OF_NILEARN
from tribe_np.errors import MeshError, MissingDependencyError, ParcellationError


def numbering_of(sphere: Surface, subjects_dir: str | Path | None = None) -> str | None:
    """How a sphere of fsaverage3 or 4 is numbered, beside fsaverage5's; None for other meshes, or without that one."""
    if sphere.mesh not in NUMBERED_TWICE or local_files("fsaverage5", "sphere", subjects_dir) is None:
        return None
    fine = load_surface("fsaverage5", "sphere", subjects_dir=subjects_dir)
    first = all(is_prefix(fine.hemisphere(side)[0], sphere.hemisphere(side)[0]) for side in HEMISPHERES)
    return OF_NILEARN if first else OF_FREESURFER


def numbering_at_hand(mesh: str, subjects_dir: str | Path | None = None) -> str | None:
    """How the files that `load_surface` finds number fsaverage3 or 4; None for other meshes, or without a sphere."""
    if mesh not in NUMBERED_TWICE:
        return None
    try:
        return numbering_of(load_surface(mesh, "sphere", subjects_dir=subjects_dir), subjects_dir)
    except (MeshError, MissingDependencyError):
        return None


def check_numbering(series: SurfaceSeries, found: str | None, where: str) -> None:
    """Refuses to put values on a surface that numbers its vertices otherwise; one that is not known passes.

    Raises   MeshError
    """
    if series.numbering is not None and found is not None and found != series.numbering:
        raise MeshError(
            f"{series.origin}: its vertices of {series.mesh} are {series.numbering}, but those of {where} are {found}: "
            "the values would lie at wrong places; give the files that it was resampled with"
        )


def check_cut(series: SurfaceSeries, parcels: Parcellation) -> list[str]:
    """What to say of a parcellation that was cut short for fsaverage3 or 4, as fsaverage5 is numbered.

    Raises   ParcellationError for values in FreeSurfer's numbering
    """
    if not parcels.is_cut or series.mesh not in NUMBERED_TWICE or series.numbering == OF_NILEARN:
        return []
    if series.numbering == OF_FREESURFER:
        raise ParcellationError(
            f"{series.origin}: its vertices of {series.mesh} are {OF_FREESURFER}, not the first ones of the finer "
            f"mesh of {parcels.name}; give a parcellation on {series.mesh} itself, or take regions before resampling"
        )
    return [
        f"{series.origin}: {parcels.name} is on a finer mesh; the vertices of {series.mesh} are taken to be "
        f"{OF_NILEARN}; in FreeSurfer's own numbering these regions would be wrong"
    ]
