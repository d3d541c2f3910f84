"""The contract of the names: what each intermediate of each model is, in order of computation, with its shape.

    row_of("llama.layers.3.self_attn.query").shape      "(B, N, S, H)"

A table is a file of `tap_tables`; docs/taps.md is made from them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module

from tribe_np.errors import RecordingError
from tribe_np.nn.backward import GRADIENT
from tribe_np.nn.context import COSTLY

TAP_TABLES: Mapping[str, str] = {
    "encoder": "tribe_np.oracle.tap_tables.encoder_taps",
    "llama": "tribe_np.oracle.tap_tables.llama_taps",
    "wav2vec_bert": "tribe_np.oracle.tap_tables.wav2vec_bert_taps",
    "vjepa2": "tribe_np.oracle.tap_tables.vjepa2_taps",
    "dinov2": "tribe_np.oracle.tap_tables.dinov2_taps",
    "pipeline": "tribe_np.oracle.tap_tables.pipeline_taps",
}
"""Each module has TABLE; the key is what names begin with."""

HOLE = re.compile(r"\{(\w)\}")
TERM = re.compile(r"(?:(\d+) \+ )?([A-Z]\w*|\d+)(?:/(\d+))?")  # of a shape: S, 1, J/2, 1 + P


@dataclass(frozen=True)
class TapRow:
    """What one name, or the same name of every layer, stands for.

    Fields   name with {i}, {j} and {k} for numbers (of layers, events, clips) and {m} for a modality; shape in the
             table's letters, of which F_m may differ from one m to the next; when the option with which it is there,
             "" for always; gradient whether a backward pass shows its gradient; exact for numbers that are given or
             counted, not computed: nobody's are off by rounding
    """

    name: str
    shape: str
    meaning: str
    when: str = ""
    unit: str = ""
    gradient: bool = False
    exact: bool = False

    @property
    def is_costly(self) -> bool:
        """Whether it holds every pair of tokens, and is computed only for a pattern that asks for it."""
        return self.name.rpartition(".")[2] in COSTLY

    @property
    def axes(self) -> tuple[str, ...]:
        """The terms of the shape."""
        return tuple(term.strip() for term in self.shape.strip("()").split(",") if term.strip())


@dataclass(frozen=True)
class TapTable:
    """All names of one model, in order of computation."""

    model: str
    about: str  # one sentence for people
    letters: Mapping[str, str]  # what the axes of the shapes are
    rows: tuple[TapRow, ...]


@dataclass(frozen=True)
class NamedTap:
    """A recorded name as the tables have it: its row, and what stands for {i}, {j} and {m}."""

    row: TapRow
    values: Mapping[str, str]

    @property
    def axes(self) -> tuple[str, ...]:
        """The terms of the shape; F_m of the modality text is F_text."""
        return tuple(re.sub(r"_(\w)\b", lambda found: f"_{self.values[found[1]]}", axis) for axis in self.row.axes)


def rows_below(path: str, *rows: TapRow) -> tuple[TapRow, ...]:
    """The rows with `path` before their names."""
    return tuple(replace(row, name=f"{path}{row.name}") for row in rows)


def tap_table(model: str) -> TapTable:
    """The table of a model.

    Raises   RecordingError for a model that has none
    """
    if model not in TAP_TABLES:
        raise RecordingError(f"no intermediates are named {model!r:.60}; models are {', '.join(TAP_TABLES)}")
    found: TapTable = import_module(TAP_TABLES[model]).TABLE
    return found


def row_of(name: str) -> TapRow | None:
    """The row of a recorded name, or None for a name that no model has."""
    found = named_tap(name)
    return None if found is None else found.row


def named_tap(name: str) -> NamedTap | None:
    """The row of a recorded name with the numbers and modalities in it; `name@2` and `gradient.name` are `name`'s."""
    plain = name.partition("@")[0].removeprefix(f"{GRADIENT}.")
    model = plain.partition(".")[0]
    if model not in TAP_TABLES:
        return None
    for pattern, row in _patterns(model):
        if match := pattern.fullmatch(plain):
            return NamedTap(row, match.groupdict())
    return None


def order_of_computation(names: Iterable[str]) -> list[str]:
    """The names of one run in order of computation, whatever order a file has them in; unknown ones come last.

    Modalities keep the order in which they are met, as the tables do not know it.
    """
    names = list(names)
    met: dict[str, int] = {}
    for name in names:
        found = named_tap(name)
        if found is not None and "m" in found.values:
            met.setdefault(found.values["m"], len(met))
    return sorted(names, key=lambda name: _place(name, met))


def sizes_of(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """The size of each letter, from the shapes of one run by name.

    Raises   RecordingError for a shape that contradicts the letters, naming it
    """
    sizes: dict[str, int] = {}
    for plain in (True, False):  # single letters first: what they are is known then
        for name, shape in shapes.items():
            found = named_tap(name)
            if found is not None:
                _agree(name, found.axes, shape, sizes, plain=plain)
    return sizes


@cache
def _patterns(model: str) -> tuple[tuple[re.Pattern[str], TapRow], ...]:
    kinds = {"i": r"\d+", "j": r"\d+", "k": r"\d+", "m": r"[a-z]\w*"}

    def pattern(row: TapRow) -> re.Pattern[str]:
        literal = re.split(HOLE, row.name)
        parts = [re.escape(text) if k % 2 == 0 else f"(?P<{text}>{kinds[text]})" for k, text in enumerate(literal)]
        return re.compile("".join(parts))

    return tuple((pattern(row), row) for row in tap_table(model).rows)


def _place(name: str, met: Mapping[str, int]) -> tuple[int, ...]:
    """Where a name stands: rows that share what comes before {i} are one block, repeated for every i."""
    found = named_tap(name)
    repeated = int(name.partition("@")[2] or 1)
    if found is None:
        return (repeated, len(TAP_TABLES))
    model = list(TAP_TABLES).index(found.row.name.partition(".")[0])
    rows = [row.name for row in tap_table(list(TAP_TABLES)[model]).rows]
    place = [repeated, model]
    for hole in HOLE.finditer(found.row.name):
        value = found.values[hole[1]]
        block = next(k for k, row in enumerate(rows) if row.startswith(found.row.name[: hole.end()]))
        place += [block, int(value) if value.isdigit() else met[value]]
    return (*place, rows.index(found.row.name))


def _agree(name: str, axes: tuple[str, ...], shape: tuple[int, ...], sizes: dict[str, int], *, plain: bool) -> None:
    if len(axes) != len(shape):
        raise RecordingError(f"{name}: the shape {shape} has {len(shape)} axes, not those of ({', '.join(axes)})")
    for axis, size in zip(axes, shape, strict=True):
        term = TERM.fullmatch(axis)
        assert term is not None, f"{name}: {axis}"
        more, letter, parts = int(term[1] or 0), term[2], int(term[3] or 1)
        if plain != (axis == letter):
            continue
        known = int(letter) if letter.isdigit() else sizes.setdefault(letter, (size - more) * parts)
        if more + known // parts != size:
            raise RecordingError(
                f"{name}: the shape {shape} does not agree with ({', '.join(axes)}): {letter} is {known} elsewhere"
            )
