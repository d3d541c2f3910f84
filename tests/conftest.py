"""Shared fixtures: the Hypothesis profile and the array modules every op must run on."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from tests import fake_device
from tribe_np.backend import cupy_module
from tribe_np.errors import MissingDependencyError
from tribe_np.kernels.cupy_set import cupy_set
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.kernels.numba_set import loop_set, numba_set

settings.register_profile(
    "ci", max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci")

NUMBA = pytest.param("numba", marks=pytest.mark.extras)
CUPY = pytest.param("cupy", marks=pytest.mark.gpu)


PLACES_OF_BRAINS = ("SUBJECTS_DIR", "FREESURFER_HOME", "FSLDIR", "TRIBE_NP_PARCELLATION", "TRIBE_NP_SUBCORTEX")


@pytest.fixture(autouse=True)
def _no_brains_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Meshes and atlases come from a test's own folders, whatever is installed."""
    for name in PLACES_OF_BRAINS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def cupy_or_skip() -> Any:
    """CuPy where a device is present; the test is skipped, with the reason, elsewhere."""
    try:
        return cupy_module()
    except MissingDependencyError as error:
        pytest.skip(str(error))


@pytest.fixture(params=["numpy", "fake_device", CUPY])
def xp(request: pytest.FixtureRequest) -> Any:
    """Every array module that an op must run on; put arrays on it with to_device(array, xp)."""
    return {"numpy": lambda: np, "fake_device": lambda: fake_device.module, "cupy": cupy_or_skip}[request.param]()


def numba_or_skip() -> KernelSet:
    """The compiled kernels where Numba is installed; the test is skipped, with the reason, elsewhere."""
    try:
        return numba_set()
    except MissingDependencyError as error:
        pytest.skip(str(error))


@pytest.fixture(
    params=[
        "reference",
        "loops",
        pytest.param("numba", marks=pytest.mark.extras),
        pytest.param("cupy", marks=pytest.mark.gpu),
    ]
)
def kernels(request: pytest.FixtureRequest) -> KernelSet:
    """Every kernel set; "loops" are the bodies of Numba's in plain Python, for tiny arrays."""
    if request.param == "cupy":
        cupy_or_skip()
        return cupy_set()
    if request.param == "numba":
        return numba_or_skip()
    return REFERENCE if request.param == "reference" else loop_set("loops", lambda name, body: body)
