"""Arithmetic per second of stimulus, from configurations: matrix products only, a multiply-add counted as 2.

With D the stream's width, M the feed-forward's, S the tokens that attend to one another, one layer takes for a token

    LLaMA          2 (2 D N H + 2 D K H + 3 D M) + 4 N H S'     S' tokens before it on average
    Wav2Vec-BERT   2 (4 D M + 7 D D + D W) + 4 D S + 2 D d      W taps, d distances with an embedding
    V-JEPA 2       2 (4 D D + 2 D M) + 4 D S
    DINOv2         2 (4 D D + 2 D M) + 4 D S            3 D M where the feed-forward is gated (the giant)

Every layer is counted, as for a selection that reaches the last one. Speech is assumed to have 2.5 words a second
and 1.35 tokens a word; both are round numbers for English, not measured on a stimulus.
"""

import math
from collections.abc import Iterable

from extractors.dinov2.config import DinoV2Config
from extractors.llama.config import LlamaConfig
from extractors.vjepa2.config import N_VIDEO_FRAMES, VJepa2Config
from extractors.wav2vec_bert.config import Wav2VecBertConfig
from tribe_np.encoder.config import BuildArgs
from tribe_np.formats.safetensors import TensorEntry

WORDS_A_SECOND, TOKENS_A_WORD = 2.5, 1.35  # assumed
CONTEXT_WORDS = 1024  # before a word, at most
AUDIO_TOKENS_A_SECOND, CHUNK_SECONDS = 50, 60


def text_per_second(config: LlamaConfig, *, shared: bool) -> float:
    """Speech: each token once, half a full context before it (`shared`: a timeline's first 1,025 words, or less).

    Without `shared`, every word runs all tokens of its full context, as later words do with exact contexts.
    """
    context = CONTEXT_WORDS * TOKENS_A_WORD
    tokens = WORDS_A_SECOND * (TOKENS_A_WORD if shared else context)
    return tokens * config.n_layers * llama_token(config, context / 2)


def llama_token(config: LlamaConfig, n_before: float) -> float:
    """One token through one layer, with `n_before` tokens to attend to."""
    D, width = config.model_dim, config.n_heads * config.head_dim
    kv_width = config.n_kv_heads * config.head_dim
    return 2.0 * (2 * D * width + 2 * D * kv_width + 3 * D * config.mlp_dim) + 4 * width * n_before


def audio_per_second(config: Wav2VecBertConfig, *, seconds: float = CHUNK_SECONDS) -> float:
    """Sound in chunks of so many seconds."""
    D, S = config.model_dim, seconds * AUDIO_TOKENS_A_SECOND
    products = 4 * D * config.mlp_dim + 7 * D * D + D * config.conv_width
    distances = config.left_span + 1 + config.right_span
    token = 2 * products + 4 * D * S + 2 * D * distances
    return float(AUDIO_TOKENS_A_SECOND * (config.n_layers * token + 2 * config.input_dim * D))


def clip(config: VJepa2Config, n_video_frames: int = N_VIDEO_FRAMES) -> float:
    """One clip of film."""
    D, M, S = config.model_dim, config.mlp_dim, clip_tokens(config, n_video_frames)
    pixels = config.n_channels * config.tubelet_size * config.patch_size**2
    return float(S * (config.n_layers * (2 * (4 * D * D + 2 * D * M) + 4 * D * S) + 2 * pixels * D))


def clip_tokens(config: VJepa2Config, n_video_frames: int = N_VIDEO_FRAMES) -> int:
    """Tokens of a clip: boxes of frames times patches."""
    return max(1, n_video_frames // config.tubelet_size) * config.grid_size**2


def picture(config: DinoV2Config, side: int = 224) -> float:
    """One picture, cropped to `side` pixels."""
    D, M, n_patches = config.model_dim, config.mlp_dim, (side // config.patch_size) ** 2
    S, n_maps = n_patches + config.n_first_tokens, 3 if config.is_gated else 2
    pixels = config.n_channels * config.patch_size**2
    return float(S * config.n_layers * (2 * (4 * D * D + n_maps * D * M) + 4 * D * S) + n_patches * 2 * pixels * D)


def encoder_per_second(
    entries: Iterable[TensorEntry], build_args: BuildArgs, *, hidden: int, frequency: float, tr: float, duration: float
) -> float:
    """The brain encoder: every matrix once a step (read-out: once a TR, as one map where that is smaller), attention.

    2 x numbers of the matrices x steps a second, and 4 D S for each attention over the S steps of a window.
    """
    steps, read_out, n_attentions = 0, {}, 0
    for entry in entries:
        name = entry.name.removeprefix("model.")
        if name.startswith(("projectors.", "combiner.", "encoder.")) and name.endswith("weight"):
            steps += math.prod(entry.shape) if len(entry.shape) > 1 else 0
            n_attentions += name.endswith(".to_q.weight")
        elif name in ("low_rank_head.weight", "predictor.weights"):
            read_out[name] = math.prod(entry.shape[-2:])  # one row of the predictor
    products = min(sum(read_out.values()), hidden * build_args.n_outputs)
    attention = 4 * hidden * frequency * duration * n_attentions
    return frequency * (2 * steps + attention) + 2 * products / tr
