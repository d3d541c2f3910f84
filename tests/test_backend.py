"""Which module an array belongs to, devices by name, and the only transfers."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests import fake_device
from tribe_np import backend
from tribe_np.errors import ConfigError, MissingDependencyError, ShapeError

X = np.arange(3.0)


class CudaError(Exception):
    """Stands in for CUDARuntimeError."""


def stub_cupy(n_devices: int | Exception) -> ModuleType:
    """A module called cupy whose arrays are the fake device's under another name."""
    cupy = ModuleType("cupy")

    def count() -> int:
        if isinstance(n_devices, Exception):
            raise n_devices
        return n_devices

    array_type = type("ndarray", (), {"__module__": "cupy", "host": X})
    runtime = SimpleNamespace(getDeviceCount=count, CUDARuntimeError=CudaError)
    vars(cupy).update(
        cuda=SimpleNamespace(runtime=runtime),
        ndarray=array_type,
        asarray=lambda a: array_type(),
        asnumpy=lambda a: a.host,
    )
    return cupy


def test_the_array_decides(xp: Any) -> None:
    array = backend.to_device(X, xp)
    assert backend.array_module(array) is xp
    assert backend.array_module(None, 2.0, array, 3, True) is xp


def test_numpy_scalars_are_numpys() -> None:
    assert backend.array_module(np.float32(1)) is np


def test_modules_are_not_mixed() -> None:
    with pytest.raises(ShapeError, match="numpy and fake_device"):
        backend.array_module(X, backend.to_device(X, fake_device.module))


@pytest.mark.parametrize("arrays", [(), (None,), (1, 2.0)])
def test_no_array(arrays: tuple[Any, ...]) -> None:
    with pytest.raises(ShapeError, match="no array given"):
        backend.array_module(*arrays)


def test_things_that_are_no_arrays() -> None:
    with pytest.raises(ShapeError, match="not an array of a known module: list"):
        backend.array_module([1, 2])


def test_precisions() -> None:
    assert backend.dtype_of("float32") is np.float32
    assert backend.dtype_of("float64") is np.float64
    with pytest.raises(ConfigError, match="float32, float64, got 'half'"):
        backend.dtype_of("half")


def test_transfers(xp: Any) -> None:
    there = backend.to_device(X, xp)
    np.testing.assert_array_equal(backend.to_host(there), X)
    assert backend.to_device(X, "cpu") is X
    assert backend.to_host(X) is X
    assert isinstance(backend.to_host(np.float32(2)), np.ndarray)


def test_devices_by_name() -> None:
    assert backend.device_module("cpu") is np
    assert backend.device_module(fake_device.module) is fake_device.module
    with pytest.raises(ConfigError, match="auto, cpu, cuda or cuda:N, got 'tpu'"):
        backend.device_module("tpu")


def test_erf_of_every_module(xp: Any) -> None:
    found = backend.to_host(backend.erf(backend.to_device(X.astype(np.float32), xp)))
    np.testing.assert_allclose(found, [0.0, 0.8427007929497149, 0.9953222650189527], rtol=1e-6)
    assert found.dtype == np.float32


def test_cuda_without_cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(MissingDependencyError, match=r'needs cupy.*pip install "tribe_np\[cuda12\]".*--device cpu'):
        backend.device_module("cuda")
    assert backend.device_module("auto") is np


@pytest.mark.parametrize(
    ("n_devices", "message"),
    [(0, "finds no CUDA device"), (CudaError("no driver"), r"no usable CUDA driver \(no driver\)")],
)
def test_cuda_without_a_device(n_devices: Any, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", stub_cupy(n_devices))
    with pytest.raises(MissingDependencyError, match=message):
        backend.device_module("cuda")
    assert backend.device_module("auto") is np


def test_cuda_with_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    cupy = stub_cupy(1)
    special = ModuleType("cupyx.scipy.special")
    vars(special).update(erf=lambda x: ("erf", x))
    for name, module in {"cupy": cupy, "cupyx": ModuleType("cupyx"), "cupyx.scipy": ModuleType("cupyx.scipy")}.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "cupyx.scipy.special", special)
    assert backend.device_module("cuda") is cupy
    assert backend.device_module("auto") is cupy
    array = backend.to_device(X, "cuda")
    assert backend.array_module(array) is cupy
    np.testing.assert_array_equal(backend.to_host(array), X)
    assert backend.erf(array) == ("erf", array)
