"""How much memory this process may still take: the machine's, and that of its control group (a container's limit)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tribe_np.machine.control_groups import MEMBERSHIP, ROOT, group_folders, lines_of

KIB = 1024
UNLIMITED = 1 << 60  # version 1 writes a huge number for no limit


@dataclass(frozen=True)
class Available:
    """Bytes that are left, and what leaves no more."""

    n_bytes: int
    of: str


def available_memory(root: Path = Path("/")) -> Available | None:
    """The scarcest of the machine's and the control groups' memory; None where the system tells nothing (no /proc).

    The machine's is MemAvailable and the free swap, as Linux estimates it. A group's is its limit less its use, not
    counting the files that it holds in memory, which go when memory is needed.
    """
    groups = group_folders("memory", root / MEMBERSHIP, root / ROOT)
    limits = (_group_limit(folder, version=version) for folder, version in groups)
    found = [*_machine(root), *(limit for limit in limits if limit is not None)]
    return min(found, key=lambda one: one.n_bytes, default=None)


def _machine(root: Path) -> Iterator[Available]:
    sizes = _numbers(root / "proc/meminfo")
    if "MemAvailable:" in sizes:
        yield Available(KIB * (sizes["MemAvailable:"] + sizes.get("SwapFree:", 0)), "this machine")


def _group_limit(folder: Path, *, version: int) -> Available | None:
    limit_name, use_name, file_names = {
        1: ("memory.limit_in_bytes", "memory.usage_in_bytes", ("total_inactive_file", "total_active_file")),
        2: ("memory.max", "memory.current", ("inactive_file", "active_file")),
    }[version]
    limit, use = _number(folder / limit_name), _number(folder / use_name)
    if limit is None or use is None or limit >= UNLIMITED:
        return None
    held = _numbers(folder / "memory.stat")
    files = sum(held.get(name, 0) for name in file_names)
    return Available(max(0, limit - use + files), "its control group (container)")


def _number(path: Path) -> int | None:
    words = " ".join(lines_of(path)).split()
    return int(words[0]) if len(words) == 1 and _is_number(words[0]) else None  # "max" in version 2


def _numbers(path: Path) -> dict[str, int]:
    pairs = [line.split() for line in lines_of(path)]
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) >= 2 and _is_number(pair[1])}


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit()


def gigabytes(n_bytes: int) -> str:
    """A size for people, never rounded to nothing."""
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{max(1, round(n_bytes / 1e6))} MB"
