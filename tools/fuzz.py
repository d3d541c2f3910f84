"""Damages the files that the project reads, and reports whatever is not a TribeError in bounded time and memory.

    python -m tools.fuzz                              100 mutations of each kind
    python -m tools.fuzz --n 5000 --seed 7 weights    some kinds
    python -m tools.fuzz --keep tests/golden/crashers what is found is written there, one file each

Two kinds of damage: to bytes (flipped, cut, repeated, numbers at their limits), and to values (a node of a JSON or YAML
document becomes another, hostile one). `tests/tools/test_fuzz.py` runs some of each.
"""

import argparse
import io
import json
import random
import resource
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.fuzz_targets import TARGETS, Target
from tribe_np.errors import TribeError

MAX_SECONDS = 30.0  # of one file, on a machine that does other things too
MAX_MEMORY = 6 << 30
MAX_MESSAGE = 1000
LIMITS = [0, 1, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1]
HOSTILE: list[Any] = [
    None, True, False, 0, 1, -1, 2, 3, 0.5, -0.0, 1e-300, 1e300, 1e308, float("inf"), float("nan"), 2**31, 2**53, 2**63,
    10**8, 10**12, 10**30, 10**400, "", "a", "\x1b[2J\x9b", "\ud800", "x" * 5000, "🧠", "../../etc/passwd", "a\0b", [],
    {}, [[]], [1, 2], [[1, 2]], {"a": 1}, ["x"] * 300, "llama", "gelu", "1e999", "nan",
]  # fmt: skip
DIGITS = "<thousands of digits>"  # which json.dumps refuses to write: put in afterwards
DEEP = "<deep>"


@dataclass(frozen=True)
class Finding:
    """One file that was not handled as it should be."""

    target: str
    seed: int
    content: bytes
    wrong: str


def damage_bytes(content: bytes, rng: random.Random) -> bytes:
    """The bytes, one to four times damaged."""
    raw = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(raw)) if raw else 0
        size = min(rng.choice([1, 2, 4, 8, 64]), len(raw) - at)
        kind = rng.randrange(6)
        if kind == 0 and raw:
            raw[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            raw[at : at + size] = b""
        elif kind == 2:
            raw[at:at] = raw[at : at + size] * rng.choice([1, 2, 50])
        elif kind == 3:
            value, width = rng.choice(LIMITS), rng.choice([1, 2, 4, 8])
            order: Any = rng.choice(["little", "big"])
            raw[at : at + width] = (value % 256**width).to_bytes(width, order)
        elif kind == 4:
            raw[at : at + size] = rng.randbytes(size)
        else:
            del raw[at:]
    return bytes(raw)


def damage_text(content: bytes, rng: random.Random, fragments: tuple[bytes, ...]) -> bytes:
    """The text with some of its tokens, or some hostile ones, put elsewhere."""
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(content) + 1)
        content = content[:at] + rng.choice(fragments) + content[at + rng.choice([0, 0, 1, 5]) :]
    return content


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every node below the top, of long lists and mappings only some."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for number, (key, child) in enumerate(items):
        if number < 80:
            yield (*path, key)
            yield from places(child, (*path, key))


def damage_values(document: Any, rng: random.Random) -> bytes:
    """The document as JSON, one to three of its values replaced, dropped, repeated or renamed."""
    document = deepcopy(document)
    for _ in range(rng.randint(1, 3)):
        *above, key = rng.choice(list(places(document)) or [("none",)])
        parent = document
        try:
            for step in above:
                parent = parent[step]
            kind = rng.randrange(8)
            if kind < 5:
                parent[key] = deepcopy(rng.choice([*HOSTILE, DIGITS, DEEP]))
            elif kind == 5:
                del parent[key]
            elif kind == 6 and isinstance(parent, dict):
                parent[rng.choice(["\x1b]0;", "x" * 3000, "", "name", str(key) + "2"])] = parent.pop(key)
            elif isinstance(parent, list):
                parent.extend([parent[key]] * rng.choice([1, 1000]))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    text = json.dumps(document).replace(f'"{DIGITS}"', "9" * 5000)
    return text.replace(f'"{DEEP}"', "[" * 2000 + "]" * 2000).encode()


def damage_pickle(content: bytes, rng: random.Random) -> bytes:
    """A PyTorch file whose pickle is damaged and whose checksums are right."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, raw in members.items():
            entry = zipfile.ZipInfo(name)  # of 1980: the same bytes whenever it is made
            archive.writestr(entry, damage_bytes(raw, rng) if name.endswith("data.pkl") else raw)
    return out.getvalue()


def damaged(target: Target, rng: random.Random) -> bytes:
    """One damaged file of a kind."""
    content = target.content
    if target.document is not None and rng.random() < 0.8:
        return damage_values(target.document, rng)
    if target.is_zip and rng.random() < 0.7:
        return damage_pickle(content, rng)
    if target.fragments and rng.random() < 0.6:
        return damage_text(content, rng, target.fragments)
    return damage_bytes(content, rng)


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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


if __name__ == "__main__":
    main()
