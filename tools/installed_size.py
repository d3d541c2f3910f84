"""What an installation takes on the disk, in fresh virtual environments: core, and with media, text and numba.

    python -m tools.installed_size [--top 8]

Counted are the blocks of every file in site-packages, compiled .pyc files among them, as `du` counts them, without pip
and setuptools, which the environment brings along. MB are millions of bytes.
"""

import argparse
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from pathlib import Path

from tools.places import ROOT

KINDS = {"core": "", "media, text, numba": "[media,text,numba]"}
NOT_OURS = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence", "wheel")


def main() -> None:
    """Installs and prints a line per kind and a table of the largest packages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--top", type=int, default=8, help="packages to list")
    options = parser.parse_args()
    for kind, extras in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            sizes = package_sizes(installed(Path(folder), extras))
        print(f"{kind}: {sum(sizes.values()) / 1e6:.0f} MB")
        print(", ".join(f"{name} {size / 1e6:.0f}" for name, size in sizes.most_common(options.top)))


def installed(folder: Path, extras: str) -> Path:
    """The site-packages of a new environment with this checkout in it."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", f"{ROOT}{extras}"], check=True)
    return next(folder.glob("lib/python*/site-packages"))


def package_sizes(site_packages: Path) -> Counter[str]:
    """Bytes on the disk by package; a package's bundled libraries (NAME.libs) and its metadata count as its own."""
    sizes: Counter[str] = Counter()
    for path in site_packages.rglob("*"):
        name = path.relative_to(site_packages).parts[0]
        if path.is_file() and not path.is_symlink() and not name.startswith(NOT_OURS):
            name = name.split("-")[0].removesuffix(".libs").removesuffix(".py").lower()
            sizes[name] += path.stat().st_blocks * 512
    return sizes


if __name__ == "__main__":
    main()
