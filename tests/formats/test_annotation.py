"""FreeSurfer annotations: nibabel's and hand-made ones, and everything that is wrong in others."""

import struct
import time
from pathlib import Path

import nibabel.freesurfer.io
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.errors import ParcellationError
from tribe_np.formats.annotation import read_annotation

COLOURS = ((25, 5, 25), (10, 20, 30), (255, 0, 128))
NAMES = ("unknown", "L_V1_ROI", "L_V2_ROI")


def text(value: str) -> bytes:
    return struct.pack(">i", len(value) + 1) + value.encode() + b"\0"


def annotation(colours: list[int], *, new: bool = True, indices: tuple[int, ...] = (0, 1, 2), size: int = 3) -> bytes:
    """A file in FreeSurfer's new or old layout, byte by byte."""
    pairs = b"".join(struct.pack(">2i", vertex, colour) for vertex, colour in enumerate(colours))
    raw = struct.pack(">i", len(colours)) + pairs + struct.pack(">i", 1)
    raw += struct.pack(">2i", -2, size) if new else struct.pack(">i", len(indices))
    raw += text("colours.txt") + (struct.pack(">i", len(indices)) if new else b"")
    for index, name, colour in zip(indices, NAMES, COLOURS, strict=True):
        raw += (struct.pack(">i", index) if new else b"") + text(name) + struct.pack(">4i", *colour, 0)
    return raw


def packed(label: int) -> int:
    red, green, blue = COLOURS[label]
    return red + 256 * green + 65536 * blue


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lh.annot"


@given(st.lists(st.integers(-1, 2), min_size=1, max_size=20))
def test_what_nibabel_writes_is_read_as_it_reads_it(
    tmp_path_factory: pytest.TempPathFactory, labels: list[int]
) -> None:
    path = tmp_path_factory.getbasetemp() / "written.annot"
    table = np.array([[*colour, 0] for colour in COLOURS])
    nibabel.freesurfer.io.write_annot(str(path), np.array(labels), table, list(NAMES), fill_ctab=True)
    found = read_annotation(path)
    theirs, _, names = nibabel.freesurfer.io.read_annot(str(path))
    np.testing.assert_array_equal(found.labels, theirs)
    np.testing.assert_array_equal(found.labels, labels)
    assert list(found.names) == [name.decode() for name in names]


@pytest.mark.parametrize("new", [False, True])
def test_both_layouts(path: Path, new: bool) -> None:
    path.write_bytes(annotation([packed(1), 0, packed(2), packed(0)], new=new))
    found = read_annotation(path)
    assert found.labels.tolist() == [1, -1, 2, 0]
    assert found.names == NAMES


def test_an_index_without_an_entry_and_a_colour_without_a_label(path: Path) -> None:
    path.write_bytes(annotation([packed(0), packed(2), 77, -1], indices=(7, 0, 3), size=9))
    found = read_annotation(path)
    assert found.labels.tolist() == [7, 3, -1, -1]
    assert (found.names[7], found.names[0], found.names[3], found.names[8]) == (*NAMES, "")


def test_vertices_in_another_order(path: Path) -> None:
    raw = annotation([packed(0), packed(1)])
    path.write_bytes(raw[:4] + struct.pack(">4i", 1, packed(0), 0, packed(1)) + raw[20:])
    assert read_annotation(path).labels.tolist() == [1, 0]


WHOLE = annotation([packed(1), packed(2)])


@pytest.mark.parametrize(
    ("at", "value", "said"),
    [
        (0, 2**31 - 1, "2147483647 vertices"),
        (0, -1, "-1 vertices"),
        (0, 0, "0 vertices"),
        (4, 1, "each of 2 vertices once"),
        (20, 0, "no table"),
        (24, -3, "layout -3"),
        (24, 2**31 - 1, "3 labels|bytes|labels up to"),
        (28, 2**31 - 1, "labels up to index 2147483647"),
        (28, 2, "labels up to index 2"),
        (28, -1, "labels up to index -1"),
        (32, 2**31 - 1, "path of the table claims"),
        (32, -1, "path of the table"),
        (48, 2**31 - 1, "labels up to"),
        (52, 3, "index 3"),
        (52, 1, "each once"),
        (56, 2**31 - 1, "name of a label claims"),
        (68, 256, "colour 256"),
    ],
)
def test_a_wrong_number_is_named(path: Path, at: int, value: int, said: str) -> None:
    path.write_bytes(WHOLE[:at] + struct.pack(">i", value) + WHOLE[at + 4 :])
    with pytest.raises(ParcellationError, match=rf"lh\.annot: not a FreeSurfer annotation.*({said})"):
        read_annotation(path)


def test_no_truncation_and_no_changed_byte_escapes(path: Path, rng: np.random.Generator) -> None:
    start, refused = time.process_time(), 0
    changed = [WHOLE[:n] for n in range(len(WHOLE))]
    for _ in range(600):
        raw = np.frombuffer(WHOLE, np.uint8).copy()
        raw[rng.integers(len(raw), size=rng.integers(1, 4))] = rng.choice([0, 1, 127, 128, 255])
        changed.append(raw.tobytes())
    for content in changed:
        path.write_bytes(content)
        try:
            assert len(read_annotation(path).labels) == 2
        except ParcellationError:
            refused += 1
    assert refused > 500
    assert time.process_time() - start < 20


def test_a_large_table_takes_no_time(path: Path) -> None:
    size = 100_000
    entries = b"".join(
        struct.pack(">i", i) + text(f"L_{i}_ROI") + struct.pack(">4i", i & 255, i >> 8 & 255, i >> 16, 0)
        for i in range(size)
    )
    head = struct.pack(">3i", 1, 0, 5) + struct.pack(">3i", 1, -2, size) + text("x") + struct.pack(">i", size)
    path.write_bytes(head + entries)
    start = time.process_time()
    assert read_annotation(path).labels.tolist() == [5]
    assert time.process_time() - start < 20
