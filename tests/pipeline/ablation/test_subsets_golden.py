"""Every subset of modalities, absent and zeroed, beside what tribev2's own model gives for it."""

from typing import Any

import numpy as np
import pytest

from tests.encoder.golden_case import FLOAT32_BOUND, GOLDEN, load
from tools.reference.subsets import EncoderAlone
from tribe_np.analysis.contributions.subset_values import subset_name, subsets_of
from tribe_np.formats.safetensors import read_header
from tribe_np.oracle import relative_error
from tribe_np.pipeline.ablation.subset_predictions import ABSENCES, subset_activity

THREE = ("text", "audio", "video")


@pytest.mark.filterwarnings("ignore:features have 5 steps")
@pytest.mark.parametrize("way", ABSENCES)
def test_every_subset_is_upstreams(way: str) -> None:
    case = load("released")
    entries, _ = read_header(GOLDEN / "subsets.safetensors")
    model: Any = EncoderAlone(case.encoder())
    expected = {name: np.array(entry.read()) for name, entry in entries.items() if name.startswith(f"{way}/")}
    assert len(expected) == 8
    found = {}
    for subset in subsets_of(THREE):
        name = f"{way}/{subset_name(subset, THREE)}"
        found[name] = subset_activity(model, case.features, subset, way)
        assert relative_error(found[name], expected[name]) < FLOAT32_BOUND, name
    alike = [(a, b) for a in found for b in expected if a != b and relative_error(found[a], expected[b]) < 1e-3]
    assert not alike, "a subset that is taken for another would be seen"
