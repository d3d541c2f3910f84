"""A made-up atlas in FSL's layout: the names of Harvard-Oxford's labels on random blobs, stored from right to left."""

from pathlib import Path

import nibabel
import numpy as np

SIDE = (
    "Cerebral White Matter", "Cerebral Cortex ", "Lateral Ventrical", "Thalamus", "Caudate", "Putamen", "Pallidum",
    "Hippocampus", "Amygdala", "Accumbens",
)  # fmt: skip
LEFT, RIGHT = [f"Left {name}" for name in SIDE], [f"Right {name}" for name in SIDE]
LABELS = [*LEFT[:7], "Brain-Stem", *LEFT[7:], *RIGHT]  # in FSL's order, and with its misspelling
SHAPE = (12, 9, 8)


def write_atlas(folder: Path, *, seed: int = 0, resolution: int = 2) -> Path:
    """FSL's data/atlases in `folder`/fsl: what FSLDIR and, as `folder`, NILEARN_DATA lead to. Gives folder/fsl."""
    atlases = folder / "fsl" / "data" / "atlases"
    (atlases / "HarvardOxford").mkdir(parents=True)
    rng = np.random.default_rng(seed)
    values = rng.integers(0, len(LABELS) + 1, SHAPE).astype(np.uint8)
    affine = np.array([[-resolution, 0, 0, 90], [0, resolution, 0, -126], [0, 0, resolution, -72], [0, 0, 0, 1.0]])
    image = nibabel.Nifti1Image(values, affine)  # type: ignore[attr-defined]
    image.header.set_sform(affine, 4)
    image.header.set_qform(affine, 4)
    name = f"HarvardOxford-sub-maxprob-thr50-{resolution}mm.nii.gz"
    nibabel.save(image, atlases / "HarvardOxford" / name)  # type: ignore[attr-defined]
    rows = "".join(f'<label index="{k}" x="0" y="0" z="0">{label}</label>\n' for k, label in enumerate(LABELS))
    (atlases / "HarvardOxford-Subcortical.xml").write_text(
        f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<atlas version="1.0"><data>\n{rows}</data></atlas>\n'
    )
    return folder / "fsl"
