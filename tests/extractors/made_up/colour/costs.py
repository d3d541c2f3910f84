"""What the colour model takes."""

from colour.config import ColourConfig
from extractors.common.costs import Load

AT_ONCE = "one clip"
UNREAD = ()


def work(config: ColourConfig, load: Load, itemsize: int) -> int:
    """Bytes of a frame."""
    height, width = load.picture
    return 3 * height * width * itemsize


def flop(config: ColourConfig, load: Load) -> float:
    """A product per clip or picture and layer."""
    return load.n_clips * 2.0 * config.n_layers * config.model_dim**2


def flop_per_second(config: ColourConfig, load: Load, frequency: float) -> dict[str, float | str]:
    """Film."""
    return {"film": frequency * 2 * config.n_layers * config.model_dim**2, "assumed": "a clip per step of the grid"}
