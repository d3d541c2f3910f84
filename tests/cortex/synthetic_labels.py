"""Small parcellations in every format and spelling, written by nibabel: the names of real ones, on a few vertices."""

from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.cifti2 import Cifti2Image
from nibabel.cifti2.cifti2_axes import BrainModelAxis, LabelAxis
from nibabel.freesurfer.io import write_annot
from nibabel.gifti import GiftiDataArray, GiftiImage, GiftiLabel, GiftiLabelTable, GiftiMetaData

LABELS = np.array([0, 1, 1, 2, 3, 0, 1, 2, 3, 3])
"""The label of each of ten vertices, into names such as ("???", "V1", "V2", "TE1a")."""
AREAS = ("V1", "V2", "TE1a")


def spelled(spelling: str, side: str) -> list[str]:
    """No area and three areas in a spelling: {n} is the area, {S} L or R, {s} lh or rh, {U} LH or RH."""
    letters = {"S": side[0].upper(), "s": f"{side[0]}h", "U": f"{side[0].upper()}H"}
    return ["???", *(spelling.format(n=area, **letters) for area in AREAS)]


def write_annotation(path: Path, names: Sequence[str], labels: np.ndarray = LABELS) -> Path:
    """A FreeSurfer annotation."""
    colours = np.array([[1 + i // 200, i % 200, 1, 0] for i in range(len(names))])
    write_annot(str(path), np.asarray(labels), colours, list(names), fill_ctab=True)
    return path


def write_pair(folder: Path, spelling: str = "{S}_{n}_ROI", names: str = "{s}.areas.annot") -> Path:
    """Two annotations of one spelling in a folder."""
    folder.mkdir(exist_ok=True)
    for side in ("left", "right"):
        write_annotation(folder / names.format(s=f"{side[0]}h", S=side[0].upper(), side=side), spelled(spelling, side))
    return folder


def write_gifti(
    path: Path, names: Sequence[str], labels: np.ndarray = LABELS, *, structure: str = "", encoding: str = "B64GZ"
) -> Path:
    """A GIFTI label file; keys are ten times the places in the table."""
    table = GiftiLabelTable()
    for place, name in enumerate(names):
        label = GiftiLabel(10 * place, 1.0, 0.5, 0.0, 1.0)
        label.label = name
        table.labels.append(label)
    array = GiftiDataArray(
        (10 * np.asarray(labels)).astype(np.int32),
        "NIFTI_INTENT_LABEL",
        "NIFTI_TYPE_INT32",
        encoding=f"GIFTI_ENCODING_{encoding}",
    )
    if structure:
        array.meta = GiftiMetaData({"AnatomicalStructurePrimary": structure})
    nib.save(GiftiImage(labeltable=table, darrays=[array]), path)
    return path


def write_cifti(path: Path, names: Sequence[str], labels: np.ndarray = LABELS, *, beyond: int = 0) -> Path:
    """A CIFTI-2 label file with the same labels on both hemispheres; vertices with label 0 are left out.

    The labels of the right hemisphere are `beyond` places further on in the one table.
    """
    mask = np.asarray(labels) > 0
    both = BrainModelAxis.from_mask(mask, "CortexLeft") + BrainModelAxis.from_mask(mask, "CortexRight")
    table = {place: (name, (1.0, 0.0, 0.0, 1.0)) for place, name in enumerate(names)}
    left = np.asarray(labels)[mask]
    values = np.concatenate([left, left + beyond])[None].astype(np.int32)
    nib.save(Cifti2Image(values, header=(LabelAxis(["areas"], table), both)), path)
    return path
