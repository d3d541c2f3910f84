"""Importing costs nothing and has no effect: looked at from a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, modules

OPTIONAL = (
    "numba", "cupy", "imageio_ffmpeg", "tokenizers", "huggingface_hub", "pandas", "matplotlib", "tqdm", "spacy", "gtts",
    "torch", "threadpoolctl", "whisperx", "nilearn", "h5py", "sklearn",
)  # fmt: skip


def imported_by(statement: str, folder: Path) -> set[str]:
    """Top-level packages that a fresh interpreter holds after `statement`, run in an empty folder."""
    show = "print(*{name.partition('.')[0] for name in sys.modules})"
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{statement}\n{show}"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert not list(folder.iterdir()), "importing left files"
    return set(done.stdout.split())


@pytest.mark.parametrize("package", ["tribe_np", "extractors"])
def test_a_bare_import_imports_nothing_else(package: str, tmp_path: Path) -> None:
    found = imported_by(f"import {package}; dir({package})", tmp_path)
    assert package in found
    assert not found & {"numpy", "scipy", "safetensors", "yaml", "nibabel", "soundfile", *OPTIONAL}


def test_importing_every_module_imports_no_optional_package(tmp_path: Path) -> None:
    names = [module.name for module in modules() if not module.name.endswith("__main__")]
    found = imported_by("import " + ", ".join(names), tmp_path)
    assert not found & set(OPTIONAL)
    assert {"numpy", "tribe_np", "extractors"} <= found


def test_help_imports_what_it_needs(tmp_path: Path) -> None:
    """dataclasses alone, which brings inspect, takes a quarter of the time of --help."""
    there = imported_by("", tmp_path)  # where the interpreter itself is measured, as by coverage
    found = imported_by("from tribe_np.cli.parser import build_parser; build_parser()", tmp_path) - there
    assert "tribe_np" in found
    assert not found & {"dataclasses", "inspect", "numpy", *OPTIONAL}
