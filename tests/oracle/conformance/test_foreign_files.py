"""Files of other programs: every kind is read, in the kit's order; what is damaged is told in one line."""

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from tests.oracle.conformance.ports import Arrays, generous, kit_of, port_of
from tribe_np.errors import ConfigError, RecordingError
from tribe_np.formats.safetensors import narrow_bf16, write_safetensors
from tribe_np.oracle.conformance.comparing_kits import compare_kit
from tribe_np.oracle.conformance.foreign_files import read_theirs
from tribe_np.oracle.conformance.name_maps import read_name_map
from tribe_np.oracle.conformance.name_suggestions import suggestions


def as_safetensors(path: Path, arrays: Arrays) -> Path:
    """What another program's library writes: names by the alphabet."""
    safetensors.numpy.save_file({name: np.ascontiguousarray(x) for name, x in arrays.items()}, path / "t.safetensors")
    return path / "t.safetensors"


def as_npz(path: Path, arrays: Arrays) -> Path:
    np.savez(path / "t.npz", **arrays)
    return path / "t.npz"


def as_small_npz(path: Path, arrays: Arrays) -> Path:
    np.savez_compressed(path / "t.npz", **{name.replace(".", "/"): x for name, x in arrays.items()})
    return path / "t.npz"


def as_npy(path: Path, arrays: Arrays) -> Path:
    for name, x in arrays.items():
        np.save(path / f"{name}.npy", x)
    return path


def as_nested_npy(path: Path, arrays: Arrays) -> Path:
    for name, x in arrays.items():
        (path / name.replace(".", "/")).parent.mkdir(parents=True, exist_ok=True)
        np.save(path / f"{name.replace('.', '/')}.npy", x)
    return path


def as_flat_raw(path: Path, arrays: Arrays) -> Path:
    for name, x in arrays.items():
        x.astype("<f4").tofile(path / f"{name.replace('.', '_')}.f32")
    return path


def as_bin(path: Path, arrays: Arrays) -> Path:
    for place, (name, x) in enumerate(arrays.items()):
        x.astype("<f4" if place % 2 else "<f8").tofile(path / f"{name}.bin")
    return path


def as_swapped_raw(path: Path, arrays: Arrays) -> Path:
    """Raw files have no shape: heads beside tokens are found by the values."""
    for name, x in arrays.items():
        (x.swapaxes(1, 2) if x.ndim == 4 else x).astype("<f4").tofile(path / f"{name}.f32")
    return path


KINDS = [as_safetensors, as_npz, as_small_npz, as_npy, as_nested_npy, as_flat_raw, as_bin, as_swapped_raw]


@pytest.mark.parametrize("write", KINDS)
def test_every_kind_of_file_is_read_in_the_kits_order(write: Callable[[Path, Arrays], Path], tmp_path: Path) -> None:
    kit = kit_of("encoder")
    found = compare_kit(kit, write(tmp_path, port_of(kit)), bounds=generous)
    assert found.conforms
    assert found.missing == found.unknown == ()
    assert [row.name for row in found.rows] == kit.expected.names()


def test_the_output_alone_is_one_file(tmp_path: Path) -> None:
    kit = kit_of("encoder")
    np.save(tmp_path / "output.npy", port_of(kit)["encoder.output"])
    assert compare_kit(kit, tmp_path / "output.npy", bounds=generous).conforms
    port_of(kit)["encoder.output"].astype("<f4").tofile(tmp_path / "output.f32")
    assert compare_kit(kit, tmp_path / "output.f32", bounds=generous).conforms


