"""The formulas on the pages of kits, run: they give what the kits expect at every tap."""

import re

import numpy as np
import pytest

from tests.oracle.page_formulas import PAGES, Page
from tests.oracle.pipeline_page import (
    film_frames,
    film_times,
    grouped_mean,
    layer_groups,
    shrunk,
    sound_stages,
    steps_covered,
)
from tribe_np.oracle.kits.kit import Kit, make_kit

TABLES_ERROR = 1e-6  # of tables that upstream rounds to float32


def off(ours: np.ndarray, expected: np.ndarray) -> float:
    """The largest error over the root mean square; infinite for other shapes or other places of -infinity."""
    finite = np.isfinite(expected)
    if ours.shape != expected.shape or not np.array_equal(np.isfinite(ours), finite):
        return float("inf")
    rms = float(np.sqrt(np.mean(np.square(expected[finite], dtype=np.float64)))) or 1.0
    return float(np.max(np.abs(ours[finite].astype(np.float64) - expected[finite]), initial=0.0)) / rms


@pytest.mark.parametrize("model", PAGES)
def test_the_page_of_a_model_gives_every_tap(model: str) -> None:
    kit = make_kit(model)
    table = next((kit.expected[name] for name in kit.expected.names() if name.endswith(".inv_freq")), None)
    page = Page({**kit.config, "_inv_freq": table}, kit.weights, kit.inputs)
    PAGES[model](page)
    assert set(page.taps) == set(kit.expected.names())
    for name, array in page.taps.items():
        assert off(array, kit.expected[name]) < (TABLES_ERROR if name.endswith(".inv_freq") else 1e-11), name


@pytest.fixture(scope="module", params=["plain", "chunks", "odd_mel", "film_ends_early", "film_starts_late"])
def kit(request: pytest.FixtureRequest) -> Kit:
    """A kit of the pipeline."""
    return make_kit("pipeline", request.param)


def rows_of(kit: Kit, modality: str) -> list[list[float]]:
    """Start, duration and offset of each chunk."""
    name = f"pipeline.{modality}.events"
    return kit.expected[name].tolist() if name in kit.expected else []


def row_named(kit: Kit, kind: str) -> dict[str, float]:
    """The row of a sound or film."""
    found: dict[str, float] = next(row for row in kit.config["stimulus"]["events"] if row["type"] == kind)
    return found


def test_the_page_of_the_pipeline_gives_what_the_sound_model_hears(kit: Kit) -> None:
    for i, (_, duration, offset) in enumerate(rows_of(kit, "audio")):
        rate, padding = int(row_named(kit, "Audio")["frequency"]), kit.config["audio_processor"]["padding_value"]
        at = f"pipeline.audio.{i}."
        table = kit.expected.arrays.get(f"{at}filters")
        found = sound_stages(rate, kit.inputs["sound"], duration, offset, padding, table)
        if table is not None:  # rounded to float32 at every step, mostly near 0
            assert float(np.max(np.abs(found.pop("filters") - table))) < 2e-5
        for name, array in found.items():
            assert off(array, kit.expected[f"{at}{name}"]) < 1e-9, name


def test_the_page_of_the_pipeline_gives_what_the_film_model_sees(kit: Kit) -> None:
    rows = rows_of(kit, "video")
    for i, (_, duration, offset) in enumerate(rows):
        settings, rate = kit.config["data"]["video_feature"], row_named(kit, "Video")["frequency"]
        times = film_times(duration, offset, settings["num_frames"], settings["clip_duration"])
        assert off(times, kit.expected[f"pipeline.video.{i}.times"]) < 1e-12
        numbers = film_frames(times, rate, len(kit.inputs["film"]))
        for y, shown in enumerate(numbers):
            np.testing.assert_array_equal(shown, kit.expected[f"pipeline.video.{i}.{y}.frame_numbers"])
        clip = np.stack([shrunk(kit.inputs["film"][n], 16) for n in numbers[0]])
        np.testing.assert_array_equal(clip, kit.expected[f"pipeline.video.{i}.0.shrunk"])
        mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
        pixels = ((clip - 255 * mean) / (255 * std)).transpose(0, 3, 1, 2)
        assert off(pixels, kit.expected[f"pipeline.video.{i}.0.pixels"]) < TABLES_ERROR


@pytest.mark.parametrize("case", ["plain", "cached_layers"])
def test_the_page_of_the_pipeline_gives_layer_groups(case: str) -> None:
    kit = make_kit("pipeline", case)
    data, taps = kit.config["data"], kit.expected
    for modality, cached, axis in (
        ("text", data["text_feature"]["cache_n_layers"], 0),
        ("audio", None, 1),
        ("video", data["video_feature"]["image"]["cache_n_layers"], 0),
    ):
        at = f"pipeline.{modality}.0." + ("0." if modality == "video" else "")
        n_states = kit.config[modality]["num_hidden_layers"] + 1
        groups = layer_groups(n_states, data["layers_to_use"], cached)
        states = {
            int(m[1]): taps[m[0]]
            for n in taps.names()
            if (m := re.fullmatch(re.escape(at) + r"states\.(\d+)\.pooled", n))
        }
        assert set(states) == {number for group in groups for number in group}
        found = grouped_mean(states, groups)
        assert off(found.transpose(0, 2, 1) if axis else found, taps[at + "features"]) < 1e-12


@pytest.mark.parametrize("case", ["plain", "overlapping_words", "late_word", "overlapping_windows", "chunks"])
def test_the_page_of_the_pipeline_lays_events_on_the_grid(case: str) -> None:
    kit = make_kit("pipeline", case)
    for name in (n for n in kit.expected.names() if n.endswith(".span") and ".plan." in n):
        i = name.split(".")[2]
        window = tuple(kit.expected[name].tolist())
        for modality in ("text", "audio", "video"):
            spans = [steps_covered(window, (start, duration)) for start, duration, _ in rows_of(kit, modality)]
            found = [list(span) for span in spans if span is not None]
            pattern = re.compile(rf"pipeline\.windows\.{i}\.features\.{modality}\.\d+\.steps")
            expected = [kit.expected[n].tolist() for n in kit.expected.names() if pattern.fullmatch(n)]
            assert found == expected, (name, modality)
