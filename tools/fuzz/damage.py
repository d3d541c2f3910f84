"""Two kinds of damage: to bytes (flipped, cut, repeated, numbers at their limits), and to values.

A node of a JSON or YAML document becomes another, hostile one.
"""

import io
import json
import random
import zipfile
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from tools.fuzz.targets import Target

LIMITS = [0, 1, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1]
HOSTILE: list[Any] = [
    None, True, False, 0, 1, -1, 2, 3, 0.5, -0.0, 1e-300, 1e300, 1e308, float("inf"), float("nan"), 2**31, 2**53, 2**63,
    10**8, 10**12, 10**30, 10**400, "", "a", "\x1b[2J\x9b", "\ud800", "x" * 5000, "🧠", "../../etc/passwd", "a\0b", [],
    {}, [[]], [1, 2], [[1, 2]], {"a": 1}, ["x"] * 300, "llama", "gelu", "1e999", "nan",
]  # fmt: skip
DIGITS = "<thousands of digits>"  # which json.dumps refuses to write: put in afterwards
DEEP = "<deep>"


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
