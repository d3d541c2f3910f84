"""Every record of the catalogue names what is there, and what is there fits: a new model has to pass this."""

import inspect
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from extractors.catalogue import READS, RECORDS, ModelRecord, modalities, record_of, record_of_type
from extractors.common.config import ModelConfig
from extractors.common.costs import Costs, Load
from extractors.common.layer_groups import RELEASED_SELECTION
from extractors.common.model import FolderModel
from tribe_np.errors import ConfigError
from tribe_np.formats.weights import read_folder
from tribe_np.pipeline.costs.estimate import WeightSizes

GIVEN = {  # what the pipeline gives the function that computes features: by place, and by name
    "words": (3, {"selection", "batch_size", "eos_is_padding", "kept", "progress", "report"}),
    "sound": (4, {"selection", "frequency"}),
    "film": (2, {"selection", "final_norm", "prepared"}),
    "pictures": (2, {"selection"}),
}
each_record = pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.modality)


@pytest.fixture
def folder(record: ModelRecord, tmp_path: Path) -> Path:
    """Random weights of the model, as small as in the demo."""
    found: Path = record.write_random(tmp_path, seed=0, **record.demo or {})
    return found


def test_nothing_is_listed_twice() -> None:
    assert modalities() == [record.modality for record in RECORDS]
    for name in ("modality", "package", "default_name"):
        values = [getattr(record, name) for record in RECORDS]
        assert len(set(values)) == len(values), name
    types = [model_type for record in RECORDS for model_type in record.model_types]
    assert len(set(types)) == len(types)


def test_the_list_costs_nothing() -> None:
    code = "import sys, extractors.catalogue\nprint([m for m in sys.modules if m.startswith(('numpy', 'extractors.'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['extractors.catalogue']"


def test_what_is_not_listed() -> None:
    with pytest.raises(ConfigError, match="unknown modality 'smell'; known are text, audio"):
        record_of("smell")
    assert record_of_type("bert") is None


@each_record
def test_a_record_is_found(record: ModelRecord) -> None:
    assert record_of(record.modality) is record
    assert record.model_types
    assert all(record_of_type(model_type) is record for model_type in record.model_types)
    assert record.reads in READS
    assert record.licence
    assert record.paper
    assert record.event_type in ("Word", "Audio", "Video")


@each_record
def test_its_folder_holds_what_it_names(record: ModelRecord, folder: Path) -> None:
    assert issubclass(record.config, ModelConfig)
    assert issubclass(record.model, FolderModel)
    assert isinstance(record.model.from_pretrained(folder).config, record.config)
    assert record.reads != "words" or callable(record.tokenizer.from_pretrained)


@each_record
def test_its_configuration_is_for_its_types_alone(record: ModelRecord, folder: Path) -> None:
    values = json.loads((folder / "config.json").read_text())
    assert values["model_type"] in record.model_types
    for model_type in record.model_types:
        assert record.config.from_dict(values | {"model_type": model_type}).n_layers >= 1
    with pytest.raises(ConfigError, match="model_type"):
        record.config.from_dict(values | {"model_type": "other"})


@each_record
def test_its_features_take_what_the_pipeline_gives(record: ModelRecord) -> None:
    assert set(GIVEN) == set(READS)
    n_places, names = GIVEN[record.reads]
    inspect.signature(record.extract).bind(*range(n_places), **dict.fromkeys(names))


@each_record
def test_it_gives_a_column_per_step(record: ModelRecord, folder: Path) -> None:
    """As the pipeline calls it: pictures come one by one, clips as the model's own `processor` made them, or none."""
    model = record.model.from_pretrained(folder)
    groups = RELEASED_SELECTION.groups(model.config.n_states, subselect=record.averages_tokens)
    given, more = {"selection": RELEASED_SELECTION}, {"final_norm": True, "prepared": True}
    frames = np.random.default_rng(0).integers(0, 256, (4, 72, 96, 3), np.uint8)
    found = []
    if record.reads == "sound":
        found = [(6, record.extract(model, np.sin(np.ones((48000, 2))), 16000, 3.0, **given, frequency=2.0))]
    elif record.reads == "pictures":
        found = [(4, record.extract(model, iter(frames), **given))]
    elif record.reads == "film":
        assert model.config.frames_per_clip > 0
        clip = model.processor.normalize([model.processor.shrink(video_frame) for video_frame in frames])
        found = [(len(clips), record.extract(model, clips, **given, **more)) for clips in ([], [clip])]
    for n_steps, features in found:
        assert features.shape == (len(groups), model.config.model_dim, n_steps)


@each_record
def test_its_costs_answer_every_question(record: ModelRecord, folder: Path) -> None:
    for name in ("work", "flop", "flop_per_second"):
        asked = list(inspect.signature(getattr(Costs, name)).parameters)[1:]
        assert list(inspect.signature(getattr(record.costs, name)).parameters) == asked, name
    assert isinstance(record.costs.AT_ONCE, str)
    assert isinstance(record.costs.UNREAD, tuple)
    config = record.config.from_folder(folder)
    assert 0 < record.costs.work(config, Load(), 4) < record.costs.work(config, Load(), 8)
    one, two = (record.costs.flop(config, Load(n_words=n, seconds=n, n_clips=n)) for n in (1, 2))
    assert 0 < one == two / 2
    numbers = [v for k, v in record.costs.flop_per_second(config, Load(), 2.0).items() if k != "assumed"]
    assert numbers
    assert all(number > 0 for number in numbers)


@each_record
def test_its_weights_are_counted(record: ModelRecord, folder: Path) -> None:
    entries = read_folder(folder)
    sizes = WeightSizes.of(entries, record.costs.UNREAD)
    assert 0 < sizes.layer < sizes.layers
    assert sizes.layers + sizes.rest <= sum(math.prod(entry.shape) for entry in entries.values())


def every_test_of(record: ModelRecord, folder: Path) -> None:
    """The tests above for a made-up model, whose record is in the catalogue for a while."""
    for name, test in globals().items():
        marks = getattr(test, "pytestmark", [])
        if name.startswith("test_") and any(mark.name == "parametrize" for mark in marks):
            takes = test.__code__.co_varnames[: test.__code__.co_argcount]
            test(**{"record": record, "folder": folder} if "folder" in takes else {"record": record})
    test_nothing_is_listed_twice()
