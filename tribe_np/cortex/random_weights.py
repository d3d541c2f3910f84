"""Whether a prediction is of random weights, as far as its folder can tell."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

RANDOM = "random weights: the numbers mean nothing about any brain"
SAID_BY_RANDOM = "random weights"  # the first line of a random model's config.yaml
FIRST_BYTES = 200


def is_of_random_weights(series: Any) -> bool:
    """Whether run.json says that the weights were random (of the demo, or by its warnings), or its checkpoint does."""
    command, warnings = series.run.get("command"), series.run.get("warnings")
    is_demo = isinstance(command, str) and command.split()[:1] == ["demo"]
    told = [str(warning) for warning in warnings] if isinstance(warnings, list) else []
    return is_demo or any(SAID_BY_RANDOM in warning for warning in told) or _is_random(series.run.get("checkpoint"))


def _is_random(checkpoint: Any) -> bool:
    """Whether the checkpoint's folder, if it is still there, says so."""
    path = checkpoint.get("path") if isinstance(checkpoint, Mapping) else None
    if not isinstance(path, str):
        return False
    try:
        with (Path(path) / "config.yaml").open("rb") as file:
            first = file.read(FIRST_BYTES).splitlines()[:1]
    except (OSError, ValueError):
        return False
    return bool(first) and SAID_BY_RANDOM.encode() in first[0]
