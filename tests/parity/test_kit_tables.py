"""Tables that kits ship are those that upstream builds itself: at tiny widths and at the released ones.

To the bit, but for one of the 36 frequencies of the released encoder, where torch's power is an ulp off. Its checkpoint
stores them, so that no port has to build them.
"""

import numpy as np
import pytest

pytestmark = pytest.mark.parity

WIDTHS = (32, 36, 72)
"""Rotated channels of a head: at least 32, those of the kits, the released model's."""
HEADS = (12, 14, 16, 64, 88)
"""Widths of V-JEPA's heads: of kits and of the released models."""


@pytest.mark.parametrize("width", WIDTHS)
def test_the_encoders_frequencies_and_xpos_lengths(width: int) -> None:
    from x_transformers.x_transformers import RotaryEmbedding

    from tribe_np.oracle.kit_models.encoder_kit import rotary_frequencies, xpos_lengths

    theirs = RotaryEmbedding(width, use_xpos=True)
    np.testing.assert_array_max_ulp(rotary_frequencies(width), theirs.inv_freq.numpy(), maxulp=int(width == 72))
    np.testing.assert_array_equal(xpos_lengths(width), theirs.scale.numpy())


@pytest.mark.parametrize("head_dim", HEADS)
def test_vjepas_frequencies(head_dim: int) -> None:
    from tools.reference.kit_peers import library_omega
    from tribe_np.oracle.kit_models.vjepa2_kit import rotary_omega

    np.testing.assert_array_equal(rotary_omega(head_dim), library_omega(head_dim))


@pytest.mark.parametrize("case", ["plain", "long", "no_scaling", "rope_parameters", "released"])
def test_llamas_frequencies(case: str) -> None:
    from tools.reference.torch_setup import skip_torchvision_operators

    skip_torchvision_operators()
    from transformers import LlamaConfig
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

    from extractors.llama import config as ours
    from extractors.llama.rope import inverse_frequencies
    from tribe_np.encoder.random import merged
    from tribe_np.oracle.kit_models.kit_catalogue import kit_model
    from tribe_np.oracle.kits.kit import case_of

    record = kit_model("llama")
    values = record.released() if case == "released" else merged(record.tiny, case_of("llama", case).config)
    theirs = LlamaRotaryEmbedding(LlamaConfig(**values)).inv_freq.numpy()
    np.testing.assert_array_equal(inverse_frequencies(ours.LlamaConfig.from_dict(values)), theirs)
