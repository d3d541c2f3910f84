"""Surfaces of subcortical structures and voxels on them, by tribev2's own functions on a made-up atlas.

Needs a checkout, nilearn, scikit-image and pyvista; what the functions draw with is stood in for.
"""

import os
import tempfile
from importlib import import_module
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import numpy as np

from tools.reference.measure import Row, write_golden
from tools.reference.subcortex import LABELS, upstream_functions, write_in_fsl_layout

NAME = "structures"
ELLIPSOIDS = {  # mm: centre and half axes, from the corner of the grid on
    "Left Thalamus": ((12.0, 15.0, 13.0), (6.0, 8.0, 5.0)),
    "Right Amygdala": ((27.0, 13.0, 10.0), (5.0, 5.0, 5.0)),
    "Brain-Stem": ((19.0, 12.0, 26.0), (3.0, 3.0, 4.0)),
}
SIZE = (38, 30, 34)  # mm
CORNER = (-20.0, -14.0, -12.0)


def write_ellipsoids(folder: Path) -> Path:
    """FSL's data/atlases with the ellipsoids at 1 and 2 mm, below `folder`; gives folder/fsl/data/atlases."""
    volumes = {}
    for step in (1, 2):
        shape = tuple(length // step for length in SIZE)
        places = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1) * float(step)
        values = np.zeros(shape, np.uint8)
        for name, (centre, radii) in ELLIPSOIDS.items():
            values[(((places - centre) / np.array(radii)) ** 2).sum(axis=-1) <= 1] = LABELS.index(name) + 1
        affine = np.diag([float(step)] * 3 + [1.0])
        affine[:3, 3] = CORNER
        volumes[step] = (values, affine)
    return write_in_fsl_layout(folder, volumes)


def scores(n: int) -> np.ndarray:
    """n values from -1 to 1, each another."""
    return np.sin(np.arange(n) * 0.7)


def _upstream(checkout: Path) -> ModuleType:
    """tribev2.plotting.subcortical, with stand-ins for what only draws."""
    for name in ("matplotlib.pyplot", "nilearn.datasets", "nilearn.surface", "pyvista", "skimage.measure"):
        import_module(name)  # what is first imported under stand-ins goes with them
    return upstream_functions(checkout, ("seaborn", "tribev2.plotting.utils"))


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes structures.safetensors: vertices, faces and values of the two structures, vertices of the brain stem."""
    if upstream is None:
        return []
    made: dict[str, np.ndarray] = {}
    with tempfile.TemporaryDirectory() as name:
        write_ellipsoids(Path(name))
        with patch.dict(os.environ, {"NILEARN_DATA": name}):
            subcortical = _upstream(upstream)
            n_voxels = int((subcortical.get_subcortical_mask().get_fdata() > 0).sum())
            for structure in ELLIPSOIDS:
                mesh = subcortical.get_mesh(structure, "1mm")
                made[f"{structure}.vertices"] = np.asarray(mesh.points, np.float64)
                made[f"{structure}.faces"] = mesh.faces.reshape(-1, 4)[:, 1:].astype(np.int32)
                if structure != "Brain-Stem":
                    values = subcortical.voxel_to_mesh(scores(n_voxels), structure, "1mm")
                    made[f"{structure}.values"] = np.asarray(values, np.float64)
    write_golden(folder, NAME, made, {"from": "tribev2 plotting.subcortical", "n_voxels": str(n_voxels)})
    return [f"{NAME}.safetensors"]


def compare(seed: int) -> list[Row]:
    """Nothing runs live: tribev2 cannot be installed; tests/plots/figures/subcortex holds the dump."""
    return []
