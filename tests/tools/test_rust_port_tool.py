"""The tool that compiles tribev2-rs: what it writes for the port, and what it says where it cannot."""

import json
from pathlib import Path

import numpy as np
import pytest

from tools.conformance.rust_port import NEEDED, PortError, build_port, in_alphabetical_order, write_for_port
from tribe_np.errors import ConfigError
from tribe_np.formats.safetensors import read_header
from tribe_np.oracle.kits.kit import make_kit


def test_what_the_port_is_given(tmp_path: Path) -> None:
    kit = make_kit("encoder", "subjects")
    *files, out, subjects = write_for_port(kit, tmp_path)[: 5 + 1]
    config, weights, build_args, inputs = map(Path, files)
    assert json.loads(config.read_text())["brain_model_config"] == kit.config["brain_model_config"]
    assert list(json.loads(build_args.read_text())["feature_dims"]) == ["text", "audio", "video"]
    assert {name: entry.shape for name, entry in read_header(weights)[0].items()} == {
        name: array.shape for name, array in kit.weights.items()
    }
    assert all(len(entry.shape) == 4 for entry in read_header(inputs)[0].values())
    assert not list(Path(out).iterdir())
    assert int(subjects) == int(kit.inputs["subject_index"][0])


def test_the_kit_in_alphabetical_order_is_the_same_model() -> None:
    kit = make_kit("encoder")
    renamed = in_alphabetical_order(kit)
    assert list(renamed.config["model_build_args"]["feature_dims"]) == ["a", "b", "c"]
    assert set(renamed.inputs) == {"features.a", "features.b", "features.c"}
    np.testing.assert_array_equal(renamed.inputs["features.b"], kit.inputs["features.audio"])
    np.testing.assert_array_equal(renamed.weights["projectors.c.bias"], kit.weights["projectors.video.bias"])
    assert renamed.expected.names()[-1] == kit.expected.names()[-1]


def test_a_folder_that_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no checkout of tribev2-rs, crates/tribev2/src/config.rs is missing"):
        build_port(tmp_path, tmp_path / "build")


def test_a_port_that_does_not_compile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "crates" / "tribev2" / "src"
    (source / "model").mkdir(parents=True)
    for name in NEEDED:
        (source / name).write_text("")
    (source.parent / "Cargo.toml").write_text('[package]\nname = "tribev2"\nversion = "9.9.9"\n')
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "cargo").write_text("#!/bin/sh\necho 'error: no such crate' >&2\nexit 101\n")
    (programs / "cargo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    with pytest.raises(PortError, match=r"cargo could not build the port in .*error: no such crate"):
        build_port(tmp_path, tmp_path / "build")
    manifest = (tmp_path / "build" / "Cargo.toml").read_text()
    assert 'serde = { version = "*", features = ["derive"] }' in manifest
