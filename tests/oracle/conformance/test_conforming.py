"""assert_conforms in a test of another implementation: as a function, and as pytest's fixture."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.architecture.source import ROOT
from tests.oracle.conformance.ports import kit_of, port_of, scaled
from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.errors import ConfigError, RecordingError
from tribe_np.oracle import KitComparison, assert_conforms
from tribe_np.oracle.conformance.conforming import run_port


def test_a_right_port_passes_with_its_taps_or_its_output_alone() -> None:
    kit = kit_of("llama")
    found = assert_conforms("llama", lambda config, weights, inputs: port_of(kit))
    assert isinstance(found, KitComparison)
    assert found.conforms
    assert_conforms(kit, lambda config, weights, inputs: port_of(kit)["llama.norm.output"])
    assert_conforms("llama", lambda config, weights, inputs: {"y": port_of(kit)["llama.norm.output"]},
                    names={"y": "llama.norm.output"})  # fmt: skip


def test_a_wrong_port_fails_with_the_report() -> None:
    kit = kit_of("llama")
    wrong = port_of(kit, ("llama.layers.1.mlp.gated", scaled(1.1)))
    with pytest.raises(AssertionError, match=r"DOES NOT CONFORM .* llama.layers.1.mlp.gated is the first wrong step"):
        assert_conforms("llama", lambda config, weights, inputs: wrong)


def test_a_port_gets_what_a_kits_files_hold_and_may_spoil_it() -> None:
    kit = kit_of("encoder")

    def port(config: dict[str, Any], weights: dict[str, np.ndarray], inputs: dict[str, np.ndarray]) -> Any:
        EncoderConfig.from_dict(config["brain_model_config"])
        BuildArgs.from_dict(config["model_build_args"])
        assert weights.keys() == kit.weights.keys()
        assert inputs.keys() == {"features.text", "features.audio", "features.video"}
        config["brain_model_config"]["hidden"] = 0
        for x in (*weights.values(), *inputs.values()):
            x[...] = 0
        return port_of(kit)

    run_port(kit, port)
    assert_conforms("encoder", port)


def test_what_cannot_be_compared_is_no_failed_assertion() -> None:
    with pytest.raises(ConfigError, match="has no case 'nope'"):
        assert_conforms("llama", lambda config, weights, inputs: 0, case="nope")
    with pytest.raises(ConfigError, match="bounds are for float32"):
        assert_conforms("llama", lambda config, weights, inputs: port_of(kit_of("llama")), precision="float8")


class Tensor:
    """What `compare_kit` needs of a tensor of PyTorch that needs gradients."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.dtype = values, "torch.float32"

    def detach(self) -> "Tensor":
        return self

    def cpu(self) -> "Tensor":
        return self

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.values


def test_tensors_of_other_libraries_are_taken() -> None:
    arrays = port_of(kit_of("llama"))
    assert_conforms("llama", lambda config, weights, inputs: {name: Tensor(x) for name, x in arrays.items()})


TESTS = """
import sys

def test_with_the_fixture(assert_conforms):
    import numpy as np
    found = assert_conforms("llama", ours)
    assert found.conforms

def test_that_fails(assert_conforms):
    assert_conforms("llama", lambda config, weights, inputs: ours(config, weights, inputs) * 1.5)

def ours(config, weights, inputs):
    from tribe_np.oracle.kit_models.kit_catalogue import kit_model
    from tribe_np.oracle.setup import Setup
    return kit_model("llama").run(Setup("llama", config, weights, inputs, precision="float32"))
"""


def test_an_output_that_is_no_array_is_told() -> None:
    with pytest.raises(RecordingError, match="is no array of numbers"):
        assert_conforms("llama", lambda config, weights, inputs: (np.zeros((2, 3)), np.zeros(3)))


OTHERS = ("hypothesispytest", "anyio", "xdist", "cov", "benchmark")  # plug-ins of this machine
LIGHT = """
import sys

def test_nothing_of_numpy_is_loaded():
    assert "tribe_np.oracle.conformance.pytest_fixture" in sys.modules
    assert not [name for name in ("numpy", "scipy", "safetensors", "tribe_np.oracle.recording") if name in sys.modules]
"""


def pytest_of_another(folder: Path, tests: str) -> "subprocess.CompletedProcess[str]":
    """pytest in a project of its own, where tribe_np's entry point is installed."""
    written = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]["pytest11"]
    installed = folder / "site" / "tribe_np-0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: tribe_np\nVersion: 0\n")
    rows = "\n".join(f"{name} = {module}" for name, module in written.items())
    (installed / "entry_points.txt").write_text(f"[pytest11]\n{rows}\n")
    (folder / "project").mkdir()
    (folder / "project" / "test_port.py").write_text(tests)
    (folder / "project" / "pytest.ini").write_text("[pytest]\n")
    path = os.pathsep.join([str(folder / "site"), str(ROOT)])
    others = [word for name in OTHERS for word in ("-p", f"no:{name}")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *others, "test_port.py"]
    return subprocess.run(
        command, cwd=folder / "project", capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip


def test_the_fixture_is_there_where_the_package_is(tmp_path: Path) -> None:
    done = pytest_of_another(tmp_path, TESTS)
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "DOES NOT CONFORM (float32): llama.norm.output is the first wrong step" in done.stdout
    assert "conforming.py" not in done.stdout, "the traceback ends in the test"


def test_who_does_not_use_it_pays_nothing(tmp_path: Path) -> None:
    done = pytest_of_another(tmp_path, LIGHT)
    assert done.returncode == 0, done.stdout + done.stderr
