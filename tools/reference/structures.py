"""Surfaces of subcortical structures and voxels on them, by tribev2's own functions on a made-up atlas.

Needs a checkout, nilearn, scikit-image and pyvista; what the functions draw with is stood in for.
"""

import os
import sys
import tempfile
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock, patch

import nibabel
import numpy as np

from tools.reference.measure import Row, write_golden
from tools.reference.subcortex import LABELS

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
    atlases = folder / "fsl" / "data" / "atlases"
    (atlases / "HarvardOxford").mkdir(parents=True)
    for step in (1, 2):
        shape = tuple(length // step for length in SIZE)
        places = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1) * float(step)
        values = np.zeros(shape, np.uint8)
        for name, (centre, radii) in ELLIPSOIDS.items():
            values[(((places - centre) / np.array(radii)) ** 2).sum(axis=-1) <= 1] = LABELS.index(name) + 1
        affine = np.diag([float(step)] * 3 + [1.0])
        affine[:3, 3] = CORNER
        image: Any = nibabel.Nifti1Image(values, affine)  # type: ignore[no-untyped-call]
        image.set_sform(affine, 4)
        image.set_qform(affine, 4)
        nibabel.save(image, atlases / "HarvardOxford" / f"HarvardOxford-sub-maxprob-thr50-{step}mm.nii.gz")
    rows = "".join(f'<label index="{k}" x="0" y="0" z="0">{label}</label>\n' for k, label in enumerate(LABELS))
    (atlases / "HarvardOxford-Subcortical.xml").write_text(
        f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<atlas version="1.0"><data>\n{rows}</data></atlas>\n'
    )
    return atlases


def scores(n: int) -> np.ndarray:
    """n values from -1 to 1, each another."""
    return np.sin(np.arange(n) * 0.7)


def _upstream(checkout: Path) -> ModuleType:
    """tribev2.plotting.subcortical, with stand-ins for what only draws."""
    for name in ("matplotlib.pyplot", "nilearn.datasets", "nilearn.surface", "pyvista", "skimage.measure"):
        import_module(name)  # what is first imported under stand-ins goes with them
    with patch.dict(sys.modules, {name: MagicMock() for name in ("seaborn", "tribev2.plotting.utils")}):
        path = checkout / "tribev2" / "plotting" / "subcortical.py"
        spec = spec_from_file_location("tribev2.plotting.subcortical", path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


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
