"""Kits as folders: what is in them, that they are read back, and that whatever is wrong with them is named."""

import errno
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from tribe_np.errors import KitError, OutputError, TribeError
from tribe_np.formats.safetensors import read_header
from tribe_np.oracle.kit_models.kit_catalogue import MODELS, kit_model
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits import kit_writing
from tribe_np.oracle.kits.kit import Kit, make_kit, only_layers, whole_kit, with_expected
from tribe_np.oracle.kits.kit_files import (
    EXPECTED_FILE,
    INPUTS_FILE,
    MANIFEST,
    SUMS,
    WEIGHTS_FILE,
    sha256_of_file,
    write_text,
)
from tribe_np.oracle.kits.kit_manifest import UPSTREAM
from tribe_np.oracle.kits.kit_reading import read_kit
from tribe_np.oracle.kits.kit_writing import fill_kit, write_kits
from tribe_np.oracle.kits.ordered_tensors import TensorOut, write_ordered

TO_DAMAGE = [WEIGHTS_FILE, INPUTS_FILE, MANIFEST, "config.json"]
GOLDEN = Path(__file__).parents[1] / "golden"
FILES = {
    "README.md", "SHA256SUMS", "config.json", "expected.safetensors", "generator.c", "generator.rs",
    "inputs.safetensors", "manifest.json", "weights.safetensors",
}  # fmt: skip


def written(folder: Path, kit: Kit, *, with_weights: bool = True) -> Path:
    """The kit's folder."""
    folder.mkdir()
    fill_kit(folder, kit, with_weights=with_weights)
    return folder


@pytest.fixture(scope="module")
def llama() -> Kit:
    """A small kit."""
    return make_kit("llama")


