"""The public names: lazy, complete, and with the signatures that outside checks rely on."""

import inspect
from importlib.metadata import version
from typing import Any

import pytest

import extractors
import tribe_np
import tribe_np.analysis
import tribe_np.cortex
import tribe_np.outputs
import tribe_np.pipeline
import tribe_np.plots
from extractors.common.model import FolderModel

ROOMS = {
    "experiment": tribe_np.pipeline, "fit": tribe_np.pipeline, "contrast": tribe_np.analysis,
    "compare": tribe_np.analysis,
    "resample": tribe_np.cortex, "project": tribe_np.cortex, "roi": tribe_np.cortex, "export": tribe_np.outputs,
    "plot": tribe_np.plots, "film": tribe_np.plots, "page": tribe_np.plots,
}  # fmt: skip


@pytest.mark.parametrize("package", [tribe_np, extractors, *dict.fromkeys(ROOMS.values())])
def test_every_public_name_loads_and_is_listed(package: Any) -> None:
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing


def test_names_of_the_contract() -> None:
    assert {"TribeModel", "FmriEncoder", "trace"} <= set(tribe_np.__all__)
    assert set(extractors.__all__) == {"LlamaModel", "Wav2VecBertModel", "VJepa2Model", "DinoV2Model"}


@pytest.mark.parametrize("command", ROOMS)
def test_a_command_is_a_function_of_its_room(command: str) -> None:
    assert getattr(ROOMS[command], command).__name__ == command
    assert command in ROOMS[command].__all__


def test_version_is_the_installed_one() -> None:
    assert tribe_np.__version__ == version("tribe_np")


def parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_tribe_model_keeps_upstreams_signature() -> None:
    upstream = ["checkpoint_dir", "checkpoint_name", "cache_folder", "device", "config_update"]
    ours = parameters(tribe_np.TribeModel.from_pretrained)
    assert ours[: len(upstream)] == upstream
    assert {"precision", "selection", "models", "compat"} <= set(ours)
    paths = ["self", "text_path", "audio_path", "video_path"]
    assert parameters(tribe_np.TribeModel.get_events)[:4] == paths
    assert parameters(tribe_np.TribeModel.predict)[:3] == ["self", "events", "verbose"]


@pytest.mark.parametrize("name", extractors.__all__)
def test_extractors_share_one_way_in(name: str) -> None:
    model = getattr(extractors, name)
    ours = parameters(model.from_pretrained)
    assert ours[0] == "folder"
    assert {"precision", "device"} <= set(ours)
    assert "hidden_states" in dir(model)
    assert model.from_pretrained.__func__ is FolderModel.from_pretrained.__func__


def test_the_encoder_has_two_ways_in() -> None:
    assert parameters(tribe_np.FmriEncoder.from_pretrained)[0] == "folder"
    assert parameters(tribe_np.FmriEncoder.from_state_dict)[:3] == ["config", "build_args", "state_dict"]
