"""CIFTI-2 dense label files (.dlabel.nii): a key for each vertex of both hemispheres, and the table of names by key.

A vertex that the file leaves out, as the medial wall usually is, has no label. Structures below the cortex are not
read. nibabel parses the description of the axes; numbers are read here, with every count checked against the file,
because nibabel allocates what a count claims.
Source   CIFTI-2 (2014), NITRC; nibabel 5.3 cifti2
"""

import struct
from math import prod
from typing import Any

import numpy as np

from tribe_np.errors import ParcellationError
from tribe_np.files.small_files import MEGABYTE
from tribe_np.formats.annotation import Annotation
from tribe_np.formats.gifti_labels import MOST_VERTICES, indices_of_keys, whole_numbers

HEADER = 540  # bytes of NIfTI-2's
EXTENSION = 32  # the code of the one that describes CIFTI-2's axes
MOST_XML = 8 * MEGABYTE  # two hemispheres of fsaverage take 2.3
DTYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4"}
"""Types of values by NIfTI's code."""
CORTEX_STRUCTURES = {"CIFTI_STRUCTURE_CORTEX_LEFT": "left", "CIFTI_STRUCTURE_CORTEX_RIGHT": "right"}


def parse_cifti_labels(raw: bytes, origin: str) -> list[Annotation]:
    """Left and right.

    Raises   ParcellationError
    """
    values, matrix = _contents(raw, origin)
    try:
        maps = list(matrix.get_index_map(0).named_maps)
        models = list(matrix.get_index_map(1).brain_models)
        tables = [{int(key): label.label or "" for key, label in each.label_table.items()} for each in maps]
    except Exception as error:  # what nibabel says of a part that is not there
        raise _error(origin, f"it is not a dense label file: {error}") from error
    if len(maps) != 1 or values.shape[0] != 1:
        named = ", ".join(str(each.map_name) for each in maps[:4])
        raise _error(origin, f"it holds {len(maps)} maps ({named}), expected one parcellation")
    if not tables[0]:
        raise _error(origin, "it has no table of labels")
    keys = whole_numbers(values[0], origin)
    found = [each for model in models if (each := _hemisphere(model, keys, tables[0], origin)) is not None]
    if [each.hemisphere for each in found] != ["left", "right"]:
        got = ", ".join(str(each.hemisphere) for each in found) or "neither"
        raise _error(origin, f"it must hold the cortex of the left and the right hemisphere, in this order; got {got}")
    return found


def _contents(raw: bytes, origin: str) -> tuple[np.ndarray, Any]:
    """The values (maps, places), and nibabel's description of the axes."""
    if len(raw) < HEADER + 4 or raw[4:8] != b"n+2\0":
        raise _error(origin, "it does not start as NIfTI-2 does")
    order = "<" if struct.unpack("<i", raw[:4])[0] == HEADER else ">"
    code = struct.unpack(f"{order}h", raw[12:14])[0]
    n_dims, *sizes = struct.unpack(f"{order}7q", raw[16:72])
    offset, slope, intercept = struct.unpack(f"{order}q2d", raw[168:192])
    if n_dims != 6 or sizes[:4] != [1, 1, 1, 1] or min(sizes) < 1 or not HEADER <= offset <= len(raw):
        raise _error(origin, f"its {n_dims} axes of {sizes} are not those of CIFTI-2")
    if code not in DTYPES:
        raise _error(origin, f"its values have the NIfTI type {code}, expected one of {', '.join(map(str, DTYPES))}")
    dtype, count = np.dtype(order + DTYPES[code]), prod(sizes)
    if count * dtype.itemsize > len(raw) - offset:
        raise _error(origin, f"its axes of {sizes} take more than the file's {len(raw)} bytes")
    values = np.frombuffer(raw, dtype, count, offset).reshape(sizes[4:])
    if np.isfinite(slope) and slope:
        values = values * slope + intercept
    return values, _matrix(raw[HEADER + 4 : offset], order, origin)


def _matrix(extensions: bytes, order: str, origin: str) -> Any:
    """nibabel's description of the axes, from the extension that holds it."""
    at = 0
    while at + 8 <= len(extensions):
        size, code = struct.unpack(f"{order}2i", extensions[at : at + 8])
        if not 8 <= size <= len(extensions) - at:
            break
        if code == EXTENSION:
            return _parsed(extensions[at + 8 : at + size].rstrip(b"\0"), origin)
        at += size
    raise _error(origin, "it has no description of its axes")


def _parsed(xml: bytes, origin: str) -> Any:
    if len(xml) > MOST_XML:
        raise _error(origin, f"its description of the axes has {len(xml)} bytes; at most {MOST_XML} are read")
    if b"<!ENTITY" in xml.replace(b"\0", b""):  # in 16 bits too
        raise _error(origin, "it declares entities, which CIFTI-2 has no use for")
    from nibabel.cifti2.parse_cifti2 import Cifti2Parser  # here: nibabel takes a while to load

    parser: Any = Cifti2Parser
    try:
        read = parser()
        read.parse(string=xml)
        return read.header.matrix
    except Exception as error:  # nibabel raises errors of many kinds for damaged files
        raise _error(origin, str(error) or type(error).__name__) from error


def _hemisphere(model: Any, keys: np.ndarray, table: dict[int, str], origin: str) -> Annotation | None:
    """One hemisphere's vertices in order, those that the file leaves out without a label; None for other structures."""
    side = CORTEX_STRUCTURES.get(model.brain_structure)
    if side is None:
        return None
    size, first, count = model.surface_number_of_vertices, model.index_offset, model.index_count
    vertices = np.asarray(list(model.vertex_indices or ()), np.int64)
    if not isinstance(size, int) or not 0 < size <= MOST_VERTICES:
        raise _error(origin, f"its {side} hemisphere claims {size} vertices, expected 1 to {MOST_VERTICES}")
    if len(vertices) != count or first is None or not 0 <= first <= len(keys) - len(vertices):
        raise _error(origin, f"its {side} hemisphere does not list the {count} vertices it claims")
    if len(vertices) and not (
        0 <= vertices.min() <= vertices.max() < size and len(np.unique(vertices)) == len(vertices)
    ):
        raise _error(origin, f"its {side} hemisphere lists vertices twice, or beyond its {size}")
    labels = np.full(size, -1)
    labels[vertices] = indices_of_keys(keys[first : first + len(vertices)], list(table))
    return Annotation(labels, tuple(table.values()), side)


def _error(origin: str, wrong: str) -> ParcellationError:
    return ParcellationError(f"{origin}: not a CIFTI-2 file of labels, or damaged: {wrong}")
