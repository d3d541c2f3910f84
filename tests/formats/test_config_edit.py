"""A config.yaml with a value changed: the rest reads as before, tags, anchors and the first line included."""

from typing import Any

import pytest
import yaml

from tribe_np.encoder.random_config import dump_config, experiment_config
from tribe_np.errors import CheckpointError
from tribe_np.formats.config_edit import edited_config
from tribe_np.formats.config_yaml import parse_config_yaml


def parsed(text: str) -> dict[str, Any]:
    return parse_config_yaml(text, origin="config.yaml")


def test_one_value_changes_and_the_tags_of_python_stay() -> None:
    text = "# random weights (seed 3)\n" + dump_config(experiment_config(["text"], {"subject_layers": {"a": 1}}, 10))
    names = {"anna": 0, "Jürgen": 1, "007": 2}
    path = ("data", "subject_id", "predefined_mapping")
    found = edited_config(
        text, {path: names, ("brain_model_config", "subject_layers", "n_subjects"): 3}, origin="config.yaml"
    )
    expected = parsed(text)
    expected["data"]["subject_id"]["predefined_mapping"] = names
    expected["brain_model_config"]["subject_layers"] = {"a": 1, "n_subjects": 3}
    assert parsed(found) == expected
    assert list(parsed(found)) == list(parsed(text))
    assert found.startswith("# random weights (seed 3)\n")
    for tag in ("!!python/tuple", "collections.OrderedDict", "pathlib.PosixPath"):
        assert text.count(tag) == found.count(tag) > 0
    again = edited_config(found, {path: names}, origin="config.yaml")
    assert again == found


def test_what_an_anchor_names_elsewhere_stays() -> None:
    text = "one: &shared\n    a: 1\n    b: [1, 2]\ntwo: *shared\n"
    found = edited_config(text, {("one", "a"): 5}, origin="config.yaml")
    assert yaml.safe_load(found) == {"one": {"a": 5, "b": [1, 2]}, "two": {"a": 1, "b": [1, 2]}}


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("a: 1\n", ("b", "c"), "c.yaml: the section b is missing"),
        ("a: 1\n", ("a", "c"), "c.yaml: expected a mapping with the key c"),
        ("", ("a",), "c.yaml: empty"),
        ("a: !!python/object/apply:os.system [ls]\n", ("a",), "not one that upstream's configs use"),
    ],
)
def test_what_cannot_be_edited(text: str, path: tuple[str, ...], said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        edited_config(text, {path: 1}, origin="c.yaml")
