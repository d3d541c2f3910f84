"""GIFTI label files (.label.gii): a key for each vertex of a hemisphere, and the table of names by key.

Read by hand, because a file's counts, its compressed data and its entities must be bounded: an entity is refused, and
data are unpacked to the size that their dimensions name, no further. Data in other files are not read.
Source   GIFTI 1.0 (Harwell et al. 2009), NITRC; nibabel 5.3 gifti.parse_gifti_fast takes the same files
"""

import base64
import zlib
from dataclasses import dataclass, field
from xml.parsers import expat

import numpy as np

from tribe_np.errors import ParcellationError
from tribe_np.formats.annotation import Annotation
from tribe_np.formats.gifti import STRUCTURE_SIDES
from tribe_np.shown import quoted

MOST_VERTICES = 1_000_000  # fsaverage has 163,842
MOST_LABELS = 100_000
DTYPES = {"NIFTI_TYPE_INT32": "i4", "NIFTI_TYPE_UINT8": "u1", "NIFTI_TYPE_FLOAT32": "f4"}
INTENTS = ("NIFTI_INTENT_LABEL", "NIFTI_INTENT_NONE")


def parse_gifti_labels(raw: bytes, origin: str) -> list[Annotation]:
    """The one hemisphere in the file.

    Raises   ParcellationError
    """
    document = _Document(origin)
    document.read(raw)
    if not document.arrays:
        raise document.error("it holds no array")
    if not document.names:
        raise document.error("it has no table of labels")
    keys = _values(document.arrays[0], document)
    names = list(document.names.values())
    return [Annotation(indices_of_keys(keys, list(document.names)), tuple(names), document.hemisphere())]


def indices_of_keys(keys: np.ndarray, table: list[int]) -> np.ndarray:
    """The place in the table of each key; -1 for a key that the table lacks."""
    order = np.argsort(table)
    ascending = np.array(table)[order]
    at = np.minimum(np.searchsorted(ascending, keys), len(table) - 1)
    return np.where(ascending[at] == keys, order[at], -1)


def whole_numbers(values: np.ndarray, origin: str) -> np.ndarray:
    """Keys as integers.

    Raises   ParcellationError where one is a fraction, not finite or beyond 32 bits
    """
    if values.dtype.kind == "f" and not (np.isfinite(values).all() and (values == np.round(values)).all()):
        raise ParcellationError(f"{origin}: its values are not keys of labels: some are no whole numbers")
    if values.size and not -(2**31) <= values.min() <= values.max() < 2**31:
        raise ParcellationError(f"{origin}: its values are not keys of labels: some are beyond 32 bits")
    whole: np.ndarray = values.astype(np.int64)
    return whole


