"""Every named intermediate of a model, recorded while it runs, saved, loaded and compared.

    with trace() as recording:
        encoder(features)
    recording["encoder.layers.0.query"]

Names are the model's prefix, the checkpoint's path, and a leaf; the list per model is a public contract.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tribe_np.backend import to_host
from tribe_np.card import Card
from tribe_np.errors import RecordingError
from tribe_np.formats.safetensors import read_header, write_safetensors
from tribe_np.nn.context import Edit, Listener, listening
from tribe_np.protocols import Array, Tap
from tribe_np.shown import some_of

SHOWN_NAMES = 4  # at the beginning and at the end of a recording's table


@dataclass(eq=False, repr=False)
class Recording(Card):
    """Recorded arrays by name, in the order they were computed; copies on the host.

    A name met again (a second call inside one trace) is stored as name@2, name@3, ...
    """

    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def facts(self) -> dict[str, object]:
        """See Card: the first and last names with shape and dtype."""
        shown = {name: f"{array.shape} {array.dtype.name}" for name, array in self.arrays.items()}
        names = list(shown)
        if len(names) > 2 * SHOWN_NAMES:
            between = {f"... {len(names) - 2 * SHOWN_NAMES} more": "in names()"}
            shown = {n: shown[n] for n in names[:SHOWN_NAMES]} | between | {n: shown[n] for n in names[-SHOWN_NAMES:]}
        total = sum(array.nbytes for array in self.arrays.values())
        return {"intermediates": f"{len(names)}, {total / 1e6:.1f} MB", **shown}

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def __contains__(self, name: object) -> bool:
        return name in self.arrays

    def __len__(self) -> int:
        return len(self.arrays)

    def names(self) -> list[str]:
        """Recorded names in the order they were computed."""
        return list(self.arrays)

    def add(self, name: str, array: Array) -> None:
        """Stores a copy of `array`."""
        count, key = 1, name
        while key in self.arrays:
            count += 1
            key = f"{name}@{count}"
        self.arrays[key] = np.array(to_host(array), copy=True)

    def save(self, path: str | Path) -> None:
        """Writes a safetensors file; the order of computation is kept in its metadata."""
        write_safetensors(path, self.arrays, metadata={"names": "\n".join(self.arrays)})

    @classmethod
    def load(cls, path: str | Path) -> "Recording":
        """Reads what `save` wrote, or any safetensors file.

        Raises   CheckpointError for a malformed file, RecordingError for names that are not the tensors'
        """
        entries, metadata = read_header(path)
        names = metadata["names"].split("\n") if metadata.get("names") else list(entries)
        if set(names) != set(entries):
            raise RecordingError(f"{path}: the recorded names differ from the tensors in the file")
        return cls({name: np.array(entries[name].read()) for name in names})


@dataclass(frozen=True)
class Difference:
    """One compared intermediate; errors are over the root mean square of the reference."""

    name: str
    max_error: float
    rms_error: float


def relative_error(ours: np.ndarray, reference: np.ndarray) -> float:
    """Largest absolute difference over the reference's root mean square; infinite for shapes or NaN that differ.

    Numerics equal infinities (masked scores) are no difference, and the root mean square is over finite numbers
    """
    if ours.shape != reference.shape:
        return float("inf")
    largest = float(np.max(_differences(ours, reference), initial=0.0))
    scale = finite_rms(reference)
    if np.isnan(largest):
        return float("inf")
    return largest / scale if scale > 0 else (0.0 if largest == 0 else float("inf"))


def finite_rms(x: np.ndarray) -> float:
    """The root mean square of the finite numbers; 0 without any."""
    wide = np.asarray(x, np.float64)
    finite = wide[np.isfinite(wide)]
    return float(np.sqrt(np.mean(np.square(finite)))) if finite.size else 0.0


def _differences(ours: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Absolute differences in float64; 0 where both are the same infinity."""
    a, b = np.asarray(ours, np.float64), np.asarray(reference, np.float64)
    return np.abs(np.subtract(a, b, where=a != b, out=np.zeros(a.shape)))


class Differences(list[Difference]):
    """Compared intermediates in the order of computation; `missing` are those of the reference that ours lacks."""

    def __init__(self, rows: Iterable[Difference] = (), missing: Sequence[str] = ()) -> None:
        super().__init__(rows)
        self.missing = tuple(missing)


def compare(ours: Recording, reference: Recording, *, strict: bool = False) -> Differences:
    """Every intermediate of `reference` against ours, in the order of computation; the first large one is the cause.

    Names that ours lacks are left out, and told in `missing`.
    strict   refuses to leave any out
    Raises   RecordingError when ours lacks all names of the reference, or with `strict` one
    """
    missing = [name for name in reference.names() if name not in ours]
    if missing and (strict or len(missing) == len(reference)):
        raise RecordingError(f"the recording lacks {some_of(missing)} of the reference")
    rows = []
    for name in reference.names():
        if name not in ours:
            continue
        a, b = ours[name], reference[name]
        rms = float("inf")
        if a.shape == b.shape:
            scale = float(np.sqrt(np.mean(np.square(b, dtype=np.float64)))) or 1.0
            rms = float(np.sqrt(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2))) / scale
        rows.append(Difference(name, relative_error(a, b), rms))
    return Differences(rows, missing)


@contextmanager
def trace(tap: Tap | None = None, pattern: str | Sequence[str] = "*") -> Iterator[Recording]:
    """Records every named intermediate whose name matches `pattern` (shell style; one or several) inside the block.

    With `tap`, each matching intermediate is handed to it instead, as tap(name, array); it must copy what it keeps. A
    trace inside another adds to it: both hear. Attention's `logits` and `probabilities`, which hold every pair of
    tokens, are computed only for a pattern that asks for them: ("*", "*.probabilities").
    """
    recording = Recording()
    with listening(Listener(recording.add if tap is None else tap, patterns=_patterns(pattern))):
        yield recording


@contextmanager
def edited(edit: Edit, pattern: str | Sequence[str] = "*") -> Iterator[None]:
    """Inside the block a forward pass goes on with edit(name, array) instead of each intermediate that matches.

    A trace that was opened before hears what was computed, one opened inside what takes its place. Gradients are not
    edited, nor are those of a backward pass.
    """
    with listening(Listener(edit=edit, patterns=_patterns(pattern))):
        yield


def _patterns(pattern: str | Sequence[str]) -> tuple[str, ...]:
    return (pattern,) if isinstance(pattern, str) else tuple(pattern)
