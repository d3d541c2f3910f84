"""Sound against the real libraries, live."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("seed", range(8))
def test_every_stage_is_within_its_bound(seed: int) -> None:
    from tools.reference.audio import compare

    failing = [row for row in compare(seed) if not row.passes()]
    assert not failing, "\n".join(map(str, failing))


@pytest.mark.parametrize("seed", range(8, 20))
def test_models_of_random_sizes_are_within_their_bounds(seed: int) -> None:
    import numpy as np

    from tools.reference.audio import compare_features, compare_model, compare_nearest

    rng = np.random.default_rng(seed)
    rows = [*compare_model(rng, seed), *compare_features(rng, seed), *compare_nearest(rng, seed)]
    failing = [row for row in rows if not row.passes()]
    assert not failing, "\n".join(map(str, failing))


def test_an_adapter_behind_the_encoder_changes_no_hidden_state(tmp_path: Path) -> None:
    import numpy as np
    import torch

    from tools.reference.audio import our_model
    from tools.reference.torch_setup import skip_torchvision_operators

    skip_torchvision_operators()
    from transformers import Wav2Vec2BertConfig, Wav2Vec2BertModel

    torch.manual_seed(0)
    config = Wav2Vec2BertConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, add_adapter=True,
        use_intermediate_ffn_before_adapter=True, feature_projection_input_dim=20,
    )  # fmt: skip
    model = Wav2Vec2BertModel(config).eval()
    model.save_pretrained(tmp_path)
    x = np.random.default_rng(0).normal(size=(1, 30, 20)).astype(np.float32)
    with torch.no_grad():
        states = model(torch.tensor(x), output_hidden_states=True).hidden_states
    assert np.abs(our_model(tmp_path, x, "float32")["hidden_states"] - torch.stack(states).numpy()).max() < 1e-5
