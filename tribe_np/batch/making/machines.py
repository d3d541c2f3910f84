"""This machine as reports name it: host, processor, threads and BLAS, on which rounding depends."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.machine.threads import loaded_libraries, running_threads
from tribe_np.pipeline.provenance import processor

BLAS_NAMES = {"openblas": "OpenBLAS", "mkl": "MKL", "blis": "BLIS", "flexiblas": "FlexiBLAS"}


@dataclass(frozen=True)
class MachineFacts:
    """What a report says of the machine; two of which all but the host agree round alike."""

    host: str
    cpu: str
    threads: int
    blas: str

    @classmethod
    def here(cls, threads: int | None = None) -> "MachineFacts":
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
