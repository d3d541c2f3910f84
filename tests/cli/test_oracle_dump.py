"""tribe-np oracle dump: kits of every origin, and what it refuses."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from extractors.llama.random import write_random as write_llama
from extractors.wav2vec_bert.random import write_random as write_wav2vec_bert
from tests.cli.conftest import Command, refused
from tribe_np.encoder.random import write_random as write_encoder
from tribe_np.formats.safetensors import read_header, write_safetensors
from tribe_np.oracle.kit_models.kit_catalogue import MODELS, kit_model
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit_reading import read_kit


@pytest.fixture
def dump(command_here: Command, tmp_path: Path) -> Command:
    """`tribe-np oracle dump --out tmp_path/kit`; refusals leave nothing behind."""

    def run(*arguments: object, out: str = "kit") -> dict[str, object]:
        done = command_here("oracle", "dump", "--json", "--out", tmp_path / out, *arguments)
        assert done.returncode == 0, done.stderr
        found: dict[str, object] = json.loads(done.stdout)["cases"]
        return found

    return run  # type: ignore[return-value]


def test_a_tiny_kit_and_what_is_said_of_it(command_here: Command, tmp_path: Path) -> None:
    done = command_here("oracle", "dump", "--model", "llama", "--out", tmp_path / "kit")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"{tmp_path / 'kit'}: llama, seed 0"
    assert "taps" in done.stdout
    kit = read_kit(tmp_path / "kit")
    assert (kit.model, kit.case, kit.seed, kit.origin) == ("llama", "plain", 0, "tiny")


def test_all_cases_have_a_folder_each(dump: Command, tmp_path: Path) -> None:
    found = dump("--model", "vjepa2", "--case", "all", "--seed", "18446744073709551615")
    names = [case.name for case in kit_model("vjepa2").cases]
    assert list(found) == names  # type: ignore[call-overload]
    for name in names:
        assert read_kit(tmp_path / "kit" / name).seed == (1 << 64) - 1


SMALL = [model for model in MODELS if model != "llama" and kit_model(model).layers is not None]


@pytest.mark.parametrize("model", SMALL)
def test_layers_of_the_released_model(model: str, dump: Command, tmp_path: Path) -> None:
    dump("--model", model, "--config", "released", "--layers", "1:2")
    kit = read_kit(tmp_path / "kit")
    assert (kit.origin, kit.layers, kit.case) == ("released", (1, 2), "released")
    assert kit.summary is not None
    assert not (tmp_path / "kit/weights.safetensors").exists()


@pytest.mark.oracle
def test_a_released_kit_of_llama(dump: Command, tmp_path: Path) -> None:
    dump("--model", "llama", "--config", "released", "--layers", "27:28", "--taps", "whole")
    kit = read_kit(tmp_path / "kit")
    assert kit.expected.names()[-1] == "llama.norm.output"
    again = run_setup(kit.setup).taps
    for name in again.names():
        np.testing.assert_allclose(again[name], kit.expected[name], rtol=1e-9, atol=1e-9)


def test_a_configuration_of_a_person(dump: Command, tmp_path: Path) -> None:
    own = {**kit_model("llama").tiny, "hidden_size": 32, "num_hidden_layers": 1}
    (tmp_path / "own.json").write_text(json.dumps(own))
    dump("--model", "llama", "--config", tmp_path / "own.json", "--case", "plain")
    kit = read_kit(tmp_path / "kit")
    assert (kit.origin, kit.config["hidden_size"]) == ("config", 32)
    assert kit.expected["llama.norm.output"].shape[-1] == 32


def test_a_model_folder_with_its_own_weights(dump: Command, tmp_path: Path) -> None:
    write_llama(tmp_path / "llama", seed=0)
    dump("--model", "llama", "--config", tmp_path / "llama", out="without")
    dump("--model", "llama", "--config", tmp_path / "llama", "--weights", out="with")
    without, kit = read_kit(tmp_path / "without"), read_kit(tmp_path / "with")
    assert not without.weights
    assert list(kit.weight_files) == ["model.safetensors"]
    assert without.weight_files == kit.weight_files
    entries, _ = read_header(tmp_path / "llama/model.safetensors")
    stored = entries["model.norm.weight"].read(np.float32)
    np.testing.assert_array_equal(kit.weights["model.norm.weight"], stored)
    again = run_setup(kit.setup).taps
    for name in again.names():
        np.testing.assert_allclose(again[name], without.expected[name], rtol=1e-9, atol=1e-12)
    page = (tmp_path / "without/README.md").read_text()
    assert "model.safetensors" in page


def test_folders_of_other_models(dump: Command, tmp_path: Path) -> None:
    write_encoder(tmp_path / "encoder", seed=0, feature_dims={"text": (2, 6), "video": (1, 5)}, n_outputs=11)
    write_wav2vec_bert(tmp_path / "audio", seed=0)
    dump("--model", "encoder", "--config", tmp_path / "encoder", out="folder")
    dump("--model", "encoder", "--config", tmp_path / "encoder/config.yaml", out="file")
    dump("--model", "wav2vec_bert", "--config", tmp_path / "audio", out="audio_kit")
    folder, file = read_kit(tmp_path / "folder"), read_kit(tmp_path / "file")
    assert folder.config == file.config
    assert list(folder.inputs) == ["features.text", "features.video"]
    assert folder.expected.names() == file.expected.names()
    assert folder.expected["encoder.output"].shape == (2, 11, 100)
    assert read_kit(tmp_path / "audio_kit").weight_files


def test_bfloat16_weights_are_widened_exactly(dump: Command, tmp_path: Path) -> None:
    write_llama(tmp_path / "llama", seed=0)
    entries, _ = read_header(tmp_path / "llama/model.safetensors")
    bits = {n: (e.read(np.float32).view(np.uint32) >> 16).astype(np.uint16) for n, e in entries.items()}
    write_safetensors(tmp_path / "llama/model.safetensors", bits, bf16=frozenset(bits))
    dump("--model", "llama", "--config", tmp_path / "llama", "--weights")
    kit = read_kit(tmp_path / "kit")
    norm = kit.weights["model.norm.weight"]
    np.testing.assert_array_equal(norm.view(np.uint32) >> 16, bits["model.norm.weight"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "lama"), "invalid choice: 'lama'"),
        (("--model", "llama", "--seed", "-1"), "whole number from 0 to 2^64 - 1"),
        (("--model", "llama", "--seed", str(1 << 64)), "whole number from 0 to 2^64 - 1"),
        (("--model", "llama", "--layers", "2"), "two numbers such as 0:1"),
        (("--model", "llama", "--layers", "2:1"), "the first the smaller"),
        (("--model", "llama", "--layers", "0:9"), "layers 0:9 must lie within 0:3"),
        (("--model", "llama", "--case", "other"), "llama has no case 'other'; it has plain"),
        (("--model", "llama", "--config", "absent"), "no such file or folder; expected tiny, released"),
        (("--model", "llama", "--config", "released", "--case", "long"), "have one case"),
        ((), "the following arguments are required: --model"),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], said: str, command_here: Command, tmp_path: Path) -> None:
    line = refused(command_here("oracle", "dump", "--out", tmp_path / "kit", *arguments))
    assert said in line
    assert not (tmp_path / "kit").exists()


@pytest.mark.parametrize("model", ["encoder", "pipeline", "llama"])
def test_a_configuration_of_another_model_is_named(model: str, command_here: Command, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"a": 1, "model_type": "other"}')
    line = refused(
        command_here("oracle", "dump", "--model", model, "--config", tmp_path / "other.json", "--out", tmp_path / "kit")
    )
    assert "other.json: " in line
    assert not (tmp_path / "kit").exists()


def test_files_that_are_refused(command_here: Command, tmp_path: Path) -> None:
    def said(model: str, config: Path) -> str:
        line = refused(command_here("oracle", "dump", "--model", model, "--config", config, "--out", tmp_path / "kit"))
        assert not (tmp_path / "kit").exists()
        assert not [path for path in tmp_path.iterdir() if "partial" in path.name]
        return line

    (tmp_path / "a.json").write_text("{")
    assert "a.json: not valid JSON" in said("llama", tmp_path / "a.json")
    (tmp_path / "a.json").write_text("{}")
    assert "model_type must be" in said("llama", tmp_path / "a.json")
    (tmp_path / "config.yaml").write_text("a: 1\n")
    assert "brain_model_config" in said("encoder", tmp_path / "config.yaml")
    (tmp_path / "empty").mkdir()
    assert "config.json" in said("llama", tmp_path / "empty")
    write_llama(tmp_path / "llama", seed=0)
    entries, _ = read_header(tmp_path / "llama/model.safetensors")
    arrays = {name: entry.read() for name, entry in entries.items()}
    without = {name: array for name, array in arrays.items() if name != "model.norm.weight"}
    write_safetensors(tmp_path / "llama/model.safetensors", without)
    assert "norm.weight is missing" in said("llama", tmp_path / "llama")
    arrays["model.norm.weight"] = np.full_like(arrays["model.norm.weight"], np.nan)
    write_safetensors(tmp_path / "llama/model.safetensors", arrays)
    assert "NaN" in said("llama", tmp_path / "llama")


def test_only_what_dump_wrote_is_replaced(command_here: Command, tmp_path: Path) -> None:
    arguments = ("oracle", "dump", "--model", "llama", "--out", tmp_path / "kit")
    for _ in range(2):
        assert command_here(*arguments).returncode == 0
    (tmp_path / "kit/theirs.npz").write_bytes(b"numbers of a port")
    assert "holds other files" in refused(command_here(*arguments))
    shutil.copytree(tmp_path / "kit", tmp_path / "other")
    (tmp_path / "other/.tribe-np.json").unlink()
    assert "holds other files" in refused(command_here(*arguments[:-1], tmp_path / "other"))
    (tmp_path / "own.json").write_text(json.dumps(kit_model("llama").tiny))
    line = refused(command_here(*arguments[:-1], tmp_path, "--config", tmp_path / "own.json"))
    assert "--out" in line
