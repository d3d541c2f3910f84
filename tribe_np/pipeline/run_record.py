"""What a run writes down about itself: warnings, facts, seconds per stage."""

import resource
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from tribe_np.shown import shown


@dataclass
class RunRecord:
    """Filled during a run; run.json is made from it."""

    warnings: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    transcript: str | None = None  # whisperX's JSON of words that a recogniser heard

    def warn(self, text: str) -> None:
        """Keeps a warning once, with what it quotes from files made safe for a terminal."""
        text = shown(text)
        if text not in self.warnings:
            self.warnings.append(text)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Adds the block's seconds to `stage`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = round(self.seconds.get(stage, 0.0) + time.perf_counter() - start, 3)


def peak_memory_bytes() -> int:
    """Peak resident memory of this process so far.

    What getrusage tells begins with the peak of the process that started this one: only where there is nothing better.
    """
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return high_water_mark() or (peak if sys.platform == "darwin" else peak * 1024)


def high_water_mark(status: str = "/proc/self/status") -> int:
    """Linux's VmHWM in bytes, the largest resident size of this process so far; 0 where the system does not say."""
    try:
        lines = Path(status).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def reset_high_water_mark(clear: str = "/proc/self/clear_refs") -> None:
    """Lets Linux's VmHWM begin again at the size of now; where the system does not, the peak stays the process's."""
    with suppress(OSError):
        Path(clear).write_text("5", encoding="ascii")


def installed_versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of those packages that are installed."""
    found = {}
    for name in packages:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found
