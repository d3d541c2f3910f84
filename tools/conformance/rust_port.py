"""tribev2-rs, an implementation in Rust, compiled from a checkout and run on kits of the encoder.

Its files are never copied: a temporary crate points at the checkout's `config.rs`, `tensor.rs`, `weights.rs` and
`model` (its loader and its plain forward pass) and compiles them as they are; `port/port_driver.rs` calls their public
functions. Where the crates come from a folder that has no `safetensors`, `port/safetensors_stand_in.rs` stands in.
"""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tribe_np.errors import ConfigError, TribeError
from tribe_np.formats.safetensors import write_safetensors
from tribe_np.oracle.kits.kit import Kit
from tribe_np.oracle.recording import Recording

HERE = Path(__file__).parent / "port"
NEEDED = ("config.rs", "tensor.rs", "weights.rs", "model/mod.rs")
CRATES = ("anyhow", "half", "safetensors", "serde", "serde_json", "serde_yaml")


class PortError(TribeError):
    """The port does not build, or ends in an error."""


@dataclass(frozen=True)
class Port:
    """A program that was built from a checkout, and what it was built from."""

    program: Path
    about: Mapping[str, str]  # crate or "tribev2": its version

    def run(self, kit: Kit) -> Recording:
        """What it shows of a kit of the encoder, in float32.

        Raises   PortError with its last line where it ends with another code than 0
        """
        with TemporaryDirectory() as folder:
            made = write_for_port(kit, Path(folder))
            quiet = {**os.environ, "RUST_BACKTRACE": "0"}
            done = subprocess.run([self.program, *made], capture_output=True, text=True, check=False, env=quiet)
            if done.returncode:
                raise PortError(_last_words(done.stderr))
            shown = {path.stem: np.load(path) for path in Path(made[4]).glob("*.npy")}
        order = [name for name in kit.expected.names() if name in shown]
        return Recording({name: shown[name] for name in [*order, *(shown.keys() - set(order))]})


def _last_words(text: str) -> str:
    """What a Rust program says as it ends, in one line."""
    lines = [line for line in text.splitlines() if line and "RUST_BACKTRACE" not in line and "panicked" not in line]
    return " ".join(" ".join(lines).split()).removeprefix("Error: ")[:200]


def in_alphabetical_order(kit: Kit) -> Kit:
    """The kit with modalities named a, b, c, ... in its own order: what the port does otherwise, its sorting aside."""
    build = dict(kit.config["model_build_args"])
    letters = dict(zip(build["feature_dims"], "abcdefgh", strict=False))
    build["feature_dims"] = {letters[name]: dims for name, dims in build["feature_dims"].items()}

    def renamed(name: str) -> str:
        parts = name.split(".")
        at = next((k for k, part in enumerate(parts[:-1]) if part in ("projectors", "features")), None)
        if at is not None and parts[at + 1] in letters:
            parts[at + 1] = letters[parts[at + 1]]
        return ".".join(parts)

    expected = Recording({renamed(name): array for name, array in kit.expected.arrays.items()})
    return replace(
        kit, config={**kit.config, "model_build_args": build}, expected=expected,
        weights={renamed(name): array for name, array in kit.weights.items()},
        inputs={renamed(name): array for name, array in kit.inputs.items()},
    )  # fmt: skip


def write_for_port(kit: Kit, folder: Path) -> list[str]:
    """The port's files of a kit, and its arguments: settings, weights, build arguments, features, an empty folder."""
    brain, build = kit.config["brain_model_config"], kit.config["model_build_args"]
    data = {"duration_trs": build["n_output_timesteps"]}
    (folder / "config.yaml").write_text(json.dumps({"brain_model_config": brain, "data": data}))  # JSON is YAML
    (folder / "build_args.json").write_text(json.dumps(build))
    write_safetensors(folder / "weights.safetensors", dict(kit.weights))
    features = {name: as_groups(x) for name, x in kit.inputs.items() if name.startswith("features.")}
    write_safetensors(folder / "inputs.safetensors", features)
    (folder / "out").mkdir()
    names = ("config.yaml", "weights.safetensors", "build_args.json", "inputs.safetensors", "out")
    subjects = np.ravel(kit.inputs.get("subject_index", ())).tolist()
    return [*(str(folder / name) for name in names), *map(str, map(int, subjects))]


