"""Islands: each makes its error where it stands, and no other."""

import numpy as np
import pytest

from tribe_np.oracle.budget.islands import ISLANDS, island_effects, islands_of
from tribe_np.oracle.kits.kit import make_kit

FIRST = {"softmax": "mixed", "norms": "input_layernorm.output", "angles": "cos", "positions": "positions"}


@pytest.mark.parametrize("model", ["encoder", "llama", "vjepa2", "dinov2"])
def test_an_island_begins_where_it_stands(model: str) -> None:
    kit = make_kit(model, "larger" if model == "dinov2" else "plain", seed=3)
    for name, taps in island_effects(kit).items():
        erring = [tap for tap, error in taps.items() if error.rms > 1e-12]
        assert erring, f"{name} has no effect"
        if name != "all":
            assert erring[0].endswith(FIRST[name])
        assert max(error.rms for error in taps.values()) < 1e-5


def test_every_island_is_of_a_model_and_names_its_source() -> None:
    assert [island.name for island in islands_of("llama")] == ["softmax", "norms", "angles"]
    assert islands_of("wav2vec_bert") == []
    assert all("." in island.source and island.models for island in ISLANDS)


def test_an_island_leaves_the_rest_in_float64() -> None:
    kit = make_kit("llama", seed=3)
    (norms,) = (island for island in ISLANDS if island.name == "norms")
    setup = norms.change(kit.setup)
    assert setup.precision == "float64"
    x, gain = np.array([[1e-3, 2.0, -3.0]]), np.array([1.1, 1.2, 1.3])
    found = setup.kernels.rms_norm(x, gain, eps=1e-5)
    exact = kit.setup.kernels.rms_norm(x, gain, eps=1e-5)
    assert found.dtype == np.float64
    assert 0 < np.max(np.abs(found - exact)) < 1e-6
