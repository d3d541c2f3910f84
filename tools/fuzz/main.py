"""Damages the files that the project reads, and reports whatever is not a TribeError in bounded time and memory.

    python -m tools.fuzz                              100 mutations of each kind
    python -m tools.fuzz --n 5000 --seed 7 weights    some kinds
    python -m tools.fuzz --keep tests/golden/crashers what is found is written there, one file each

The damage is in `damage.py`, the kinds of files in `targets.py`. `tests/tools/test_fuzz.py` runs some of each.
"""

import argparse
import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.fuzz.damage import damaged
from tools.fuzz.targets import TARGETS, Target
from tribe_np.errors import TribeError

MAX_SECONDS = 30.0  # of one file, on a machine that does other things too
MAX_MEMORY = 6 << 30
MAX_MESSAGE = 1000


@dataclass(frozen=True)
class Finding:
    """One file that was not handled as it should be."""

    target: str
    seed: int
    content: bytes
    wrong: str


def complaint(target: Target, content: bytes, folder: Path) -> tuple[str, str]:
    """("", what came of it) where the file was handled as it should be, else (what is wrong, "")."""
    (folder / target.name).write_bytes(content)
    begun = time.monotonic()
    try:
        target.use(folder)
        came = "accepted"
    except TribeError as error:
        came, message = "refused", str(error)
        if not message.isprintable() or len(message) > MAX_MESSAGE:
            return f"a message of {len(message)} characters: {message!r:.200}", ""
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{type(error).__name__}: {str(error)[:200]}", ""
    seconds = time.monotonic() - begun
    return (f"it took {seconds:.1f} s", "") if seconds > MAX_SECONDS else ("", came)


def attack(target: Target, n: int, seed: int, report: Callable[[Finding], object]) -> Counter[str]:
    """How many of n damaged files were accepted, refused, or reported."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for other, raw in target.others.items():
            (folder / other).parent.mkdir(parents=True, exist_ok=True)
            (folder / other).write_bytes(raw)
        for number in range(n):
            content = damaged(target, random.Random(f"{target.label} {seed} {number}"))
            wrong, came = complaint(target, content, folder)
            counts[came or "reported"] += 1
            if wrong:
                report(Finding(target.label, number, content, wrong))
    return counts


def main() -> None:
    """Attacks the kinds asked for and prints a line for each."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], help=f"default: all of {', '.join(TARGETS)}")
    parser.add_argument("--n", type=int, default=100, help="mutations of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for files that were not handled")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    for label in options.targets or TARGETS:
        target, begun, seen = TARGETS[label](), time.monotonic(), set()

        def report(finding: Finding, seen: set[str] = seen) -> None:
            if finding.wrong[:60] in seen:
                return
            seen.add(finding.wrong[:60])
            print(f"  {finding.target} {finding.seed}: {finding.wrong}", flush=True)
            if options.keep:
                folder = options.keep / finding.target
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{options.seed}-{finding.seed}").write_bytes(finding.content)

        counts = attack(target, options.n, options.seed, report)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(f"{label}: {dict(counts)} in {time.monotonic() - begun:.0f} s, peak {peak} MB", flush=True)
