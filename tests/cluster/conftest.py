"""A real Slurm for the session: where it is not installed its tests are skipped, and with CI set that is a failure."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.real_slurm import SlurmCluster, missing_slurm


def short_folder() -> Path:
    """A new folder whose path is short enough for sockets in it (108 bytes), wherever TMPDIR points."""
    place = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix="slurm-", dir=place if len(place) < 40 else "/tmp"))


def need_slurm() -> None:
    """Skips the test, or fails it where CI is set, unless Slurm is installed."""
    if reason := missing_slurm():
        if os.environ.get("CI"):
            pytest.fail(f"CI is set, and {reason}")
        pytest.skip(reason)


def _cluster(**options: int) -> Iterator[SlurmCluster]:
    need_slurm()
    folder = short_folder()
    try:
        with SlurmCluster(folder, **options) as cluster:
            yield cluster
        assert not cluster.processes(), "a process is left"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def slurm() -> Iterator[SlurmCluster]:
    """A cluster of two cores whose arrays have at most five parts; tests leave no job in it."""
    yield from _cluster()


@pytest.fixture
def make_slurm() -> Iterator[Callable[..., SlurmCluster]]:
    """Makes clusters with other settings, for one test."""
    open_ones: list[Iterator[SlurmCluster]] = []

    def make(**options: int) -> SlurmCluster:
        open_ones.append(_cluster(**options))
        return next(open_ones[-1])

    yield make
    for one in open_ones:
        next(one, None)
