"""The files of a kit's folder, and how its JSON and its digests are written: the same bytes on every machine."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FORMAT = "tribe_np conformance kit"
FORMAT_VERSION = 1
KIT_COMMAND = "oracle dump"

CONFIG = "config.json"
WEIGHTS_FILE = "weights.safetensors"
STORED_TABLES = "tables.safetensors"  # of a kit without weights: those that no generator gives
INPUTS_FILE = "inputs.safetensors"
EXPECTED_FILE = "expected.safetensors"
MANIFEST = "manifest.json"
README = "README.md"
SUMS = "SHA256SUMS"  # as `sha256sum -c` reads it
SUMMARY_HOLDS = "a summary of each tap"
BLOCK = 1 << 20


def json_text(value: Any) -> str:
    """JSON as kits hold it: keys in the order given, ASCII."""
    return json.dumps(value, indent=1, ensure_ascii=True) + "\n"


def sha256(parts: Iterable[bytes]) -> str:
    """The digest of bytes that come in parts."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def write_text(path: Path, text: str) -> str:
    """Writes the file and gives its digest.

    Raises   OSError
    """
    raw = text.encode("utf-8")
    path.write_bytes(raw)
    return sha256([raw])


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file.

    Raises   OSError
    """
    with path.open("rb") as file:
        return sha256(iter(lambda: file.read(BLOCK), b""))
