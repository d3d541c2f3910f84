"""A file of labels, of any format, into what each hemisphere's vertices are called."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tribe_np.cortex.hemisphere_marks import hemisphere_of
from tribe_np.cortex.parcellations.label_names import NamedLabels, is_no_region, named_labels
from tribe_np.cortex.parcellations.parcellation import NO_REGION, ParcellationFile
from tribe_np.errors import ParcellationError
from tribe_np.files.file_kinds import description
from tribe_np.files.small_files import MEGABYTE, read_small_file
from tribe_np.formats.annotation import Annotation, parse_annotation
from tribe_np.formats.cifti_labels import parse_cifti_labels
from tribe_np.formats.gifti_labels import parse_gifti_labels
from tribe_np.formats.label_table import halves, parse_label_table
from tribe_np.shown import quoted

MAX_BYTES = 64 * MEGABYTE  # fsaverage takes 1.3 as an annotation, and some 5 as a table
Parser = Callable[[bytes, str], Sequence[Annotation]]
FORMATS: dict[str, Parser] = {
    ".annot": lambda raw, origin: [parse_annotation(raw, origin)],
    ".gii": parse_gifti_labels,
    ".dlabel.nii": parse_cifti_labels,
    ".csv": parse_label_table,
    ".tsv": parse_label_table,
}
"""Readers by the end of a file's name; each gives one hemisphere, or both."""


@dataclass(frozen=True, eq=False)
class HemisphereLabels:
    """The labels of one hemisphere, with what is known of which one it is."""

    annotation: Annotation
    named: NamedLabels
    origin: str  # what errors call it
    file_name: str = ""
    file: ParcellationFile | None = None
    told: str | None = None  # the hemisphere by the file's name or content; `named.side` is by the labels

    @property
    def n_vertices(self) -> int:
        """Vertices of the hemisphere in the file."""
        return len(self.annotation.labels)

    def region_of(self, numbers: dict[str, int], n_vertices: int) -> np.ndarray:
        """The number of the region of each of the first vertices, (n_vertices,); `numbers` gains the new regions."""
        of_label = [
            numbers.setdefault(self.named.region_of[name], len(numbers)) if name in self.named.region_of else NO_REGION
            for name in self.annotation.names
        ]
        by_label = np.array([*of_label, NO_REGION])  # label -1 is the last
        found: np.ndarray = by_label[self.annotation.labels[:n_vertices]]
        return found


def read_labels(path: Path, *, alone: bool) -> list[HemisphereLabels]:
    """The hemispheres in a file: one, or left and right. A file given `alone` may be a table of both without saying so.

    Raises   ParcellationError, naming the file
    """
    parse = next((parse for suffix, parse in FORMATS.items() if path.name.lower().endswith(suffix)), None)
    raw = read_small_file(path, most=MAX_BYTES, error=ParcellationError)
    if parse is None:
        raise ParcellationError(f"{path}: not a file of labels by its name; known are {', '.join(FORMATS)}")
    file = ParcellationFile(path.absolute(), hashlib.sha256(raw).hexdigest())
    found = _parsed(parse, raw, path)
    if (
        alone
        and parse is parse_label_table
        and len(found) == 1
        and not (found[0].hemisphere or hemisphere_of(path.name))
    ):
        found = halves(found[0])
    return [hemisphere_labels(each, str(path), path.name, file) for each in found]


def _parsed(parse: Parser, raw: bytes, path: Path) -> Sequence[Annotation]:
    """The labels; of a file that is something else, such as a pointer of Git LFS, the error says what it is."""
    try:
        return parse(raw, str(path))
    except ParcellationError as error:
        instead = description(raw, own=("xml",), remedies={"archive": "unpack it"})
        if not instead:
            raise
        raise ParcellationError(f"{path}: not a file of labels, but {instead}") from error


def hemisphere_labels(
    annotation: Annotation, origin: str, file_name: str = "", file: ParcellationFile | None = None
) -> HemisphereLabels:
    """Labels with their meaning; only labels that a vertex has count.

    Raises   ParcellationError where the file's name and its content tell two hemispheres
    """
    if areas := [name for name in annotation.doubtful if not is_no_region(name)]:
        raise ParcellationError(
            f"{origin}: the vertices of {', '.join(map(quoted, areas[:3]))} cannot be told: their colour is that "
            "of another label, or black, which means no label"
        )
    used = np.unique(annotation.labels[annotation.labels >= 0])
    where = f"{origin} ({annotation.hemisphere})" if annotation.hemisphere else origin
    named = named_labels(list(dict.fromkeys(annotation.names[at] for at in used)), where)
    by_name, told = hemisphere_of(file_name), annotation.hemisphere
    if by_name and told and by_name != told:
        raise ParcellationError(
            f"{origin}: its name says {by_name}, but the file says that it is the {told} hemisphere"
        )
    return HemisphereLabels(annotation, named, where, file_name, file, told or by_name)
