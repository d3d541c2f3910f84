"""Mistakes planted in a copy of the model, which runs in float32 as a port would."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np

from tribe_np.oracle.diagnose.mistake import Mistake
from tribe_np.oracle.diagnose.mistake_catalogue import MISTAKES
from tribe_np.oracle.kit_models.kit_catalogue import MODELS, kit_model
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit import Kit, make_kit
from tribe_np.oracle.setup import Setup

SMALL_FIRST = ("llama", "dinov2", "wav2vec_bert", "vjepa2", "encoder", "pipeline")


@cache
def the_kit(model: str, case: str = "plain") -> Kit:
    """Made once."""
    return make_kit(model, case)


def kits_with(mistake: Mistake) -> Iterator[Kit]:
    """Kits in which a mistake can be made: plain ones first."""
    models = [model for model in SMALL_FIRST if model in mistake.models and model in MODELS]
    plain = [(model, "plain") for model in models]
    others = [(model, case.name) for model in models for case in kit_model(model).cases[1:]]
    for model, case in plain + others:
        kit = the_kit(model, case)
        if mistake.apply(kit.setup) is not None:
            yield kit


def planted(kit: Kit, *ids: str) -> Setup:
    """A run of the kit with mistakes."""
    setup: Setup | None = kit.setup
    for name in ids:
        setup = None if setup is None else MISTAKES[name].apply(setup)
    assert setup is not None, f"{ids} cannot be made in {kit.model} {kit.case}"
    return setup


def numbers_of(setup: Setup) -> dict[str, np.ndarray]:
    """What a port that is such a run computes in float32, by tap."""
    with np.errstate(all="ignore"):
        return dict(run_setup(replace(setup, precision="float32")).taps.arrays)


def output_of(kit: Kit, numbers: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The output alone."""
    last = kit.expected.names()[-1]
    return {last: numbers[last]}
