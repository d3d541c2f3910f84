"""On what a task ran: host, processor, threads and BLAS, on which its rounding depends."""

import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.batch.task import TaskReport
from tribe_np.machine.threads import loaded_libraries, running_threads
from tribe_np.pipeline.progress import number_of
from tribe_np.pipeline.provenance import processor

BLAS_NAMES = {"openblas": "OpenBLAS", "mkl": "MKL", "blis": "BLIS", "flexiblas": "FlexiBLAS"}


@dataclass(frozen=True)
class Machine:
    """What a report says of the machine; two of which all but the host agree round alike."""

    host: str
    cpu: str
    threads: int
    blas: str

    @classmethod
    def here(cls, threads: int | None = None) -> "Machine":
        """This process's, with what it has loaded by now."""
        import scipy.linalg  # noqa: F401  # it has a BLAS of its own, which is to be named from the first task on

        number = running_threads() if threads is None else threads
        return cls(platform.node(), processor(), number, blas_text(loaded_libraries()))


def blas_text(libraries: Sequence[Mapping[str, Any]] | None) -> str:
    """The BLAS libraries of `loaded_libraries`; without threadpoolctl, the one that NumPy was built with.

    >>> blas_text([{"internal_api": "openblas", "version": "0.3.30", "architecture": "Haswell", "num_threads": 2}])
    'OpenBLAS 0.3.30 Haswell'
    """
    if libraries is None:
        built: Any = np.show_config(mode="dicts")
        blas = built.get("Build Dependencies", {}).get("blas", {})
        return f"{blas.get('name', '')} {blas.get('version', '')}".strip()
    named = [lib for lib in libraries if lib.get("internal_api") in BLAS_NAMES]
    texts = [
        " ".join(str(part) for part in (BLAS_NAMES[lib["internal_api"]], lib.get("version"), lib.get("architecture"))
                 if part)
        for lib in named
    ]  # fmt: skip
    return ", ".join(sorted(set(texts)))  # NumPy's and SciPy's, in whatever order they were loaded


@dataclass(frozen=True)
class KindOfMachine:
    """Machines that round alike: how many hosts they are, and how many tasks they did."""

    cpu: str
    threads: int | None
    blas: str
    hosts: int
    tasks: int

    def text(self) -> str:
        """The same for people."""
        threads = "" if self.threads is None else f", {self.threads} thread{'s' if self.threads != 1 else ''}"
        return f"{self.cpu or 'unknown CPU'}{threads}, {self.blas or 'unknown BLAS'}"


def kinds_of_machines(reports: Iterable[TaskReport]) -> list[KindOfMachine]:
    """The kinds on which tasks ran, most tasks first; reports of what was in the cache already name none."""
    tasks: Counter[tuple[str, int | None, str]] = Counter()
    hosts: dict[tuple[str, int | None, str], set[str]] = {}
    for report in reports:
        if report.host:
            kind = (report.cpu, report.threads, report.blas)
            tasks[kind] += 1
            hosts.setdefault(kind, set()).add(report.host)
    return [KindOfMachine(*kind, len(hosts[kind]), n) for kind, n in tasks.most_common()]


def mixed_rounding(kinds: Sequence[KindOfMachine]) -> str | None:
    """What to say where tasks ran on several kinds of machine; None where one did it all."""
    if len(kinds) < 2:
        return None
    told = "; ".join(f"{kind.text()}: {number_of(kind.tasks, 'tasks')}" for kind in kinds)
    return f"features were made on {len(kinds)} kinds of machine ({told}), which round differently in the last digits"
