"""Some layers of a model alone: a smaller model of those layers is run, under the names that they have in the whole.

So a port is checked at full width in seconds. Layers that have others before them read the input "stream".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError
from tribe_np.nn.context import Edit, Listener
from tribe_np.oracle.kit_models.kit_model import LayerNames
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array, Tap

STREAM = "stream"


def checked_layers(names: LayerNames | None, config: Mapping[str, Any], first: int, stop: int) -> tuple[int, int]:
    """The layers, where the model has them.

    Raises   ConfigError
    """
    if names is None:
        raise ConfigError("kits of this model hold all its layers; leave --layers out")
    n_layers = names.number(config)
    if not 0 <= first < stop <= n_layers:
        raise ConfigError(f"layers {first}:{stop} must lie within 0:{n_layers}, the first before the last")
    return first, stop


@dataclass(frozen=True)
class LayerPart:
    """Layers first to stop - 1 of a model."""

    names: LayerNames
    first: int
    stop: int
    n_layers: int

    @classmethod
    def of(cls, names: LayerNames, config: Mapping[str, Any], layers: tuple[int, int]) -> "LayerPart":
        """Those of a configuration."""
        return cls(names, *layers, names.number(config))

    @property
    def last_tap(self) -> str | None:
        """Where a run ends, unless the last layer is among them."""
        return None if self.stop == self.n_layers else f"{self.names.taps}{self.stop * self.names.step - 1}.output"

    def needs(self, weight: str) -> bool:
        """Whether a result of these layers depends on a weight."""
        if (number := _number(weight, self.names.weights)) is not None:
            return self.first * self.names.step <= number < self.stop * self.names.step
        if weight.startswith(self.names.before):
            return self.first == 0
        return self.stop == self.n_layers or not weight.startswith(self.names.after)

    def shortened(self, setup: Setup) -> Setup:
        """The run of a model that has no other layers; its layers count from 0."""
        config = _with_value(setup.config, self.names.count, self.stop - self.first)
        weights = {
            _renumbered(name, self.names.weights, -self.first * self.names.step): tensor
            for name, tensor in setup.weights.items()
            if _number(name, self.names.weights) is None or self.needs(name)
        }
        inputs = {name: array for name, array in setup.inputs.items() if name != STREAM}
        return replace(setup, config=config, weights=weights, inputs=inputs, layers=None)

    def listeners(self, listeners: tuple[Listener, ...], stream: np.ndarray | None) -> list[Listener]:
        """The same listeners for the shortened model; what they hear has the names of the whole one.

        With a stream they hear nothing before it, and the first layer reads it.
        """
        begun = [stream is None]
        found = [self._renamed(listener, begun) for listener in listeners]
        if stream is None:
            return found

        def begin(name: str, array: Array) -> Array:
            begun[0] = True
            if stream.shape != tuple(array.shape):
                raise ConfigError(f"the stream has shape {stream.shape}, the model's is {tuple(array.shape)}")
            return stream.astype(array.dtype)

        return [*found, Listener(edit=begin, patterns=(self.names.stream,))]

    def _renamed(self, listener: Listener, begun: list[bool]) -> Listener:
        shift = self.first * self.names.step
        patterns = tuple(_renumbered(pattern, self.names.taps, -shift) for pattern in listener.patterns)

        def own(name: str) -> str:
            return _renumbered(name, self.names.taps, shift)

        def tapped(tap: Tap) -> Tap:
            return lambda name, array: tap(own(name), array) if begun[0] else None

        def editing(edit: Edit) -> Edit:
            return lambda name, array: edit(own(name), array) if begun[0] else array

        return Listener(
            None if listener.tap is None else tapped(listener.tap),
            None if listener.edit is None else editing(listener.edit),
            patterns,
        )


def _number(name: str, prefix: str) -> int | None:
    found = re.match(re.escape(prefix) + r"(\d+)(\.|$)", name)
    return None if found is None else int(found[1])


def _renumbered(name: str, prefix: str, shift: int) -> str:
    """The name with another number behind the prefix, where it has one."""
    number = _number(name, prefix)
    return name if number is None else f"{prefix}{number + shift}{name[len(prefix) + len(str(number)) :]}"


def _with_value(config: Mapping[str, Any], keys: tuple[str, ...], value: int) -> dict[str, Any]:
    first, *others = keys
    return {**config, first: _with_value(config[first], tuple(others), value) if others else value}
