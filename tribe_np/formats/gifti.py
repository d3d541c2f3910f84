"""GIFTI files as arrays: nibabel decodes them, after a look at what they would unpack to.

nibabel trusts what a file claims: data that unpacks without end, or lies in another file, is refused before.
Source   GIFTI 1.0; nibabel 5.3 gifti
"""

import base64
import re
import warnings
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import MeshError, TribeError
from tribe_np.files.small_files import MEGABYTE, read_small_file
from tribe_np.shown import quoted

MAX_BYTES = 256 * MEGABYTE  # of a file, and of what one unpacks to; fsaverage7's surfaces take 6
MOST_PACKED = 8  # times its own size to which a larger file may unpack; measured values shrink to a half
COORDINATES, TRIANGLES = 1008, 1009
GZIP = b"\x1f\x8b"
MAX_AXES = 6  # of an array, by the format; nibabel counts up to whatever a file claims
AXES = re.compile(rb"""Dimensionality\s*=\s*["']([^"']*)""")
DATA = re.compile(rb"<Data(?:\s[^>]*)?>(.*?)</Data", re.DOTALL)
STRUCTURE_SIDES = {"cortexleft": "left", "cortexright": "right"}


@dataclass(frozen=True, eq=False)
class GiftiArray:
    """One array of a file: what it is (a number of NIfTI's list of intents), its values, and its metadata."""

    intent: int
    values: np.ndarray
    metadata: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class GiftiFile:
    """The arrays of a file, its metadata, and the hemisphere that it names, if it does."""

    arrays: tuple[GiftiArray, ...]
    metadata: Mapping[str, str]
    side: str | None


def read_gifti(path: str | Path, *, error: type[TribeError] = MeshError, most: int | None = None) -> GiftiFile:
    """What a GIFTI file of at most `most` bytes (None: 256 MB) holds, compressed (.gz) or not.

    Raises   `error`, naming the file: missing, larger, truncated or malformed
    """
    raw = read_packed(path, error=error, most=most)
    return decode_gifti(raw, str(path), error=error, most=_unpacked(raw))


def read_packed(path: str | Path, *, error: type[TribeError] = MeshError, most: int | None = None) -> bytes:
    """The bytes of a file, unpacked where gzip packed it.

    Raises   `error`, naming the file: missing, damaged, larger than `most` or unpacking to more
    """
    most = most or MAX_BYTES
    raw = read_small_file(path, most=most, error=error)
    return _gunzipped(raw, str(path), error, min(most, _unpacked(raw))) if raw[:2] == GZIP else raw


def _unpacked(raw: bytes) -> int:
    """Bytes to which a file's data may unpack."""
    return max(MAX_BYTES, MOST_PACKED * len(raw))


def is_gifti(raw: bytes) -> bool:
    """Whether a file begins like XML that names GIFTI."""
    return raw.lstrip()[:1] == b"<" and b"GIFTI" in raw[:2000]


def decode_gifti(raw: bytes, origin: str, *, error: type[TribeError] = MeshError, most: int | None = None) -> GiftiFile:
    """`read_gifti` of bytes, whose data may unpack to `most`; errors begin with `origin`."""
    if not is_gifti(raw):
        raise error(f"{origin}: not a GIFTI file")
    if b"ExternalFileBinary" in raw:
        raise error(
            f"{origin}: its data lie in another file, which is not read; convert it with wb_command -gifti-convert"
        )
    _check_data(raw, origin, error, most or MAX_BYTES)
    from nibabel.gifti.gifti import GiftiImage  # here: a second of start-up

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = GiftiImage.from_bytes(raw)
        arrays = tuple(
            GiftiArray(int(array.intent), np.asarray(array.data), _texts(array.meta)) for array in image.darrays
        )
    except Exception as failure:  # nibabel raises whatever it stumbles over
        raise error(f"{origin}: not a GIFTI file, or damaged: {failure}") from failure
    metadata = _texts(image.meta)
    return GiftiFile(arrays, metadata, _side([metadata, *(array.metadata for array in arrays)]))


def _check_data(raw: bytes, origin: str, error: type[TribeError], most: int) -> None:
    """Refuses more axes than arrays have, and data that unpack to more than `most`; nibabel judges the rest."""
    for found in AXES.finditer(raw):
        if not found[1].isdigit() or int(found[1][:20]) > MAX_AXES:
            raise error(
                f"{origin}: not a GIFTI file, or damaged: an array of {quoted(found[1].decode('latin-1'))} axes"
            )
    left = most
    for found in DATA.finditer(raw) if b"GZipBase64Binary" in raw else ():
        if b"<" in found[1] or b"&" in found[1]:  # which nibabel would see through, and this look would not
            raise error(f"{origin}: not a GIFTI file, or damaged: markup within data")
        try:
            left -= len(zlib.decompressobj().decompress(base64.b64decode(found[1]), left + 1))
        except (ValueError, zlib.error):  # data as text, or damaged
            continue
        if left < 0:
            raise error(f"{origin}: unpacks to more than {most // MEGABYTE} MB, the limit for such a file")


def _gunzipped(packed: bytes, origin: str, error: type[TribeError], most: int) -> bytes:
    stream = zlib.decompressobj(wbits=31)
    try:
        content = stream.decompress(packed, most + 1)
    except zlib.error as failure:
        raise error(f"{origin}: its packed data are damaged: {failure}") from failure
    if len(content) > most:
        raise error(f"{origin}: unpacks to more than {most // MEGABYTE} MB, the limit for such a file")
    if not stream.eof:
        raise error(f"{origin}: its packed data are truncated")
    return content


def _texts(metadata: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in dict(metadata or {}).items()}


def _side(places: Sequence[Mapping[str, str]]) -> str | None:
    """The hemisphere that AnatomicalStructurePrimary names; None where none does, or two do."""
    named = {STRUCTURE_SIDES.get(place.get("AnatomicalStructurePrimary", "").lower()) for place in places} - {None}
    return named.pop() if len(named) == 1 else None
