"""Maps of the last units: the predictor's own columns, and what the last hidden state does to each vertex."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tribe_np.encoder.random import write_random
from tribe_np.errors import ConfigError, OutputError
from tribe_np.formats.checkpoint import open_checkpoint
from tribe_np.pipeline.unit_maps import unit_maps

V = 2 * 642  # fsaverage3
C, D = 8, 192


def checkpoint(folder: Path, *, n_outputs: int = V, subjects: int = 0, **more: Any) -> Path:
    layers = {"subject_layers": {"n_subjects": subjects, "average_subjects": subjects == 0}}
    write_random(
        folder, seed=5, feature_dims={"text": (1, 4)}, n_outputs=n_outputs, n_output_timesteps=4,
        data={"neuro": {"projection": {"mesh": "fsaverage3"}}},
        **{"low_rank_head": C, "max_seq_len": 8, "depth": 1, "brain": layers, **more},
    )  # fmt: skip
    return folder


def stored(folder: Path, part: str, name: str) -> np.ndarray:
    weights = open_checkpoint(folder).weights.at(part)
    return np.asarray(weights.take(name, weights.shape(name)))


def test_head_units_are_the_predictors_columns(tmp_path: Path) -> None:
    made = unit_maps(checkpoint(tmp_path))
    np.testing.assert_array_equal(made.series.values, stored(tmp_path, "predictor", "weights")[0])
    assert (made.series.values.shape, made.series.mesh, made.subject) == ((C, V), "fsaverage3", {"kind": "average"})
    assert made.series.run["random_weights"] == ["encoder"]


def test_hidden_units_are_what_one_channel_does_through_the_head(tmp_path: Path) -> None:
    made = unit_maps(checkpoint(tmp_path), units="hidden")
    head, predictor = stored(tmp_path, "low_rank_head", "weight"), stored(tmp_path, "predictor", "weights")[0]
    one = np.zeros(D, np.float32)
    one[17] = 1
    np.testing.assert_allclose(made.series.values[17], (head @ one) @ predictor, rtol=1e-4, atol=1e-6)
    assert made.series.values.shape == (D, V)


def test_without_a_low_rank_head_the_two_are_one(tmp_path: Path) -> None:
    checkpoint(tmp_path, low_rank_head=None)
    head, hidden = (unit_maps(tmp_path, units=units).series.values for units in ("head", "hidden"))
    np.testing.assert_array_equal(head, hidden)
    assert head.shape == (D, V)


def test_the_maps_of_one_subject(tmp_path: Path) -> None:
    checkpoint(tmp_path, subjects=3)
    rows = stored(tmp_path, "predictor", "weights")
    np.testing.assert_array_equal(unit_maps(tmp_path, subject=1).series.values, rows[1])
    np.testing.assert_array_equal(unit_maps(tmp_path).series.values, rows[3])
    with pytest.raises(ConfigError, match="subject '7' is unknown; give an index from 0 to 2"):
        unit_maps(tmp_path, subject="7")


def test_what_has_no_unit_maps(tmp_path: Path) -> None:
    checkpoint(tmp_path / "a")
    with pytest.raises(ConfigError, match="known are head, hidden"):
        unit_maps(tmp_path / "a", units="tail")
    with pytest.raises(ConfigError, match="holds the average subject only"):
        unit_maps(tmp_path / "a", subject=0)
    checkpoint(tmp_path / "b", n_outputs=50)
    with pytest.raises(OutputError):
        unit_maps(tmp_path / "b")