def as_groups(features: np.ndarray) -> np.ndarray:
    """Features with the axis of layer groups, as the driver reads them.

    Shapes   (B, G, F, T) or (B, F, T) -> (B, G, F, T)
    """
    return features if features.ndim == 4 else features[:, None]


def build_port(checkout: Path, folder: Path, *, crates: Path | None = None) -> Port:
    """The program, built with cargo in `folder` from the port's checkout.

    crates   a folder of vendored crates (Debian's /usr/share/cargo/registry), where cargo cannot reach its registry
    Raises   ConfigError for a folder that is no checkout of the port, PortError where cargo fails
    """
    source = checkout / "crates" / "tribev2" / "src"
    missing = [name for name in NEEDED if not (source / name).is_file()]
    if missing:
        raise ConfigError(f"{checkout}: no checkout of tribev2-rs, crates/tribev2/src/{missing[0]} is missing")
    (folder / "src").mkdir(parents=True, exist_ok=True)
    link = folder / "src" / "port"
    link.unlink(missing_ok=True)
    link.symlink_to(source.resolve(), target_is_directory=True)
    (folder / "src" / "main.rs").write_text((HERE / "port_driver.rs").read_text())
    versions = _write_manifest(checkout, folder, crates)
    command = ["cargo", "build", "--release", "--quiet", *(["--offline"] if crates else [])]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if "error" in line]
        raise PortError(f"cargo could not build the port in {folder}: {' '.join(errors[:2])[:300]}")
    found = re.search(r'^version = "(.*)"', (source.parent / "Cargo.toml").read_text(), re.MULTILINE)
    return Port(folder / "target" / "release" / "port-driver", {"tribev2": found[1] if found else "?", **versions})


def _write_manifest(checkout: Path, folder: Path, crates: Path | None) -> dict[str, str]:
    """Cargo.toml with the crates that the port's files use; returns their versions."""
    asked = (checkout / "crates" / "tribev2" / "Cargo.toml").read_text()
    wanted, lines = {}, []
    for name in CRATES:
        found = re.search(rf'^{name}\s*=\s*(?:"([^"]+)"|{{[^}}]*version = "([^"]+)")', asked, re.MULTILINE)
        wanted[name] = (found[1] or found[2]) if found else "*"
        vendored = sorted(crates.glob(f"{name}-[0-9]*")) if crates else []
        if vendored:
            wanted[name] = vendored[-1].name.removeprefix(f"{name}-")
        elif crates and name == "safetensors":
            wanted[name] = "a stand-in of our own"
            _write_stand_in(folder)
            lines.append('safetensors = { path = "safetensors" }')
            continue
        features = ', features = ["derive"]' if name == "serde" else ""
        lines.append(f'{name} = {{ version = "{wanted[name]}"{features} }}')
    head = '[package]\nname = "port-driver"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n'
    (folder / "Cargo.toml").write_text(head + "\n".join(lines) + "\n\n[workspace]\n")
    if crates:
        (folder / ".cargo").mkdir(exist_ok=True)
        replaced = f'[source.crates-io]\nreplace-with = "folder"\n\n[source.folder]\ndirectory = "{crates}"\n'
        (folder / ".cargo" / "config.toml").write_text(replaced)
    return wanted


def _write_stand_in(folder: Path) -> None:
    crate = folder / "safetensors"
    (crate / "src").mkdir(parents=True, exist_ok=True)
    text = '[package]\nname = "safetensors"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\nserde_json = "1"\n'
    (crate / "Cargo.toml").write_text(text)
    (crate / "src" / "lib.rs").write_text((HERE / "safetensors_stand_in.rs").read_text())
