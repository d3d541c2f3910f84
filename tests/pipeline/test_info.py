"""What `tribe-np info` tells about costs: layer groups, memory per mode, arithmetic."""

import json
from pathlib import Path

import pytest
import yaml

from extractors.llama.config import LlamaConfig
from extractors.llama.costs import speech_second
from extractors.llama.random import write_random as write_llama
from extractors.wav2vec_bert.random import write_random as write_audio
from tribe_np.cli.main import main
from tribe_np.encoder.random import write_random as write_encoder
from tribe_np.errors import CheckpointError
from tribe_np.formats.checkpoint import read_checkpoint_config
from tribe_np.pipeline.costs.info_costs import span
from tribe_np.pipeline.info import as_lines, describe


@pytest.fixture
def text(tmp_path: Path) -> Path:
    return write_llama(tmp_path / "text", seed=0, n_layers=8)


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    folder = tmp_path / "encoder"
    write_encoder(folder, seed=0, feature_dims={"text": (3, 64), "audio": (2, 64)}, n_outputs=7)
    config = read_checkpoint_config(folder)
    config["data"]["layers_to_use"] = [0.0, 0.5, 0.75, 1.0]
    for modality in ("text", "audio"):
        config["data"][f"{modality}_feature"]["cache_n_layers"] = 5
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


def test_groups_of_the_released_selection(text: Path) -> None:
    groups = describe(text)["layer_groups"]
    assert groups["from"] == "the released selection"
    assert groups["hidden_states"] == {"group 0": "4, 5", "group 1": "6 to 8"}


def test_groups_of_a_checkpoint(text: Path, encoder: Path, tmp_path: Path) -> None:
    audio = write_audio(tmp_path / "audio", seed=0, n_layers=8)
    groups = describe(text, encoder)["layer_groups"]
    assert groups["from"] == "the checkpoint"
    assert groups["layers"] == [0.0, 0.5, 0.75, 1.0]
    assert groups["hidden_states"] == {"group 0": "0, 2", "group 1": "4", "group 2": "6, 8"}  # 5 of 9 states are kept
    assert describe(audio, encoder)["layer_groups"]["hidden_states"] == {
        "group 0": "0 to 3", "group 1": "4, 5", "group 2": "6 to 8",  # sound keeps all states
    }  # fmt: skip


def test_spans_for_people() -> None:
    assert [span(members) for members in ([3], [3, 4], [3, 4, 5], [0, 2, 4])] == ["3", "3, 4", "3 to 5", "0, 2, 4"]


def test_memory_and_arithmetic_of_an_extractor(text: Path) -> None:
    told = describe(text)
    memory, arithmetic = told["memory_estimate"], told["flop_per_second_of_stimulus"]
    layer = sum(size for name, size in _sizes(text).items() if name.startswith("model.layers.0."))
    assert memory["resident"] - memory["streamed"] == 7 * layer * 4  # eight of the same size, but for one
    assert arithmetic["first 1025 words"] == speech_second(LlamaConfig.from_folder(text), shared=True)
    assert "2.5 words a second" in arithmetic["assumed"]


def _sizes(folder: Path) -> dict[str, int]:
    """Numbers of each bfloat16 tensor, from the header alone."""
    raw = (folder / "model.safetensors").read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    return {n: (v["data_offsets"][1] - v["data_offsets"][0]) // 2 for n, v in header.items() if n != "__metadata__"}


def test_the_encoder_and_lines_for_people(encoder: Path) -> None:
    told = describe(encoder)
    assert told["memory_estimate"]["resident"] > 120_000_000
    lines = as_lines({**told, "flop_per_second_of_stimulus": {"film": 6.34e13}, "memory_estimate": {"resident": 2**31}})
    assert "  film: 6.34e+04 GFLOP" in lines
    assert "  resident: about 2.1 GB" in lines


def test_a_kind_that_is_not_known_and_a_bad_checkpoint(text: Path, tmp_path: Path) -> None:
    config = json.loads((text / "config.json").read_text())
    (text / "config.json").write_text(json.dumps(config | {"model_type": "other"}))
    assert "layer_groups" not in describe(text)
    (text / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=r"config\.yaml"):
        describe(text, tmp_path)


def test_the_command(text: Path, encoder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(text), "--for", str(encoder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(describe(text, encoder)))
    assert main(["info", str(text), "--for", str(encoder)]) == 0
    assert "    group 0: 0, 2" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    "text_of_file", ["{}", '{"feature_dims": {"text": 3}, "n_outputs": 7, "n_output_timesteps": 5}']
)
def test_malformed_build_args_are_one_line(
    encoder: Path, text_of_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (encoder / "build_args.json").write_text(text_of_file)
    assert main(["info", str(encoder)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tribe-np: error: ")


def test_only_arithmetic_is_shown_as_such() -> None:
    told = {"config": {"rope_theta": 5e6}, "flop_per_second_of_stimulus": {"sound": 1000.0, "assumed": "x"}}
    lines = as_lines(told)
    assert "  rope_theta: 5000000.0" in lines
    assert "  sound: 1e-06 GFLOP" in lines


def test_a_model_by_its_name(text: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text.rename(text.parent / "Llama-3.2-3B")
    for options in (["--models", str(text.parent)], []):
        monkeypatch.setenv("TRIBE_NP_MODELS", "" if options else str(text.parent))
        assert main(["info", "meta-llama/Llama-3.2-3B", *options]) == 0
        assert "kind: extractor (llama)" in capsys.readouterr().out.splitlines()
    monkeypatch.delenv("TRIBE_NP_MODELS")
    assert main(["info", "meta-llama/Llama-3.2-3B"]) == 2
    assert "no such folder" in capsys.readouterr().err
