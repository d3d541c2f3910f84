"""Single operations against dumps of torch, transformers and x-transformers (tools/reference/ops.py made them)."""

import json
from pathlib import Path

import numpy as np
import pytest

from tools.reference.ops import ours
from tribe_np.formats.safetensors import read_header
from tribe_np.oracle import relative_error

GOLDEN = Path(__file__).parents[1] / "golden" / "ops.safetensors"


def golden(prefix: str) -> dict[str, np.ndarray]:
    entries, _ = read_header(GOLDEN)
    return {name.removeprefix(prefix): entry.read() for name, entry in entries.items() if name.startswith(prefix)}


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 1e-5), ("float64", 1e-12)])
def test_every_operation_is_the_librarys(dtype: str, bound: float) -> None:
    found = ours({name: array.astype(dtype) for name, array in golden("input.").items()})
    expected = golden(f"{dtype}.")
    assert set(found) == set(expected)
    errors = {name: relative_error(found[name], array) for name, array in expected.items()}
    assert max(errors.values()) <= bound, errors
    assert all(array.dtype == dtype for array in found.values())


def test_the_dump_says_how_it_was_made() -> None:
    assert json.loads(read_header(GOLDEN)[1]["about"]) == {"seed": 0, "eps": 1e-5}
    manifest = json.loads((GOLDEN.parent / "manifest.json").read_text())
    assert manifest["ops.safetensors"]["versions"]["x-transformers"] == "1.27.20"