@dataclass
class _Document:
    """What the parser has met so far."""

    origin: str
    names: dict[int, str] = field(default_factory=dict)  # by key
    arrays: list[tuple[dict[str, str], list[str]]] = field(default_factory=list)  # attributes and text
    meta: dict[str, str] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)  # attributes of the label, or the name of the entry
    key: int = 0

    def error(self, wrong: str) -> ParcellationError:
        return ParcellationError(f"{self.origin}: not a GIFTI file of labels, or damaged: {wrong}")

    def read(self, raw: bytes) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end
        parser.CharacterDataHandler = lambda text: self.text.append(text)
        parser.EntityDeclHandler = self.entity
        try:
            parser.Parse(raw, True)
        except ParcellationError:
            raise
        except (expat.ExpatError, ValueError, LookupError) as error:  # an encoding that Python does not know
            raise self.error(str(error)) from error
        if not self.path and "GIFTI" not in self.about:
            raise self.error("its root is not GIFTI")

    def entity(self, *_: object) -> None:
        raise self.error("it declares entities, which GIFTI has no use for")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self.path:
            self.about[tag] = ""  # the root
        self.path.append(tag)
        self.text.clear()
        if len(self.path) > 20:
            raise self.error("its elements are nested too deeply")
        if tag == "Label":
            number = attributes.get("Key", attributes.get("Index", ""))
            try:
                self.key = int(number[:12])
            except ValueError as error:
                raise self.error(f"a label has the key {quoted(number)}") from error
        elif tag == "DataArray":
            if self.arrays:
                raise self.error("it holds several arrays, expected one of labels")
            self.arrays.append((attributes, []))

    def end(self, tag: str) -> None:
        self.path.pop()
        if tag == "Label":
            if len(self.names) > MOST_LABELS:
                raise self.error(f"it has more than {MOST_LABELS} labels")
            if self.key in self.names:
                raise self.error(f"two labels have the key {self.key}")
            self.names[self.key] = "".join(self.text)
        elif tag == "Data" and self.arrays:
            self.arrays[-1][1].extend(self.text)
        elif tag == "Name":
            self.about["name"] = "".join(self.text).strip()
        elif tag == "Value":
            self.meta.setdefault(self.about.get("name", ""), "".join(self.text).strip())
        self.text.clear()

    def hemisphere(self) -> str | None:
        return STRUCTURE_SIDES.get(self.meta.get("AnatomicalStructurePrimary", "").lower())


def _values(array: tuple[dict[str, str], list[str]], document: _Document) -> np.ndarray:
    """The keys of an array, (n_vertices,)."""
    about, text = array[0], "".join(array[1])
    if about.get("Intent", "NIFTI_INTENT_NONE") not in INTENTS:
        raise document.error(f"its array is {quoted(about['Intent'])}, expected NIFTI_INTENT_LABEL")
    dtype = DTYPES.get(about.get("DataType", ""))
    if dtype is None:
        raise document.error(f"its data are {quoted(about.get('DataType'))}, expected {', '.join(DTYPES)}")
    count = _count(about, document)
    encoding = about.get("Encoding", "")
    try:
        if encoding == "ASCII":
            values = np.array([float(word) for word in text.split(maxsplit=count)])
        elif encoding in ("Base64Binary", "GZipBase64Binary"):
            order = "<" if about.get("Endian", "LittleEndian") == "LittleEndian" else ">"
            packed = base64.b64decode("".join(text.split()), validate=True)
            values = _numbers(packed, count, np.dtype(order + dtype), is_packed=encoding.startswith("GZip"))
        else:
            raise document.error(f"its data are encoded as {quoted(encoding)}, which is not read")
    except ParcellationError:
        raise
    except (ValueError, OverflowError, zlib.error) as error:
        raise document.error(f"its data cannot be decoded: {error}") from error
    if len(values) != count:
        raise document.error(f"its array claims {count} vertices, but holds {len(values)}")
    return whole_numbers(values, document.origin)


def _count(about: dict[str, str], document: _Document) -> int:
    dimensions = about.get("Dimensionality", "1")
    sizes = [about.get(f"Dim{axis}", "") for axis in range(2 if dimensions == "2" else 1)]
    if not all(size.isascii() and size.isdigit() and len(size) < 10 for size in sizes) or sizes[1:] not in ([], ["1"]):
        raise document.error(f"its array has the size {quoted(' x '.join(sizes))}, expected one key per vertex")
    count = int(sizes[0])
    if not 0 < count <= MOST_VERTICES:
        raise document.error(f"its array claims {count} vertices, expected 1 to {MOST_VERTICES}")
    return count


def _numbers(packed: bytes, count: int, dtype: np.dtype, *, is_packed: bool) -> np.ndarray:
    wanted = count * dtype.itemsize
    if is_packed:
        packed = zlib.decompressobj().decompress(packed, wanted + 1)
    if len(packed) != wanted:
        raise ValueError(f"{len(packed)}{' or more' if len(packed) > wanted else ''} bytes, expected {wanted}")
    return np.frombuffer(packed, dtype)
