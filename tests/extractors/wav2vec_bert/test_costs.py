"""What Wav2Vec-BERT takes, against counts by hand at a tiny size."""

from extractors.common.costs import Load, scores
from extractors.wav2vec_bert import costs
from extractors.wav2vec_bert.config import Wav2VecBertConfig

TINY = Wav2VecBertConfig.from_dict({
    "model_type": "wav2vec2-bert", "hidden_size": 4, "num_hidden_layers": 3, "num_attention_heads": 2,
    "intermediate_size": 6, "feature_projection_input_dim": 5, "conv_depthwise_kernel_size": 3,
    "left_max_position_embeddings": 2, "right_max_position_embeddings": 1, "hidden_act": "swish",
    "position_embeddings_type": "relative_key",
})  # fmt: skip


def test_arithmetic() -> None:
    # two feed-forwards 4 x 24, four maps 4 x 16, gated pointwise 2 x 16 and plain 16, 3 taps of 4 channels
    layer = 2 * (96 + 64 + 32 + 16 + 12) + 2 * 2 * 4 * 100 + 2 * 4 * 4  # 100 tokens in 2 s, 4 distances
    assert costs.sound_second(TINY, chunk_seconds=2) == 50 * (3 * layer + 2 * 5 * 4)
    whole = costs.sound_second(TINY, chunk_seconds=60)
    assert costs.flop_per_second(TINY, Load(), 2.0) == {"sound": whole, "assumed": "chunks of 60 s"}
    assert costs.flop(TINY, Load(seconds=7.5, chunk_seconds=2)) == 7.5 * whole


def test_bytes_of_a_chunk() -> None:
    assert costs.work(TINY, Load(chunk_seconds=2), 4) == 2 * 44100 * 2 * 4 * 5  # samples are the most
    tokens = 2 * 50
    assert costs.work(TINY, Load(chunk_seconds=2), 100) == 100 * (tokens * (6 * 4 + 4 * 6) + 2 * scores(2, tokens))
