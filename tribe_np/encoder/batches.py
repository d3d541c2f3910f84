"""A batch in parts: a few windows at a time go through the stages, so that memory does not grow with the batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tribe_np.backend import array_module
from tribe_np.nn.context import Context
from tribe_np.protocols import Array

WINDOWS_AT_ONCE = 4  # 800 steps: matrix products are as fast as with more


def parts_of(n_windows: int, size: int) -> list[slice]:
    """Slices of at most `size` windows, in order."""
    return [slice(start, min(start + size, n_windows)) for start in range(0, n_windows, size)]


@contextmanager
def shown_whole(ctx: Context, n_parts: int) -> Iterator[Context]:
    """A context for stages that run once per part; at its end the tap sees each intermediate once, of all windows.

    Numerics shows what the parts computed, one after the other along the first axis: a trace changes no bit
    """
    if ctx.tap is None or n_parts == 1:
        yield ctx
        return
    pieces: dict[str, list[Array]] = {}

    wants = getattr(ctx.tap, "wants", None)  # of oracle.trace: copies of what is not asked for would fill the memory

    def keep(name: str, array: Array) -> None:
        if wants is None or wants(name):
            pieces.setdefault(name, []).append(array.copy())

    yield replace(ctx, tap=keep)
    for name, arrays in pieces.items():
        ctx.tap(name, array_module(*arrays).concatenate(arrays, axis=0))
