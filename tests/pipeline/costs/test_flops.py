"""Arithmetic per second against counts by hand, at tiny sizes."""

from pathlib import Path

import pytest

from extractors.dinov2.config import DinoV2Config
from extractors.llama.config import LlamaConfig
from extractors.vjepa2.config import VJepa2Config
from extractors.wav2vec_bert.config import Wav2VecBertConfig
from tribe_np.encoder.config import BuildArgs
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.pipeline.costs import flops

LLAMA = LlamaConfig.from_dict({
    "model_type": "llama", "num_hidden_layers": 2, "hidden_size": 8, "intermediate_size": 10, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 4, "vocab_size": 9, "rms_norm_eps": 1e-5, "rope_theta": 5e5,
})  # fmt: skip


def test_a_token_of_llama() -> None:
    # query and output 2 x (8 x 16), key and value 2 x (8 x 8), three maps of 8 x 10: 624 multiply-adds
    assert flops.llama_token(LLAMA, 0) == 2 * (256 + 128 + 240)
    # scores and mixture over 5 tokens: twice 16 multiply-adds for each
    assert flops.llama_token(LLAMA, 5) - flops.llama_token(LLAMA, 0) == 2 * 2 * 16 * 5


def test_speech_a_second() -> None:
    half = flops.llama_token(LLAMA, 1024 * 1.35 / 2)
    assert flops.text_per_second(LLAMA, shared=True) == pytest.approx(2.5 * 1.35 * 2 * half)
    assert flops.text_per_second(LLAMA, shared=False) == pytest.approx(2.5 * 1024 * 1.35 * 2 * half)


def test_sound_a_second() -> None:
    config = Wav2VecBertConfig.from_dict({
        "model_type": "wav2vec2-bert", "hidden_size": 4, "num_hidden_layers": 3, "num_attention_heads": 2,
        "intermediate_size": 6, "feature_projection_input_dim": 5, "conv_depthwise_kernel_size": 3,
        "left_max_position_embeddings": 2, "right_max_position_embeddings": 1, "hidden_act": "swish",
        "position_embeddings_type": "relative_key",
    })  # fmt: skip
    # two feed-forwards 4 x 24, four maps 4 x 16, gated pointwise 2 x 16 and plain 16, 3 taps of 4 channels
    layer = 2 * (96 + 64 + 32 + 16 + 12) + 2 * 2 * 4 * 100 + 2 * 4 * 4  # 100 tokens in 2 s, 4 distances
    assert flops.audio_per_second(config, seconds=2) == 50 * (3 * layer + 2 * 5 * 4)


def test_a_clip_and_a_picture() -> None:
    clip = VJepa2Config.from_dict({
        "model_type": "vjepa2", "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2, "mlp_ratio": 2,
        "patch_size": 4, "tubelet_size": 2, "crop_size": 8,
    })  # fmt: skip
    tokens = 3 * 2 * 2
    layer = 2 * (4 * 144 + 2 * 12 * 24) + 2 * 2 * 12 * tokens
    assert flops.clip_tokens(clip, 6) == tokens
    assert flops.clip_tokens(clip, 2) == 4
    assert flops.clip(clip, 6) == tokens * (2 * layer + 2 * (3 * 2 * 16) * 12)
    picture = DinoV2Config.from_dict({
        "model_type": "dinov2", "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2, "mlp_ratio": 2,
        "image_size": 14, "patch_size": 14,
    })  # fmt: skip
    assert flops.picture(picture, 28) == 5 * (2 * (64 + 64) + 4 * 4 * 5) + 4 * 2 * (3 * 196) * 4


def test_the_encoder_a_second() -> None:
    shapes = {
        "projectors.text.weight": (4, 6), "projectors.text.bias": (4,), "encoder.layers.0.1.to_q.weight": (8, 8),
        "encoder.layers.0.0.0.g": (1,), "time_pos_embed": (1, 20, 8), "low_rank_head.weight": (16, 8),
        "predictor.weights": (2, 16, 100), "predictor.bias": (2, 100),
    }  # fmt: skip
    entries = [TensorEntry(Path("x"), f"model.{name}", "F32", shape, 0) for name, shape in shapes.items()]
    found = flops.encoder_per_second(
        entries, BuildArgs({"text": (2, 3)}, 100, 10), hidden=8, frequency=2.0, tr=1.0, duration=10.0
    )
    # 24 + 64 multiply-adds a step, one attention over 20 steps; one map of 8 x 100 is smaller than 16 x 8 + 16 x 100
    assert found == 2 * (2 * 88 + 2 * 2 * 8 * 20) + 2 * 800
