"""The pickle inside a PyTorch checkpoint, read by a small machine of its own: nothing that it names is ever called.

Only the opcodes and globals that tensors in plain containers need are known. A global is a name, not an object;
`REDUCE` of one of five names builds data, and of any other is refused with that name.
Source   pickletools (the opcodes); torch 2.13 serialization._save, _utils._rebuild_tensor_v2, _rebuild_parameter
"""

import io
import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tribe_np.errors import CheckpointError

MAX_OPCODES = 500_000  # about a second; a tensor takes about 30, the largest model here has 2,000 of them
MAX_BYTES = 16_000_000
MAX_AXES = 32


@dataclass(frozen=True)
class Storage:
    """A persistent id: which member holds the elements, of which type, and how many there must be."""

    type_name: str  # such as "FloatStorage"
    key: str
    n_elements: int


@dataclass(frozen=True)
class StoredTensor:
    """A tensor as the pickle describes it: a strided window on a storage, in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class Global:
    """A name; never imported."""

    name: str


STORAGES = {
    f"torch.{kind}Storage": f"{kind}Storage"
    for kind in ("Double", "Float", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
} | {"torch.storage.UntypedStorage": "UntypedStorage", "torch.UntypedStorage": "UntypedStorage"}
CALLS = (
    "collections.OrderedDict", "torch.Size", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter",
)  # fmt: skip
MARK = object()
VALUES = {
    "BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
    "SHORT_BINBYTES", "BINBYTES", "BINBYTES8",
}  # fmt: skip
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
MAX_KEY = 2**31  # of whole numbers; larger ones can be chosen to share a hash, which makes a dict slow


class MalformedError(Exception):
    """What is wrong with a pickle; `read_pickle` says in which file."""


def read_pickle(raw: bytes, *, origin: str) -> Any:
    """The object in a pickle: dicts, lists, tuples, numbers, text and StoredTensor.

    Raises   CheckpointError in one line that begins with `origin`: a global that is not allowed (by its name),
             an unknown opcode, a malformed or truncated stream
    """
    if len(raw) > MAX_BYTES:
        raise CheckpointError(f"{origin}: {len(raw)} bytes of pickle; at most {MAX_BYTES} are read")
    try:
        return Machine().run(_opcodes(raw))
    except MalformedError as error:
        raise CheckpointError(f"{origin}: {error}") from error
    except (IndexError, ValueError, KeyError, TypeError, OverflowError) as error:  # pops of an empty stack, bad text
        raise CheckpointError(
            f"{origin}: a malformed pickle ({type(error).__name__}); the file is damaged or no checkpoint"
        ) from error


def _opcodes(raw: bytes) -> Iterator[tuple[str, Any]]:
    for count, (opcode, argument, _) in enumerate(pickletools.genops(io.BytesIO(raw))):
        if count >= MAX_OPCODES:
            raise MalformedError(f"a pickle of more than {MAX_OPCODES} opcodes")
        yield opcode.name, argument


class Machine:
    """A pickle machine with a stack, a memo and no way to call anything."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, opcodes: Iterator[tuple[str, Any]]) -> Any:
        """The object left on the stack at STOP."""
        for name, argument in opcodes:
            if name in VALUES:
                self.stack.append(argument)
            elif name in CONSTANTS:
                self.stack.append(CONSTANTS[name])
            elif name == "STOP":
                return self.stack.pop()
            elif name in ACTIONS:
                ACTIONS[name](self, argument)
            else:
                raise MalformedError(f"pickle opcode {name} is not one that a checkpoint needs; nothing was run")
        raise MalformedError("a pickle without an end")

    def above_mark(self) -> list[Any]:
        """Pops everything above the last mark, and the mark."""
        at = len(self.stack) - 1
        while self.stack[at] is not MARK:
            at -= 1
            if at < 0:
                raise MalformedError("a pickle that lacks a mark")
        items = self.stack[at + 1 :]
        del self.stack[at:]
        return items

    def pop(self, count: int) -> list[Any]:
        """Pops `count` items, in the order in which they were pushed."""
        if len(self.stack) < count:
            raise MalformedError("a pickle that pops more values than it has pushed")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def set_items(self, pairs: list[Any]) -> None:
        """Puts key, value, key, value, ... into the dict on top of the stack."""
        target = self.stack[-1]
        if not isinstance(target, dict) or len(pairs) % 2:
            raise MalformedError("a pickle that sets items of something other than a dict")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not (key is None or isinstance(key, str) or (isinstance(key, int) and abs(key) < MAX_KEY)):
                raise MalformedError(f"a dict key of type {type(key).__name__}; expected text or small whole numbers")
            target[key] = value

    def append(self, items: list[Any]) -> None:
        """Appends to the list on top of the stack."""
        target = self.stack[-1]
        if not isinstance(target, list):
            raise MalformedError("a pickle that appends to something other than a list")
        target.extend(items)

    def call(self) -> None:
        """REDUCE: builds the data that one of the allowed names stands for."""
        function, arguments = self.pop(2)
        if not isinstance(function, Global) or function.name not in CALLS or not isinstance(arguments, tuple):
            named = function.name if isinstance(function, Global) else type(function).__name__
            raise MalformedError(f"the pickle calls {_shown(named)}, which no checkpoint needs; nothing was run")
        self.stack.append(BUILDERS[function.name](arguments))

    def build(self) -> None:
        """BUILD: the attributes of a state_dict (its _metadata) are dropped; nothing else may have any."""
        target, _ = self.pop(2)
        if not isinstance(target, dict):
            raise MalformedError(f"the pickle sets attributes of a {type(target).__name__}; nothing was run")
        self.stack.append(target)

    def persistent(self) -> None:
        """BINPERSID: ("storage", type, key, location, number of elements); the location, such as cuda:0, is ignored."""
        (found,) = self.pop(1)
        if not isinstance(found, tuple) or len(found) != 5 or found[0] != "storage":
            raise MalformedError('a persistent id that is not ("storage", type, key, location, elements)')
        _, kind, key, _, count = found
        if not isinstance(kind, Global) or kind.name not in STORAGES:
            named = kind.name if isinstance(kind, Global) else type(kind).__name__
            raise MalformedError(f"storage type {_shown(named)} is not one of PyTorch's ordinary ones")
        if not isinstance(key, str) or not _are_counts((count,)):
            raise MalformedError("a storage whose key or size is malformed")
        self.stack.append(Storage(STORAGES[kind.name], key, count))

    def name_global(self, module: Any, name: Any) -> None:
        """GLOBAL: a name is put on the stack if it is one of the allowed."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise MalformedError("a global whose name is not text")
        full = f"{module}.{name}"
        if full not in CALLS and full not in STORAGES:
            raise MalformedError(f"the pickle names {_shown(full)}, which no checkpoint needs; nothing was run")
        self.stack.append(Global(full))


def is_text(value: str) -> bool:
    """Whether text can be written as UTF-8; a pickle can hold halves of surrogate pairs, which cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _are_counts(values: Any) -> bool:
    return (
        isinstance(values, tuple) and len(values) <= MAX_AXES and all(type(v) is int and 0 <= v < 2**62 for v in values)
    )


