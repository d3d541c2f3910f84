"""C and Rust compilers, where there are any: with CI set, a missing one is a failure and no skip."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def compiler(*names: str) -> str:
    """The first of these programs that is there."""
    for name in names:
        if found := shutil.which(name):
            return found
    message = f"needs {' or '.join(names)}: apt-get install gcc rustc"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def compiled(source: Path, program: Path) -> Path:
    """A program from one C or Rust file; any warning is an error."""
    if source.suffix == ".c":
        strict = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror"]
        command = [compiler("cc", "gcc"), *strict, "-o", program, source, "-lm"]
    else:
        command = [compiler("rustc"), "-O", "-D", "warnings", "--edition", "2021", "-o", program, source]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return program
