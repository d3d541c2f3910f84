"""Which kernels a name and a device give, what the loops do with bad numbers, and the geometry of GPU launches."""

import builtins
import os
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from tests import fake_device
from tests.conftest import numba_or_skip
from tests.strategies import normal, seeds, sizes
from tribe_np.errors import ConfigError, MissingDependencyError
from tribe_np.kernels import choose, cupy_set, loops, numba_set
from tribe_np.kernels.kernel_set import REFERENCE

PLAIN = numba_set.loop_set("loops", lambda name, body: body)
CUDA_KERNELS = ["softmax", "gelu", "silu_gate", "layer_norm", "rms_norm", "scale_norm", "depthwise_causal"]


@pytest.fixture
def without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, **_: Any) -> None:
        raise MissingDependencyError(f"{name} is not installed")

    numba_set.numba_set.cache_clear()
    monkeypatch.setattr(numba_set, "require", missing)


def test_reference_runs_anywhere() -> None:
    assert choose.kernel_set("reference") is REFERENCE
    assert choose.kernel_set("reference", "cuda") is REFERENCE
    assert choose.kernel_set("auto", fake_device.module) is REFERENCE


def test_names_and_devices_that_do_not_fit() -> None:
    with pytest.raises(ConfigError, match="reference, numba, cupy, auto"):
        choose.kernel_set("fast")
    with pytest.raises(ConfigError, match="do not run on device"):
        choose.kernel_set("numba", fake_device.module)
    with pytest.raises(ConfigError, match="do not run on device 'cpu'"):
        choose.kernel_set("cupy", "cpu")


@pytest.mark.extras
def test_numba_and_auto_with_numba() -> None:
    compiled = numba_or_skip()
    assert choose.kernel_set("numba") is compiled
    assert choose.kernel_set("auto") is compiled


def test_without_numba_auto_is_the_reference_and_the_name_is_an_error(without_numba: None) -> None:
    assert choose.kernel_set("auto") is REFERENCE
    with pytest.raises(MissingDependencyError):
        choose.kernel_set("numba")


def test_a_cache_folder_that_cannot_be_written_costs_the_cache_only() -> None:
    calls = []

    class Numba:
        prange = builtins.range

        @staticmethod
        def njit(**options: bool) -> Any:
            calls.append(options)
            if options.get("cache"):
                raise RuntimeError("cannot cache function: no locator available")
            return lambda function: function

    compiled = numba_set._compiled(Numba, "gelu", loops.gelu_loops)
    plain = {"parallel": True, "fastmath": False}
    assert calls == [{"inline": "always"}, {"cache": True, **plain}, plain]
    out = np.empty(3)
    compiled(np.array([-1.0, 0.0, 2.0]), out)
    np.testing.assert_allclose(out, REFERENCE.gelu(np.array([-1.0, 0.0, 2.0])), rtol=1e-15)


@pytest.mark.extras
def test_a_second_process_reads_compiled_code_from_the_disk(tmp_path: Path) -> None:
    numba_or_skip()
    show = """
import numpy
from tribe_np.kernels.numba_set import numba_set
glu = numba_set().glu
glu(numpy.zeros((1, 2), "f4"))
print(sum(glu.__self__.bodies["glu_float32"].stats.cache_hits.values()))
"""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    hits = [
        subprocess.run([sys.executable, "-c", show], env=environment, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert [text.strip() for text in hits] == ["0", "1"]


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.extras)])
def test_the_float32_gelu_keeps_its_tail(compiled: bool) -> None:
    entry = (numba_or_skip() if compiled else PLAIN).gelu
    x = np.linspace(-12, 12, 4001, dtype=np.float32)
    exact = x * scipy.special.ndtr(x.astype(np.float64))
    np.testing.assert_allclose(entry(x), exact, rtol=2e-5, atol=1e-37)
    near = np.abs(x) < 3
    np.testing.assert_allclose(entry(x)[near], exact[near], rtol=2e-6, atol=1e-7)
    with np.errstate(all="ignore"):
        found = entry(np.array([0.0, -0.0, np.inf, np.nan, 1e30, -1e15], np.float32))
    np.testing.assert_array_equal(found[:5], np.array([0.0, 0.0, np.inf, np.nan, 1e30], np.float32))
    assert -1e-20 < found[5] <= 0


@pytest.mark.extras
def test_nan_and_fully_masked_rows_are_nan_as_in_the_reference() -> None:
    rows = np.array([[np.nan, 0.0, 1.0], [0.0, np.nan, 1.0], [-np.inf] * 3, [0.0, 0.0, -np.inf]])
    with np.errstate(invalid="ignore"):
        expected = REFERENCE.softmax(rows)
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(numba_or_skip().softmax(rows), expected)
    one = np.ones((1, 1, 3, 2))
    with np.errstate(invalid="ignore"):
        expected = REFERENCE.attention(one, one[:, :, :1], one[:, :, :1], scale=1.0, causal=True)
    found = PLAIN.attention(one, one[:, :, :1], one[:, :, :1], scale=1.0, causal=True)
    np.testing.assert_array_equal(found, expected)
    assert np.isnan(found[0, 0, :2]).all()


