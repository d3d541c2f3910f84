"""Reading a HuggingFace JSON file: typed values, the class default where a key is absent, an error where it matters.

Keys nobody asks for are foreign and ignored. transformers fills an absent key from its config class; the defaults
handed in here are those, never our own. Without one, an absent key is an error. `null` is a value like any other in
config.json (position_embeddings_type null means none); `null_is_absent` is for files where transformers drops it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tribe_np.errors import ConfigError
from tribe_np.shown import quoted

LARGEST_COUNT = 2**31 - 1
LARGEST_NUMBER = 1e30  # transformers' own largest, "no limit"; products of two such numbers are still finite


@dataclass(frozen=True)
class Settings:
    """The mapping of one file, and its path for messages; every reader raises ConfigError that names both."""

    values: Mapping[str, Any]
    origin: str | Path
    null_is_absent: bool = False

    def has(self, key: str) -> bool:
        """Whether the file gives the key a value."""
        return key in self.values and not (self.null_is_absent and self.values[key] is None)

    def count(self, key: str, default: int | None = None, *, least: int = 1, most: int = LARGEST_COUNT) -> int:
        """A whole number from `least` to `most`."""
        value = self._value(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self._error(key, f"a whole number of at least {least}", value)
        if value > most:
            raise self._error(key, f"a whole number from {least} to {most}", value)
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A number between -1e30 and 1e30."""
        value = self._value(key, default)
        if not _is_number(value):
            raise self._error(key, "a number", value)
        return float(value)

    def positive(self, key: str, default: float | None = None) -> float:
        """A number above zero."""
        value = self._value(key, default)
        if not _is_number(value) or value <= 0:
            raise self._error(key, "a number above 0", value)
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise self._error(key, "true or false", value)
        return value

    def triple(self, key: str, default: tuple[float, float, float]) -> tuple[float, float, float]:
        """Three numbers, one per colour."""
        value = self._value(key, default)
        if not isinstance(value, (list, tuple)) or len(value) != 3 or not all(map(_is_number, value)):
            raise self._error(key, "three numbers", value)
        return (float(value[0]), float(value[1]), float(value[2]))

    def only(self, key: str, *implemented: Any) -> None:
        """Refuses a present value that would change the maths and is not implemented."""
        if self.has(key) and self.values[key] not in implemented:
            wanted = " or ".join(repr(value) for value in implemented)
            raise ConfigError(f"{self.origin}: {key} {quoted(self.values[key])} is not implemented; only {wanted} is")

    def share(self, whole: str, n_whole: int, part: str, n_part: int) -> int:
        """n_whole / n_part, which must come out even."""
        if n_whole % n_part:
            raise ConfigError(f"{self.origin}: {whole} {n_whole} is no multiple of {part} {n_part}")
        return n_whole // n_part

    def _value(self, key: str, default: Any) -> Any:
        return self.values[key] if self.has(key) else default

    def _error(self, key: str, wanted: str, value: Any) -> ConfigError:
        return ConfigError(f"{self.origin}: {key} must be {wanted}, got {quoted(value)}")


def _is_number(value: Any) -> bool:
    # compared, not tested with isfinite: JSON holds whole numbers that no float can
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= LARGEST_NUMBER
