"""Kit models: every case runs and is finite, its config is read by the model, released sizes are the known ones."""

from math import prod

import numpy as np
import pytest

from tribe_np.oracle.kit_models.kit_catalogue import MODELS, kit_model
from tribe_np.oracle.kits.kit import make_kit

CASES = [(model, case.name) for model in MODELS for case in kit_model(model).cases]
RELEASED = {
    "encoder": (177_205_397, {"batch": 1, "steps": 200}),
    "llama": (3_212_749_824, {"batch": 1, "tokens": 7}),
    "wav2vec_bert": (580_493_120, {"batch": 1, "steps": 50}),
    "vjepa2": (1_012_173_952, {"batch": 1, "frames": 64}),  # the encoder's: of the predictor nothing is read
    "dinov2": (304_368_640, {"batch": 1}),
}
"""Parameters as the released files hold them, and sizes of inputs."""


@pytest.mark.parametrize(("model", "case"), CASES)
def test_a_case_runs_and_its_numbers_are_of_a_size(model: str, case: str) -> None:
    kit = make_kit(model, case)
    for name in kit.expected.names():
        array = kit.expected[name]
        assert array.size, name
        assert not np.isnan(array).any(), name
    last = kit.expected[kit.expected.names()[-1]]
    assert 0.01 < float(np.sqrt(np.mean(last**2))) < 100


@pytest.mark.parametrize("model", MODELS)
def test_the_first_case_is_plain_and_names_are_the_models(model: str) -> None:
    record = kit_model(model)
    assert record.name == model
    assert record.cases[0].name == "plain"
    assert len({case.name for case in record.cases}) == len(record.cases)


@pytest.mark.parametrize("model", RELEASED)
def test_the_released_configuration_has_the_known_number_of_parameters(model: str) -> None:
    record, (n_parameters, sizes) = kit_model(model), RELEASED[model]
    recipe = record.recipe(record.released(), sizes)
    assert sum(prod(tensor.shape) for tensor in recipe.weights) == n_parameters
