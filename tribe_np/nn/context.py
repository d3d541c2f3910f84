"""What a forward pass carries along: the kernels, who listens, and the path of the layer that is running.

Who listens (`trace` and `edited` of the oracle) is the one thing that a caller sets around a call instead of handing it
in. A pass meets other state of the process as well, none of which belongs to a model: compiled kernels and tables
remembered by their arguments (only time depends on them), CuPy's current device, and the threads of BLAS and Numba.
Attention lends itself the threads of BLAS while it runs (`kernels.workers`). Their number may change how a sum is
rounded, and nothing else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import NamedTuple

from tribe_np.backend import array_module
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.protocols import Array, Tap

COSTLY = ("logits", "probabilities", "distances")
"""Leaves that hold every pair of tokens: computed for a listener that asks for them, not for one that hears all."""

Edit = Callable[[str, Array], Array]
"""What a pass goes on with instead of an intermediate, from its name and what was computed."""


class Listener(NamedTuple):
    """Who hears which names (shell style), and is handed them or puts something else in their place.

    `skip` is told which stages are not computed, since the cache holds what comes out of them.
    """

    tap: Tap | None = None
    edit: Edit | None = None
    patterns: tuple[str, ...] = ("*",)
    skip: Callable[[str], None] | None = None

    def hears(self, name: str) -> bool:
        """Whether a pattern matches; a costly leaf needs one whose last part matches it, and says more than `*`."""
        leaf = name.rpartition(".")[2]
        return any(fnmatchcase(name, p) and (leaf not in COSTLY or _asks_for(p, leaf)) for p in self.patterns)


def _asks_for(pattern: str, leaf: str) -> bool:
    """Whether a pattern's last part is of a leaf: of "*attn*", which may stand for any part of a name, it is not."""
    last = pattern.rpartition(".")[2]
    return any(character.isalpha() for character in last) and fnmatchcase(leaf, last)


LISTENERS: ContextVar[tuple[Listener, ...]] = ContextVar("tribe_np_listeners", default=())
"""Set by the oracle, outermost first; read once by each public call."""


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within it `listener` hears what models compute, after those that listen already."""
    token = LISTENERS.set((*LISTENERS.get(), listener))
    try:
        yield
    finally:
        LISTENERS.reset(token)


@dataclass(frozen=True)
class Context:
    """Handed to every layer as `ctx`; immutable, so a layer cannot change what its siblings see."""

    kernels: KernelSet = REFERENCE
    listeners: tuple[Listener, ...] = ()
    path: str = ""
    tables: set[str] | None = None  # within `joined`: names of what is the same in every part

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self.listeners)

    def see(self, name: str, array: Array) -> Array:
        """`array` itself, after showing it as path.name to those who listen; or what an edit puts in its place.

        So a formula names what it computes: `query = ctx.see("query", self.to_q(x))`.
        """
        if not self.listeners:
            return array
        full = self._full(name)
        for listener in self.listeners:
            if listener.hears(full):
                if listener.edit is not None:
                    array = listener.edit(full, array)
                if listener.tap is not None:
                    listener.tap(full, array)
        return array

    def see_table(self, name: str, array: Array) -> Array:
        """`see` for what depends on sizes and weights alone: where steps run part by part, shown once, not joined."""
        if self.tables is not None:
            self.tables.add(self._full(name))
        return self.see(name, array)

    def asks(self, name: str) -> bool:
        """Whether somebody hears `name`: what is costly is computed only then."""
        return bool(self.listeners) and any(listener.hears(self._full(name)) for listener in self.listeners)

    def edits(self, name: str) -> bool:
        """Whether somebody may put something else in the place of `name`."""
        full = self._full(name) if self.listeners else name
        return any(listener.edit is not None and listener.hears(full) for listener in self.listeners)

    def at(self, *parts: str | int) -> "Context":
        """The context of a sub-layer: the path extended by `parts`."""
        if not self.listeners:
            return self
        return replace(self, path=self._full(".".join(map(str, parts))))

    @property
    def in_one_piece(self) -> bool:
        """Whether steps that may run part by part must not: an edit is of whole intermediates."""
        return any(listener.edit is not None for listener in self.listeners)

    @contextmanager
    def joined(self, n_parts: int, *, axis: int, leading: tuple[int, ...] | None = None) -> Iterator["Context"]:
        """A context for steps that run once per part; at its end each intermediate is shown once, in one piece.

        With `leading`, the first axis of what was joined is split into axes of these sizes.
        Numerics shows what the parts computed, one after the other along `axis`: a trace changes no bit
        """
        if not self.listeners or n_parts == 1:
            yield self
            return
        assert not self.in_one_piece, "an edit is of whole intermediates: see in_one_piece"
        pieces: dict[str, list[Array]] = {}

        def collect(name: str, array: Array) -> None:
            pieces.setdefault(name, []).append(array.copy())

        asked = tuple(pattern for listener in self.listeners for pattern in listener.patterns)
        tables: set[str] = set()
        yield replace(self, listeners=(Listener(collect, patterns=asked),), tables=tables)
        whole = replace(self, path="")
        for name, arrays in pieces.items():
            if name in tables:
                whole.see_table(name, arrays[0])
                continue
            array = array_module(*arrays).concatenate(arrays, axis=axis)
            whole.see(name, array if leading is None else array.reshape(*leading, *array.shape[1:]))

    def _full(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def open_context(model: str, kernels: KernelSet) -> Context:
    """The context of one public call of `model` (the prefix of its names); reads once who listens."""
    return Context(kernels, LISTENERS.get(), model)
