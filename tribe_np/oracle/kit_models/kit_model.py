"""What every model of a kit answers, and how its list of tensors is had from the model itself."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tribe_np.formats.safetensors import TensorEntry
from tribe_np.formats.weights import read_folder, read_json
from tribe_np.nn.context import COSTLY
from tribe_np.oracle.generator import TensorRecipe
from tribe_np.oracle.setup import Setup

EVERY_TAP = ("*", *(f"*.{leaf}" for leaf in COSTLY))
"""Patterns that hear all, attention's costly leaves included."""
SCORES = "scores"
"""Among the sizes of a case's inputs: False where attention's matrices of every pair of tokens would fill its file."""


@dataclass(frozen=True)
class KitCase:
    """One kit of a model: a configuration and the sizes of its inputs, chosen so that mistakes show.

    `config` are keys that differ from the model's tiny configuration, mappings key by key.
    """

    name: str
    meaning: str  # one sentence: what it shows
    config: Mapping[str, Any] = field(default_factory=dict)
    sizes: Mapping[str, Any] = field(default_factory=dict)  # of the inputs; each model's own


@dataclass(frozen=True, eq=False)
class KitRecipe:
    """How all tensors of a kit are had: in the order of its files.

    `stored` are weights that no integer generator gives, such as rotary frequencies: the float32 tables that upstream
    builds itself; `stored_inputs` inputs that are chosen, such as an attention mask.
    """

    weights: tuple[TensorRecipe, ...]
    inputs: tuple[TensorRecipe, ...]
    stored: Mapping[str, np.ndarray] = field(default_factory=dict)
    stored_inputs: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class LayerNames:
    """Where a model's layers are in its configuration and names, so that a kit may hold some of them alone.

    Fields   count  the keys of config.json that lead to the number of layers
             weights, taps  what the names of a layer's weights and taps begin with, before the layer's number
             stream  the tap that the first layer reads
             before, after  beginnings of names of weights that only what comes before, or after, the layers reads
             step  how many numbers a layer has: the encoder's have two, attention and feed-forward
             read  inputs that layers read as well, such as a mask
    """

    count: tuple[str, ...]
    weights: str
    taps: str
    stream: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    step: int = 1
    read: tuple[str, ...] = ()

    def number(self, config: Mapping[str, Any]) -> int:
        """How many layers a configuration has."""
        found: Any = config
        for key in self.count:
            found = found[key]
        return int(found)


class KitModel(ABC):
    """A model as kits see it."""

    name: ClassVar[str]
    tiny: ClassVar[Mapping[str, Any]]  # config.json of the case "plain"
    cases: ClassVar[tuple[KitCase, ...]]  # the first is "plain"
    layers: ClassVar[LayerNames | None] = None  # None: kits of the model hold all its layers
    heard: ClassVar[tuple[str, ...]] = EVERY_TAP  # patterns of the taps that its kits hold
    has_fixed_shapes: ClassVar[bool] = True  # no tap's shape follows from the numbers of another
    has_batch: ClassVar[bool] = True  # the first axis of every input counts examples, none of which depends on another
    wide: ClassVar[tuple[str, ...]] = ()  # patterns of inputs and taps that half precisions leave in float32

    @abstractmethod
    def released(self) -> dict[str, Any]:
        """config.json of the released model."""

    def full_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration as a kit holds it: with the keys whose defaults a reader would have to know."""
        return dict(config)

    def config_of_file(self, path: Path) -> dict[str, Any]:
        """The configuration in a person's file.

        Raises   CheckpointError or ConfigError, naming the file
        """
        return read_json(path)

    def folder_of_model(self, folder: Path) -> tuple[dict[str, Any], Mapping[str, TensorEntry]]:
        """The configuration of a model folder, and its tensors by upstream's names.

        Raises   CheckpointError or ConfigError, naming the file
        """
        return read_json(folder / "config.json"), read_folder(folder)

    def released_sizes(self) -> Mapping[str, Any]:
        """Sizes of the inputs of a kit of the released model: small ones, since every width is full."""
        return self.cases[0].sizes

    @abstractmethod
    def recipe(self, config: Mapping[str, Any], sizes: Mapping[str, Any]) -> KitRecipe:
        """How the tensors of a configuration are generated.

        Raises   ConfigError for a configuration that cannot be built
        """

    @abstractmethod
    def build(self, setup: Setup) -> Any:
        """The model from the setup's configuration and weights, in its precision."""

    @abstractmethod
    def run(self, setup: Setup) -> np.ndarray:
        """The model's output from arrays, in `setup.precision`; those who listen hear its intermediates."""


class TakenShapes:
    """The `Weights` protocol that only notes what a model takes, by upstream's names: zeros that fill no memory."""

    def __init__(
        self,
        n_rows: Callable[[str], int] = lambda name: 1,
        prefix: str = "",
        taken: dict[str, tuple[int, ...]] | None = None,
    ) -> None:
        self.taken: dict[str, tuple[int, ...]] = {} if taken is None else taken
        self._n_rows = n_rows
        self._prefix = prefix

    def at(self, *parts: str | int) -> "TakenShapes":
        """The subtree below a dotted prefix."""
        return TakenShapes(self._n_rows, self._prefix + "".join(f"{part}." for part in parts), self.taken)

    def has(self, name: str) -> bool:
        """No tensor is there that a model could do without."""
        return False

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of subject layers, whose rows only a file could count: `n_rows` of their name says how many."""
        return self._n_rows(self._prefix + name), -1, -1

    def take(self, name: str, shape: tuple[int, ...], columns: Any = None) -> np.ndarray:
        """Zeros of the shape."""
        self.skip(name, shape)
        return np.broadcast_to(np.float32(0), shape if columns is None else (*shape[:-1], len(columns)))

    def skip(self, name: str, shape: tuple[int, ...]) -> None:
        """Notes the tensor."""
        self.taken[self._prefix + name] = shape

    def rows(self, name: str, shape: tuple[int, ...]) -> Callable[[Any], np.ndarray]:
        """A function from indices to rows of the zeros."""
        table = self.take(name, shape)
        return lambda indices: np.asarray(table[indices])

    def finish(self, ignore: Mapping[str, str]) -> None:
        """Nothing is left over."""
