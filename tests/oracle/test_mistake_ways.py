"""Mistakes as other ports make them: shown at another intermediate, changing no more than they say."""

import numpy as np
import pytest

from tests.oracle.planted_mistakes import kits_with, numbers_of, the_kit
from tribe_np.oracle.diagnose.diagnosing import diagnose
from tribe_np.oracle.diagnose.diagnosis import Diagnosis, Finding
from tribe_np.oracle.diagnose.evidence import Departure
from tribe_np.oracle.diagnose.mistake import Mistake
from tribe_np.oracle.diagnose.mistake_catalogue import MISTAKES
from tribe_np.oracle.kit_models.kit_catalogue import MODELS, kit_model

ELSEWHERE = [way for mistake in MISTAKES.values() for way in mistake.ways()[1:]]
GAINS = ("gain-plus-one", "gain-minus-one", "gains-missing")


@pytest.mark.parametrize("way", ELSEWHERE, ids=lambda way: way.id)
def test_a_mistake_is_named_where_another_port_shows_it(way: Mistake) -> None:
    """Of a wrong table, say, all that comes behind it is right by itself."""
    kit = next(kits_with(way))
    setup = way.apply(kit.setup)
    assert setup is not None
    found = diagnose(kit, numbers_of(setup))
    assert found.named == (way.id,), str(found)
    assert found.unexplained == ()


@pytest.mark.parametrize("name", GAINS)
@pytest.mark.parametrize("model", [model for model in MODELS if model != "pipeline"])
def test_gains_are_those_of_norms_alone(model: str, name: str) -> None:
    """The numbers of a feed-forward's maps look like a norm's: layers.1.1.ff.0.0.weight, layers.1.0.0.weight."""
    for case in kit_model(model).cases:
        kit = the_kit(model, case.name)
        setup = MISTAKES[name].apply(kit.setup)
        if setup is None:  # the linear baseline has no norm
            continue
        changed = {key for key, tensor in setup.weights.items() if tensor is not kit.setup.weights[key]}
        assert changed
        assert {np.ndim(kit.setup.weights[key]) for key in changed} == {1}


def test_what_nothing_explains_is_said_once() -> None:
    found = Diagnosis((Finding("encoder.output", Departure(1.0, 1e6), ()),), ("encoder.output",))
    assert found.lines() == ["encoder.output: no known mistake explains it"]
