"""What a page holds, read from its file apart from the page's own program."""

import base64
import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class PageContents:
    """The text of a page, its facts and its blobs."""

    text: str
    facts: dict[str, Any]

    def blob(self, name: str) -> bytes:
        """A blob's bytes as they are in the file: gzip for arrays, a film for media."""
        found = re.search(rf'<script type="application/x-blob" id="blob-{re.escape(name)}">([^<]*)</script>', self.text)
        assert found, f"the page has no blob-{name}"
        return base64.b64decode(found[1])

    def indices(self, layer: int = 0) -> np.ndarray:
        """The bytes (R, V) of a layer."""
        about = self.facts["layers"][layer]
        shape = (about["n_rows"], self.facts["mesh"]["n_vertices"])
        rows = np.frombuffer(gzip.decompress(self.blob(about["blob"])), np.uint8).reshape(shape)
        return rows.cumsum(axis=0, dtype=np.uint8) if about.get("is_delta") else rows

    def values(self, layer: int = 0) -> np.ndarray:
        """The values (R, V) that the page shows, NaN where it has none."""
        about, indices = self.facts["layers"][layer], self.indices(layer)
        values = about["low"] + indices * ((about["high"] - about["low"]) / 254)
        return np.where(indices == 255, np.nan, values)


def read_page(path: Path) -> PageContents:
    """The contents of a page's file."""
    text = path.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="facts">(.*?)</script>', text, flags=re.S)
    assert found, f"{path} has no facts"
    return PageContents(text, json.loads(found[1], parse_constant=_refuse_constant))


def _refuse_constant(text: str) -> None:
    raise AssertionError(f"{text} is no JSON")
