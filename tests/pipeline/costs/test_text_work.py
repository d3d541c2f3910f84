"""What is said before a text model runs, and the option that makes long texts fast."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from extractors.common.costs import TextWork
from tribe_np import TribeModel
from tribe_np.errors import ConfigError
from tribe_np.oracle import relative_error
from tribe_np.pipeline.costs.text_work import anchored_share, describe_work, duration
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import Lines
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli import word_contexts as building
from tribe_np.timeline.events import Event, Events


def words(n: int, timeline: str = "default") -> list[Event]:
    return [Event("Word", float(k), 0.3, timeline=timeline, text="a", context="a") for k in range(n)]


def test_durations_read_well() -> None:
    assert [duration(s) for s in (0.01, 79.2, 119.6, 3200, 10000, 650000)] == [
        "1 s", "79 s", "120 s", "53 min", "3 h", "7.5 days"
    ]  # fmt: skip


def test_the_share_of_anchored_contexts_counts_passes() -> None:
    assert anchored_share(words(1025), 1024, 256) == 1.0
    assert anchored_share(words(1025 + 512), 1024, 256) == (1 + 2 * 1.25) / 513
    both = [*words(1025), *words(1026, "other")]
    assert anchored_share(both, 1024, 256) == (2 + 1.25) / 3


def test_the_other_way_is_named_when_it_helps() -> None:
    slow = TextWork(9000, 9000, 11_000_000, 11_000_000, 12_000_000, 650_000.0)
    quick = TextWork(9000, 9000, 50_000, 50_000, 12_000_000, 300.0)
    options = {"max_context_len": 1024, "stride": 256}
    assert describe_work(slow, words(9000), exact=True, **options) == (
        "text: 11000000 tokens for 9000 words, about 7.5 days; --context anchored, an approximation that starts "
        "contexts at every 256th word, would take about 56 min"
    )
    half = replace(slow, n_words_left=4500, n_tokens_left=5_500_000, seconds=325_000.0)
    assert describe_work(half, words(9000), exact=True, **options) == (
        "text: 11000000 tokens for 9000 words, about 3.8 days for the 4500 that an earlier run has not finished; "
        "--context anchored, an approximation that starts contexts at every 256th word, would take about 56 min"
    )
    one = TextWork(1, 1, 1, 1, 12, 1.0)
    assert describe_work(one, words(1), exact=True, **options) == "text: 1 token for 1 word, about 1 s"
    nearly = replace(slow, n_words_left=70, n_tokens_left=90_000, seconds=5300.0)  # to go on is faster
    assert "anchored" not in describe_work(nearly, words(9000), exact=True, **options)
    for work, spoken, exact in ((slow, 9000, False), (quick, 9000, True), (slow, 1000, True)):
        line = describe_work(work, words(spoken), exact=exact, **options)
        assert line.startswith(f"text: {work.n_tokens} tokens for 9000 words, about ")
        assert "anchored" not in line


def test_the_stride_belongs_to_anchored_contexts() -> None:
    assert PipelineConfig().stride == 1
    assert PipelineConfig.from_dict({"context": "anchored"}).stride == 256
    assert PipelineConfig.from_dict({"context": "anchored", "context_stride": 9}).stride == 9
    assert PipelineConfig.from_dict({"context_stride": 9}).stride == 1
    for bad in ({"context": "near"}, {"context": None}, {"context_stride": 0}, {"context_stride": True}):
        with pytest.raises(ConfigError, match=next(iter(bad))):
            PipelineConfig.from_dict(bad)


@pytest.fixture
def model(demo: DemoPaths) -> TribeModel:
    found = TribeModel.from_pretrained(demo.models / "encoder", models=demo.models, cache_folder=False, device="cpu")
    return replace(found, progress=Lines(io.StringIO()), record=RunRecord())


@pytest.mark.extras
def test_a_run_announces_its_work_and_records_it(model: TribeModel, demo: DemoPaths) -> None:
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    model.extract_features(events)
    assert isinstance(model.progress, Lines)
    said = model.progress.stream.getvalue()
    work = model.record.facts["text_work"]
    assert f"text: {work['n_tokens']} tokens for {work['n_words']} words, about 1 s" in said
    assert work["n_tokens"] < work["n_tokens_alone"]


@pytest.mark.extras
def test_anchored_contexts_are_labelled_and_change_little_else(
    model: TribeModel, demo: DemoPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchored = replace(model, options=replace(model.options, context="anchored", context_stride=4), record=RunRecord())
    exact = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    n_words = len(exact.of_type("Word"))
    assert anchored.get_events(video_path=demo.clip, transcript=demo.transcript) == exact  # too short to differ
    assert not any("anchored" in warning for warning in anchored.record.warnings)
    monkeypatch.setattr(building, "MAX_CONTEXT_LEN", n_words // 2)
    exact, near = (m.get_events(video_path=demo.clip, transcript=demo.transcript) for m in (model, anchored))
    assert not any("anchored" in warning for warning in model.record.warnings)
    assert any("anchored at every 4th word, an approximation" in warning for warning in anchored.record.warnings)
    pairs = list(zip(exact.of_type("Word"), near.of_type("Word"), strict=True))
    assert all(b.context.endswith(a.context) for a, b in pairs)
    assert [a == b for a, b in pairs][: n_words // 2 + 1] == [True] * (n_words // 2 + 1)
    assert sum(a != b for a, b in pairs) >= 1
    a, b = (model.extract_features(events)["text"] for events in (exact, near))
    assert 0 < relative_error(b, a) < np.inf


@pytest.mark.extras
def test_shared_passes_and_batches_have_entries_of_their_own(demo: DemoPaths, tmp_path: Path) -> None:
    entries = set()
    for compat, size in ((None, 4), (None, 3), ("upstream", 4), ("upstream", 3)):  # padding rounds differently
        found = TribeModel.from_pretrained(
            demo.models / "encoder", models=demo.models, cache_folder=tmp_path, device="cpu", compat=compat,
            config_update={"data.text_feature.batch_size": size},
        )  # fmt: skip
        found.extract_features(Events(words(2)))
        entries |= {entry["path"] for entry in found.record.facts["cache_entries"]}
    assert len(entries) == 3
