"""What another implementation wrote: a safetensors file, an .npz, or a folder of .npy or raw files."""

import math
import zipfile
import zlib
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path

import numpy as np

from tribe_np.errors import RecordingError, reason_of
from tribe_np.files.npy_files import mapped_npy
from tribe_np.files.small_files import check_regular
from tribe_np.formats.safetensors import read_header, widen_bf16
from tribe_np.oracle.recording import SUMMARIES, SummaryRecording
from tribe_np.oracle.summaries import Summary
from tribe_np.shown import quoted

RAW = {".f64": "<f8", ".f32": "<f4", ".f16": "<f2", ".bf16": "<u2", ".i64": "<i8", ".i32": "<i4"}
"""Suffixes of raw files and what is in them, the little end first, the last axis fastest; no header."""
EITHER = ".bin"  # float32 or float64, by its size
DAMAGED = (ValueError, EOFError, KeyError, NotImplementedError, RuntimeError, zlib.error, zipfile.BadZipFile)
ONE_ARRAY = (".npy", *RAW, EITHER)
"""Suffixes of files that hold one array, whose name is the file's."""
MOST_FILES = 100_000
KINDS = "a .safetensors file, an .npz, a .npy of the output, or a folder of .npy or raw files (.f32, .f64, .bin ...)"

ShapeOf = Callable[[str], tuple[int, ...] | None]
"""The kit's shape of a tap that a name of theirs stands for; None where it is not known."""


def read_theirs(path: str | Path, shape_of: ShapeOf) -> Mapping[str, np.ndarray | Summary]:
    """Their arrays, or summaries of them, by their names, as they lie there; those of raw files without a shape.

    Raises   RecordingError, CheckpointError (safetensors), naming the file
    """
    path = Path(path)
    if path.is_dir():
        return _read_folder(path, shape_of)
    check_regular(path, error=RecordingError)
    match path.suffix.lower():
        case ".npz":
            return _read_npz(path)
        case ".npy":
            return {path.stem: _read_npy(path)}
        case ".safetensors":
            return _read_tensors(path)
    if (found := _raw_suffix(path)) is not None:
        return {path.name.removesuffix(found): _read_raw(path, found, shape_of)}
    raise RecordingError(f"{path}: expected {KINDS}")


def _read_tensors(path: Path) -> Mapping[str, np.ndarray | Summary]:
    entries, metadata = read_header(path)
    if SUMMARIES in metadata:
        return SummaryRecording.load(path).summaries
    return {name: entry.read() for name, entry in entries.items()}


def _read_folder(folder: Path, shape_of: ShapeOf) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    files = sorted(islice(folder.rglob("*"), MOST_FILES + 1))
    if len(files) > MOST_FILES:
        raise RecordingError(f"{folder}: holds more than {MOST_FILES} files; give the folder of the arrays alone")
    for path in files:
        suffix = ".npy" if path.suffix.lower() == ".npy" else _raw_suffix(path)
        if suffix is None or path.is_dir():
            continue
        check_regular(path, error=RecordingError)  # a link to nothing, or a pipe, would be a tap that was not given
        name = path.relative_to(folder).as_posix()[: -len(suffix)]
        if name in arrays:
            raise RecordingError(f"{path}: another file of that name has {name} too; keep one of them")
        arrays[name] = _read_npy(path) if suffix == ".npy" else _read_raw(path, suffix, shape_of)
    if not arrays:
        found = [path.name for path in files if path.suffix in (".safetensors", ".npz")]
        instead = f"; give the file itself, {folder / found[0]}" if found else ""
        raise RecordingError(f"{folder}: holds no .npy and no raw file ({', '.join([*RAW, EITHER])}){instead}")
    return arrays


def _read_npy(path: Path) -> np.ndarray:
    check_regular(path, error=RecordingError)
    try:
        found = mapped_npy(path)
    except (OSError, ValueError) as error:
        raise RecordingError(f"{path}: cannot be read: {reason_of(error)}") from error
    return _numbers(str(path), found)


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.filename.endswith(".npy"):
                    name = member.filename.removesuffix(".npy")
                    if name in arrays:
                        raise RecordingError(f"{path}: holds {quoted(name)} twice; keep one of them")
                    arrays[name] = _numbers(f"{path}: {name}", _read_member(archive, member))
    except RecordingError:
        raise
    except (*DAMAGED, OSError) as error:
        raise RecordingError(f"{path}: is no .npz file of numbers, or a damaged one") from error
    return arrays


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """An array whose header claims no more than the archive holds: known before anything of that size is made."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, _, dtype = readers[version](file)
    if dtype.hasobject or math.prod(shape) * dtype.itemsize > member.file_size:
        raise ValueError("its header is not that of numbers")
    with archive.open(member) as file:
        found: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
    return found


def _read_raw(path: Path, suffix: str, shape_of: ShapeOf) -> np.ndarray:
    size = check_regular(path, error=RecordingError)
    if suffix == EITHER:
        dtype = np.dtype(_dtype_of_size(path, size, shape_of(path.name[: -len(suffix)])))
    else:
        dtype = np.dtype(RAW[suffix])
    if size % dtype.itemsize:
        raise RecordingError(f"{path}: {size} bytes are no whole number of {suffix[1:]} values; it is truncated")
    try:
        values = np.fromfile(path, dtype)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {reason_of(error)}") from error
    return widen_bf16(values) if suffix == ".bf16" else values


def _dtype_of_size(path: Path, size: int, shape: tuple[int, ...] | None) -> str:
    if shape is None:
        return "<f4"
    count = math.prod(shape)
    for dtype in ("<f4", "<f8"):
        if size == count * np.dtype(dtype).itemsize:
            return dtype
    raise RecordingError(
        f"{path}: holds {size} bytes, but {count} values of shape {shape} take {4 * count} as float32 or {8 * count} "
        "as float64; a suffix such as .f32 says what other files hold"
    )


def _raw_suffix(path: Path) -> str | None:
    suffix = path.suffix
    return suffix if suffix in RAW or suffix == EITHER else None


def _numbers(where: str, array: np.ndarray) -> np.ndarray:
    """The array, if it is one of real numbers; bfloat16, which NumPy keeps as two bytes of anything, widened."""
    if array.dtype == np.dtype("V2"):
        return widen_bf16(np.ascontiguousarray(array).view(np.uint16))
    if array.dtype.kind not in "fiub":
        raise RecordingError(f"{where}: holds {array.dtype} values; expected real numbers")
    return array
