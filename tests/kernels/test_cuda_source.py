"""The CUDA kernels against the reference, without a GPU: see cuda_on_cpu.py. On a GPU test_contract.py runs them."""

import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests import fake_device
from tests.kernels.cases import CASES, Case
from tests.kernels.cuda_on_cpu import CudaOnCpu
from tests.kernels.test_contract import BAD_SHAPES, BOUNDS, first_case
from tests.strategies import normal
from tribe_np.errors import ShapeError
from tribe_np.kernels import choose, cupy_set
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet

OWN = ("softmax", "gelu", "silu_gate", "layer_norm", "rms_norm", "scale_norm", "depthwise_causal")


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelSet]:
    """The CUDA set over the stand-in, with blocks of 8 threads so that every loop over a row takes several turns."""
    compiler = shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        pytest.skip("no C++ compiler to run the CUDA sources on the CPU")
    stand_in = CudaOnCpu(tmp_path_factory.mktemp("cuda"), compiler)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cupy_set, "cupy_module", lambda: stand_in)
        patch.setattr(cupy_set, "THREADS", 8)
        cupy_set.cupy_set.cache_clear()
        yield cupy_set.cupy_set()
        cupy_set.cupy_set.cache_clear()


OWN_CASES = [case for case in CASES if case.entry in OWN]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", OWN_CASES, ids=lambda case: f"{case.entry}-{case.about}")
def test_values(kernels: KernelSet, case: Case, dtype: Any) -> None:
    arguments, options = case.arguments(dtype, lambda array: np.repeat(array, 2, axis=-1)[..., ::2])
    found = getattr(kernels, case.entry)(*arguments, **options)
    expected = getattr(REFERENCE, case.entry)(*[array.astype(np.float64) for array in arguments], **options)
    assert found.dtype == dtype
    assert found.shape == expected.shape
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=BOUNDS[dtype] * scale)


def test_rows_longer_than_a_block(kernels: KernelSet) -> None:
    x, gain, bias = normal(0, 3, 101, scale=3), normal(1, 101), normal(2, 101)
    np.testing.assert_allclose(kernels.softmax(x), REFERENCE.softmax(x), rtol=1e-13)
    np.testing.assert_allclose(
        kernels.layer_norm(x, gain, bias, eps=1e-5), REFERENCE.layer_norm(x, gain, bias, eps=1e-5), rtol=1e-11
    )
    np.testing.assert_allclose(kernels.rms_norm(x, gain, eps=1e-5), REFERENCE.rms_norm(x, gain, eps=1e-5), rtol=1e-13)
    np.testing.assert_allclose(kernels.scale_norm(x, gain[:1]), REFERENCE.scale_norm(x, gain[:1]), rtol=1e-13)


def test_nan_rows_are_nan(kernels: KernelSet) -> None:
    rows = np.array([[np.nan, 0.0, 1.0], [0.0, np.nan, 1.0], [-np.inf] * 3])
    assert np.isnan(kernels.softmax(rows)).all()


@pytest.mark.parametrize("entry", OWN)
def test_misfits_are_refused_before_any_memory_is_touched(kernels: KernelSet, entry: str) -> None:
    case = first_case(entry)
    for dtype in (np.float16, np.int32):
        arguments, options = case.arguments(dtype, lambda array: array)
        with pytest.raises(ShapeError, match="one dtype"):
            getattr(kernels, entry)(*arguments, **options)
    arguments, options = case.arguments(np.float32, fake_device.module.asarray)
    with pytest.raises(ShapeError, match="needs CuPy arrays"):
        getattr(kernels, entry)(*arguments, **options)
    for shapes in BAD_SHAPES.get(entry, []):
        with pytest.raises(ShapeError):
            getattr(kernels, entry)(*[np.ones(shape, np.float32) for shape in shapes], **dict(case.options))


def test_rotation_and_attention_stay_the_references(kernels: KernelSet) -> None:
    for entry in ("rotate_half", "rotate_adjacent", "attention", "relative_attention", "silu", "glu"):
        assert getattr(kernels, entry) is getattr(REFERENCE, entry)


def test_chosen_by_name_and_by_auto(kernels: KernelSet, monkeypatch: pytest.MonkeyPatch) -> None:
    module = type("cupy", (), {"__name__": "cupy", "asarray": staticmethod(np.asarray)})()
    monkeypatch.setattr(choose, "device_module", lambda device: module)
    assert choose.kernel_set("cupy", "cuda") is kernels
    assert choose.kernel_set("auto", "cuda") is kernels
