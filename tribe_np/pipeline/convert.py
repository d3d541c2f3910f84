"""best.ckpt as model.safetensors and build_args.json, without PyTorch and bit for bit."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tribe_np.errors import CheckpointError, OutputError
from tribe_np.formats.checkpoint import (
    BUILD_ARGS_NAME,
    CONFIG_NAME,
    LIGHTNING_NAME,
    LIGHTNING_PREFIX,
    read_lightning,
)
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.formats.safetensors_stream import stream_safetensors
from tribe_np.formats.torch_zip import open_torch
from tribe_np.formats.weights import SINGLE_NAME, renamed
from tribe_np.outputs.whole import check_own_target, real_path, write_whole
from tribe_np.pipeline.progress import Progress

MAX_REPEAT = 4  # how often, on average, tensors may share the file's bytes; more fills the disk from a small file


@dataclass(frozen=True)
class Converted:
    """What was written."""

    n_tensors: int
    n_bytes: int
    has_config: bool  # whether a config.yaml lay beside the checkpoint and was copied


def convert_checkpoint(checkpoint: Path, folder: Path, *, progress: Progress) -> Converted:
    """Converts a best.ckpt, or the one in a folder; `folder` appears whole or not at all.

    Every storage is read once against its checksum before anything is written. Tensors keep their dtype and bits,
    names lose upstream's `model.` prefix; tensors that share bytes get a copy each.
    An earlier result is replaced, unless its config.yaml would be lost.
    Raises   CheckpointError for the checkpoint; OutputError when the target is in use or the disk is full
    """
    path = checkpoint / LIGHTNING_NAME if checkpoint.is_dir() else checkpoint
    opened = open_torch(path)
    stored, build_args = read_lightning(opened)
    entries = _own_names(stored, path)
    n_bytes = sum(entry.n_bytes for entry in entries.values())
    config = path.with_name(CONFIG_NAME)
    if not config.is_file() and (folder / CONFIG_NAME).is_file():
        raise OutputError(f"{folder}: holds a {CONFIG_NAME}, but none lies beside {path}; copy it there first")
    check_own_target(folder, "convert", argument="")
    _check_space(folder, n_bytes, path)
    with progress.stage("checksums", sum(m.n_bytes for m in opened.members.values()) >> 20, "MB") as step:
        opened.check(_in_megabytes(step))

    def fill(partial: Path) -> None:
        with progress.stage("converted", n_bytes >> 20, "MB") as step:
            stream_safetensors(partial / SINGLE_NAME, entries, metadata={"format": "pt"}, step=_in_megabytes(step))
        text = json.dumps(build_args, indent=1, ensure_ascii=False) + "\n"
        (partial / BUILD_ARGS_NAME).write_text(text, encoding="utf-8")
        if config.is_file():
            shutil.copyfile(config, partial / CONFIG_NAME)

    write_whole(folder, fill, "convert", argument="")  # here the folder is no option
    return Converted(len(entries), n_bytes, config.is_file())


def _own_names(stored: dict[str, TensorEntry], path: Path) -> dict[str, TensorEntry]:
    found = renamed(stored, lambda name: name.removeprefix(LIGHTNING_PREFIX), origin=str(path))
    return {name: entry for name, entry in found.items() if isinstance(entry, TensorEntry)}


def _in_megabytes(step: Callable[[int], object]) -> Callable[[int], None]:
    """A counter of bytes for a stage that counts MB."""
    left = 0

    def count(n: int) -> None:
        nonlocal left
        left += n
        if left >> 20:
            step(left >> 20)
            left &= (1 << 20) - 1

    return count


def _check_space(folder: Path, n_bytes: int, path: Path) -> None:
    if n_bytes > MAX_REPEAT * path.stat().st_size:
        raise CheckpointError(f"{path}: its tensors would take {n_bytes} bytes, far more than the file; not converted")
    above = real_path(folder).parent
    while not above.exists():
        above = above.parent
    free = shutil.disk_usage(above).free
    if free < n_bytes:
        raise OutputError(f"{folder}: needs {n_bytes >> 20} MB, but {above} has {free >> 20} MB free; nothing written")