@pytest.fixture(scope="module")
def folder(llama: Kit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder, which no test changes."""
    return written(tmp_path_factory.mktemp("kits") / "kit", llama)


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """Its folder, to be damaged."""
    return Path(shutil.copytree(folder, tmp_path / "kit"))


def same_arrays(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """Checks that both have the same names, in order, with the same bits."""
    assert list(ours) == list(theirs)
    for name in ours:
        np.testing.assert_array_equal(np.asarray(ours[name]), np.asarray(theirs[name]), err_msg=name)
        assert np.asarray(ours[name]).dtype == np.asarray(theirs[name]).dtype


@pytest.mark.parametrize("model", MODELS)
def test_a_kit_is_read_back(model: str, tmp_path: Path) -> None:
    for case in (kit_model(model).cases[0], kit_model(model).cases[-1]):
        kit = make_kit(model, case.name, seed=(1 << 64) - 1)
        found = read_kit(written(tmp_path / case.name, kit))
        same_arrays(found.weights, kit.weights)
        same_arrays(found.inputs, kit.inputs)
        same_arrays(found.expected.arrays, kit.expected.arrays)
        same_arrays(found.recipe.stored, kit.recipe.stored)
        same_arrays(found.recipe.stored_inputs, kit.recipe.stored_inputs)
        assert found.recipe.weights == kit.recipe.weights
        assert found.recipe.inputs == kit.recipe.inputs
        assert found.config == json.loads(json.dumps(kit.config))
        for field in ("model", "case", "seed", "origin", "meaning", "layers", "summary", "weight_files"):
            assert getattr(found, field) == getattr(kit, field), field
        again = run_setup(found.setup).taps
        same_arrays(again.arrays, run_setup(kit.setup).taps.arrays)


def test_the_files_and_what_the_library_reads(folder: Path, llama: Kit) -> None:
    assert {path.name for path in folder.iterdir()} == FILES
    assert set(load_file(folder / WEIGHTS_FILE)) == set(llama.weights)
    np.testing.assert_array_equal(load_file(folder / INPUTS_FILE)["token_ids"], llama.inputs["token_ids"])
    entries, metadata = read_header(folder / EXPECTED_FILE)
    assert metadata["names"].split("\n") == llama.expected.names()
    assert {entry.dtype for entry in entries.values()} == {"F64"}
    sums = dict(reversed(line.split("  ")) for line in (folder / SUMS).read_text().splitlines())
    assert sums == {name: sha256_of_file(folder / name) for name in FILES - {SUMS}}


def test_the_manifest_says_what_every_name_means(folder: Path, llama: Kit) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    contract = manifest["contract"]
    assert [row["name"] for row in contract["taps"]] == llama.expected.names()
    assert all(row["shape"] == list(llama.expected[row["name"]].shape) for row in contract["taps"])
    assert all(row["meaning"] and row["letters"] for row in contract["inputs"])
    assert EXPECTED_FILE not in manifest["sha256"], "its last bits depend on the machine, the manifest must not"
    floats = [name for name in llama.expected.names() if llama.expected[name].dtype.kind == "f"]
    for precision in ("float32", "bfloat16", "float16"):
        assert list(manifest["tolerances"][precision]) == floats
    assert {row["name"] for row in manifest["recipe"]["weights"]} == set(llama.weights)


def test_upstream_is_what_the_golden_files_are_of() -> None:
    rows = json.loads((GOLDEN / "manifest.json").read_text()).values()
    versions = {name: {row["versions"].get(name, version) for row in rows} for name, version in UPSTREAM.items()}
    commits = {row["upstream_commit"] for row in rows} - {None}
    assert all(commit.startswith(UPSTREAM["tribev2"]) for commit in commits)
    assert {n: {v.partition("+")[0] for v in found} for n, found in versions.items()} == {
        name: {version} for name, version in UPSTREAM.items()
    }


def test_the_same_kit_has_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = written(tmp_path / "again", make_kit("llama"))
    for name in FILES - {EXPECTED_FILE, SUMS}:
        assert (again / name).read_bytes() == (folder / name).read_bytes(), name


def test_a_kit_appears_whole_or_not_at_all(llama: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, text: str) -> str:
        if path.name == MANIFEST:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write_text(path, text)

    monkeypatch.setattr(kit_writing, "write_text", full)
    with pytest.raises(OutputError, match="the disk is full; nothing was written there"):
        write_kits(tmp_path / "kit", {"": llama})
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    write_kits(tmp_path / "kit", {"": llama})
    read_kit(tmp_path / "kit")


def test_files_do_not_depend_on_the_order_in_which_a_model_takes_its_weights(llama: Kit, tmp_path: Path) -> None:
    names = list(read_header(written(tmp_path / "kit", llama) / WEIGHTS_FILE)[0])
    assert names == sorted(names)


def test_tensors_lie_widest_first_and_aligned(tmp_path: Path) -> None:
    arrays = {
        "a": np.zeros(3, np.uint8), "b": np.arange(5.0), "c": np.zeros((2, 3), np.float32), "d": np.zeros((), np.int64)
    }  # fmt: skip
    digest = write_ordered(tmp_path / "x.safetensors", [TensorOut.of(n, a) for n, a in arrays.items()], {"k": "v"})
    entries, metadata = read_header(tmp_path / "x.safetensors")
    assert (list(entries), metadata) == (["b", "d", "c", "a"], {"k": "v"})
    assert all(entry.offset % np.dtype(arrays[name].dtype).itemsize == 0 for name, entry in entries.items())
    assert digest == sha256_of_file(tmp_path / "x.safetensors")
    same_arrays({name: entries[name].read() for name in arrays}, arrays)
    same_arrays({name: load_file(tmp_path / "x.safetensors")[name] for name in arrays}, arrays)


def test_a_kit_without_weights_makes_them(tmp_path: Path) -> None:
    kit = make_kit("encoder", "xpos")
    folder = written(tmp_path / "kit", kit, with_weights=False)
    assert {path.name for path in folder.iterdir()} == (FILES - {WEIGHTS_FILE}) | {"tables.safetensors"}
    found = read_kit(folder)
    same_arrays({name: found.weights[name] for name in kit.weights}, kit.weights)
    same_arrays(run_setup(found.setup).taps.arrays, run_setup(kit.setup).taps.arrays)


def test_a_kit_of_some_layers_is_read_back(llama: Kit, tmp_path: Path) -> None:
    kit = with_expected(only_layers(llama, 1, 2))
    found = read_kit(written(tmp_path / "kit", kit))
    assert found.layers == (1, 2)
    same_arrays(found.inputs, kit.inputs)
    same_arrays(run_setup(found.setup).taps.arrays, run_setup(kit.setup).taps.arrays)
    page = (tmp_path / "kit/README.md").read_text()
    assert "layers 1 to 1" in page
    assert "`stream` (2, 13, 48)" in page


def test_a_kit_of_summaries_is_read_back_and_made_whole(llama: Kit, tmp_path: Path) -> None:
    kit = with_expected(llama, summary=True)
    found = read_kit(written(tmp_path / "kit", kit))
    assert found.summary is not None
    assert kit.summary is not None
    assert found.tap_names() == kit.tap_names() == llama.expected.names()
    for name in found.tap_names():
        assert found.summary[name].as_json() == kit.summary[name].as_json()
        np.testing.assert_array_equal(found.summary[name].sample, kit.summary[name].sample)
    same_arrays(whole_kit(found).expected.arrays, llama.expected.arrays)
    assert "1,024 places" in (tmp_path / "kit/README.md").read_text()
    other = replace(found, weights={**found.weights, "model.norm.weight": found.weights["model.norm.weight"] * 2})
    with pytest.raises(KitError, match=r"computed at llama\.norm\.output is not what the kit holds"):
        whole_kit(other)


def refused(folder: Path) -> str:
    """What reading the kit says, in one line."""
    with pytest.raises(KitError) as caught:
        read_kit(folder)
    line = str(caught.value)
    assert "\n" not in line
    assert str(folder) in line
    return line


def signed_anew(folder: Path, *changed: str) -> None:
    """Makes digests right again after files were edited."""
    manifest = json.loads((folder / MANIFEST).read_text())
    for name in changed:
        if name in manifest["sha256"]:
            manifest["sha256"][name] = sha256_of_file(folder / name)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    sums = [line.split("  ") for line in (folder / SUMS).read_text().splitlines()]
    text = "".join(f"{sha256_of_file(folder / name)}  {name}\n" for _, name in sums if (folder / name).exists())
    (folder / SUMS).write_text(text)


def edited_tensors(folder: Path, name: str, change: Callable[[dict[str, np.ndarray]], Any]) -> str:
    """What reading says of a kit with a tensor file changed, and digests made to fit; the kit is as before then."""
    saved = {path: path.read_bytes() for path in folder.iterdir()}
    entries, metadata = read_header(folder / name)
    arrays = {tensor: entry.read() for tensor, entry in entries.items()}
    change(arrays)
    write_ordered(folder / name, [TensorOut.of(n, a) for n, a in arrays.items()], metadata)
    assert "edited or damaged" in refused(folder)
    signed_anew(folder, name)
    said = refused(folder)
    for path, content in saved.items():
        path.write_bytes(content)
    assert f"{folder / name}: " in said
    return said


def test_tensors_that_are_wrong_are_named(copy: Path) -> None:
    def put(name: str, of: Callable[[np.ndarray], np.ndarray]) -> Callable[[dict[str, np.ndarray]], Any]:
        return lambda arrays: arrays.update({name: of(arrays[name])})

    def with_nan(x: np.ndarray) -> np.ndarray:
        return np.where(np.arange(x.size).reshape(x.shape) == 3, np.nan, x).astype(x.dtype)

    weight, tap = "model.norm.weight", "llama.norm.output"
    for file, name in ((WEIGHTS_FILE, weight), (EXPECTED_FILE, tap), (INPUTS_FILE, "token_ids")):
        without = edited_tensors(copy, file, lambda arrays, name=name: arrays.pop(name))  # type: ignore[misc]
        assert f"lacks '{name}', which manifest.json names" in without
        more = edited_tensors(copy, file, lambda arrays: arrays.update(more=np.zeros(1, np.float32)))
        assert "holds 'more', which manifest.json does not name" in more
        other = edited_tensors(copy, file, put(name, lambda x: x.astype(np.int32)))
        assert f"tensor '{name}' has dtype int32, expected" in other
        assert re.search(
            r"has shape \(1, .* expected .* axes for", edited_tensors(copy, file, put(name, lambda x: x[None]))
        )
        assert "has shape" in edited_tensors(copy, file, put(name, lambda x: x[1:]))
    for file, name in ((WEIGHTS_FILE, weight), (EXPECTED_FILE, tap)):
        assert f"{name} holds NaN" in edited_tensors(copy, file, put(name, with_nan))
    read_kit(copy)


@pytest.mark.parametrize("name", sorted(FILES - {SUMS}))
def test_an_edited_truncated_or_missing_file_is_named(name: str, copy: Path) -> None:
    whole = (copy / name).read_bytes()
    for content in (whole + b" ", whole[:-1], whole[: len(whole) // 2], b"", whole[:9] + b"?" + whole[10:]):
        (copy / name).write_bytes(content)
        assert name in refused(copy)
    (copy / name).unlink()
    assert name in refused(copy)
    (copy / name).mkdir()
    assert name in refused(copy)


def test_a_kit_of_another_version_is_told(copy: Path) -> None:
    manifest = json.loads((copy / MANIFEST).read_text())
    for version in (2, "1", None, 10**400):
        (copy / MANIFEST).write_text(json.dumps({**manifest, "format_version": version}))
        assert re.search(r"a kit of format .*made by tribe_np '0.1.0'; this version reads format 1", refused(copy))
    (copy / MANIFEST).write_text(json.dumps({**manifest, "format": "other"}))
    assert "its format is 'other'" in refused(copy)
    (copy / MANIFEST).write_text("[]")
    assert "expected a JSON object" in refused(copy)


def test_folders_that_are_no_kit(copy: Path, tmp_path: Path) -> None:
    assert "no such folder" in refused(tmp_path / "absent")
    assert "there are kits in it, such as" in refused(tmp_path)
    assert "is a file; expected the folder" in refused(copy / MANIFEST)
    (copy / SUMS).write_text("nonsense\n")
    assert "expected lines of a SHA-256" in refused(copy)
    (copy / SUMS).write_text("")
    assert "has no digest of config.json" in refused(copy)
    (copy / SUMS).write_text(f"{'0' * 64}  ../secret\n")
    assert "expected lines of a SHA-256" in refused(copy)
    (copy / SUMS).unlink()
    assert "SHA256SUMS: is missing" in refused(copy)


ROW = {"model": "llama", "case": "plain", "meaning": "", "origin": "tiny", "seed": "0", "layers": [1, 2]}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("kit", "model"), "other", "a kit of 'other'; known are"),
        (("kit", "model"), [], "a kit of []; known are"),
        (("kit", "origin"), {}, "origin or seed is damaged"),
        (("kit", "case"), 3, "'case' is missing"),
        (("recipe", "inputs"), [1], "must be an object"),
        (("kit", "seed"), "-1", "seed"),
        (("kit", "seed"), str(1 << 64), "seed must lie in"),
        (("kit", "layers"), [0, 99], "must lie within 0:3"),
        (("kit", "layers"), "all", "layers must be two numbers"),
        (("kit",), {**ROW, "layers": [1, 2], "sizes": {}}, "the sizes of the inputs are damaged"),
        (
            ("kit",),
            {**ROW, "layers": [1, 2], "sizes": {"batch": 1, "tokens": "x"}},
            "the sizes of the inputs are damaged",
        ),
        (
            ("kit",),
            {**ROW, "layers": [1, 2], "sizes": {"batch": 1, "tokens": 1 << 40}},
            "larger than any that is meant",
        ),
        (("kit", "sizes"), 3, "sizes"),
        (("recipe", "weights", 0, "kind"), "cosine", "kind"),
        (("recipe", "weights"), {}, "weights"),
        (("contract", "taps", 0, "name"), 3, "has no name"),
        (("contract", "inputs"), None, "inputs"),
        (("recipe",), [], "recipe"),
    ],
)
def test_a_manifest_that_contradicts_itself(path: tuple[Any, ...], value: Any, said: str, copy: Path) -> None:
    manifest = inner = json.loads((copy / MANIFEST).read_text())
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    (copy / MANIFEST).write_text(json.dumps(manifest))
    signed_anew(copy)
    assert said in refused(copy)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(FILES)), where=st.floats(0, 1), flip=st.integers(1, 255), cut=st.booleans())
@example(name=MANIFEST, where=0.0, flip=255, cut=True)
def test_a_flipped_byte_or_a_cut_is_refused_and_nothing_else_happens(
    name: str, where: float, flip: int, cut: bool, folder: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged"
    shutil.rmtree(damaged, ignore_errors=True)
    shutil.copytree(folder, damaged)
    raw = bytearray((damaged / name).read_bytes())
    place = min(int(where * len(raw)), len(raw) - 1)
    raw[place] ^= flip
    (damaged / name).write_bytes(raw[:place] if cut else raw)
    with pytest.raises(KitError):
        read_kit(damaged)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from([WEIGHTS_FILE, INPUTS_FILE, MANIFEST, "config.json"]),
    where=st.floats(0, 0.2),
    flip=st.integers(1, 255),
)
def test_damage_with_digests_that_fit_raises_no_other_error(
    name: str, where: float, flip: int, folder: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged"
    shutil.rmtree(damaged, ignore_errors=True)
    shutil.copytree(folder, damaged)
    raw = bytearray((damaged / name).read_bytes())
    raw[int(where * len(raw))] ^= flip
    (damaged / name).write_bytes(raw)
    with suppress(ValueError, KeyError, TypeError):  # the manifest is none any more
        signed_anew(damaged, name)
    with suppress(TribeError):
        read_kit(damaged)


def test_what_a_persons_weights_are_needed_for_is_told(llama: Kit) -> None:
    kit = replace(llama, weight_files={"model.safetensors": "0" * 64}, weights={})
    with pytest.raises(TribeError, match=r"does not hold the weights of model\.safetensors"):
        _ = kit.setup
