"""Whose brain: average subject, one by name or index, or the one that the events name; and features of one's own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tribe_np import TribeModel
from tribe_np.encoder.random import write_random
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.pipeline.early_checks import check_subject
from tribe_np.pipeline.info import describe
from tribe_np.pipeline.subjects import one_subject, subject_lines, subject_names, subjects_of, whose_brain
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.segments import plan

DIMS = {"text": (2, 5), "audio": (1, 4)}
NAMES = {"sub-01": 0, "sub-02": 1, "sub-03": 2}


def open_model(folder: Path, *, subjects: bool = True, **options: Any) -> TribeModel:
    """A random model of four TRs a window, with three subjects and the average one, or the average one alone."""
    write_random(
        folder, seed=3, feature_dims=DIMS, n_outputs=11, n_output_timesteps=4, heads=6, max_seq_len=8,
        brain={"subject_layers": {"n_subjects": 3 if subjects else 0, "subject_dropout": 0.1}},
        data={"subject_id": {"name": "LabelEncoder", "predefined_mapping": NAMES if subjects else None}},
    )  # fmt: skip
    return TribeModel.from_pretrained(folder, cache_folder=False, device="cpu", **options)


@pytest.fixture
def features(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {m: rng.standard_normal((*dims, 19)).astype(np.float32) for m, dims in DIMS.items()}


def test_own_features_are_cut_into_windows(tmp_path: Path, features: dict[str, np.ndarray]) -> None:
    model = open_model(tmp_path)
    predictions, segments = model.predict_features(features, verbose=False)
    assert predictions.shape == (10, 11), "19 steps of half a second: the tenth row is half a one"
    assert [s.start for s in segments] == list(range(10))
    assert [s.offset for s in segments] == [0, 1, 2, 3] * 2 + [0, 1]
    first = model.encoder({m: x[None, ..., :8] for m, x in features.items()})[0].T
    np.testing.assert_array_equal(predictions[:4], first)
    last = {m: np.concatenate([x[..., 16:], np.zeros((*x.shape[:2], 5), np.float32)], -1) for m, x in features.items()}
    np.testing.assert_array_equal(predictions[8:], model.encoder({m: x[None] for m, x in last.items()})[0].T[:2])
    flat, _ = model.predict_features({"audio": features["audio"][0]}, verbose=False)
    np.testing.assert_array_equal(flat, model.predict_features({"audio": features["audio"]}, verbose=False)[0])


def test_own_features_that_do_not_fit(tmp_path: Path, features: dict[str, np.ndarray]) -> None:
    model = open_model(tmp_path)
    for bad, message in (
        ({}, "must map modalities"),
        ({"audio": np.zeros(3)}, r"\(G, F, T\) or \(F, T\)"),
        ({"audio": features["audio"][..., :5], "text": features["text"]}, "share one number of steps"),
        ({"audio": features["text"]}, "layer groups"),
        ({"smell": features["audio"]}, "unknown smell"),
        ({"audio": np.array([["a"]])}, "array of numbers"),
    ):
        with pytest.raises(ShapeError, match=message):
            model.predict_features(bad, verbose=False)


def test_a_subject_by_name_and_by_index(tmp_path: Path, features: dict[str, np.ndarray]) -> None:
    model = open_model(tmp_path)
    average, _ = model.predict_features(features, verbose=False)
    second, _ = model.predict_features(features, verbose=False, subject="sub-02")
    np.testing.assert_array_equal(second, model.predict_features(features, verbose=False, subject=1)[0])
    np.testing.assert_array_equal(second, model.predict_features(features, verbose=False, subject="1")[0])
    assert not np.array_equal(second, average)
    window = {m: x[None, ..., :8] for m, x in features.items()}
    np.testing.assert_array_equal(second[:4], model.encoder(window, np.array([1]))[0].T)


@pytest.mark.parametrize("subject", ["sub-09", 3, -1, True, 1.5, "٣"])
def test_unknown_subjects_are_refused(tmp_path: Path, features: dict[str, np.ndarray], subject: Any) -> None:
    with pytest.raises(ConfigError, match=r"unknown; give an index from 0 to 2 or one of sub-01, sub-02, sub-03"):
        open_model(tmp_path).predict_features(features, verbose=False, subject=subject)


def test_a_checkpoint_with_the_average_alone_says_so(tmp_path: Path, features: dict[str, np.ndarray]) -> None:
    model = open_model(tmp_path, subjects=False)
    assert "average only" in repr(model)
    with pytest.raises(ConfigError, match="holds the average subject only"):
        model.predict_features(features, verbose=False, subject=0)


def windows(*subjects: str) -> tuple[Any, Events]:
    rows = [Event("Audio", 0.0, 4.0, f"t{number}", name, "x.wav") for number, name in enumerate(subjects)]
    events = Events(rows)
    return plan(events, duration_trs=4), events


def test_each_window_takes_the_subject_of_its_events(tmp_path: Path) -> None:
    model = open_model(tmp_path, config_update={"average_subjects": False})
    assert model.average_subjects is False
    found, events = windows("sub-03", "sub-01")
    assert subjects_of(found, events, model.subjects, model.encoder) == [2, 0]
    assert subjects_of(found, events, {}, model.encoder) == [1, 0], "without names: by rank among those of the events"
    found, events = windows("somebody")
    with pytest.raises(ConfigError, match="events name subject 'somebody'; known are sub-01"):
        model.subjects_of_windows(None, found, events)
    assert model.subjects_of_windows("sub-02", found, events) == [1], "what predict is given comes first"


def test_the_average_is_the_default_and_flags_are_checked(tmp_path: Path) -> None:
    model = open_model(tmp_path)
    found, events = windows("somebody")
    assert model.subjects_of_windows(None, found, events) is None
    with pytest.raises(ConfigError, match="average_subjects must be true or false, got 'no'"):
        open_model(tmp_path, config_update={"average_subjects": "no"})
    with pytest.raises(ConfigError, match=r"unknown key 'dataa\.batch_size'"):
        open_model(tmp_path, config_update={"dataa.batch_size": 4})
    assert open_model(tmp_path, config_update={"remove_empty_segments": False}).remove_empty_segments is False


@pytest.mark.parametrize("mapping", [["a"], {"a": "0"}, {"a": -1}, {"a": True}])
def test_a_mapping_that_is_none(mapping: Any) -> None:
    with pytest.raises(ConfigError, match="predefined_mapping must map names to whole numbers"):
        subject_names({"subject_id": {"predefined_mapping": mapping}})
    assert subject_names({}) == subject_names({"subject_id": {}}) == {}


def test_of_many_names_the_nearest_are_shown(tmp_path: Path) -> None:
    model = open_model(tmp_path)
    many = {f"sub-{number:02d}": number % 3 for number in range(1, 27)}
    with pytest.raises(ConfigError, match="one of 26 names, of which the nearest are sub-03, "):
        one_subject("sub-3", many, model.encoder)
    with pytest.raises(ConfigError, match=r"one of 26 names: sub-01, sub-02, sub-03, sub-04, \.\.\., sub-26"):
        one_subject("Anna", many, model.encoder)


def test_very_many_subjects_are_shown_in_few_lines() -> None:
    rows = [{"index": k, "name": f"Film/{k}", "study": "Film", "is_fitted": k == 199} for k in range(200)]
    lines = subject_lines([*rows, {"index": None, "name": None, "study": None, "is_fitted": False}])
    assert len(lines) == 40
    assert lines[0] == "index  name              study"
    assert lines[37:] == [
        "  ...  164 more: --json",
        "  199  Film/199          Film   fitted",
        "    -  -                 -      the average subject",
    ]
    assert subject_lines([{"index": None, "name": None, "study": None, "is_fitted": False}]) == []


def test_no_average_subject_is_said_before_any_work(tmp_path: Path) -> None:
    layers = {"subject_layers": {"n_subjects": 3, "subject_dropout": None}}
    write_random(tmp_path, seed=3, feature_dims=DIMS, n_outputs=11, n_output_timesteps=4, max_seq_len=8, brain=layers)
    model = TribeModel.from_pretrained(tmp_path, cache_folder=False, device="cpu")
    nobody = {"name": None, "study": None, "is_fitted": False}
    assert describe(tmp_path)["subjects"] == {
        "n_subjects": 3, "has_average": False, "default": "none: --subject must name one", "names": {},
        "table": [{"index": 0, **nobody}, {"index": 1, **nobody}, {"index": 2, **nobody}],
    }  # fmt: skip
    with pytest.raises(ConfigError, match="no average subject; choose one of its 3 subjects with --subject"):
        check_subject(model, None)
    check_subject(model, "2")


def test_a_checkpoint_that_averages_takes_no_subject(tmp_path: Path) -> None:
    layers = {"subject_layers": {"n_subjects": 3, "subject_dropout": 0.1, "average_subjects": True}}
    write_random(tmp_path, seed=3, feature_dims=DIMS, n_outputs=11, n_output_timesteps=4, max_seq_len=8, brain=layers)
    model = TribeModel.from_pretrained(tmp_path, cache_folder=False, device="cpu")
    check_subject(model, None)
    with pytest.raises(ConfigError, match=r"sets subject_layers\.average_subjects"):
        check_subject(model, "1")
    assert describe(tmp_path)["subjects"]["n_subjects"] == 0


def test_who_was_predicted(tmp_path: Path) -> None:
    encoder = open_model(tmp_path).encoder
    assert whose_brain(None, NAMES, encoder, average=True) == {"kind": "average"}
    assert whose_brain(None, NAMES, encoder, average=False) == {"kind": "of the events"}
    assert whose_brain("2", NAMES, encoder, average=True) == {"kind": "one", "index": 2, "name": "sub-03"}
    assert whose_brain(1, {}, encoder, average=True) == {"kind": "one", "index": 1, "name": None}
