"""The model in BERG's own registry, on a stand-in for the package with its signatures."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import yaml

import tribe_np.berg
from tests.berg.conftest import vertices_of
from tribe_np.berg import MODEL_IDS, EncodingModel
from tribe_np.errors import CheckpointError, ConfigError, MissingDependencyError
from tribe_np.pipeline.demo import DemoPaths


def test_without_berg_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "berg", None)
    for asked in (lambda: tribe_np.berg.TribeV2Model, tribe_np.berg.register):
        with pytest.raises(MissingDependencyError, match=r"needs berg, .*pip install git\+https://.*BERG"):
            asked()


def test_the_model_is_one_of_bergs(berg: ModuleType) -> None:
    from berg.core.model_registry import MODEL_REGISTRY, get_model_class
    from berg.interfaces.base_model import BaseModelInterface

    assert tribe_np.berg.register() == MODEL_IDS
    assert tribe_np.berg.register() == MODEL_IDS, "again: it is ours already"
    for model_id in MODEL_IDS:
        made = get_model_class(model_id)
        assert made is tribe_np.berg.TribeV2Model
        assert issubclass(made, BaseModelInterface)
        assert issubclass(made, EncodingModel)
        assert not made.__abstractmethods__
        assert made().get_supported_parameters()
        assert "parameters_by_function" in made().describe(), "BERG's"
        card = yaml.safe_load(Path(MODEL_REGISTRY[model_id]["yaml_path"]).read_text())
        assert {"description", "parameters", "input", "output", "references"} <= set(card)


def test_a_model_that_berg_has_is_not_replaced_unasked(berg: ModuleType) -> None:
    from berg.core.model_registry import MODEL_REGISTRY, register_model

    register_model(model_id=MODEL_IDS[0], module_path="berg.models.fmri.dascoli_2026_tribe_v2")
    before = dict(MODEL_REGISTRY)
    with pytest.raises(ConfigError, match=f"BERG has a model {MODEL_IDS[0]} of its own"):
        tribe_np.berg.register()
    assert before == MODEL_REGISTRY
    tribe_np.berg.register(replace=True)
    assert {MODEL_REGISTRY[name]["module_path"] for name in MODEL_IDS} == {"tribe_np.berg"}


@pytest.mark.extras
def test_bergs_own_object_encodes(
    berg: ModuleType, demo: DemoPaths, options: dict[str, Any], annotation: Path, tmp_path: Path
) -> None:
    tribe_np.berg.register()
    toolkit = berg.BERG(str(tmp_path))
    model = toolkit.get_encoding_model(MODEL_IDS[0], selection={"roi": ["V1"]}, **options)
    responses, metadata = toolkit.encode(model, str(demo.clip), return_metadata=True, show_progress=False, speech=False)
    assert responses.shape == (len(model.segments), len(vertices_of("V1")))
    assert metadata["tribe_np"]["selected_vertices"].tolist() == vertices_of("V1")
    assert set(toolkit.get_model_metadata(MODEL_IDS[1], parcellation=annotation)) == {"fmri", "roi", "tribe_np"}
    with model:
        pass
    model.load_model("cpu")
    assert np.array_equal(model.generate_response(demo.clip, False, speech=False), responses)


@pytest.mark.extras
def test_errors_are_bergs(berg: ModuleType, options: dict[str, Any], tmp_path: Path) -> None:
    from berg.core import exceptions

    tribe_np.berg.register()
    toolkit = berg.BERG(str(tmp_path))
    with pytest.raises(exceptions.InvalidParameterError, match="not one of the 180 areas") as caught:
        toolkit.get_encoding_model(MODEL_IDS[0], selection={"roi": ["V9"]}, **options)
    assert isinstance(caught.value.__cause__, ConfigError)
    with pytest.raises(exceptions.ModelLoadError, match="no such folder") as caught:
        toolkit.get_encoding_model(MODEL_IDS[0], **options | {"checkpoint": tmp_path / "gone"})
    assert isinstance(caught.value.__cause__, CheckpointError)
    model = toolkit.get_encoding_model(MODEL_IDS[0], **options)
    with pytest.raises(exceptions.StimulusError, match="no such file"):
        toolkit.encode(model, tmp_path / "gone.mp4")
    with pytest.raises(exceptions.InvalidParameterError, match="exactly one path"):
        toolkit.encode(model, ["a.mp4", "b.mp4"])
