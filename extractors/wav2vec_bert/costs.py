"""What Wav2Vec-BERT takes: sound in chunks.

Arithmetic of a token in one layer, with D the stream's width, M the feed-forward's, S the tokens of the chunk, W taps
and d distances with an embedding:   2 (4 D M + 7 D D + D W) + 4 D S + 2 D d
"""

from extractors.common.costs import Load, scores
from extractors.wav2vec_bert.config import Wav2VecBertConfig
from extractors.wav2vec_bert.model import UNUSED

AT_ONCE = f"{Load.chunk_seconds:g} s of sound"
UNREAD = tuple(UNUSED)
TOKENS_A_SECOND = 50  # one for two steps of 10 ms
SOUND_RATE, SOUND_CHANNELS = 44100, 2  # of a common file


def work(config: Wav2VecBertConfig, load: Load, itemsize: int) -> int:
    """Bytes of a chunk: its tokens through a feed-forward, or, before, its samples while they are resampled."""
    S = int(load.chunk_seconds * TOKENS_A_SECOND)
    tokens = itemsize * (S * (6 * config.model_dim + 4 * config.mlp_dim) + 2 * scores(config.n_heads, S))
    samples = int(load.chunk_seconds * SOUND_RATE) * SOUND_CHANNELS * 4 * 5
    return max(tokens, samples)


def flop(config: Wav2VecBertConfig, load: Load) -> float:
    """Sound, as if all of its chunks were whole ones."""
    return load.seconds * sound_second(config)


def flop_per_second(config: Wav2VecBertConfig, load: Load, frequency: float) -> dict[str, float | str]:
    """Sound."""
    return {"sound": sound_second(config), "assumed": f"chunks of {Load.chunk_seconds:g} s"}


def sound_second(config: Wav2VecBertConfig, *, chunk_seconds: float = Load.chunk_seconds) -> float:
    """A second of sound in chunks of so many."""
    D, S = config.model_dim, chunk_seconds * TOKENS_A_SECOND
    products = 4 * D * config.mlp_dim + 7 * D * D + D * config.conv_width
    distances = config.left_span + 1 + config.right_span
    token = 2 * products + 4 * D * S + 2 * D * distances
    return float(TOKENS_A_SECOND * (config.n_layers * token + 2 * config.input_dim * D))