NAN = np.float32(np.nan)
ROWS = [[NAN, 0, 1], [0, -NAN, 1], [-NAN, -np.inf, -np.inf], [-np.inf] * 3, [np.inf, 0, 1], [0, 0, -np.inf]]


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.extras)])
@pytest.mark.parametrize("row", range(len(ROWS)))
def test_nan_of_either_sign_and_infinities_in_float32(compiled: bool, row: int) -> None:
    kernels = numba_or_skip() if compiled else PLAIN
    scores = np.array([ROWS[row]], np.float32)
    assert np.signbit(np.array([-NAN])).all()  # what inf - inf is on x86
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(np.isnan(kernels.softmax(scores)), np.isnan(REFERENCE.softmax(scores)))
        key, one = scores[None, :, :, None][:, :1].reshape(1, 1, 3, 1), np.ones((1, 1, 1, 1), np.float32)
        value = np.arange(3, dtype=np.float32).reshape(1, 1, 3, 1)
        found = kernels.attention(one, key, value, scale=1.0)
        np.testing.assert_allclose(found, REFERENCE.attention(one, key, value, scale=1.0), rtol=1e-6)


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.extras)])
@pytest.mark.parametrize("entry", ["gelu", "silu"])
def test_gates_that_are_far_from_zero_in_float32(entry: str, compiled: bool) -> None:
    kernels = numba_or_skip() if compiled else PLAIN
    x = np.array([-np.inf, -1e38, -200.0, 200.0, 1e38, np.nan], np.float32)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(getattr(kernels, entry)(x), getattr(REFERENCE, entry)(x), rtol=1e-6, atol=1e-30)


@given(seeds, sizes, st.sampled_from([(1, 1), (2, 1), (4, 2), (3, 3)]), sizes, sizes, st.booleans(), st.booleans())
def test_attention_loops_equal_the_reference(
    seed: int, batch: int, heads: tuple[int, int], n_rows: int, n_more: int, causal: bool, biased: bool
) -> None:
    (n, k), t = heads, n_rows + n_more - 1
    query, key, value = (
        normal(seed, batch, n, n_rows, 4),
        normal(seed, batch, k, t, 4),
        normal(seed + 1, batch, k, t, 4),
    )
    bias = normal(seed, 1, n, 1, t) if biased else None
    expected = REFERENCE.attention(query, key, value, scale=0.5, bias=bias, causal=causal)
    found = PLAIN.attention(query, key, value, scale=0.5, bias=bias, causal=causal)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("block", [1, 2 * 7 * 2, 2 * 7 * 7, 2 * 4 * 7 * 2])
@pytest.mark.parametrize("kernels", ["reference", "loops"])
def test_attention_in_blocks_is_attention_in_one(kernels: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from tribe_np.ops import attention

    query, key, value = normal(0, 2, 4, 7, 8), normal(1, 2, 2, 7, 8), normal(2, 2, 2, 7, 8)
    entry = (REFERENCE if kernels == "reference" else PLAIN).attention
    whole = entry(query, key, value, scale=0.3, causal=True, bias=normal(3, 4, 1, 7))
    monkeypatch.setattr(attention, "BLOCK_SCORES", block)
    blocked = entry(query, key, value, scale=0.3, causal=True, bias=normal(3, 4, 1, 7))
    np.testing.assert_allclose(blocked, whole, rtol=1e-13, atol=1e-15)


@given(st.integers(0, 10**9))
def test_element_launch_covers_every_element_with_no_block_to_spare(n: int) -> None:
    launch = cupy_set.element_launch(n)
    assert launch.blocks * launch.threads >= n > (launch.blocks - 1) * launch.threads or n == launch.blocks == 0


def test_geometry_fits_the_device_limits() -> None:
    assert cupy_set.row_launch(7) == cupy_set.Launch(blocks=7, threads=256)
    assert cupy_set.THREADS & (cupy_set.THREADS - 1) == 0  # the tree reduction halves it
    assert 32 <= cupy_set.THREADS <= 1024
    assert cupy_set.THREADS * 8 <= 48 * 1024  # shared memory of a block, in float64


@pytest.mark.parametrize("kernel", CUDA_KERNELS)
def test_cuda_source_declares_the_kernel_and_says_what_it_is(kernel: str) -> None:
    text = cupy_set.source(kernel)
    assert re.search(rf'extern "C" __global__ void {kernel}\(', text)
    own = (resources.files("tribe_np.kernels") / "cuda" / f"{kernel}.cu").read_text()
    header = own[: own.index("extern")]
    assert all(word in header for word in ("Shapes", "Launch", "Source"))


def test_cuda_options_name_the_type_and_no_fast_maths() -> None:
    assert cupy_set.compile_options("float32") == ("-DREAL=float", "-DTHREADS=256", "--std=c++14")
    assert cupy_set.compile_options("float64")[0] == "-DREAL=double"
    files = {path.name for path in (resources.files("tribe_np.kernels") / "cuda").iterdir()}
    assert files == {"block.cuh", *(f"{kernel}.cu" for kernel in CUDA_KERNELS)}
