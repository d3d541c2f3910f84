"""What V-JEPA 2 takes: clips of film.

Arithmetic of a token in one layer, with D the stream's width, M the feed-forward's and S the tokens of the clip:
2 (4 D D + 2 D M) + 4 D S
"""

from extractors.common.costs import Load, scores
from extractors.vjepa2.config import VJepa2Config
from extractors.vjepa2.model import IGNORED
from tribe_np.timeline.features import N_VIDEO_FRAMES

AT_ONCE = f"one clip of a film of {Load.picture[1]} x {Load.picture[0]}"
UNREAD = tuple(IGNORED)


def work(config: VJepa2Config, load: Load, itemsize: int) -> int:
    """Bytes of a clip: ten times the stream for every token, its pixels, and the frames that clips share."""
    n_frames = load.n_video_frames or N_VIDEO_FRAMES
    S = -(-n_frames // config.tubelet_size) * config.grid_size**2
    pixels = n_frames * config.n_channels * config.crop_size**2
    frames = 2 * pixels + 4 * 3 * load.picture[0] * load.picture[1]
    return itemsize * (S * 10 * config.model_dim + 3 * pixels + scores(config.n_heads, S)) + frames


def flop(config: VJepa2Config, load: Load) -> float:
    """All clips."""
    return load.n_clips * clip(config, load.n_video_frames or N_VIDEO_FRAMES)


def flop_per_second(config: VJepa2Config, load: Load, frequency: float) -> dict[str, float | str]:
    """Film: a clip for every step of the grid."""
    each = clip(config, load.n_video_frames or N_VIDEO_FRAMES)
    return {"film": frequency * each, "assumed": f"{frequency:g} clips a second"}


def clip(config: VJepa2Config, n_video_frames: int) -> float:
    """One clip."""
    D, M, S = config.model_dim, config.mlp_dim, clip_tokens(config, n_video_frames)
    pixels = config.n_channels * config.tubelet_size * config.patch_size**2
    return float(S * (config.n_layers * (2 * (4 * D * D + 2 * D * M) + 4 * D * S) + 2 * pixels * D))


def clip_tokens(config: VJepa2Config, n_video_frames: int) -> int:
    """Tokens of a clip: boxes of frames times patches."""
    return max(1, n_video_frames // config.tubelet_size) * config.grid_size**2
