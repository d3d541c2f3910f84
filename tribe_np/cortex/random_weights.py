"""Whether models, and predictions that were made with them, are of random weights, as far as their files tell."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

RANDOM = "random weights: the numbers mean nothing about any brain"
SAID_BY_RANDOM = "random weights"  # by a random encoder in the first line of its config.yaml
NOTED = '"_note": "random weights'  # and by other models near the top of config.json
FIRST_BYTES = 200
ENCODER = "encoder"


def random_models(checkpoint: Path, models: Mapping[str, Path]) -> list[str]:
    """Which of a run's models say that their weights are random: "encoder", and the names of `models` by folder."""
    found = [ENCODER] if _is_random_encoder(checkpoint) else []
    return found + [name for name, folder in models.items() if NOTED.encode() in _top(folder / "config.json")]


def is_of_random_weights(series: Any) -> bool:
    """Whether run.json says that the weights were random; of an older one, whether its warnings or checkpoint do."""
    command, warnings = series.run.get("command"), series.run.get("warnings")
    is_demo = isinstance(command, str) and command.split()[:1] == ["demo"]
    told = [str(warning) for warning in warnings] if isinstance(warnings, list) else []
    if is_demo or any(SAID_BY_RANDOM in warning for warning in told):
        return True
    if isinstance(named := series.run.get("random_weights"), list):
        return bool(named)
    checkpoint = series.run.get("checkpoint")
    path = checkpoint.get("path") if isinstance(checkpoint, Mapping) else None
    return isinstance(path, str) and _is_random_encoder(Path(path))


def _is_random_encoder(checkpoint: Path) -> bool:
    return SAID_BY_RANDOM.encode() in _top(checkpoint / "config.yaml").partition(b"\n")[0]


def _top(path: Path) -> bytes:
    """The first bytes of a file, none where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(FIRST_BYTES)
    except (OSError, ValueError):
        return b""
