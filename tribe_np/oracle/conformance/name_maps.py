"""A file that says which of their names is which tap of the kit, and how their axes become the kit's.

JSON, an object of their names. What stands beside one is

    "encoder.layers.0.query"                      the kit's tap
    {"tap": ..., "shape": [...], "axes": [...]}   the tap; the shape that theirs is seen as, where it is another; the
                                                  order in which its axes are then put; both may be left out
    null                                          it is left out

"{i}" on both sides stands for any number.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tribe_np.errors import ConfigError
from tribe_np.files.small_files import read_small_file
from tribe_np.oracle.conformance.comparison_outputs import COMPARE_COMMAND
from tribe_np.oracle.summaries import Summary, TapValues
from tribe_np.outputs.whole import write_file_whole
from tribe_np.shown import did_you_mean, quoted

MOST_BYTES = 8 << 20
MOST_AXES = 32
NUMBER = "{i}"


@dataclass(frozen=True)
class MappedName:
    """What one of their names is.

    Fields   tap the kit's, None where it is left out; shape theirs is seen as; axes the order they are put in
    """

    tap: str | None
    shape: tuple[int, ...] | None = None
    axes: tuple[int, ...] | None = None

    def seen(self, name: str, array: TapValues) -> TapValues:
        """Their array with its axes in the kit's order.

        Raises   ConfigError where it has another size or other axes, or is a summary, which has no order of axes
        """
        if isinstance(array, Summary):
            if self.shape is not None or self.axes is not None:
                raise ConfigError(f"the map gives {quoted(name)} other axes, but theirs is a summary: turn it before")
            return array
        if self.shape is not None:
            if math.prod(self.shape) != array.size:
                raise ConfigError(
                    f"the map gives {quoted(name)} the shape {self.shape}, but theirs is {array.shape}, which has "
                    f"{array.size} values"
                )
            array = array.reshape(self.shape)
        if self.axes is None:
            return array
        if sorted(self.axes) != list(range(array.ndim)):
            raise ConfigError(
                f"the map gives {quoted(name)} the axes {list(self.axes)}, but theirs has {array.ndim}; expected each "
                f"of 0 to {array.ndim - 1} once"
            )
        return array.transpose(self.axes)


NameMap = Mapping[str, MappedName]


def read_name_map(path: str | Path, taps: Sequence[str]) -> dict[str, MappedName]:
    """The file's names.

    Raises   ConfigError, naming the file: no such JSON, or a tap that the kit lacks
    """
    raw = read_small_file(path, most=MOST_BYTES, error=ConfigError)
    try:
        content = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_unique)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: is not JSON: {str(error)[:80]}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected an object of their names, got {quoted(content)}")
    return name_map(content, taps, str(path))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{quoted(name)} is there twice")
        found[name] = value
    return found


def name_map(
    content: Mapping[str, Any], taps: Sequence[str], origin: str = "the map of names"
) -> dict[str, MappedName]:
    """`read_name_map` of what the file holds.

    Raises   ConfigError
    """
    found = {name: _mapped(name, value, origin) for name, value in content.items()}
    known = {*taps, *(re.sub("[0-9]+", NUMBER, tap) for tap in taps)}
    for name, mapped in found.items():
        if mapped.tap is not None and mapped.tap not in known:
            raise ConfigError(
                f"{origin}: {quoted(name)} is mapped to {quoted(mapped.tap)}, which is no tap of the kit"
                f"{did_you_mean(mapped.tap, taps)}"
            )
    return found


def _mapped(name: str, value: Any, origin: str) -> MappedName:
    if value is None or isinstance(value, str):
        return MappedName(value)
    where = f"{origin}: {quoted(name)}"
    if not isinstance(value, dict) or not isinstance(value.get("tap"), str) or set(value) - {"tap", "shape", "axes"}:
        raise ConfigError(
            f'{where} must be a tap, null, or {{"tap": ..., "shape": [...], "axes": [...]}}; got {quoted(value)}'
        )
    return MappedName(value["tap"], _counts(where, "shape", value), _counts(where, "axes", value))


def _counts(where: str, key: str, value: Mapping[str, Any]) -> tuple[int, ...] | None:
    numbers = value.get(key)
    if numbers is None:
        return None
    if not isinstance(numbers, list) or not all(type(n) is int and 0 <= n < 2**31 for n in numbers):
        raise ConfigError(f"{where}: {key} must be a list of whole numbers, got {quoted(numbers)}")
    if len(numbers) > MOST_AXES:
        raise ConfigError(f"{where}: {key} has {len(numbers)} numbers; at most {MOST_AXES} axes are read")
    return tuple(numbers)


def mapped_of(name: str, names: NameMap) -> MappedName | None:
    """What the map says of a name, by itself or with a number in it."""
    if name in names:
        return names[name]
    for pattern, mapped in names.items():
        if NUMBER in pattern:
            number = re.fullmatch(re.escape(pattern).replace(re.escape(NUMBER), "([0-9]+)"), name)
            if number:
                tap = None if mapped.tap is None else mapped.tap.replace(NUMBER, number[1])
                return MappedName(tap, mapped.shape, mapped.axes)
    return None


def write_name_map(path: str | Path, names: Mapping[str, str]) -> None:
    """Writes a map of their names to taps; one that was edited since stays.

    Raises   OutputError
    """
    text = json.dumps(names, indent=1, ensure_ascii=False) + "\n"
    write_file_whole(
        Path(path), lambda partial: partial.write_text(text, "utf-8"), COMPARE_COMMAND, argument="--suggest "
    )
