"""What DINOv2 takes: single pictures.

Arithmetic of a token in one layer, with D the stream's width, M the feed-forward's and S the tokens of the picture:
2 (4 D D + 2 D M) + 4 D S, with 3 D M where the feed-forward is gated (the giant)
"""

from extractors.common.costs import Load, scores
from extractors.dinov2.config import DinoV2Config

AT_ONCE = f"one picture of a film of {Load.picture[1]} x {Load.picture[0]}"
UNREAD = ("mask_token", "classifier.")
SIDE = 224  # pixels of a cropped picture


def work(config: DinoV2Config, load: Load, itemsize: int) -> int:
    """Bytes of one picture."""
    S = config.grid_size**2 + config.n_first_tokens
    numbers = S * (8 * config.model_dim + 4 * config.mlp_dim) + scores(config.n_heads, S)
    return itemsize * numbers + 6 * 3 * load.picture[0] * load.picture[1]


def flop(config: DinoV2Config, load: Load) -> float:
    """All pictures."""
    return load.n_clips * picture(config)


def flop_per_second(config: DinoV2Config, load: Load, frequency: float) -> dict[str, float | str]:
    """Film: a picture for every step of the grid."""
    return {"film": frequency * picture(config), "assumed": f"{frequency:g} pictures a second"}


def picture(config: DinoV2Config, side: int = SIDE) -> float:
    """One picture, cropped to `side` pixels."""
    D, M, n_patches = config.model_dim, config.mlp_dim, (side // config.patch_size) ** 2
    S, n_maps = n_patches + config.n_first_tokens, 3 if config.is_gated else 2
    pixels = config.n_channels * config.patch_size**2
    return float(S * config.n_layers * (2 * (4 * D * D + n_maps * D * M) + 4 * D * S) + n_patches * 2 * pixels * D)
