"""What is predicted of each subset of modalities: absent is what `--only` does, zeroed keeps the projectors' bias."""

import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tribe_np
from tribe_np import TribeModel
from tribe_np.analysis.contributions.subset_values import subsets_of
from tribe_np.errors import ConfigError, NotFiniteError
from tribe_np.pipeline import ablate
from tribe_np.pipeline.ablation.subset_predictions import (
    ABSENCES,
    ABSENT,
    ZEROED,
    AblatedModel,
    ready_to_ablate,
    subset_activity,
)
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.progress import Silent
from tribe_np.timeline.events import Events

THREE = ("text", "audio", "video")


@pytest.fixture(scope="module")
def made(demo: DemoPaths, tmp_path_factory: pytest.TempPathFactory) -> tuple[TribeModel, Events, AblatedModel]:
    model = model_of(demo, tmp_path_factory.mktemp("cache"))
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    return model, events, ready_to_ablate(model, events, list(ABSENCES), Silent())


def model_of(demo: DemoPaths, cache: Path, *only: str) -> TribeModel:
    update = {"tribe_np.only": list(only)} if only else None
    return TribeModel.from_pretrained(
        demo.models / "encoder", models=demo.models, cache_folder=cache, device="cpu", config_update=update
    )


def rows_of(ablated: AblatedModel, absence: str) -> dict[frozenset[str], np.ndarray]:
    blocks = [each.predictions for each in ablated.blocks([absence], Silent())]
    return {subset: np.concatenate([block[subset] for block in blocks]) for subset in blocks[0]}


@pytest.mark.extras
def test_the_full_subset_is_what_predict_gives(made: tuple[TribeModel, Events, AblatedModel]) -> None:
    model, events, ablated = made
    predictions, segments = model.predict(events, verbose=False)
    assert ablated.modalities == THREE
    assert ablated.segments == segments
    for absence in ABSENCES:
        np.testing.assert_array_equal(rows_of(ablated, absence)[frozenset(THREE)], predictions)


@pytest.mark.extras
@pytest.mark.parametrize("only", [("text",), ("audio",), ("video",), ("text", "video")])
def test_absent_is_what_only_gives(
    demo: DemoPaths, made: tuple[TribeModel, Events, AblatedModel], only: tuple[str, ...]
) -> None:
    model, _, ablated = made
    alone = model_of(demo, Path(str(model.space.cache.folder)).parent, *only)
    events = alone.get_events(video_path=demo.clip, transcript=demo.transcript)
    predictions, segments = alone.predict(events, verbose=False)
    expected = {segment.start: row for segment, row in zip(segments, predictions, strict=True)}
    rows = rows_of(ablated, ABSENT)[frozenset(only)]
    shared = [k for k, segment in enumerate(ablated.segments) if segment.start in expected]
    assert len(shared) >= 4
    np.testing.assert_array_equal(rows[shared], [expected[ablated.segments[k].start] for k in shared])


@pytest.mark.extras
def test_absent_is_nothing_and_zeroed_is_the_bias(made: tuple[TribeModel, Events, AblatedModel]) -> None:
    model, _, _ = made
    encoder = model.encoder
    width = encoder.config.projected_dim(3)
    rng = np.random.default_rng(0)
    features = {
        m: rng.normal(size=(1, *dims, encoder.n_steps or 8)).astype(np.float32)
        for m, dims in encoder.build_args.feature_dims.items()
        if dims is not None
    }
    for absence in ABSENCES:
        for subset in subsets_of(THREE):
            seen: dict[str, np.ndarray] = {}
            with tribe_np.trace(lambda name, x, seen=seen: seen.setdefault(name, np.array(x))):  # type: ignore[misc]
                subset_activity(model, features, subset, absence)
            blocks = np.split(seen["encoder.modalities"], 3, axis=-1)
            for m, block in zip(THREE, blocks, strict=True):
                assert block.shape[-1] == width
                bias = encoder.projectors[m].layer.last.bias  # type: ignore[union-attr]
                assert np.abs(bias).max() > 0
                gone = np.broadcast_to(bias if absence == ZEROED else np.zeros_like(bias), block.shape)
                assert np.array_equal(block, gone) == (m not in subset), (absence, subset, m)


@pytest.mark.extras
def test_the_two_ways_are_two_answers(made: tuple[TribeModel, Events, AblatedModel]) -> None:
    absent, zeroed = (rows_of(made[2], absence) for absence in ABSENCES)
    assert list(absent) == list(zeroed) == subsets_of(THREE)
    for subset in subsets_of(THREE)[:-1]:
        assert np.abs(absent[subset] - zeroed[subset]).max() > 1e-6


@pytest.mark.extras
def test_what_cannot_be_taken_apart_is_refused(
    demo: DemoPaths, made: tuple[TribeModel, Events, AblatedModel], tmp_path: Path
) -> None:
    model, events, _ = made
    text = model_of(demo, tmp_path / "cache", "text")
    with pytest.raises(ConfigError, match="events of text alone"):
        ready_to_ablate(text, text.get_events(video_path=demo.clip, transcript=demo.transcript), [ABSENT], Silent())
    added = replace(model, encoder=replace(model.encoder, config=replace(
        model.encoder.config, extractor_aggregation="sum")))  # fmt: skip
    with pytest.raises(ConfigError, match="sum needs every modality, so that none can be absent; take --absence zero"):
        ready_to_ablate(added, events, [ABSENT], Silent())


@pytest.mark.extras
def test_windows_come_in_order_some_at_a_time(made: tuple[TribeModel, Events, AblatedModel]) -> None:
    (window,) = made[2].windows
    many = replace(made[2], windows=[window] * 6)
    blocks = list(many.blocks([ABSENT, ZEROED], Silent()))
    n = len(window.kept_rows)
    assert [(each.absence, each.rows) for each in blocks] == [
        (ABSENT, slice(0, 4 * n)), (ZEROED, slice(0, 4 * n)), (ABSENT, slice(4 * n, 6 * n)),
        (ZEROED, slice(4 * n, 6 * n)),
    ]  # fmt: skip
    one = rows_of(made[2], ZEROED)
    for subset, rows in blocks[3].predictions.items():
        np.testing.assert_allclose(rows, np.concatenate([one[subset]] * 2), atol=1e-5)


@pytest.mark.extras
def test_memory_holds_the_rows_of_one_block(
    made: tuple[TribeModel, Events, AblatedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: list[weakref.ref[np.ndarray]] = []
    counts: list[int] = []
    rows = AblatedModel._rows

    def watched(self: AblatedModel, *given: Any) -> np.ndarray:
        found = rows(self, *given)
        counts.append(sum(one() is not None for one in alive))
        alive.append(weakref.ref(found))
        return found

    monkeypatch.setattr(AblatedModel, "_rows", watched)
    (window,) = made[2].windows
    for block in replace(made[2], windows=[window] * 9).blocks([ABSENT, ZEROED], Silent()):
        assert len(block.predictions) == 8
        del block
    assert len(counts) == 3 * 15
    assert max(counts) == 7, "never those of the block, or of the way, before"


@pytest.mark.extras
def test_a_prediction_that_overflows_is_named(made: tuple[TribeModel, Events, AblatedModel]) -> None:
    model, events, _ = made
    encoder = replace(model.encoder, time_pos_embed=np.full_like(model.encoder.time_pos_embed, np.inf))
    with np.errstate(all="ignore"), pytest.raises(NotFiniteError, match="prediction of none holds NaN or infinite"):
        ablate(replace(model, encoder=encoder), events)
