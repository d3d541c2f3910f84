"""How many threads, and which BLAS code: from options, the environment, the control group and the processor."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tribe_np.errors import ConfigError
from tribe_np.machine import threads

ZEN4 = ["processor\t: 0", "vendor_id\t: AuthenticAMD", "cpu family\t: 25", "flags\t\t: fpu avx2 avx512f avx512dq"]


def fresh(statement: str, **environment: str) -> list[str]:
    """The words a fresh interpreter prints with only those thread variables set."""
    known = {*threads.VARIABLES, threads.CORE_TYPE}
    inherited = {name: value for name, value in os.environ.items() if name not in known}
    done = subprocess.run(
        [sys.executable, "-c", f"import os, sys; from tribe_np.machine import threads; {statement}"],
        cwd=ROOT, env=inherited | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_an_option_sets_every_library() -> None:
    assert threads.thread_variables(3, {"OMP_NUM_THREADS": "7", "NUMBA_NUM_THREADS": "5"}) == dict.fromkeys(
        threads.VARIABLES, "3"
    )


@pytest.mark.parametrize("value", ["4", "4,2", " 4 "])
def test_without_an_option_the_environment_decides(value: str) -> None:
    found = threads.thread_variables(None, {"OMP_NUM_THREADS": value, "NUMBA_NUM_THREADS": "2", "MKL_NUM_THREADS": ""})
    assert found == dict.fromkeys(threads.VARIABLES, "4") | {"NUMBA_NUM_THREADS": "2"}


def test_without_either_the_available_processors_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "available_threads", lambda: 6)
    assert set(threads.thread_variables(None, {"OMP_NUM_THREADS": ""}).values()) == {"6"}


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "٣"])
def test_an_environment_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match=r"^OMP_NUM_THREADS must be a whole number from 1 to 1024, got "):
        threads.thread_variables(None, {"OMP_NUM_THREADS": value})


@pytest.mark.parametrize(
    ("limit", "expected"), [(None, 4), (0.2, 1), (1.5, 2), (2.0, 2), (64.0, 4)], ids=lambda value: str(value)
)
def test_affinity_and_limit_are_both_obeyed(
    limit: float | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in threads.GIVEN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(threads, "group_limit", lambda: limit)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1, 2, 5, 7}, raising=False)
    assert threads.available_threads() == expected
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    assert threads.available_threads() == 1


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"SLURM_CPUS_PER_TASK": "3"}, 3),
        ({"LSB_DJOB_NUMPROC": "4"}, 4),
        ({"NCPUS": "2", "PBS_JOBID": "7.server"}, 2),
        ({"NCPUS": "2"}, None),
        ({"NSLOTS": "5", "JOB_ID": "7"}, 5),
        ({"NSLOTS": "5"}, None),
        ({"SLURM_CPUS_PER_TASK": "8", "LSB_DJOB_NUMPROC": "2"}, 2),
        *(({"SLURM_CPUS_PER_TASK": wrong}, None) for wrong in ("", "0", "-1", "2(x3)", "many", "2.5", "9" * 30)),
    ],
)
def test_what_a_clusters_scheduler_gave(environment: dict[str, str], expected: int | None) -> None:
    assert threads.scheduler_limit(environment) == expected


def groups(folder: Path, own: str, files: dict[str, str]) -> float | None:
    (folder / "cgroup").write_text(own)
    for name, text in files.items():
        path = folder / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return threads.group_limit(folder / "cgroup", folder / "root")


VERSION_1 = "4:memory:/\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n"


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        ("0::/a/b\n", {"a/b/cpu.max": "150000 100000\n", "a/cpu.max": "max 100000\n"}, 1.5),
        ("0::/a/b\n", {"a/b/cpu.max": "400000 100000\n", "a/cpu.max": "200000 100000\n"}, 2.0),
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/not/visible\n", {"cpu.max": "50000 100000\n"}, 0.5),
        ("0::/\n", {"cpu.max": "nonsense\n"}, None),
        ("0::/\n", {}, None),
        (VERSION_1, {"cpu/docker/abc/cpu.cfs_quota_us": "300000\n", "cpu/docker/abc/cpu.cfs_period_us": "100000\n"}, 3),
        (VERSION_1, {"cpu,cpuacct/cpu.cfs_quota_us": "25000\n", "cpu,cpuacct/cpu.cfs_period_us": "50000\n"}, 0.5),
        (VERSION_1, {"cpu/docker/abc/cpu.cfs_quota_us": "-1\n", "cpu/docker/abc/cpu.cfs_period_us": "100000\n"}, None),
        ("memory\n\n", {"cpu.max": "100000 100000\n"}, None),
    ],
)
def test_limits_of_control_groups(own: str, files: dict[str, str], expected: float | None, tmp_path: Path) -> None:
    assert groups(tmp_path, own, files) == expected


def test_a_system_without_control_groups_has_no_limit(tmp_path: Path) -> None:
    assert threads.group_limit(tmp_path / "none", tmp_path / "none") is None


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({2: "cpu family\t: 26"}, False),
        ({1: "vendor_id\t: GenuineIntel"}, False),
        ({3: "flags\t\t: fpu avx2"}, False),
    ],
    ids=["zen 4", "zen 5", "intel", "zen 3"],
)
def test_zen_4_gets_the_code_of_haswell(changed: dict[int, str], expected: bool, tmp_path: Path) -> None:
    lines = [changed.get(i, line) for i, line in enumerate(ZEN4)]
    (tmp_path / "cpuinfo").write_text("\n".join([*lines, "", *ZEN4, ""]))
    found = threads.blas_variables({}, tmp_path / "cpuinfo")
    assert found.get("OPENBLAS_CORETYPE") == ("Haswell" if expected else None)


def test_a_chosen_blas_code_stays(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("\n".join(ZEN4))
    sleepy = {"OPENBLAS_THREAD_TIMEOUT": "13"}
    assert threads.blas_variables({"OPENBLAS_CORETYPE": "SkylakeX"}, tmp_path / "cpuinfo") == sleepy
    assert threads.blas_variables({}, tmp_path / "nothing") == sleepy
    assert threads.blas_variables({"OPENBLAS_THREAD_TIMEOUT": "4"}, tmp_path / "nothing") == {}


def test_before_numpy_the_environment_is_set() -> None:
    show = "print(threads.set_threads(None), *[os.environ[n] for n in threads.VARIABLES], 'numpy' in sys.modules)"
    assert fresh(show, OMP_NUM_THREADS="1") == ["1"] * 6 + ["False"]
    assert fresh("print(threads.set_threads(2), os.environ['NUMBA_NUM_THREADS'])", OMP_NUM_THREADS="1") == ["2", "2"]


def test_after_numpy_nothing_changes_unless_asked() -> None:
    show = "import numpy; print(threads.set_threads(None), *[n for n in threads.VARIABLES if n in os.environ])"
    assert fresh(show) == ["None"]


@pytest.mark.extras
def test_after_numpy_and_numba_the_running_libraries_are_told() -> None:
    show = """
