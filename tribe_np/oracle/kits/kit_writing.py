"""Kits as folders: config.json, weights, inputs, what is expected, manifest.json. They appear whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.oracle.kits.kit import Kit
from tribe_np.oracle.kits.ordered_tensors import TensorOut, write_ordered
from tribe_np.outputs.whole import check_own_target, write_whole

COMMAND = "oracle dump"
CONFIG, WEIGHTS, INPUTS, EXPECTED = "config.json", "weights.safetensors", "inputs.safetensors", "expected.safetensors"


def check_kit_target(out: Path) -> None:
    """Refuses a place where no kit can be written, before any work.

    Raises   OutputError
    """
    check_own_target(out, COMMAND)


def write_kits(out: Path, kits: Mapping[str, Kit]) -> None:
    """Writes each kit into the folder of its name below `out`; the name "" is `out` itself.

    Raises   OutputError
    """

    def fill(folder: Path) -> None:
        for name, kit in kits.items():
            (folder / name).mkdir(exist_ok=True)
            fill_kit(folder / name, kit)

    write_whole(out, fill, COMMAND)


def fill_kit(folder: Path, kit: Kit) -> None:
    """The files of one kit, into a folder that is there.

    Raises   OSError
    """
    (folder / CONFIG).write_text(json_text(kit.config), encoding="utf-8")
    _write(folder / WEIGHTS, kit.weights)
    _write(folder / INPUTS, kit.inputs)
    _write(folder / EXPECTED, kit.expected.arrays, names="\n".join(kit.expected.names()))


def json_text(value: Any) -> str:
    """JSON as kits hold it: the order of keys as given, the same on every machine."""
    return json.dumps(value, indent=1, ensure_ascii=True) + "\n"


def _write(path: Path, arrays: Mapping[str, np.ndarray], **metadata: str) -> None:
    write_ordered(path, [TensorOut.of(name, np.asarray(array)) for name, array in arrays.items()], metadata)
