"""LLaMA and the text features, live against transformers and neuralset."""

import pytest

from tests.parity.bounds import stages_within_bounds

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("seed", range(12))
def test_every_stage_is_within_its_bound(seed: int) -> None:
    from tools.reference.llama import compare

    stages = stages_within_bounds(compare(seed))
    assert {
        "llama/inv_freq", "llama/token_ids", "llama/word_features", "llama/hidden_states.0",
        "llama/word_features_shared", "llama/shared_passes_float64",
    } <= stages  # fmt: skip