def test_short_floats_are_widened(tmp_path: Path) -> None:
    kit = kit_of("encoder")
    values = kit.expected["encoder.output"]
    bits = narrow_bf16(values.astype(np.float32))
    bits.tofile(tmp_path / "output.bf16")
    np.save(tmp_path / "v2.npy", bits.view("V2"))
    write_safetensors(tmp_path / "b.safetensors", {"output": bits}, bf16=frozenset({"output"}))
    values.astype("<f2").tofile(tmp_path / "output.f16")
    for name in ("output.bf16", "b.safetensors", "output.f16"):
        row = compare_kit(kit, tmp_path / name, bounds=generous).rows[-1]
        assert row.accumulated is not None
        assert 1e-5 < row.accumulated.rms_over_rms < 5e-3, name
    np.testing.assert_array_equal(read_theirs(tmp_path / "v2.npy", lambda name: None)["v2"], read_theirs(
        tmp_path / "output.bf16", lambda name: None)["output"].reshape(values.shape))  # fmt: skip


def refused(path: Path, match: str) -> None:
    with pytest.raises((RecordingError, ConfigError), match=match) as caught:
        compare_kit(kit_of("encoder"), path, bounds=generous)
    assert "\n" not in str(caught.value)


def test_what_is_no_such_file_is_told(tmp_path: Path) -> None:
    refused(tmp_path / "absent.npz", "absent.npz: cannot be read: No such file")
    (tmp_path / "a.txt").write_text("x")
    refused(tmp_path / "a.txt", r"a.txt: expected a .safetensors file, an .npz")
    refused(tmp_path, "holds no .npy and no raw file")
    (tmp_path / "f").mkdir()
    as_npz(tmp_path / "f", {"a": np.ones(2)})
    refused(tmp_path / "f", "give the file itself")
    for name in ("a.npz", "a.npy"):
        (tmp_path / name).write_bytes(b"PK\3\4 or not")
        refused(tmp_path / name, f"{name}: ")
    np.save(tmp_path / "o.npy", np.array([{}]), allow_pickle=True)
    refused(tmp_path / "o.npy", "no .npy file of numbers")
    np.save(tmp_path / "c.npy", np.ones(2, complex))
    refused(tmp_path / "c.npy", "holds complex128 values; expected real numbers")
    (tmp_path / "output.f32").write_bytes(b"123")
    refused(tmp_path / "output.f32", "3 bytes are no whole number of f32 values")
    (tmp_path / "output.bin").write_bytes(b"1234")
    refused(tmp_path / "output.bin", r"holds 4 bytes, but 666 values .* take 2664 as float32 or 5328 as float64")


def test_a_damaged_npz_is_told_whatever_it_claims(tmp_path: Path) -> None:
    whole = as_small_npz(tmp_path, {"encoder.output": np.ones((4, 4))}).read_bytes()
    for cut in range(0, len(whole), 7):
        (tmp_path / "cut.npz").write_bytes(whole[:cut])
        refused(tmp_path / "cut.npz", "no .npz file of numbers, or a damaged one")
    huge = io.BytesIO()
    np.lib.format.write_array_header_1_0(huge, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)})
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        archive.writestr("encoder.output.npy", huge.getvalue())
    refused(tmp_path / "huge.npz", "damaged")


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "encoder.output.npy", np.ones(666))
    np.ones(666, "<f4").tofile(tmp_path / "encoder.output.f32")
    refused(tmp_path, "another file of that name")
    (tmp_path / "encoder.output.f32").rename(tmp_path / "encoder_output.f32")
    refused(tmp_path, "are both encoder.output; give one of them")


def test_a_name_that_an_npz_has_twice_is_refused(tmp_path: Path) -> None:
    raw = io.BytesIO()
    np.save(raw, np.ones(666))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("encoder.output.npy", raw.getvalue())
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("encoder.output.npy", raw.getvalue())
    refused(tmp_path / "a.npz", "holds 'encoder.output' twice")


def test_a_tap_that_cannot_be_read_is_not_one_that_was_not_given(tmp_path: Path) -> None:
    np.save(tmp_path / "encoder.output.npy", np.ones(666))
    (tmp_path / "encoder.final_norm.output.npy").symlink_to(tmp_path / "absent.npy")
    refused(tmp_path, r"final_norm\.output\.npy: cannot be read: No such file")
    (tmp_path / "encoder.final_norm.output.npy").unlink()
    os.mkfifo(tmp_path / "encoder.final_norm.output.f32")
    refused(tmp_path, "it is a pipe")


