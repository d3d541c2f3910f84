"""What the loudness model takes."""

from extractors.common.costs import Load
from loudness.config import LoudnessConfig

AT_ONCE = "60 s of sound"
UNREAD = ()


def work(config: LoudnessConfig, load: Load, itemsize: int) -> int:
    """Bytes of a chunk's samples."""
    return int(load.chunk_seconds * 44100) * itemsize


def flop(config: LoudnessConfig, load: Load) -> float:
    """A product per step of the grid and layer."""
    return load.seconds * 2.0 * 2 * config.n_layers * config.model_dim**2


def flop_per_second(config: LoudnessConfig, load: Load, frequency: float) -> dict[str, float | str]:
    """Sound."""
    return {"sound": frequency * 2 * config.n_layers * config.model_dim**2, "assumed": "two steps a second"}
