"""One number of threads for BLAS and the compiled kernels, and the BLAS code that suits the processor.

Both are environment variables that the libraries read when they are loaded, so `set_threads` comes before NumPy. A
library user sets the same variables, or calls `set_threads` first. Importing this module reads and sets nothing.
"""

import math
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tribe_np.errors import ConfigError, MissingDependencyError
from tribe_np.machine.control_groups import MEMBERSHIP, ROOT, group_folders, lines_of
from tribe_np.optional import require

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)
OTHERS = ("GOTO_NUM_THREADS", "BLIS_NUM_THREADS", "RAYON_NUM_THREADS")  # libraries read them, we set none
LOADED_LATE = ("NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")  # of libraries that are loaded when a model needs them
MOST_THREADS = 1024
CORE_TYPE, TIMEOUT = "OPENBLAS_CORETYPE", "OPENBLAS_THREAD_TIMEOUT"
GIVEN = {"SLURM_CPUS_PER_TASK": "", "NCPUS": "PBS_JOBID", "NSLOTS": "JOB_ID", "LSB_DJOB_NUMPROC": ""}
"""Processors that Slurm, PBS, Grid Engine and LSF give a job, and what is set beside a name that others may use too."""
ZEN4_FAMILY = "25"  # with AVX-512; Zen 3 is the same family without it, Zen 5 is family 26


def set_threads(number: int | None) -> int | None:
    """The number of threads that BLAS and Numba use from now on; None if NumPy was loaded and nothing was asked for.

    Without a number: OMP_NUM_THREADS, else the processors that the process may use (its affinity, the limit of its
    control group, and what the scheduler of a cluster gave it). A variable that is set for one library alone stays.
    OpenBLAS gets the settings that make it faster (`blas_variables`).
    Raises   ConfigError for a variable that is not a number of threads; MissingDependencyError when NumPy is loaded
             already and threadpoolctl is not installed
    """
    if "numpy" not in sys.modules:
        chosen = thread_variables(number, os.environ)
        os.environ.update(chosen | blas_variables(os.environ))
        return int(chosen["OMP_NUM_THREADS"])
    if number is None:
        return None
    limits = require("threadpoolctl", extra="numba", why="changing the number of threads after NumPy was loaded")
    chosen = thread_variables(number, os.environ)
    if "numba" in sys.modules:  # it refuses to compile once its variable is not the size of its running pool
        del chosen["NUMBA_NUM_THREADS"]
    os.environ.update(chosen)
    limits.threadpool_limits(number)
    if "numba" in sys.modules:  # its pool cannot grow after its start
        numba = sys.modules["numba"]
        numba.set_num_threads(min(number, numba.config.NUMBA_NUM_THREADS))
    return number


