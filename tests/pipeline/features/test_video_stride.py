"""video_stride over a real film: exact where it says so, a straight line between, labelled, cached apart."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.media.film.video_samples import make_video
from tribe_np.errors import ConfigError
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.timeline.events import Event, Events

pytestmark = pytest.mark.extras
Load = Callable[[int], TribeModel]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("film") / "a.mp4", n_frames=190)


@pytest.fixture
def load(demo: DemoPaths, tmp_path: Path) -> Load:
    return lambda stride: TribeModel.from_pretrained(
        demo.models / "encoder", models=demo.models, cache_folder=tmp_path / "cache", device="cpu",
        config_update={"tribe_np.video_stride": stride},
    )  # fmt: skip


def chunk(film: Path, duration: float, *, start: float = 0.0, offset: float = 0.0) -> Event:
    return Event("Video", start, duration, timeline="t", filepath=str(film), offset=offset, frequency=25.0)


def features(model: TribeModel, *rows: Event) -> np.ndarray:
    return model.extract_features(Events(rows))["video"]


def entries(model: TribeModel) -> set[str]:
    return {entry["path"] for entry in model.record.facts["cache_entries"]}


@pytest.mark.parametrize(("stride", "left_out"), [(2, [8, 10, 12]), (4, [8, 9, 10, 12, 13])])
def test_computed_bins_are_exact_and_the_others_lie_between(
    load: Load, film: Path, stride: int, left_out: list[int]
) -> None:
    exact_model, model = load(1), load(stride)
    exact, near = features(exact_model, chunk(film, 7.5)), features(model, chunk(film, 7.5))
    assert exact.shape == near.shape == (1, 48, 15)
    kept = [b for b in range(15) if b not in left_out]
    assert near[..., kept].tobytes() == exact[..., kept].tobytes()
    for b in left_out:
        left, right = max(k for k in kept if k < b), min(k for k in kept if k > b)
        expected = exact[..., left] * ((right - b) / (right - left)) + exact[..., right] * ((b - left) / (right - left))
        np.testing.assert_allclose(near[..., b], expected, rtol=1e-5, atol=1e-6)
        assert np.abs(near[..., b] - exact[..., b]).max() > 0
    assert not any("approximation" in warning for warning in exact_model.record.warnings)
    (warning,) = [w for w in model.record.warnings if "approximation" in w]
    assert f"every {'2nd' if stride == 2 else '4th'} bin" in warning
    assert not entries(model) & entries(exact_model)


def test_a_chunk_depends_on_itself_alone(load: Load, film: Path) -> None:
    model = load(4)
    both = features(model, chunk(film, 2.0), chunk(film, 5.5, start=2.0, offset=2.0))
    alone = features(model, chunk(film, 5.5, start=2.0, offset=2.0))
    assert both[..., 4:].tobytes() == alone.tobytes()


def test_a_chunk_too_short_to_leave_anything_out_is_the_exact_one(load: Load, film: Path) -> None:
    exact_model, model = load(1), load(2)
    assert features(model, chunk(film, 4.0)).tobytes() == features(exact_model, chunk(film, 4.0)).tobytes()
    assert entries(model) == entries(exact_model)
    assert not any("approximation" in warning for warning in model.record.warnings)


@pytest.mark.parametrize("value", [0, 3, 8, -1, True, 2.0, "2", None])
def test_other_strides_are_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="options: video_stride must be 1, 2 or 4, got"):
        PipelineConfig.from_dict({"video_stride": value})
