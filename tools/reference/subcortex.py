"""Upstream's subcortical mask, run for real on a made-up atlas in FSL's layout that nilearn reads.

neuralset's MaskProjector gives the voxels of a checkpoint's outputs; tribev2's functions name them. tribev2 is not on
PyPI: its functions need a checkout, and stand-ins for the packages that it draws with.
"""

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock, patch

import nibabel
import numpy as np

from tools.reference.measure import Row

NAME = "subcortex.json"
SIDE = (
    "Cerebral White Matter", "Cerebral Cortex ", "Lateral Ventrical", "Thalamus", "Caudate", "Putamen", "Pallidum",
    "Hippocampus", "Amygdala", "Accumbens",
)  # fmt: skip
LABELS = [
    *(f"Left {name}" for name in SIDE[:7]), "Brain-Stem", *(f"Left {name}" for name in SIDE[7:]),
    *(f"Right {name}" for name in SIDE),
]  # fmt: skip
"""The names of Harvard-Oxford in FSL's order, with its misspelling."""
SHAPE = (12, 9, 8)
REQUESTS = ("Thalamus", "left thalamus", "al", "LEFT", "Brain-Stem", "Cortex", "Lateral Ventricle", "p", "")
REFUSED = ("Hypothalamus", "Lateral Ventrical")
DRAWN_WITH = (
    "matplotlib", "matplotlib.pyplot", "pyvista", "seaborn", "skimage", "skimage.measure", "tribev2.plotting.utils",
)  # fmt: skip


def write_atlas(folder: Path, *, seed: int = 0, resolution: int = 2, shape: tuple[int, int, int] = SHAPE) -> Path:
    """FSL's data/atlases in folder/fsl, as FSLDIR and, with `folder`, NILEARN_DATA lead to it; gives folder/fsl.

    Labels are random, one a voxel, and stored from right to left, as FSL stores its own.
    """
    values = np.random.default_rng(seed).integers(0, len(LABELS) + 1, shape).astype(np.uint8)
    affine = np.diag([-resolution, resolution, resolution, 1.0])
    affine[:3, 3] = 90, -126, -72
    write_in_fsl_layout(folder, {resolution: (values, affine)})
    return folder / "fsl"


def write_in_fsl_layout(folder: Path, volumes: Mapping[int, tuple[np.ndarray, np.ndarray]]) -> Path:
    """Volumes of labels with their affines, by resolution, and the names, below `folder`; gives fsl/data/atlases."""
    atlases = folder / "fsl" / "data" / "atlases"
    (atlases / "HarvardOxford").mkdir(parents=True)
    for resolution, (values, affine) in volumes.items():
        image: Any = nibabel.Nifti1Image(values, affine)  # type: ignore[no-untyped-call]
        image.set_sform(affine, 4)
        image.set_qform(affine, 4)
        nibabel.save(image, atlases / "HarvardOxford" / f"HarvardOxford-sub-maxprob-thr50-{resolution}mm.nii.gz")
    rows = "".join(f'<label index="{k}" x="0" y="0" z="0">{label}</label>\n' for k, label in enumerate(LABELS))
    (atlases / "HarvardOxford-Subcortical.xml").write_text(
        f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<atlas version="1.0"><data>\n{rows}</data></atlas>\n'
    )
    return atlases


def ramp(shape: tuple[int, ...] = SHAPE, n_rows: int = 2) -> np.ndarray:
    """A 4-D volume whose every value is another: its place in C order, and the row."""
    return np.arange(np.prod(shape) * n_rows, dtype=np.float64).reshape(*shape, n_rows)


def projected() -> dict[str, Any]:
    """What neuralset's MaskProjector makes of the ramp, on the atlas that NILEARN_DATA leads to."""
    from neuralset.extractors.neuro import MaskProjector

    projector = MaskProjector(mask="subcortical")
    mask = projector.get_mask()
    image = nibabel.Nifti1Image(ramp(), mask.affine)  # type: ignore[no-untyped-call]
    return {
        "affine": mask.affine.tolist(),
        "labels": mask.get_fdata()[mask.get_fdata() > 0].astype(int).tolist(),
        "rows": projector.apply(image).T.astype(int).tolist(),
    }


def upstream_functions(checkout: Path, drawn_with: Sequence[str] = DRAWN_WITH) -> ModuleType:
    """tribev2.plotting.subcortical, with stand-ins for what it draws with."""
    with patch.dict(sys.modules, {name: MagicMock() for name in drawn_with}):
        path = checkout / "tribev2" / "plotting" / "subcortical.py"
        spec = spec_from_file_location("tribev2.plotting.subcortical", path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def _named(subcortical: Any) -> dict[str, Any]:
    refused = []
    for name in REFUSED:
        try:
            subcortical.get_subcortical_roi_indices(name)
        except AssertionError:
            refused.append(name)
    mask = subcortical.get_subcortical_mask()
    return {
        "labels_with_side": subcortical.get_subcortical_labels(with_hemi=True),
        "labels_sorted": sorted(subcortical.get_subcortical_labels()),  # its own order is that of a set
        "mask": mask.get_fdata().astype(int).tolist(),
        "indices": {name: subcortical.get_subcortical_roi_indices(name).tolist() for name in REQUESTS},
        "refused": refused,
    }


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes subcortex.json; needs a checkout, and nilearn."""
    if upstream is None:
        return []
    with tempfile.TemporaryDirectory() as name:
        write_atlas(Path(name))
        write_atlas(Path(name) / "1mm", resolution=1)  # tribev2 takes the names from there
        fine = Path(name) / "1mm" / "fsl" / "data" / "atlases" / "HarvardOxford"
        for path in fine.iterdir():
            path.rename(Path(name) / "fsl" / "data" / "atlases" / "HarvardOxford" / path.name)
        with patch.dict(os.environ, {"NILEARN_DATA": name}):
            content = {"neuralset": projected(), "tribev2": _named(upstream_functions(upstream))}
    (folder / NAME).write_text(json.dumps(content, separators=(",", ":")) + "\n")
    return [NAME]


def compare(seed: int) -> list[Row]:
    """Nothing runs live: tribev2 cannot be installed; tests/cortex/subcortex/test_subcortex.py holds the dump."""
    return []
