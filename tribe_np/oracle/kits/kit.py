"""A conformance kit in memory: what is to be computed, from what, and what is right at every named stage."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from tribe_np.encoder.random import merged
from tribe_np.errors import ConfigError, KitError
from tribe_np.oracle.differences import compare
from tribe_np.oracle.generator import TensorRecipe
from tribe_np.oracle.kit_models.kit_catalogue import kit_model
from tribe_np.oracle.kit_models.kit_model import SCORES, KitCase, KitRecipe
from tribe_np.oracle.kit_runs import run_setup, summarised
from tribe_np.oracle.kits.lazy_tensors import BlankTensor, generated
from tribe_np.oracle.layer_parts import STREAM, LayerPart, checked_layers
from tribe_np.oracle.recording import Recording, SummaryRecording
from tribe_np.oracle.setup import Setup

MOST_INPUTS = 1 << 27  # numbers
AGREES = 1e-10  # over the root mean square: other machines differ by 1e-12
LARGE = 1 << 28  # bytes of weights; see is_large
ORIGINS = {
    "tiny": "a small configuration of this model, chosen so that mistakes show",
    "released": "the configuration of the released model",
    "config": "a configuration file that was given",
    "folder": "a model folder that was given, with its own weights",
}
"""Where the configuration of a kit is from."""


@dataclass(frozen=True, eq=False)
class Kit:
    """One kit.

    Fields   config as config.json; recipe how tensors are generated; weights by upstream's names, float32: arrays, or
             LazyTensor where they are full-size; inputs by the kit's; expected in float64, in the order of computation;
             origin one of ORIGINS; meaning what it shows; sizes of the inputs; layers (first, stop) where it holds
             those alone; weight_files the digests of the files of a person's own weights; summary in the place of
             expected where whole arrays would take gigabytes (see `whole_kit`); blank what a run needs besides, though
             no result depends on it
    """

    model: str
    case: str
    seed: int
    config: Mapping[str, Any]
    recipe: KitRecipe
    weights: Mapping[str, np.ndarray]
    inputs: Mapping[str, np.ndarray]
    expected: Recording
    origin: str = "tiny"
    meaning: str = ""
    sizes: Mapping[str, Any] = field(default_factory=dict)
    layers: tuple[int, int] | None = None
    weight_files: Mapping[str, str] = field(default_factory=dict)
    summary: SummaryRecording | None = None
    blank: Mapping[str, Any] = field(default_factory=dict)

    def tap_names(self) -> list[str]:
        """All taps, in the order of computation."""
        return (self.expected if self.summary is None else self.summary).names()

    @property
    def bounds_case(self) -> str:
        """The case whose bounds hold for it: real weights have those of trained ones, whatever they are given."""
        return {"tiny": self.case, "folder": "trained"}.get(self.origin, self.origin)

    def bounds_name(self, tap: str) -> str:
        """The tap whose bounds a tap has: errors begin to grow at the first layer that the kit holds."""
        names = kit_model(self.model).layers
        if self.layers is None or names is None or not tap.startswith(names.taps):
            return tap
        number, dot, rest = tap.removeprefix(names.taps).partition(".")
        return f"{names.taps}{int(number) - self.layers[0] * names.step}{dot}{rest}"

    @property
    def setup(self) -> Setup:
        """A run of the kit's model as it should be.

        Raises   ConfigError for a kit that names a person's weights and does not hold them
        """
        if self.weight_files and not self.weights:
            raise ConfigError(
                f"this kit does not hold the weights of {', '.join(self.weight_files)}: what it does with your numbers "
                "cannot be computed; make it with --weights"
            )
        weights: dict[str, Any] = {n: tensor for n, tensor in self.blank.items() if isinstance(tensor, BlankTensor)}
        inputs = {n: array for n, array in self.blank.items() if n not in weights} | dict(self.inputs)
        weights |= self.weights
        return Setup(self.model, self.config, weights, inputs, layers=self.layers)


def weight_bytes(kit: Kit) -> int:
    """How many bytes its weights take."""
    return sum(prod(tensor.shape) * np.dtype(tensor.dtype).itemsize for tensor in kit.weights.values())


def is_large(kit: Kit) -> bool:
    """Whether a kit holds a recipe and summaries unless it is asked for all."""
    return kit.origin == "released" or weight_bytes(kit) > LARGE


def make_kit(model: str, case: str = "plain", *, seed: int = 0) -> Kit:
    """The kit of a case, made and run in memory.

    Raises   ConfigError for an unknown model or case
    """
    record, chosen = kit_model(model), case_of(model, case)
    kit = planned_kit(model, merged(record.tiny, chosen.config), chosen.sizes, seed=seed)
    return with_expected(replace(kit, case=case, meaning=chosen.meaning))


def planned_kit(
    model: str,
    config: Mapping[str, Any],
    sizes: Mapping[str, Any],
    *,
    seed: int,
    layers: tuple[int, int] | None = None,
    lazy: bool = False,
    own_weights: Callable[[KitRecipe], Mapping[str, Any]] | None = None,
) -> Kit:
    """A kit that is not run yet.

    lazy         weights are generated when a layer takes them
    own_weights  real weights by upstream's names, of those that the recipe lists
    Raises   ConfigError for a configuration that cannot be built, or layers that it does not have
    """
    config = kit_model(model).full_config(config)
    recipe = sorted_recipe(kit_model(model).recipe(config, sizes))
    if sum(prod(tensor.shape) for tensor in recipe.inputs) > MOST_INPUTS:
        raise ConfigError(f"inputs of {model} with the sizes {dict(sizes)} would be larger than any that is meant")
    if own_weights is None:
        weights = {**generated(recipe.weights, seed, lazy=lazy), **recipe.stored}
    else:
        weights = dict(own_weights(recipe))
    weights = {name: weights[name] for name in sorted(weights)}
    inputs = {**generated(recipe.inputs, seed), **recipe.stored_inputs}
    kit = Kit(model, "", seed, config, recipe, weights, inputs, Recording(), sizes=sizes)
    return kit if layers is None else only_layers(kit, *layers)


def sorted_recipe(recipe: KitRecipe) -> KitRecipe:
    """The recipe with its weights by name: the order of the file, whatever order a model takes them in."""
    return replace(recipe, weights=tuple(sorted(recipe.weights, key=lambda tensor: tensor.name)))


def only_layers(kit: Kit, first: int, stop: int) -> Kit:
    """The kit of some layers alone; the first reads a generated `stream` where there are layers before it.

    Raises   ConfigError for layers that the model does not have
    """
    names = kit_model(kit.model).layers
    layers = checked_layers(names, kit.config, first, stop)
    assert names is not None
    part = LayerPart.of(names, kit.config, layers)
    blank: dict[str, Any] = {
        name: BlankTensor(tuple(tensor.shape), np.dtype(tensor.dtype))
        for name, tensor in kit.weights.items()
        if not part.needs(name)
    }
    weights = {name: tensor for name, tensor in kit.weights.items() if name not in blank}
    inputs, recipes = dict(kit.inputs), kit.recipe.inputs
    if first > 0:
        blank |= {name: array for name, array in inputs.items() if name not in names.read}
        stream = TensorRecipe(STREAM, _stream_shape(kit, part))
        recipes = (stream, *(tensor for tensor in recipes if tensor.name in names.read))
        inputs = {**generated(recipes, kit.seed), **{n: a for n, a in inputs.items() if n in names.read}}
    recipe = replace(
        kit.recipe, inputs=recipes, weights=tuple(tensor for tensor in kit.recipe.weights if tensor.name in weights),
        stored={name: table for name, table in kit.recipe.stored.items() if name in weights},
        stored_inputs={name: array for name, array in kit.recipe.stored_inputs.items() if name in inputs},
    )  # fmt: skip
    return replace(kit, recipe=recipe, weights=weights, inputs=inputs, blank=blank, layers=layers)


def _stream_shape(kit: Kit, part: LayerPart) -> tuple[int, ...]:
    """The shape of what the first layer reads, from a run of one layer on weights that are zero."""
    blank: Any = {name: BlankTensor(tuple(w.shape), np.dtype(w.dtype)) for name, w in kit.weights.items()}
    setup = replace(kit.setup, weights=blank, layers=(0, 1), precision="float32")
    stream = run_setup(setup, until=part.names.stream, patterns=(part.names.stream,)).taps[part.names.stream]
    return stream.shape


def with_expected(kit: Kit, *, summary: bool = False) -> Kit:
    """The kit with what its model computes in float64, or a summary; its sizes may leave out attention's scores."""
    if summary:
        return replace(kit, expected=Recording(), summary=summarised(kit.setup))
    patterns = None if kit.sizes.get(SCORES, True) else ("*",)
    return replace(kit, expected=run_setup(kit.setup, patterns=patterns).taps, summary=None)


def whole_kit(kit: Kit) -> Kit:
    """The kit with every number of what is expected: of one that holds summaries they are computed anew.

    Raises   ConfigError for a person's weights that the kit does not hold; KitError where they are not what it holds
    """
    if kit.summary is None:
        return kit
    whole = with_expected(kit)
    for row in compare(whole.expected.summary(), kit.summary):
        if row.max_error > AGREES or row.rms_error > AGREES:
            raise KitError(f"what is computed at {row.name} is not what the kit holds of it: made by another version?")
    return whole


def case_of(model: str, name: str) -> KitCase:
    """The case of that name.

    Raises   ConfigError for one that the model does not have
    """
    cases = {case.name: case for case in kit_model(model).cases}
    if name not in cases:
        raise ConfigError(f"{model} has no case {name!r:.60}; it has {', '.join(cases)}")
    return cases[name]
