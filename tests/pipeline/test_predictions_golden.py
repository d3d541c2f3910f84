"""The whole pipeline against what tribev2 itself gave, on the same stimuli and the same (random) weights; no torch."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tools.reference.predictions_cases import (
    CASES,
    GOLDEN_SEED,
    Case,
    Models,
    event_rows,
    events_of,
    run_ours,
    segment_rows,
    unpacked,
    write_models,
)
from tools.reference.sentencizer import sentences_as_recorded
from tribe_np.formats.safetensors import read_header
from tribe_np.oracle import relative_error
from tribe_np.timeline.events import Events
from tribe_np.timeline.features import FeatureGrid, window_features

pytestmark = pytest.mark.extras
GOLDEN = Path(__file__).parents[1] / "golden"
FLOOR = 1e-4
FLOAT64_BOUND = 1e-12
RESAMPLED = "predictions_film"  # its 44.1 kHz become 16 kHz in float32 in every mode, here and upstream


@dataclass(frozen=True)
class Golden:
    """A case, what tribev2 gave for it, and our models."""

    case: Case
    about: dict[str, Any]
    arrays: dict[str, np.ndarray]
    models: Models
    folder: Path

    @property
    def events(self) -> Events:
        """tribev2's table."""
        return events_of(self.about["events"], self.folder)

    def stages(self) -> dict[str, np.ndarray]:
        """Features of every window and the predictions, float32."""
        windows = {
            stage: unpacked(self.arrays[f"{stage}/where"], self.arrays[f"{stage}/values"], shape)
            for stage, shape in self.about["shapes"].items()
            if stage != "output"
        }
        return windows | {"output": self.arrays["output"]}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Models]:
    """The models by their length of a window."""
    folder = tmp_path_factory.mktemp("models")
    lengths = {case.duration_trs for case in CASES}
    return {n: write_models(folder / str(n), seed=GOLDEN_SEED, duration_trs=n) for n in sorted(lengths)}


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def golden(request: pytest.FixtureRequest, models: dict[int, Models], tmp_path: Path) -> Golden:
    return load(request.param, models, tmp_path)


def load(case: Case, models: dict[int, Models], folder: Path) -> Golden:
    entries, metadata = read_header(GOLDEN / f"{case.name}.safetensors")
    arrays = {name: np.array(entry.read()) for name, entry in entries.items()}
    if case.kind == "table":
        case.table(folder)
    else:
        case.write(folder, GOLDEN)
    return Golden(case, json.loads(metadata["about"]), arrays, models[case.duration_trs], folder)


def test_the_random_weights_are_those_of_the_dump(golden: Golden) -> None:
    assert golden.models.digests() == golden.about["models"]


def test_events_are_tribev2s_to_the_bit(golden: Golden) -> None:
    if golden.case.kind == "table":
        ours = golden.case.table(golden.folder)
    else:
        path = golden.folder / (golden.case.committed or f"{golden.case.name}.wav")
        with sentences_as_recorded():
            ours = golden.models.ours().get_events(**{f"{golden.case.kind}_path": path})  # type: ignore[arg-type]
    assert event_rows(ours) == event_rows(golden.events)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_features_rows_and_predictions(golden: Golden, precision: str) -> None:
    if golden.case.committed and golden.case.sound:
        make_sound(golden)
    ours, segments = run_ours(golden.models.ours(precision=precision, **golden.case.update), golden.events)
    assert segment_rows(segments) == golden.about["segments"]
    expected = golden.stages()
    assert list(ours) == [*(s for s in golden.about["shapes"] if s != "output"), "output"]
    for stage, values in expected.items():
        assert ours[stage].shape == values.shape, stage
        assert ours[stage].dtype == precision, stage
        bound = max(FLOOR, 3 * golden.about["own_error"][stage])
        assert relative_error(ours[stage], values) <= bound, stage
    if precision == "float64" and golden.case.name != RESAMPLED:
        assert relative_error(ours["output"], golden.arrays["output64"]) <= FLOAT64_BOUND


def make_sound(golden: Golden) -> None:
    """The film's sound where tribev2's table says it is: beside the film."""
    from tribe_np.media.sound.audio import extract_audio

    film = golden.folder / str(golden.case.committed)
    extract_audio(film, film.with_suffix(".wav"))


def test_windows_are_not_slices_of_one_long_grid(models: dict[int, Models], tmp_path: Path) -> None:
    """Timeline from 3.2 s, words across the ends of windows: tribev2's windows are ours, and no slices."""
    golden = load(next(case for case in CASES if case.name == "predictions_overlap"), models, tmp_path)
    windows = golden.stages()["features.text"]
    model = golden.models.ours(**golden.case.update)
    ours, segments = run_ours(model, golden.events)
    assert np.abs(ours["features.text"] - windows).max() < 1e-4
    assert next(segment.start for segment in segments if segment.timeline == "late") == 3.2
    words = list(golden.events.on("late").of_type("Word"))
    for end in (3.2 + 100, 3.2 + 80):
        assert any(word.start < end < word.stop for word in words)
    window = windows[0 if golden.events.timelines()[0] == "late" else 1]  # one window for "early", if it is first
    used = np.flatnonzero(window.any((0, 1))).tolist()
    ones = [FeatureGrid(np.ones((1, 1), np.float32), 0.0, word.start, word.duration) for word in words]
    own = window_features([one for one in ones if one.start < 103.2], 3.2, 100.0, 2.0, (1, 1))
    assert np.flatnonzero(own[0, 0]).tolist() == used
    for origin in (0.0, 3.2):
        grid = window_features(ones, origin, 300.0, 2.0, (1, 1))[0, 0]
        sliced = grid[round(2 * (3.2 - origin)) :][:200]
        assert np.flatnonzero(sliced).tolist() != used
