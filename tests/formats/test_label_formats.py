"""GIFTI, CIFTI and tables of labels: what nibabel and a spreadsheet write, and everything that is wrong in others."""

import base64
import re
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from tests.cortex.synthetic_labels import LABELS, write_cifti, write_gifti
from tribe_np.errors import ParcellationError
from tribe_np.formats.annotation import Annotation
from tribe_np.formats.cifti_labels import parse_cifti_labels
from tribe_np.formats.gifti_labels import MOST_VERTICES, parse_gifti_labels
from tribe_np.formats.label_table import parse_label_table

NAMES = ("???", "V1", "V2", "TE1a")


def named(annotation: Annotation) -> list[str]:
    """The name of each vertex."""
    return [annotation.names[label] if label >= 0 else "" for label in annotation.labels]


EXPECTED = [NAMES[label] for label in LABELS]


@pytest.mark.parametrize("encoding", ["ASCII", "B64BIN", "B64GZ"])
def test_gifti_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    raw = write_gifti(tmp_path / "a.label.gii", NAMES, structure="CortexRight", encoding=encoding).read_bytes()
    (found,) = parse_gifti_labels(raw, "a")
    assert named(found) == EXPECTED
    assert found.hemisphere == "right"


def test_a_gifti_key_that_the_table_lacks_is_no_label(tmp_path: Path) -> None:
    raw = write_gifti(tmp_path / "a.label.gii", NAMES, np.array([1, 7, 2, -3])).read_bytes()
    (found,) = parse_gifti_labels(raw, "a")
    assert named(found) == ["V1", "", "V2", ""]
    assert found.hemisphere is None


def test_cifti_holds_both_hemispheres_and_leaves_the_medial_wall_out(tmp_path: Path) -> None:
    left, right = parse_cifti_labels(write_cifti(tmp_path / "a.dlabel.nii", NAMES).read_bytes(), "a")
    expected = ["" if name == "???" else name for name in EXPECTED]
    assert (named(left), named(right)) == (expected, expected)
    assert (left.hemisphere, right.hemisphere) == ("left", "right")


def test_tables_by_vertex_and_in_order() -> None:
    text = "hemisphere,vertex,region\nlh,1,V2\nlh,0,V1\nR,0,\nR,1,V1\n"
    left, right = parse_label_table(text.encode(), "a.csv")
    assert (named(left), named(right)) == (["V1", "V2"], ["", "V1"])
    (one,) = parse_label_table("\ufeffRegion\tnote\nV1\tx\n\ty\n".encode(), "a.tsv")
    assert named(one) == ["V1", ""]
    assert one.hemisphere is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must name the column region"),
        ("vertex,name\n0,V1\n", "must name the column region"),
        ("region\n", "no row but the first"),
        ("hemisphere,region\n", "no row but the first"),
        ("region,vertex\nV1\n", "line 2 does not have the 2 fields"),
        ("region,vertex\nV1,x\n", "line 2: vertex 'x' is not a whole number"),
        ("region,vertex\nV1,0\nV2,2\n", "each vertex from 0 to 1 once"),
        ("region,vertex\nV1,0\nV2,0\n", "each vertex from 0 to 1 once"),
        ("hemisphere,region\nmiddle,V1\n", "line 2: hemisphere 'middle' is neither"),
        ("region\n\xff", "not a table of regions"),
        ('region\n"' + "x\n" * 100_000, "not a table of regions"),
        ("region\n" + "," * 70_000, "line 2 is longer than 65536"),
        ("region\n" + "a\n" * 1_000_001, "has more than 1000000 rows"),
    ],
)
def test_what_is_wrong_in_a_table(text: str, said: str) -> None:
    with pytest.raises(ParcellationError, match=f"a.csv: .*{said}"):
        parse_label_table(text.encode("latin-1"), "a.csv")


def _bomb(match: re.Match[bytes]) -> bytes:
    return b"<Data>" + base64.b64encode(zlib.compress(bytes(50_000_000))) + b"</Data>"


