"""The values of a stored tensor, read from its file in blocks that stay in the processor's cache.

Nothing is mapped: a mapped page counts as memory of the process for as long as an array looks at it. Beside the
result there is one block. Whether values are finite is seen on the way, while they are in the cache.
"""

from io import FileIO
from pathlib import Path

import numpy as np

BLOCK = 1 << 20  # bytes of the file; measured: 64 kB to 4 MB are within a fifth of it
BF16_EXPONENT, F16_EXPONENT = np.uint16(0x7F80), np.uint16(0x7C00)  # all ones: infinite or NaN


def read_blocks(path: Path, offset: int, dtype: str, stored: np.dtype, out: np.ndarray) -> bool:
    """Fills `out` with the values from byte `offset` on; whether all of them are finite in `out`.

    `dtype` is safetensors' name, `stored` how its values lie in the file (BF16 as uint16).
    Shapes   out (n,), contiguous
    Numerics bfloat16 and float16 are widened exactly, what is too large for float32 becomes infinite
    Raises   OSError; EOFError when the file ends before the tensor does
    """
    n_block = BLOCK // stored.itemsize
    same = dtype != "BF16" and stored == out.dtype
    held = np.empty(0 if same else min(n_block, out.size), stored)
    finite = True
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        for start in range(0, out.size, n_block):
            part = out[start : start + n_block]
            block = part if same else held[: part.size]
            _fill(file, block)
            finite &= write_values(block, part, dtype)
    return finite


def read_columns(
    path: Path, offset: int, dtype: str, stored: np.dtype, width: int, columns: np.ndarray, out: np.ndarray
) -> bool:
    """Fills `out` with some columns of a table of `width` columns; whether the whole table is finite.

    Beside the result there are two blocks of whole rows: the table itself is never in memory.
    Shapes   columns (k,), out (n, k)
    Raises   as `read_blocks`
    """
    n_rows = max(1, BLOCK // max(1, width * stored.itemsize))
    raw, wide = (np.empty(min(n_rows, len(out)) * width, kind) for kind in (stored, out.dtype))
    finite = True
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        for start in range(0, len(out), n_rows):
            part = out[start : start + n_rows]
            block, values = raw[: len(part) * width], wide[: len(part) * width]
            _fill(file, block)
            finite &= write_values(block, values, dtype)
            np.take(values.reshape(len(part), width), columns, axis=1, out=part)
    return finite


def _fill(file: FileIO, block: np.ndarray) -> None:
    raw = block.view(np.uint8).data
    while raw:
        n_read = file.readinto(raw)  # may be less than asked
        if not n_read:
            raise EOFError("the file ends before the tensor does")
        raw = raw[n_read:]


def write_values(stored: np.ndarray, out: np.ndarray, dtype: str) -> bool:
    """Writes one block in the dtype of `out` (which may be `stored` itself); whether it is finite there.

    Shapes   stored (n,), out (n,), both contiguous
    """
    if dtype == "BF16":
        _widen_bf16(stored, out)
        return not _has_exponent(stored, BF16_EXPONENT)
    if dtype == "F16":
        finite = not _has_exponent(stored.view(np.uint16), F16_EXPONENT)
        if finite and out.dtype == np.float32:
            _widen_f16(stored.view(np.uint16), out)
        elif stored is not out:
            np.copyto(out, stored, casting="unsafe")
        return finite
    if stored is not out:
        np.copyto(out, stored, casting="unsafe")
    return out.dtype.kind != "f" or bool(np.isfinite(out).all())


def _has_exponent(bits: np.ndarray, ones: np.uint16) -> bool:
    """Whether any of the stored 16 bits mean infinity or NaN."""
    return bits.size > 0 and bool(np.bitwise_and(bits, ones).max() == ones)


def _widen_bf16(bits: np.ndarray, out: np.ndarray) -> None:
    """bfloat16 is the upper half of a float32."""
    wide = out.view(np.uint32) if out.dtype == np.float32 else np.empty(bits.shape, np.uint32)
    np.copyto(wide, bits)
    np.left_shift(wide, 16, out=wide)
    if out.dtype != np.float32:
        np.copyto(out, wide.view(np.float32), casting="unsafe")


def _widen_f16(bits: np.ndarray, out: np.ndarray) -> None:
    """Finite float16 as float32, exactly: four times NumPy's own conversion, which goes value by value.

    Exponent and fraction keep their order; a product with 2^112 (the difference of the biases, 127 - 15) puts the
    exponent right, for subnormal numbers too.
    """
    wide = out.view(np.uint32)
    np.copyto(wide, bits)
    sign = np.bitwise_and(wide, 0x8000)
    np.bitwise_and(wide, 0x7FFF, out=wide)
    np.left_shift(wide, 13, out=wide)
    np.multiply(out, np.float32(2.0**112), out=out)
    np.left_shift(sign, 16, out=sign)
    np.bitwise_or(wide, sign, out=wide)
