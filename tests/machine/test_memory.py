"""What memory is left: the machine's, limits of control groups of both versions, containers, and systems without."""

import sys
from pathlib import Path

import pytest

from tribe_np.machine.memory import available_memory

MEMINFO = "MemTotal: 8000 kB\nMemFree: 1 kB\nMemAvailable: 3000 kB\nSwapFree: 1000 kB\nHugePages_Total: 0\n"
V2 = {
    "memory.max": "1000000\n",
    "memory.current": "700000\n",
    "memory.stat": "anon 5\ninactive_file 20000\nactive_file 30000\n",
}
V1 = {
    "memory.limit_in_bytes": "2000000",
    "memory.usage_in_bytes": "1900000",
    "memory.stat": "inactive_file 1\ntotal_inactive_file 15000\ntotal_active_file 5000",
}


def system(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def group(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {f"sys/fs/cgroup/{folder}/{name}": text for name, text in files.items()}


def left(root: Path, files: dict[str, str]) -> tuple[int, str]:
    found = available_memory(system(root, files))
    assert found is not None
    return found.n_bytes, found.of.split()[-1]


def test_the_machine_alone(tmp_path: Path) -> None:
    assert left(tmp_path, {"proc/meminfo": MEMINFO}) == (4000 * 1024, "machine")


@pytest.mark.parametrize("place", ["", "jobs", "jobs/mine"])
def test_a_limit_of_version_2_of_the_group_or_of_one_above(tmp_path: Path, place: str) -> None:
    files = {"proc/meminfo": MEMINFO, "proc/self/cgroup": "0::/jobs/mine\n"} | group(place, V2)
    assert left(tmp_path, files) == (350_000, "(container)")


def test_the_scarcest_limit_counts(tmp_path: Path) -> None:
    wide = V2 | {"memory.max": "9000000"}
    files = {"proc/meminfo": MEMINFO, "proc/self/cgroup": "0::/a/b\n"} | group("a/b", wide) | group("a", V2)
    assert left(tmp_path, files)[0] == 350_000


@pytest.mark.parametrize(("controllers", "mount"), [("memory", "memory"), ("cpu,memory", "memory")])
def test_version_1_also_seen_from_a_container(tmp_path: Path, controllers: str, mount: str) -> None:
    files = {"proc/meminfo": MEMINFO, "proc/self/cgroup": f"4:cpuset:/x\n3:{controllers}:/docker/abc\n0::/\n"}
    assert left(tmp_path, files | group(mount, V1))[0] == 120_000  # at the top: the folder docker/abc is not seen


def test_no_limit_and_use_above_the_limit(tmp_path: Path) -> None:
    files = {"proc/meminfo": MEMINFO, "proc/self/cgroup": "0::/\n3:memory:/\n"}
    unlimited = V1 | {"memory.limit_in_bytes": "9223372036854771712"}
    free = files | group("", V2 | {"memory.max": "max\n"}) | group("memory", unlimited)
    assert left(tmp_path / "a", free)[0] == 4000 * 1024
    over = files | group("", V2 | {"memory.current": "2000000"})
    assert left(tmp_path / "b", over)[0] == 0


def test_a_system_that_tells_nothing(tmp_path: Path) -> None:
    assert available_memory(tmp_path) is None
    assert available_memory(system(tmp_path, {"proc/meminfo": "MemTotal: x kB\n\n"})) is None


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's own files")
def test_this_machine_has_some() -> None:
    found = available_memory()
    assert found is not None
    assert found.n_bytes > 1_000_000