GIFTI_DAMAGE: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("no XML", lambda raw: b"\0\1\2", "not well-formed"),
    ("another root", lambda raw: b"<VTK></VTK>", "its root is not GIFTI"),
    ("no table", lambda raw: re.sub(rb"<LabelTable>.*</LabelTable>", b"", raw, flags=re.DOTALL), "no table of labels"),
    ("a key twice", lambda raw: raw.replace(b'Key="10"', b'Key="0"'), "two labels have the key 0"),
    ("no key", lambda raw: raw.replace(b'Key="10"', b'Key="ten"'), "has the key 'ten'"),
    ("another intent", lambda raw: raw.replace(b"INTENT_LABEL", b"INTENT_POINTSET"), "expected NIFTI_INTENT_LABEL"),
    ("a wrong count", lambda raw: raw.replace(b'Dim0="10"', b'Dim0="11"'), "expected 44"),
    ("too few", lambda raw: raw.replace(b'Dim0="10"', b'Dim0="9"'), "40.*expected 36|37 or more bytes"),
    ("huge", lambda raw: raw.replace(b'Dim0="10"', b'Dim0="999999999"'), f"expected 1 to {MOST_VERTICES}"),
    ("negative", lambda raw: raw.replace(b'Dim0="10"', b'Dim0="-1"'), "expected one key per vertex"),
    ("another type", lambda raw: raw.replace(b"TYPE_INT32", b"TYPE_RGB24"), "expected NIFTI_TYPE_INT32"),
    ("a file beside", lambda raw: raw.replace(b"GZipBase64Binary", b"ExternalFileBinary"), "which is not read"),
    ("no base 64", lambda raw: re.sub(rb"<Data>.*</Data>", b"<Data>(((</Data>", raw), "cannot be decoded"),
    ("a bomb", lambda raw: re.sub(rb"<Data>.*</Data>", _bomb, raw), "41 or more bytes, expected 40"),
    (
        "entities",
        lambda raw: raw.replace(b"<GIFTI", b'<!DOCTYPE GIFTI [<!ENTITY a "b">]><GIFTI', 1).replace(
            b'<!DOCTYPE GIFTI SYSTEM "http://www.nitrc.org/frs/download.php/115/gifti.dtd">', b""
        ),
        "it declares entities",
    ),
    ("two arrays", lambda raw: raw.replace(b"</GIFTI>", b"<DataArray/></GIFTI>"), "holds several arrays"),
]


@pytest.mark.parametrize(("change", "said"), [damage[1:] for damage in GIFTI_DAMAGE], ids=[d[0] for d in GIFTI_DAMAGE])
def test_what_is_wrong_in_a_gifti_file(tmp_path: Path, change: Callable[[bytes], bytes], said: str) -> None:
    raw = write_gifti(tmp_path / "a.label.gii", NAMES).read_bytes()
    changed = change(raw)
    assert changed != raw
    with pytest.raises(ParcellationError, match=rf"a: not a GIFTI file of labels, or damaged: .*({said})"):
        parse_gifti_labels(changed, "a")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"n+2\0", b"n+1\0", "does not start as NIfTI-2"),
        (b"CORTEX_LEFT", b"CORTEX_LOFT", "BrainStructure|got right"),
        (b'SurfaceNumberOfVertices="10"', b'SurfaceNumberOfVertices="05"', "beyond its 5"),
        (b'IndexCount="8"', b'IndexCount="9"', "does not list the 9 vertices"),
        (b'IndexOffset="8"', b'IndexOffset="9"', "does not list the 8 vertices"),
    ],
)
def test_what_is_wrong_in_a_cifti_file(tmp_path: Path, old: bytes, new: bytes, said: str) -> None:
    raw = write_cifti(tmp_path / "a.dlabel.nii", NAMES).read_bytes()
    assert old in raw
    with pytest.raises(ParcellationError, match=rf"a: not a CIFTI-2 file of labels, or damaged: .*({said})"):
        parse_cifti_labels(raw.replace(old, new), "a")


def test_counts_in_a_cifti_header_are_checked_against_the_file(tmp_path: Path) -> None:
    raw = bytearray(write_cifti(tmp_path / "a.dlabel.nii", NAMES).read_bytes())
    raw[64:72] = (2**40).to_bytes(8, "little")  # the number of places
    with pytest.raises(ParcellationError, match="take more than the file's"):
        parse_cifti_labels(bytes(raw), "a")


READERS = {
    "gii": (parse_gifti_labels, write_gifti), "nii": (parse_cifti_labels, write_cifti),
    "csv": (parse_label_table, lambda path, names: path.write_text("hemisphere,region\nL,V1\nR,V2\n") and path),
}  # fmt: skip


@pytest.mark.parametrize("kind", READERS)
def test_only_our_error_escapes_from_damaged_files(tmp_path: Path, kind: str) -> None:
    parse, write = READERS[kind]
    raw = write(tmp_path / "a", NAMES) if kind == "csv" else write(tmp_path / f"a.{kind}", NAMES)
    whole = raw.read_bytes()
    places = range(0, len(whole), max(1, len(whole) // 400))
    for cut in places:
        _tried(parse, whole[:cut])
    random = np.random.default_rng(0)
    for at in places:
        damaged = bytearray(whole)
        damaged[at] ^= int(random.integers(1, 256))
        _tried(parse, bytes(damaged))


def _tried(parse: Callable[[bytes, str], object], raw: bytes) -> None:
    with suppress(ParcellationError):
        parse(raw, "a.csv")
