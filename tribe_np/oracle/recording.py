"""Every named intermediate of a model, recorded while it runs, saved, loaded and compared.

    with trace() as recording:
        encoder(features)
    recording["encoder.layers.0.query"]

Names are the model's prefix, the checkpoint's path, and a leaf; the list per model is a public contract (`taps`).
"""

import json
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Literal, Self, TypeVar, overload

import numpy as np

from tribe_np.backend import to_host
from tribe_np.card import Card
from tribe_np.errors import RecordingError
from tribe_np.formats.safetensors import read_header, write_safetensors
from tribe_np.nn.context import Edit, Listener, listening
from tribe_np.oracle.differences import BOUND, Difference, ErrorBound, NamedValues, compare, exceeds
from tribe_np.oracle.summaries import Summary
from tribe_np.oracle.taps import order_of_computation
from tribe_np.protocols import Array, Tap
from tribe_np.shown import quoted, some_of

SHOWN_NAMES = 4  # at the beginning and at the end of a recording's table
NOT_HEARD = "not_heard"  # key of a file's metadata
SUMMARIES = "summaries"  # key of a file's metadata: JSON of each summary but for its sample
Value = TypeVar("Value", np.ndarray, Summary)


class NamedRecording(Card, Generic[Value]):
    """What recordings of arrays and of summaries have in common.

    A name met again (a second call inside one trace) is stored as name@2, name@3, ...
    `not_heard` are stages of the pipeline that were not computed, since the cache holds what comes out of them (or a
    piece before had the same): neither they nor the model's layers below them were heard.
    """

    not_heard: list[str]

    @property
    @abstractmethod
    def values(self) -> dict[str, Value]:
        """By name, in the order they were computed."""

    @abstractmethod
    def add(self, name: str, array: Array) -> None:
        """Keeps an intermediate; it is a tap."""

    def skip(self, stage: str) -> None:
        """Notes a stage that was not computed."""
        if stage not in self.not_heard:
            self.not_heard.append(stage)

    @abstractmethod
    def n_bytes(self) -> int:
        """What is held in memory."""

    def __getitem__(self, name: str) -> Value:
        return self.values[name]

    def __contains__(self, name: object) -> bool:
        return name in self.values

    def __len__(self) -> int:
        return len(self.values)

    def names(self) -> list[str]:
        """Recorded names in the order they were computed."""
        return list(self.values)

    def first_difference(
        self, other: NamedValues, *, bound: float | Callable[[str], ErrorBound | float] = BOUND
    ) -> Difference | None:
        """The first intermediate, in order of computation, that differs from the other's by more than `bound`, or None.

        `bound` is of the largest error over the root mean square of the other's, or a function from a name to that, or
        to both bounds (`budget.bounds`).
        Raises   RecordingError when no name is in both, for what is no recording, or for a bound that is none
        Warns    of names that are in one of the two alone, which are not compared
        """
        rows = compare(self, other)
        alone = (("the other", rows.extra), ("this recording", rows.missing))
        told = [f"{who} lacks {some_of(names)}" for who, names in alone if names]
        if told:
            warnings.warn(f"not compared: {'; '.join(told)}", stacklevel=2)
        return next((row for row in rows if exceeds(row, bound)), None)

    def facts(self) -> dict[str, object]:
        """See Card: the first and last names with shape and dtype."""
        shown = {name: self._shown(value) for name, value in self.values.items()}
        names = list(shown)
        if len(names) > 2 * SHOWN_NAMES:
            between = {f"... {len(names) - 2 * SHOWN_NAMES} more": "in names()"}
            shown = {n: shown[n] for n in names[:SHOWN_NAMES]} | between | {n: shown[n] for n in names[-SHOWN_NAMES:]}
        skipped = f"{len(self.not_heard)} stages that the cache holds: {some_of(self.not_heard)}"
        told = {"not heard": skipped} if self.not_heard else {}
        return {"intermediates": f"{len(names)}, {self.n_bytes() / 1e6:.1f} MB", **told, **shown}

    @abstractmethod
    def _shown(self, value: Value) -> str:
        """A value on one line."""

    def _free(self, name: str) -> str:
        count, key = 1, name
        while key in self.values:
            count += 1
            key = f"{name}@{count}"
        return key


