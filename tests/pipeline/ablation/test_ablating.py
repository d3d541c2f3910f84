"""`ablate`: a modality that a checkpoint does not use contributes nothing; truth is read before any feature is made."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.pipeline.mask_case import write_mask_checkpoint
from tribe_np import TribeModel
from tribe_np.analysis.contributions.subset_values import Subset
from tribe_np.analysis.evaluation.truth_rows import TruthRun
from tribe_np.analysis.evaluation.truth_runs import TruthTimes
from tribe_np.cortex.voxel_series import VoxelSeries
from tribe_np.errors import ConfigError, MeasurementError
from tribe_np.pipeline import ablate
from tribe_np.pipeline.ablation.ablating import checked_absences
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.model_columns import columns_of
from tribe_np.timeline.events import Events

THREE = ("text", "audio", "video")


@pytest.fixture(scope="module")
def made(demo: DemoPaths, tmp_path_factory: pytest.TempPathFactory) -> tuple[TribeModel, Events]:
    model = TribeModel.from_pretrained(
        demo.models / "encoder", models=demo.models, cache_folder=tmp_path_factory.mktemp("cache"), device="cpu"
    )
    return model, model.get_events(video_path=demo.clip, transcript=demo.transcript)


def blind(model: TribeModel, *, keeps_bias: bool) -> TribeModel:
    """The model with a projector of video that passes nothing on, but perhaps its bias."""
    encoder = model.encoder
    projector = encoder.projectors["video"]
    last = projector.layer.last  # type: ignore[union-attr]
    bias = last.bias if keeps_bias else np.zeros_like(last.bias)
    deaf = replace(last, weight=np.zeros_like(last.weight), bias=bias)
    projectors = {**encoder.projectors, "video": replace(projector, layer=replace(projector.layer, last=deaf))}
    return replace(model, encoder=replace(encoder, projectors=projectors))


@pytest.mark.extras
def test_a_modality_that_is_not_used_contributes_nothing(made: tuple[TribeModel, Events]) -> None:
    model, events = made
    maps = ablate(blind(model, keeps_bias=False), events, ["absent", "zeroed"])
    for absence in ("absent", "zeroed"):
        found = maps[absence]
        for kind in ("lost", "alone", "shapley"):
            assert not getattr(found, kind)["video"].any() or getattr(found, kind)["video"].max() < 1e-12
            assert min(getattr(found, kind)[m].mean() for m in ("text", "audio")) > 0.01
        assert set(np.unique(found.strongest)) == {0, 1}


@pytest.mark.extras
def test_a_bias_alone_is_a_contribution_to_what_is_absent_and_none_to_what_is_zeroed(
    made: tuple[TribeModel, Events],
) -> None:
    model, events = made
    maps = ablate(blind(model, keeps_bias=True), events, ["absent", "zeroed"])
    assert maps["zeroed"].shapley["video"].max() < 1e-12
    assert maps["absent"].shapley["video"].mean() > 1e-4


@pytest.mark.extras
def test_it_is_the_prediction_that_is_shared_out(made: tuple[TribeModel, Events]) -> None:
    model, events = made
    maps = ablate(model, events)["absent"]
    predictions, _ = model.predict(events, verbose=False)
    assert (maps.n_rows, maps.n_vertices) == predictions.shape
    assert maps.gap < 1e-6
    np.testing.assert_allclose(sum(maps.share.values()), 1, rtol=1e-9)
    assert maps.truth is None


@pytest.mark.extras
def test_truth_that_is_the_prediction_has_an_r_of_one(made: tuple[TribeModel, Events]) -> None:
    model, events = made
    predictions, segments = model.predict(events, verbose=False)
    assert len(segments) >= 4
    scan = np.concatenate([np.full((5, predictions.shape[1]), -1, np.float32), predictions])
    found = ablate(model, events, truth=scan, times=TruthTimes(tr=1.0))["absent"].truth
    assert found is not None
    np.testing.assert_allclose(found.r[Subset(THREE)], 1, atol=1e-6)
    assert found.dropped == (0, 5)
    assert any("rows are few for a correlation" in text for text in model.record.warnings)


@pytest.mark.extras
def test_truth_is_refused_before_any_feature_is_made(demo: DemoPaths, made: tuple[TribeModel, Events]) -> None:
    model = TribeModel.from_pretrained(demo.models / "encoder", models=demo.models, cache_folder=False, device="cpu")
    with pytest.raises(MeasurementError, match="expected rows of the 20484 vertices of fsaverage5"):
        ablate(model, made[1], truth=np.zeros((20, 7), np.float32), times=TruthTimes(tr=1.0))
    run = TruthRun("s", "r", np.zeros((20, 20484), np.float32), 1.0, start=500)
    with pytest.raises(MeasurementError, match="the two have no row in common"):
        ablate(model, made[1], truth=run)
    assert not [name for name in model.record.seconds if "features" in name]


@pytest.mark.extras
def test_voxels_have_contributions_and_no_truth(
    demo: DemoPaths, tmp_path: Path, made: tuple[TribeModel, Events]
) -> None:
    checkpoint = write_mask_checkpoint(tmp_path / "encoder", demo, 40)
    model = TribeModel.from_pretrained(checkpoint, models=demo.models, cache_folder=False, device="cpu")
    assert isinstance(columns_of(model), VoxelSeries)
    assert ablate(model, made[1], subject="sub-03")["absent"].n_vertices == 40
    with pytest.raises(ConfigError, match="truth is of a cortical surface; this checkpoint has 40 voxels"):
        ablate(model, made[1], truth=np.zeros((20, 40), np.float32))


def test_ways_are_checked() -> None:
    assert checked_absences(["zeroed", "absent", "zeroed"]) == ("zeroed", "absent")
    with pytest.raises(ConfigError, match="absent or zeroed, not 'zero'; did you mean zeroed"):
        checked_absences(["zero"])
    with pytest.raises(ConfigError, match="say how a modality is taken away: absent or zeroed"):
        checked_absences([])
