"""A conformance kit in memory: what is to be computed, from what, and what is right at every named stage."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.encoder.random import merged
from tribe_np.errors import ConfigError
from tribe_np.oracle.generator import generate
from tribe_np.oracle.kit_models.kit_catalogue import kit_model
from tribe_np.oracle.kit_models.kit_model import KitCase, KitRecipe
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.recording import Recording
from tribe_np.oracle.setup import Setup


@dataclass(frozen=True, eq=False)
class Kit:
    """One kit.

    Fields   config as config.json; weights by upstream's names, float32; inputs by the kit's; expected in float64,
             in the order of computation; recipe how the tensors are generated
    """

    model: str
    case: str
    seed: int
    config: Mapping[str, Any]
    recipe: KitRecipe
    weights: Mapping[str, np.ndarray]
    inputs: Mapping[str, np.ndarray]
    expected: Recording

    @property
    def setup(self) -> Setup:
        """A run of the kit's model as it should be."""
        return Setup(self.model, self.config, self.weights, self.inputs)


def make_kit(model: str, case: str = "plain", *, seed: int = 0) -> Kit:
    """The kit of a case, made and run in memory.

    Raises   ConfigError for an unknown model or case
    """
    record = kit_model(model)
    chosen = case_of(model, case)
    config = merged(record.tiny, chosen.config)
    recipe = record.recipe(config, chosen.sizes)
    weights = {tensor.name: generate(tensor, seed) for tensor in recipe.weights} | dict(recipe.stored)
    inputs = {tensor.name: generate(tensor, seed) for tensor in recipe.inputs} | dict(recipe.stored_inputs)
    run = run_setup(Setup(model, config, weights, inputs))
    return Kit(model, case, seed, config, recipe, weights, inputs, run.taps)


def case_of(model: str, name: str) -> KitCase:
    """The case of that name.

    Raises   ConfigError for one that the model does not have
    """
    cases = {case.name: case for case in kit_model(model).cases}
    if name not in cases:
        raise ConfigError(f"{model} has no case {name!r:.60}; it has {', '.join(cases)}")
    return cases[name]