def thread_variables(number: int | None, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of every library for that number, or, for None, for OMP_NUM_THREADS or what is available.

    Raises   ConfigError
    """
    if number is not None:
        return dict.fromkeys(VARIABLES, str(number))
    check_variables(environment)
    shared = _first(environment, "OMP_NUM_THREADS") or str(available_threads())
    return {"OMP_NUM_THREADS": shared} | {name: _first(environment, name) or shared for name in VARIABLES[1:]}


def check_variables(environment: Mapping[str, str], names: Sequence[str] = VARIABLES + OTHERS) -> None:
    """Refuses a number of threads that a library would crash with, or take all memory for.

    Raises   ConfigError that names the variable
    """
    for name in names:
        number = _first(environment, name)
        if number and not is_thread_number(number):
            raise ConfigError(f"{name} must be a whole number from 1 to {MOST_THREADS}, got {number[:40]!r}; unset it")


def is_thread_number(text: str) -> bool:
    """Whether this is a whole number from 1 to MOST_THREADS."""
    return text.isascii() and text.isdigit() and len(text) < 20 and 1 <= int(text) <= MOST_THREADS


def _first(environment: Mapping[str, str], name: str) -> str:
    """A variable's number; "2,4" gives numbers of nested regions."""
    return environment.get(name, "").split(",")[0].strip()


def running_threads() -> int:
    """The number that `set_threads` chose, or would choose: for libraries that take it as an argument.

    Raises   ConfigError
    """
    return int(thread_variables(None, os.environ)["OMP_NUM_THREADS"])


def available_threads() -> int:
    """Processors that this process may use: the least of its affinity, the limit of its control group, rounded up, and
    what the scheduler of a cluster gave its job, for many bind no process to what they gave."""
    visible = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limits = (visible, group_limit(), scheduler_limit(os.environ))
    return max(1, min(math.ceil(limit) for limit in limits if limit is not None))


def scheduler_limit(environment: Mapping[str, str]) -> int | None:
    """Processors that the scheduler of a cluster gave this job on this machine; None outside of one.

    Of a job on several machines, Grid Engine and LSF tell those of all. What is no number is no limit.
    Source   Slurm 22.05 sbatch(1), OpenPBS qsub(1B), Grid Engine qsub(1), LSF 10.1 environment variables
    """
    numbers = (environment.get(name, "") for name, beside in GIVEN.items() if not beside or beside in environment)
    return min((int(number) for number in numbers if is_thread_number(number)), default=None)


def group_limit(groups: Path = Path("/") / MEMBERSHIP, root: Path = Path("/") / ROOT) -> float | None:
    """Processors that the control group of this process and those above it allow; None where there is no limit.

    Version 2 keeps it in cpu.max, version 1 in cpu.cfs_quota_us and cpu.cfs_period_us.
    """
    limits = [_folder_limit(folder) for folder, _ in group_folders("cpu", groups, root)]
    return min((limit for limit in limits if limit is not None), default=None)


def _folder_limit(folder: Path) -> float | None:
    words = " ".join(lines_of(folder / "cpu.max")).split()
    words = words or [*lines_of(folder / "cpu.cfs_quota_us"), *lines_of(folder / "cpu.cfs_period_us")]
    if len(words) != 2 or not all(word.isascii() and word.isdigit() and int(word) > 0 for word in words):
        return None  # "max" in version 2, -1 in version 1
    return int(words[0]) / int(words[1])


def blas_variables(environment: Mapping[str, str], processor: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """What makes OpenBLAS faster here, unless it is set.

    OPENBLAS_THREAD_TIMEOUT=13 everywhere: its threads look for work for 2^26 turns before they sleep, on the cores that
    the compiled kernels need between two products. 2^13 turns: the brain encoder 17 % faster, attention 60 %.
    OPENBLAS_CORETYPE=Haswell on AMD's Zen 4, which runs AVX-512 at half width, and where OpenBLAS takes its AVX-512
    code: its AVX2 code is 5 to 10 % faster in float32 at the sizes of the released models. Results differ by rounding.
    """
    found = {TIMEOUT: "13"} if TIMEOUT not in environment else {}
    if CORE_TYPE not in environment and is_zen4(lines_of(processor)):
        found[CORE_TYPE] = "Haswell"
    return found


def is_zen4(lines: list[str]) -> bool:
    """Whether these lines of /proc/cpuinfo describe an AMD Zen 4; its first processor speaks for all."""
    found: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        found.setdefault(name.strip(), value.strip())
    is_family = found.get("vendor_id") == "AuthenticAMD" and found.get("cpu family") == ZEN4_FAMILY
    return is_family and "avx512f" in found.get("flags", "").split()


def loaded_libraries() -> list[dict[str, Any]] | None:
    """Name, version, processor code and threads of every BLAS and OpenMP library in this process.

    None where threadpoolctl is not installed.
    """
    try:
        info = require("threadpoolctl", extra="numba", why="naming the libraries").threadpool_info()
    except MissingDependencyError:
        return None
    kept = ("internal_api", "version", "architecture", "num_threads")
    return [{name: library[name] for name in kept if name in library} for library in info]
