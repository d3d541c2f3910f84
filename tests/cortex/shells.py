"""Two hemispheres that are nothing but shells: white and pial are spheres, with as many vertices as fsaverage3."""

from pathlib import Path

import nibabel
import numpy as np
from nibabel.freesurfer import write_geometry

from tests.cortex.icospheres import icosphere
from tribe_np.cortex.meshes.surfaces import Surface

CENTRES = {"left": (-35.3, -10.7, 15.9), "right": (35.4, -10.2, 16.1)}
WHITE, PIAL = 24.0, 27.0  # mm


def shell(kind: str, radius: float, *, level: int = 3, gap: float = 0.0) -> Surface:
    """Both hemispheres as one Surface; `gap` moves each of them away from the midline."""
    points, faces = icosphere(level)
    sides = [radius * points + np.array(CENTRES[side]) for side in ("left", "right")]
    sides[0][:, 0] -= gap
    sides[1][:, 0] += gap
    coordinates = np.concatenate(sides).astype(np.float32)
    return Surface(
        "fsaverage3", kind, coordinates, np.concatenate([faces, faces + len(points)]).astype(np.int32), "shells"
    )


def shells(*, level: int = 3, gap: float = 0.0) -> tuple[Surface, Surface]:
    """White and pial."""
    return shell("white", WHITE, level=level, gap=gap), shell("pial", PIAL, level=level, gap=gap)


def write_subjects(folder: Path) -> Path:
    """A subjects folder with fsaverage3 made of shells."""
    surf = folder / "fsaverage3" / "surf"
    surf.mkdir(parents=True)
    for surface in shells():
        for side in ("left", "right"):
            write_geometry(str(surf / f"{side[0]}h.{surface.kind}"), *surface.hemisphere(side))
    return folder


def write_mni152(folder: Path, template: Path, coordinates: dict[str, np.ndarray]) -> Path:
    """Surfaces in upstream's layout: coordinates (2 V, 3) by kind."""
    (folder / template).mkdir(parents=True)
    _, faces = icosphere(3)
    for kind, both in coordinates.items():
        for side, places in zip("lr", np.split(both, 2), strict=True):
            arrays = [
                nibabel.gifti.GiftiDataArray(places.astype(np.float32), intent="NIFTI_INTENT_POINTSET"),
                nibabel.gifti.GiftiDataArray(faces.astype(np.int32), intent="NIFTI_INTENT_TRIANGLE"),
            ]
            nibabel.save(nibabel.gifti.GiftiImage(darrays=arrays), folder / template / f"{side}h.{kind}.fsaverage3.gii")
    return folder
