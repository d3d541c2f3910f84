"""How much results depend on the number of threads: the bounds that docs/performance.md states."""

import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from tests.architecture.source import ROOT
from tests.machine.thread_numbers_child import write_models
from tribe_np.machine.threads import VARIABLES

MODEL_BOUND = 1e-6  # largest difference over RMS, float32
USES_BLAS = ("attention", "relative_attention")  # kernels with matrix products in them


@pytest.fixture(scope="module")
def by_threads(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The same numbers from a process with one thread and from one with two."""
    folder = tmp_path_factory.mktemp("threads")
    write_models(folder)
    found = []
    for n in (1, 2):
        done = subprocess.run(
            [sys.executable, "-m", "tests.machine.thread_numbers_child", str(folder), f"{n}.npz"],
            cwd=ROOT, env=os.environ | dict.fromkeys(VARIABLES, str(n)), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        with np.load(folder / f"{n}.npz") as arrays:
            found.append(dict(arrays))
    one, two = found
    assert set(one) == set(two)
    return one, two


def over_rms(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.max(np.abs(a - b)) / np.sqrt(np.mean(a.astype(np.float64) ** 2)))


@pytest.mark.parametrize("model", ["model encoder", "model sound"])
def test_a_model_differs_by_rounding_alone(
    model: str, by_threads: tuple[dict[str, np.ndarray], dict[str, np.ndarray]]
) -> None:
    one, two = (found[model] for found in by_threads)
    assert np.std(one) > 0
    assert over_rms(one, two) <= MODEL_BOUND


@pytest.mark.extras
def test_compiled_kernels_give_the_same_bits(
    by_threads: tuple[dict[str, np.ndarray], dict[str, np.ndarray]],
) -> None:
    assert find_spec("numba") is not None
    one, two = by_threads
    kernels = {name for name in one if name.startswith("kernel ")}
    assert len(kernels) > 10
    for name in kernels:
        if name.split()[1] in USES_BLAS:
            np.testing.assert_allclose(one[name], two[name], rtol=1e-5, atol=1e-6, err_msg=name)
        else:
            np.testing.assert_array_equal(one[name], two[name], err_msg=name)
