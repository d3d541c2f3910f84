"""Measured errors in a file: what `bounds.json` is, and what `tribe-np oracle budget --write` writes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tribe_np.oracle.budget.bounds import MeasuredTap
from tribe_np.outputs.whole import check_file_target, write_file_whole

COMMAND, ARGUMENT = "oracle budget", "--write "


def check_bounds_target(path: Path) -> None:
    """Refuses a place that cannot be written, before any work.

    Raises   OutputError
    """
    check_file_target(path, COMMAND, argument=ARGUMENT)


@dataclass
class BoundsFile:
    """What is written: a line for each tap, so that two files can be compared line by line.

    Fields   made what the run depended on; sets by "model/case/precision", the taps; alike names of sets that share
             another's errors
    """

    made: Mapping[str, Any]
    sets: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    alike: dict[str, str] = field(default_factory=dict)

    def add(self, model: str, case: str, precision: str, found: Mapping[str, MeasuredTap] | str) -> None:
        """Takes in a case: its errors, or the case whose errors it shares."""
        name = f"{model}/{case}/{precision}"
        self.sets.pop(name, None)
        self.alike.pop(name, None)
        if isinstance(found, str):
            self.alike[name] = f"{model}/{found}/{precision}"
        else:
            self.sets[name] = {tap: measured.as_json() for tap, measured in found.items()}

    def text(self) -> str:
        """JSON."""
        sets = ",\n".join(f"{json.dumps(name)}: {{\n{_lines(taps)}\n}}" for name, taps in self.sets.items())
        made, alike = json.dumps(self.made), _lines(self.alike)
        return f'{{\n"made": {made},\n"alike": {{\n{alike}\n}},\n"sets": {{\n{sets}\n}}\n}}\n'

    def write(self, path: Path) -> None:
        """Writes it, whole or not at all.

        Raises   OutputError
        """
        write_file_whole(path, lambda partial: partial.write_text(self.text(), "utf-8"), COMMAND, argument=ARGUMENT)


def _lines(values: Mapping[str, Any]) -> str:
    return ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in values.items())
