"""A device without a device: arrays that wrap NumPy but refuse every shortcut a GPU array could not or should not take.

`module` offers only names that NumPy and CuPy share, plus `asarray` (the way in), `asnumpy` (the way out) and
`special.erf`. Calling `np.*` on its arrays, converting them implicitly, and mixing them with NumPy arrays or NumPy
scalars are TypeErrors; Python numbers pass. Values are bit-identical to NumPy, which computes them.

    model = Model.from_pretrained(folder, device=fake_device.module)
"""

import operator
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import scipy.special

NAMES_FILE = Path(__file__).parent / "architecture" / "cupy_names.txt"
CUPY_NAMES = frozenset(line for line in NAMES_FILE.read_text().split("\n") if line and not line.startswith("#"))
METHODS = frozenset({
    "all", "any", "argmax", "argmin", "astype", "clip", "copy", "cumsum", "dot", "fill", "flatten", "item", "max",
    "mean", "min", "nonzero", "prod", "ravel", "repeat", "reshape", "round", "squeeze", "std", "sum", "swapaxes",
    "take", "tolist", "transpose", "var", "view",
})  # fmt: skip
BINARY = (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift",
)  # fmt: skip
COMPARISONS = ["lt", "le", "gt", "ge", "eq", "ne"]


def _unwrap(value: Any) -> Any:
    if isinstance(value, FakeArray):
        return value.host
    if isinstance(value, (np.ndarray, np.generic)):
        raise TypeError(
            f"a host value ({type(value).__name__}) meets an array of the fake device; "
            "use to_device, or a Python number"
        )
    if isinstance(value, (list, tuple)):
        return type(value)(_unwrap(item) for item in value)
    return value


def _wrap(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return FakeArray(np.asarray(value))
    if isinstance(value, (list, tuple)) and any(isinstance(item, np.ndarray) for item in value):
        return tuple(_wrap(item) for item in value)
    return value


def _on_device(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        values = {key: _unwrap(value) for key, value in kwargs.items()}
        return _wrap(function(*[_unwrap(arg) for arg in args], **values))

    return call


class FakeArray:
    """An array of the fake device."""

    __slots__ = ("host",)
    __hash__ = None  # as NumPy's and CuPy's

    def __init__(self, host: np.ndarray) -> None:
        self.host = host

    def __array_namespace__(self, **_: Any) -> Any:
        return module

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("an array of the fake device met a NumPy function or conversion; use its own array module")

    __array__ = __array_function__ = __array_ufunc__ = _refuse

    def __getattr__(self, name: str) -> Any:
        if name in METHODS:
            return _on_device(getattr(self.host, name))
        if name in ("shape", "ndim", "size", "dtype", "nbytes", "itemsize", "strides", "flags"):
            return getattr(self.host, name)
        if name in ("T", "real", "imag"):
            return FakeArray(getattr(self.host, name))
        raise AttributeError(f"the fake device's arrays have no {name!r}")

    def __getitem__(self, index: Any) -> "FakeArray":
        return _wrap(self.host[_unwrap(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self.host[_unwrap(index)] = _unwrap(value)

    def __len__(self) -> int:
        return len(self.host)

    def __iter__(self) -> Iterator["FakeArray"]:
        return (_wrap(item) for item in self.host)

    def __bool__(self) -> bool:
        return bool(self.host)

    def __int__(self) -> int:
        return int(self.host)

    def __float__(self) -> float:
        return float(self.host)

    def __neg__(self) -> "FakeArray":
        return FakeArray(-self.host)

    def __invert__(self) -> "FakeArray":
        return FakeArray(~self.host)

    def __abs__(self) -> "FakeArray":
        return FakeArray(abs(self.host))

    def __repr__(self) -> str:
        return f"FakeArray({self.host!r})"


def _install(name: str) -> None:
    plain = getattr(operator, f"__{name}__")
    setattr(FakeArray, f"__{name}__", lambda a, b: _wrap(plain(a.host, _unwrap(b))))
    if name in BINARY:
        in_place = getattr(operator, f"__i{name}__")
        setattr(FakeArray, f"__r{name}__", lambda a, b: _wrap(plain(_unwrap(b), a.host)))
        setattr(FakeArray, f"__i{name}__", lambda a, b: FakeArray(in_place(a.host, _unwrap(b))))


for _name in [*BINARY, *COMPARISONS]:
    _install(_name)


class FakeModule:
    """The array module: names that NumPy and CuPy share."""

    __name__ = "fake_device"
    special = SimpleNamespace(erf=_on_device(scipy.special.erf))

    def __getattr__(self, name: str) -> Any:
        if name not in CUPY_NAMES or not hasattr(np, name):
            raise AttributeError(f"{name!r} is not a name that NumPy and CuPy share")
        value = getattr(np, name)
        return value if isinstance(value, type) or not callable(value) else _on_device(value)

    @staticmethod
    def asarray(value: Any, dtype: Any = None) -> FakeArray:
        """A host array, a number or nested lists copied to the device; an array of the device as it is."""
        if isinstance(value, FakeArray):
            return value if dtype in (None, value.dtype) else FakeArray(value.host.astype(dtype))
        return FakeArray(np.array(value, dtype=dtype))

    array = asarray

    @staticmethod
    def asnumpy(array: FakeArray) -> np.ndarray:
        """A host copy."""
        return array.host.copy()


module = FakeModule()