def test_a_map_renames_turns_and_leaves_out(tmp_path: Path) -> None:
    kit = kit_of("llama")
    arrays = port_of(kit)
    theirs = {
        "h.0.q": arrays["llama.layers.0.self_attn.query"].transpose(3, 2, 1, 0),
        "h.1.q": arrays["llama.layers.1.self_attn.query"].transpose(3, 2, 1, 0),
        "flat": arrays["llama.norm.output"].reshape(-1),
        "scratch": np.ones(3),
    }
    content = {
        "h.{i}.q": {"tap": "llama.layers.{i}.self_attn.query", "axes": [3, 2, 1, 0]},
        "flat": {"tap": "llama.norm.output", "shape": [2, 13, 48]},
        "scratch": None,
    }
    (tmp_path / "map.json").write_text(json.dumps(content))
    for names in (tmp_path / "map.json", content):
        found = compare_kit(kit, theirs, names=names, bounds=generous)
        assert found.conforms
        assert found.unknown == ()
        row = found.row("llama.layers.1.self_attn.query")
        assert (row.their_name, row.notes) == ("h.1.q", ())


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("{", "is not JSON"),
        ("[]", "expected an object of their names"),
        ('{"a": "encoder.layer.0.query"}', "no tap of the kit; did you mean encoder.layers.0.query"),
        ('{"a": 3}', "must be a tap, null, or"),
        ('{"a": {"tap": "encoder.output", "axis": 3}}', "must be a tap, null, or"),
        ('{"a": {"tap": "encoder.output", "axes": [1, -1]}}', "axes must be a list of whole numbers"),
        ('{"a": {"tap": "encoder.output", "axes": [0, 0, 1]}}', "expected each of 0 to 2 once"),
        ('{"a": {"tap": "encoder.output", "shape": [3]}}', "which has 666 values"),
        (f'{{"a": {{"tap": "encoder.output", "shape": {[1] * 70}}}}}', "at most 32 axes"),
        ('{"a": "encoder.output", "a": null}', "'a' is there twice"),
    ],
)
def test_a_map_that_cannot_be_used_is_told(content: str, match: str, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(content)
    with pytest.raises(ConfigError, match=match) as caught:
        compare_kit(kit_of("encoder"), {"a": kit_of("encoder").expected["encoder.output"]}, names=tmp_path / "m.json",
                    bounds=generous)  # fmt: skip
    assert "\n" not in str(caught.value)


def test_a_map_of_the_machine_is_not_read_for_ever(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_name_map(tmp_path / "absent.json", ["a"])


def test_names_that_look_like_a_tap_are_suggested() -> None:
    kit = kit_of("encoder")
    arrays = port_of(kit)
    theirs = {
        "blocks.0.attn.q": arrays["encoder.layers.0.query"].swapaxes(1, 2),
        "blocks.0.mlp.act": arrays["encoder.layers.1.activated"],
        "final": arrays["encoder.final_norm.output"] * 1.001,
        "layers_2_keys": np.ones_like(arrays["encoder.layers.2.key"]),
        "noise": np.ones(7),
        "encoder.output": arrays["encoder.output"],
    }
    found = compare_kit(kit, theirs, bounds=generous)
    assert {name: one.tap for name, one in found.suggested.items()} == {
        "blocks.0.attn.q": "encoder.layers.0.query",
        "blocks.0.mlp.act": "encoder.layers.1.activated",
        "final": "encoder.final_norm.output",
        "layers_2_keys": "encoder.layers.2.key",
    }
    assert "theirs is (" in found.suggested["blocks.0.attn.q"].reason
    assert found.suggested["final"].reason == "same shape, r 1.000000"
    assert "noise" in found.unknown
    assert suggestions({}, kit.expected.arrays) == {}
    mapped = compare_kit(kit, theirs, names={name: one.tap for name, one in found.suggested.items()}, bounds=generous)
    assert mapped.unknown == ("noise",)
