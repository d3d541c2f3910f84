"""A page read again as a browser reads it: facts, arrays and media, without any code of the packer."""

import base64
import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class ReadPage:
    """The text of a page, its facts, and its blobs by name."""

    text: str
    facts: dict[str, Any]
    blobs: dict[str, bytes]

    def array(self, name: str, dtype: str) -> np.ndarray:
        """An array of a gzip blob."""
        return np.frombuffer(gzip.decompress(self.blobs[name]), dtype)

    def values(self, number: int = 0) -> np.ndarray:
        """The values (R, 2 V) of a layer, NaN where it has none."""
        layer = self.facts["layers"][number]
        rows = self.array(layer["blob"], "u1").reshape(layer["n_rows"], -1)
        if layer["is_delta"]:
            rows = np.cumsum(rows, axis=0, dtype=np.uint8)
        found = layer["low"] + rows.astype(float) * (layer["high"] - layer["low"]) / 254
        return np.where(rows == 255, np.nan, found)


def read_page(path: Path) -> ReadPage:
    """A page from its file."""
    text = path.read_text(encoding="utf-8")
    found = dict(re.findall(r'<script type="[^"]+" id="([\w-]+)">([^<]*)</script>', text))
    facts = json.loads(found.pop("facts"))
    blobs = {name.removeprefix("blob-"): base64.b64decode(content) for name, content in found.items()}
    return ReadPage(text, facts, blobs)