import numpy, numba
numba.set_num_threads(2)
print(threads.set_threads(1), numba.get_num_threads(), {x.get("num_threads") for x in threads.loaded_libraries()})
"""
    assert fresh(show.strip(), NUMBA_NUM_THREADS="2", OMP_NUM_THREADS="2") == ["1", "1", "{1}"]


@pytest.mark.extras
def test_after_numba_has_its_pool_kernels_still_compile(tmp_path: Path) -> None:
    show = """
import numpy, numba
from tribe_np.kernels.numba_set import numba_set
numba.set_num_threads(2)
threads.set_threads(1)
print(numba_set().glu(numpy.zeros((1, 2), "f4")))
"""
    fresh_cache = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert fresh(show.strip(), NUMBA_NUM_THREADS="2", OMP_NUM_THREADS="2", **fresh_cache) == ["[[0.]]"]


def test_after_numpy_without_threadpoolctl_the_extra_is_named() -> None:
    show = """
import numpy
sys.modules["threadpoolctl"] = None
try:
    threads.set_threads(1)
except Exception as error:
    print(type(error).__name__, "tribe_np[numba]" in str(error), threads.loaded_libraries())
"""
    assert fresh(show.strip()) == ["MissingDependencyError", "True", "None"]


@pytest.mark.extras
def test_a_record_names_the_blas() -> None:
    import numpy as np

    np.ones((2, 2)) @ np.ones((2, 2))
    found = threads.loaded_libraries()
    assert found
    assert all({"internal_api", "num_threads"} <= set(library) for library in found)
    assert "/" not in json.dumps(found)  # names, no paths of this machine


@pytest.mark.parametrize("name", ["OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"])
@pytest.mark.parametrize("value", ["1025", "100000", "1" + "0" * 5000, "many"])
def test_numbers_that_a_library_would_crash_with_are_refused(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name} must be a whole number from 1 to 1024, got ") as caught:
        threads.check_variables({name: value})
    assert len(str(caught.value)) < 150
    threads.check_variables({name: " 1024,2 ", "OMP_NUM_THREADS": ""})
