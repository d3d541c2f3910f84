"""Masks and labelled volumes (NIfTI), and the names of their labels (FSL's XML, or a table).

    volume   3-D; turned so that its axes run right, anterior and superior, whatever the order in the file: FSL stores
             its atlases from right to left
    names    FSL's `<label index="0" ...>NAME</label>`, whose index is the volume's label minus 1; or rows of
             `index` and `name` between tabs or commas

Source   nilearn 0.14.1 datasets.fetch_atlas_harvard_oxford (reorder_img; the names), nibabel 5.3 as_closest_canonical
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from tribe_np.errors import ParcellationError, reason_of
from tribe_np.files.small_files import MEGABYTE, check_regular, read_small_file
from tribe_np.shown import quoted

MOST_BYTES = 1024 * MEGABYTE
MOST_VOXELS = 1 << 26  # MNI152 at 0.5 mm has 58 million
MOST_LABELS = 100_000
BACKGROUND = "Background"
MISSPELT = {"Ventrical": "Ventricle", "Operculum": "Opercular"}  # in FSL's Harvard-Oxford; nilearn mends them


@dataclass(frozen=True, eq=False)
class Volume:
    """A 3-D image whose axes run right, anterior, superior.

    Shapes   values (X, Y, Z); affine (4, 4) voxel indices to mm
    """

    values: np.ndarray
    affine: np.ndarray
    origin: str


def read_volume(path: str | Path) -> Volume:
    """A 3-D NIfTI volume.

    Raises   ParcellationError for a file that is missing, damaged, no 3-D NIfTI or without orientation
    """
    if check_regular(path, error=ParcellationError) > MOST_BYTES:
        raise ParcellationError(f"{path}: larger than {MOST_BYTES // MEGABYTE} MB, the limit for a mask")
    import nibabel  # here: a third of a second

    try:
        image: Any = nibabel.load(path)
        return canonical(image, str(path))
    except ParcellationError:
        raise
    except Exception as error:  # nibabel raises whatever a damaged header leads it to
        raise ParcellationError(f"{path}: cannot be read as a NIfTI volume: {reason_of(error)}") from error


def canonical(image: Any, origin: str) -> Volume:
    """A nibabel image as a Volume; an axis more, of length 1, is dropped.

    Raises   ParcellationError
    """
    import nibabel

    shape = tuple(image.shape)
    if not isinstance(image, nibabel.Nifti1Image):
        raise ParcellationError(f"{origin}: is {type(image).__name__}, expected a NIfTI volume (.nii, .nii.gz)")
    if shape[3:] not in ((), (1,)) or len(shape) < 3 or not 0 < np.prod([float(n) for n in shape]) <= MOST_VOXELS:
        raise ParcellationError(f"{origin}: has the shape {shape}, expected a volume of three axes")
    if not int(image.header["sform_code"]) and not int(image.header["qform_code"]):
        raise ParcellationError(
            f"{origin}: has no orientation (sform and qform codes are 0); expected a volume in MNI152"
        )
    if not np.isfinite(image.affine).all() or np.linalg.det(image.affine[:3, :3]) == 0:
        raise ParcellationError(f"{origin}: its affine cannot be used: {image.affine.tolist()}")
    turned: Any = nibabel.as_closest_canonical(image)
    steps = turned.affine[:3, :3]
    if np.abs(steps - np.diag(np.diag(steps))).max() > 1e-3 * np.abs(steps).max():
        raise ParcellationError(
            f"{origin}: its axes are oblique; expected a volume in MNI152, along right, anterior, superior"
        )
    return Volume(np.asanyarray(turned.dataobj).reshape(turned.shape[:3]), turned.affine, origin)


def read_label_names(path: str | Path) -> list[str]:
    """The names of labels 0, 1, 2, ...; label 0 is the background.

    Raises   ParcellationError for a file that names a label twice, leaves one out, or is neither XML nor a table
    """
    raw = read_small_file(path, most=4 * MEGABYTE, error=ParcellationError)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParcellationError(f"{path}: is not UTF-8 text") from error
    names = _of_xml(path, text) if text.lstrip().startswith("<") else _of_table(path, text)
    names.setdefault(0, BACKGROUND)
    if sorted(names) != list(range(len(names))):
        missing = next(index for index in range(len(names)) if index not in names)
        raise ParcellationError(f"{path}: must name the labels 1 to {len(names) - 1} one by one; {missing} is missing")
    return [names[index] for index in range(len(names))]


def mended(name: str) -> str:
    """A name of Harvard-Oxford as nilearn spells it."""
    for wrong, right in MISSPELT.items():
        name = name.replace(wrong, right)
    return name.strip()


def _of_xml(path: str | Path, text: str) -> dict[int, str]:
    if re.search(r"<!(DOCTYPE|ENTITY)", text, re.I):  # entities can grow without bound
        raise ParcellationError(f"{path}: holds a document type, which no list of labels needs")
    try:
        found = ElementTree.fromstring(text).findall(".//label")
    except ElementTree.ParseError as error:
        raise ParcellationError(f"{path}: is not XML: {error}") from error
    return _checked(path, [(label.get("index", ""), label.text or "") for label in found], first=1)


def _of_table(path: str | Path, text: str) -> dict[int, str]:
    rows = list(csv.reader(text.splitlines(), delimiter="\t" if "\t" in text else ","))
    rows = [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]
    header = [cell.lower() for cell in rows[0]] if rows else []
    index, name = (header.index("index"), header.index("name")) if {"index", "name"} <= set(header) else (0, 1)
    body = rows[1:] if header and not header[index].lstrip("-").isdecimal() else rows
    short = [row for row in body if len(row) <= max(index, name)]
    if short:
        raise ParcellationError(f"{path}: expected an index and a name in each row, got {quoted(short[0])}")
    return _checked(path, [(row[index], row[name]) for row in body], first=0)


def _checked(path: str | Path, rows: list[tuple[str, str]], *, first: int) -> dict[int, str]:
    names: dict[int, str] = {}
    for number, name in rows:
        if not (number.isascii() and number.isdecimal() and len(number) < 7 and int(number) < MOST_LABELS):
            raise ParcellationError(f"{path}: the index of a label must be a whole number from 0, got {quoted(number)}")
        label = int(number) + first
        if label in names or not name.strip():
            wrong = "twice" if label in names else "without a name"
            raise ParcellationError(f"{path}: has the label {number} {wrong}")
        names[label] = mended(name)
    if not names:
        raise ParcellationError(f"{path}: names no label; expected FSL's XML, or rows of an index and a name")
    return names
