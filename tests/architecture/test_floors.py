"""The lowest versions that are allowed are those that `tox -e oldest` tries."""

import re
import tomllib

from tests.architecture.source import ROOT

DEVICE_ONLY = {"cupy-cuda12x", "cupy-cuda13x"}  # cannot be tried without a device


def number(version: str) -> tuple[int, ...]:
    """A version as numbers, zeros at the end left out."""
    parts = [int(part) for part in version.split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def floors() -> dict[str, tuple[int, ...]]:
    """Lowest version by name, of every dependency and extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    found = {}
    for line in wanted:
        if not line.startswith("tribe_np["):
            name, version = re.match(r"([A-Za-z0-9_-]+)>=([0-9.]+)", line).groups()
            found[name.lower()] = number(version)
    return found


def test_every_floor_is_pinned_in_the_oldest_environment():
    lines = (ROOT / "tools" / "oldest.txt").read_text().splitlines()
    pins = dict(line.lower().split("==") for line in lines if line and not line.startswith("#"))
    expected = {name: floor for name, floor in floors().items() if name not in DEVICE_ONLY}
    assert {name: number(version) for name, version in pins.items()} == expected


def test_the_oldest_python_of_the_project_is_the_one_tried():
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    assert f"base_python = python{oldest}\n" in (ROOT / "tox.ini").read_text()
