"""Reading a HuggingFace JSON file: typed values, the class default where a key is absent, an error where it matters.

Keys nobody asks for are foreign and ignored. transformers fills an absent key from its config class; the defaults
handed in here are those, never our own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tribe_np.errors import ConfigError


@dataclass(frozen=True)
class Settings:
    """The mapping of one file, and its path for messages."""

    values: Mapping[str, Any]
    origin: str | Path

    def count(self, key: str, default: int) -> int:
        """A whole number of at least 1."""
        value = self._present(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigError(f"{self.origin}: {key} must be a whole number of at least 1, got {value!r}")
        return value

    def positive(self, key: str, default: float) -> float:
        """A number above zero."""
        value = self._present(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            raise ConfigError(f"{self.origin}: {key} must be a number above 0, got {value!r}")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self._present(key, default)
        if not isinstance(value, bool):
            raise ConfigError(f"{self.origin}: {key} must be true or false, got {value!r}")
        return value

    def triple(self, key: str, default: tuple[float, float, float]) -> tuple[float, float, float]:
        """Three numbers, one per colour."""
        value = self._present(key, default)
        numbers = isinstance(value, (list, tuple)) and len(value) == 3
        if not numbers or any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in value):
            raise ConfigError(f"{self.origin}: {key} must be three numbers, got {value!r}")
        return (float(value[0]), float(value[1]), float(value[2]))

    def only(self, key: str, *implemented: Any) -> None:
        """Refuses a present value that would change the maths and is not implemented."""
        if self.values.get(key) is not None and self.values[key] not in implemented:
            wanted = " or ".join(repr(value) for value in implemented)
            raise ConfigError(f"{self.origin}: {key}={self.values[key]!r} is not implemented; only {wanted}")

    def _present(self, key: str, default: Any) -> Any:
        value = self.values.get(key)
        return default if value is None else value