def _shown(name: str) -> str:
    return name if name.isprintable() and len(name) < 100 else ascii(name[:100])


def _ordered_dict(arguments: tuple[Any, ...]) -> dict[Any, Any]:
    """An empty one: its items follow as SETITEMS."""
    if arguments:
        raise MalformedError("an OrderedDict with arguments, which torch.save does not write")
    return {}


def _size(arguments: tuple[Any, ...]) -> tuple[int, ...]:
    if len(arguments) != 1 or not _are_counts(arguments[0]):
        raise MalformedError("a torch.Size that holds something other than sizes")
    counts: tuple[int, ...] = arguments[0]
    return counts


def _tensor(arguments: tuple[Any, ...]) -> StoredTensor:
    """(storage, offset, size, strides, requires_grad, hooks[, metadata])."""
    if len(arguments) not in (6, 7) or not isinstance(arguments[0], Storage):
        raise MalformedError("a tensor whose description is malformed")
    storage, offset, shape, strides = arguments[:4]
    if not _are_counts((offset,)) or not _are_counts(shape) or not _are_counts(strides):
        raise MalformedError("a tensor whose offset, shape or strides are malformed")
    if len(shape) != len(strides):
        raise MalformedError(f"a tensor with {len(shape)} axes and {len(strides)} strides")
    if len(arguments) == 7 and arguments[6]:
        raise MalformedError("a tensor with metadata (conjugate or negative bit), which weights do not have")
    return StoredTensor(storage, offset, shape, strides)


def _parameter(arguments: tuple[Any, ...]) -> StoredTensor:
    """(tensor, requires_grad, hooks)."""
    if len(arguments) != 3 or not isinstance(arguments[0], StoredTensor):
        raise MalformedError("a parameter whose description is malformed")
    return arguments[0]


BUILDERS: dict[str, Callable[[tuple[Any, ...]], Any]] = dict(
    zip(CALLS, (_ordered_dict, _size, _tensor, _parameter), strict=True)
)


def _memoize(machine: Machine, index: int | None) -> None:
    machine.memo[len(machine.memo) if index is None else index] = machine.stack[-1]


ACTIONS: dict[str, Callable[[Machine, Any], object]] = {
    "PROTO": lambda m, _: None,
    "FRAME": lambda m, _: None,
    "MARK": lambda m, _: m.stack.append(MARK),
    "POP": lambda m, _: m.pop(1),
    "EMPTY_DICT": lambda m, _: m.stack.append({}),
    "EMPTY_LIST": lambda m, _: m.stack.append([]),
    "EMPTY_TUPLE": lambda m, _: m.stack.append(()),
    "TUPLE": lambda m, _: m.stack.append(tuple(m.above_mark())),
    "TUPLE1": lambda m, _: m.stack.append(tuple(m.pop(1))),
    "TUPLE2": lambda m, _: m.stack.append(tuple(m.pop(2))),
    "TUPLE3": lambda m, _: m.stack.append(tuple(m.pop(3))),
    "SETITEM": lambda m, _: m.set_items(m.pop(2)),
    "SETITEMS": lambda m, _: m.set_items(m.above_mark()),
    "APPEND": lambda m, _: m.append(m.pop(1)),
    "APPENDS": lambda m, _: m.append(m.above_mark()),
    "BINPUT": _memoize,
    "LONG_BINPUT": _memoize,
    "MEMOIZE": lambda m, _: _memoize(m, None),
    "BINGET": lambda m, index: m.stack.append(m.memo[index]),
    "LONG_BINGET": lambda m, index: m.stack.append(m.memo[index]),
    "GLOBAL": lambda m, text: m.name_global(*text.split(" ", 1)),
    "STACK_GLOBAL": lambda m, _: m.name_global(*m.pop(2)),
    "BINPERSID": lambda m, _: m.persistent(),
    "REDUCE": lambda m, _: m.call(),
    "BUILD": lambda m, _: m.build(),
}
"""Opcodes beyond plain values; pickle protocols 2 to 5 as torch.save writes them."""