@dataclass(eq=False, repr=False)
class Recording(NamedRecording[np.ndarray]):
    """Recorded arrays by name, in the order they were computed; copies on the host.

    A name met again (a second call inside one trace) is stored as name@2, name@3, ...
    """

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    not_heard: list[str] = field(default_factory=list)

    @property
    def values(self) -> dict[str, np.ndarray]:
        """See NamedRecording."""
        return self.arrays

    def add(self, name: str, array: Array) -> None:
        """Stores a copy of `array`."""
        self.arrays[self._free(name)] = np.array(to_host(array), copy=True)

    def n_bytes(self) -> int:
        """See NamedRecording."""
        return sum(array.nbytes for array in self.arrays.values())

    def summary(self) -> "SummaryRecording":
        """A summary of each array."""
        return SummaryRecording({n: Summary.of(array) for n, array in self.arrays.items()}, list(self.not_heard))

    def save(self, path: str | Path) -> None:
        """Writes a safetensors file; the order of computation is kept in its metadata."""
        write_safetensors(path, self.arrays, metadata={"names": "\n".join(self.arrays), **_skipped(self)})

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Reads what `save` wrote, or any safetensors file, whose known names are put in the order of computation.

        Raises   CheckpointError for a malformed file, RecordingError for names that are not the tensors', or summaries
        """
        arrays, metadata = _read(path)
        if SUMMARIES in metadata:
            raise RecordingError(f"{path}: holds summaries; SummaryRecording.load reads them")
        return cls(arrays, _not_heard(metadata))

    def _shown(self, value: np.ndarray) -> str:
        return f"{value.shape} {value.dtype.name}"


@dataclass(eq=False, repr=False)
class SummaryRecording(NamedRecording[Summary]):
    """A summary of each intermediate, by name, in the order they were computed."""

    summaries: dict[str, Summary] = field(default_factory=dict)
    not_heard: list[str] = field(default_factory=list)

    @property
    def values(self) -> dict[str, Summary]:
        """See NamedRecording."""
        return self.summaries

    def add(self, name: str, array: Array) -> None:
        """Keeps the summary of `array`."""
        self.summaries[self._free(name)] = Summary.of(to_host(array))

    def n_bytes(self) -> int:
        """See NamedRecording."""
        return sum(summary.sample.nbytes for summary in self.summaries.values())

    def save(self, path: str | Path) -> None:
        """Writes a safetensors file: the samples as tensors, in the metadata the `names` in order and `summaries`.

        `summaries` is JSON, by name: shape, dtype, mean, rms, smallest, largest, n_not_finite.
        """
        about = json.dumps({name: summary.as_json() for name, summary in self.summaries.items()})
        samples = {name: summary.sample for name, summary in self.summaries.items()}
        metadata = {"names": "\n".join(samples), SUMMARIES: about, **_skipped(self)}
        write_safetensors(path, samples, metadata=metadata)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Reads what `save` wrote.

        Raises   CheckpointError for a malformed file, RecordingError for one that holds no summaries, naming it
        """
        samples, metadata = _read(path)
        try:
            about = json.loads(metadata.get(SUMMARIES, ""))
        except ValueError as error:
            raise RecordingError(f"{path}: holds no summaries of intermediates") from error
        if not isinstance(about, dict) or set(about) != set(samples):
            raise RecordingError(f"{path}: the summaries differ from the tensors in the file")
        try:
            made = {name: Summary.from_json(name, about[name], sample) for name, sample in samples.items()}
            return cls(made, _not_heard(metadata))
        except RecordingError as error:
            raise RecordingError(f"{path}: {error}") from error

    def _shown(self, value: Summary) -> str:
        return f"{value.shape} {value.dtype}, mean {value.mean:.3g}, RMS {value.rms:.3g}"


def _skipped(recording: Recording | SummaryRecording) -> dict[str, str]:
    """Metadata of what was not heard; nothing where all was, as in files of before."""
    return {NOT_HEARD: "\n".join(recording.not_heard)} if recording.not_heard else {}


def _not_heard(metadata: dict[str, str]) -> list[str]:
    return metadata[NOT_HEARD].split("\n") if metadata.get(NOT_HEARD) else []


def _read(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The tensors of a file in the order of computation, and its metadata."""
    entries, metadata = read_header(path)
    names = metadata["names"].split("\n") if metadata.get("names") else order_of_computation(entries)
    if set(names) != set(entries):
        raise RecordingError(f"{path}: the recorded names differ from the tensors in the file")
    return {name: np.array(entries[name].read()) for name in names}, metadata


@overload
@contextmanager
def trace(
    tap: Tap | None = None, pattern: str | Sequence[str] = "*", *, summary: Literal[False] = False
) -> Iterator[Recording]: ...


@overload
@contextmanager
def trace(
    tap: Tap | None = None, pattern: str | Sequence[str] = "*", *, summary: Literal[True]
) -> Iterator[SummaryRecording]: ...


@contextmanager
def trace(
    tap: Tap | None = None, pattern: str | Sequence[str] = "*", *, summary: bool = False
) -> Iterator[Recording | SummaryRecording]:
    """Records every named intermediate whose name matches `pattern` (shell style; one or several) inside the block.

    With `tap`, each matching intermediate is handed to it instead, as tap(name, array); it must copy what it keeps. A
    trace inside another adds to it: both hear. Attention's `logits` and `probabilities`, which hold every pair of
    tokens, are computed only for a pattern that asks for them: ("*", "*.probabilities"). With `summary`, what is kept
    of each is its shape, dtype, mean, RMS, smallest and largest number, and 1,024 of its numbers (`summaries`). What
    the cache holds is not computed and not heard: `not_heard` says what it was.
    Raises   RecordingError for patterns that are no text
    """
    recording = SummaryRecording() if summary else Recording()
    heard = recording.add if tap is None else tap
    with listening(Listener(heard, patterns=_patterns(pattern), skip=recording.skip)):
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
    patterns = (pattern,) if isinstance(pattern, str) else tuple(pattern) if isinstance(pattern, Sequence) else ()
    if not patterns or not all(isinstance(one, str) for one in patterns):
        raise RecordingError(f"a pattern is text such as '*.output', or several of them; got {quoted(pattern)}")
    return patterns
