"""What regions of a model listen to: a planted lag is found where an impulse shows it, numbers are the library's."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.pipeline.mask_case import write_mask_checkpoint
from tribe_np import TribeModel
from tribe_np.analysis import sensitivity
from tribe_np.cortex.parcellations.parcellation import NO_REGION, Parcellation
from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.random import full_brain_config, random_state_dict
from tribe_np.errors import ConfigError
from tribe_np.pipeline import region_sensitivities
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.features.source import stacked
from tribe_np.timeline.events import Events

pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def parcels() -> Parcellation:
    region_of = np.full(20484, NO_REGION)
    region_of[:40], region_of[10300:10330] = 0, 1
    return Parcellation("made", ("one", "two"), region_of)


@pytest.fixture(scope="module")
def made(demo: DemoPaths, tmp_path_factory: pytest.TempPathFactory) -> tuple[TribeModel, Events]:
    model = TribeModel.from_pretrained(
        demo.models / "encoder", models=demo.models, cache_folder=tmp_path_factory.mktemp("cache"), device="cpu",
        precision="float64",
    )  # fmt: skip
    return model, model.get_events(video_path=demo.clip, transcript=demo.transcript)


def planted(model: TribeModel, tap: int) -> TribeModel:
    """A linear model that hears audio alone, (tap - 6) steps later than it would be at its own row."""
    config = full_brain_config({
        "hidden": 6, "linear_baseline": True, "temporal_smoothing": {"kernel_size": 13},
        "subject_layers": {"n_subjects": 0, "subject_dropout": 0.1, "average_subjects": True},
    })  # fmt: skip
    dims = {m: list(x) for m, x in model.encoder.build_args.feature_dims.items() if x is not None}
    build_args = {"feature_dims": dims, "n_outputs": 20484, "n_output_timesteps": 100}
    state = random_state_dict(config, build_args, seed=5)
    state["temporal_smoothing.weight"] = np.zeros_like(state["temporal_smoothing.weight"])
    state["temporal_smoothing.weight"][..., tap] = 1
    for modality in ("text", "video"):
        state[f"projectors.{modality}.weight"] = np.zeros_like(state[f"projectors.{modality}.weight"])
    return replace(model, encoder=FmriEncoder.from_state_dict(config, build_args, state, precision="float64"))


@pytest.mark.parametrize("tap", [4, 6, 7])
def test_a_planted_lag_is_where_an_impulse_shows_it(
    made: tuple[TribeModel, Events], parcels: Parcellation, tap: int
) -> None:
    model, events = planted(made[0], tap), made[1]
    curves = region_sensitivities(model, events, ["two"], parcellation=parcels).curves
    assert curves.modalities[int(curves.strongest()[0])] == "audio"
    table = events.standardized()
    (window,), source = model.windows(table), model.feature_source()
    features = {m: stacked(source.items(m, table), [window], model.data.extractors[m]) for m in curves.modalities}
    before, step = model.activity(features, None)[0, 10300:10330].mean(axis=0), 4
    features["audio"] = features["audio"].astype(np.float64)
    features["audio"][..., step] += 1  # what is heard 2 s after the start
    change = np.abs(model.activity(features, None)[0, 10300:10330].mean(axis=0) - before)
    (row,) = np.flatnonzero(change > 1e-9)
    lag_of_impulse = row * model.data.tr + model.data.hemodynamic_offset - step / model.data.frequency
    heard = curves.lags[np.nan_to_num(curves.scaled["audio"][0]) > 1e-9].tolist()
    assert lag_of_impulse in heard
    assert heard == [5.0 - (tap - 6) / 2 - 0.5, 5.0 - (tap - 6) / 2], "a row is the mean of two steps"
    assert curves.best_lags()["audio"][0] in heard
    assert np.isnan(curves.best_lags()["text"][0])


def test_numbers_are_those_of_the_library(made: tuple[TribeModel, Events], parcels: Parcellation) -> None:
    model, events = made
    found = region_sensitivities(model, events, None, parcellation=parcels, rows=2, check=2)
    assert found.regions.names == ("one", "two")
    assert found.error is not None
    assert found.error < 1e-5
    predictions, segments = model.predict(events, verbose=False)
    n = len(segments)
    rows = sorted(found.predictions)
    assert len(rows) == 2
    assert found.n_passes == 4
    for row in rows:
        expected = [predictions[row, :40].mean(), predictions[row, 10300:10330].mean()]
        np.testing.assert_allclose(found.predictions[row], expected, rtol=1e-9)
    table = events.standardized()
    (window,), source = model.windows(table), model.feature_source()
    features = {m: stacked(source.items(m, table), [window], model.data.extractors[m]) for m in found.curves.modalities}
    one = sensitivity(model.encoder, features, columns=list(range(10300, 10330)), rows=rows)
    held = found.curves.counts > 0
    assert found.curves.lags[held][0] == rows[0] + 5 - (2 * n - 1) / 2, "only steps that are shown"
    for modality in found.curves.modalities:
        lags, slope = one.by_lag(modality, "slope")
        for lag in found.curves.lags[found.curves.counts == 2]:  # of both rows, in both
            mine = found.curves.slope[modality][1, found.curves.lags == lag]
            np.testing.assert_allclose(mine, slope[lags == lag], rtol=1e-8)
    shown = features["audio"][0][..., : 2 * n].reshape(-1, 2 * n)
    assert found.n_constant["audio"] == int((shown.std(axis=1) == 0).sum())


def test_moments_count_a_step_once_though_windows_overlap(
    made: tuple[TribeModel, Events], parcels: Parcellation
) -> None:
    model, events = planted(made[0], 6), made[1]
    whole = region_sensitivities(model, events, ["two"], parcellation=parcels, windows=1)
    overlapping = replace(model, data=replace(model.data, overlap_trs=98))
    assert len(overlapping.windows(events)) > 2
    found = region_sensitivities(overlapping, events, ["two"], parcellation=parcels, windows=1)
    assert found.n_steps == whole.n_steps == 2 * len(whole.segments)
    scaled = [np.nanmax(x.curves.scaled["audio"]) for x in (whole, found)]
    assert scaled[1] == pytest.approx(scaled[0], rel=1e-9), "a linear model: the same derivatives and deviations"


def test_of_a_modality_without_events_nothing_is_said(made: tuple[TribeModel, Events], parcels: Parcellation) -> None:
    events = Events([event for event in made[1] if event.type != "Word"])
    found = region_sensitivities(made[0], events, ["one"], parcellation=parcels, rows=1)
    assert (found.curves.modalities, found.absent) == (("audio", "video"), ("text",))
    assert sum(x[0] for x in found.curves.shares().values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"roi": ["tow"]}, "region 'tow' is not an area of made; near are 'two'"),
        ({"subject": 3}, "holds the average subject only"),
    ],
)
def test_refusals(
    made: tuple[TribeModel, Events], parcels: Parcellation, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        region_sensitivities(made[0], made[1], **{"parcellation": parcels, **options})


def test_voxels_and_float32(demo: DemoPaths, tmp_path: Path, made: tuple[TribeModel, Events]) -> None:
    voxels = TribeModel.from_pretrained(
        write_mask_checkpoint(tmp_path / "encoder", demo, 40), models=demo.models, cache_folder=False, device="cpu"
    )
    with pytest.raises(ConfigError, match="regions lie on the cortical surface, but this checkpoint predicts"):
        region_sensitivities(voxels, made[1])
    single = TribeModel.from_pretrained(demo.models / "encoder", models=demo.models, cache_folder=False, device="cpu")
    whole = Parcellation("made", ("one",), np.zeros(20484, int))
    with pytest.raises(ConfigError, match="float64 only"):
        region_sensitivities(single, made[1], parcellation=whole, check=1)
    assert not [name for name in single.record.seconds if "features" in name]
