"""Kits as folders of plain files. They appear whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tribe_np.oracle.kits.kit import Kit
from tribe_np.oracle.kits.kit_files import (
    CONFIG,
    EXPECTED_FILE,
    INPUTS_FILE,
    KIT_COMMAND,
    MANIFEST,
    README,
    STORED_TABLES,
    SUMS,
    WEIGHTS_FILE,
    json_text,
    sha256,
    write_text,
)  # fmt: skip
from tribe_np.oracle.kits.kit_manifest import manifest_of
from tribe_np.oracle.kits.kit_readme import readme_of
from tribe_np.oracle.kits.ordered_tensors import TensorOut, ordered_bytes, write_ordered
from tribe_np.oracle.reference import SOURCES, source_text
from tribe_np.outputs.whole import Inputs, check_own_target, write_whole

NOTHING: Inputs = {}


def check_kit_target(out: Path, inputs: Inputs = NOTHING) -> None:
    """Refuses a place where no kit can be written, before any work.

    Raises   OutputError
    """
    check_own_target(out, KIT_COMMAND, inputs)


def write_kits(out: Path, kits: Mapping[str, Kit], *, with_weights: bool = True) -> None:
    """Writes each kit into the folder of its name below `out`; the name "" is `out` itself.

    Raises   OutputError
    """

    def fill(folder: Path) -> None:
        for name, kit in kits.items():
            (folder / name).mkdir(exist_ok=True)
            fill_kit(folder / name, kit, with_weights=with_weights)

    write_whole(out, fill, KIT_COMMAND)


def fill_kit(folder: Path, kit: Kit, *, with_weights: bool = True) -> None:
    """The files of one kit, into a folder that is there.

    Raises   OSError
    """
    fixed = fixed_files(folder, kit, with_weights=with_weights)
    manifest = json_text(manifest_of(kit, fixed, with_weights=with_weights))
    digests = {
        **fixed,
        EXPECTED_FILE: _write_expected(folder / EXPECTED_FILE, kit),
        MANIFEST: write_text(folder / MANIFEST, manifest),
        README: write_text(folder / README, readme_of(kit, with_weights=with_weights)),
    }
    write_text(folder / SUMS, "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)))


def fixed_files(folder: Path, kit: Kit, *, with_weights: bool) -> dict[str, str]:
    """Writes the files that are the same on every machine, and gives their digests.

    Raises   OSError
    """
    digests = {
        CONFIG: write_text(folder / CONFIG, json_text(kit.config)),
        INPUTS_FILE: _write(folder / INPUTS_FILE, kit.inputs),
        **{name: write_text(folder / name, source_text(name)) for name in SOURCES},
    }
    if with_weights:
        digests[WEIGHTS_FILE] = _write(folder / WEIGHTS_FILE, kit.weights)
    elif kit.recipe.stored and not kit.weight_files:
        digests[STORED_TABLES] = _write(folder / STORED_TABLES, kit.recipe.stored)
    return digests


def fixed_digests(kit: Kit) -> dict[str, str]:
    """SHA-256 of what is the same on every machine: config, weights and inputs as their files, and the taps' names."""
    return {
        "config": sha256([json_text(kit.config).encode()]),
        "weights": sha256(ordered_bytes(_tensors(kit.weights))),
        "inputs": sha256(ordered_bytes(_tensors(kit.inputs))),
        "names": sha256(["\n".join(kit.tap_names()).encode()]),
    }


def _write_expected(path: Path, kit: Kit) -> str:
    names = "\n".join(kit.tap_names())
    if kit.summary is None:
        return _write(path, kit.expected.arrays, names=names)
    about = {name: summary.as_json() for name, summary in kit.summary.summaries.items()}
    samples = {name: summary.sample for name, summary in kit.summary.summaries.items()}
    return _write(path, samples, names=names, summaries=json.dumps(about))


def _write(path: Path, arrays: Mapping[str, Any], **metadata: str) -> str:
    return write_ordered(path, _tensors(arrays), metadata)


def _tensors(arrays: Mapping[str, Any]) -> list[TensorOut]:
    return [TensorOut.of(name, array) for name, array in arrays.items()]
