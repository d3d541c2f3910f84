"""A run that would not fit is refused in one line that says what would; nothing else is."""

import re
import shutil
from pathlib import Path

import pytest

from tribe_np.cli.main import main
from tribe_np.errors import ShortMemoryError
from tribe_np.machine.memory import Available, gigabytes
from tribe_np.pipeline import brain
from tribe_np.pipeline.costs import memory_check
from tribe_np.pipeline.costs.estimate import LIBRARIES, Need
from tribe_np.pipeline.costs.memory_check import Stage, check_memory
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.model import TribeModel

GB = 10**9
TEXT = Need("text features", 2 * GB, GB - LIBRARIES)


def left(n_bytes: int) -> Available:
    return Available(n_bytes, "this machine")


def test_enough_or_unknown_passes() -> None:
    check_memory([Stage(TEXT)], left(3 * GB))
    check_memory([Stage(TEXT)], None)
    check_memory([], left(0))


def test_too_little_names_the_stage_the_sizes_and_the_override() -> None:
    with pytest.raises(ShortMemoryError) as caught:
        check_memory([Stage(Need("audio features", 1, 1)), Stage(TEXT)], left(2 * GB))
    message = str(caught.value)
    assert message.startswith("not enough memory for the text features: about 3.0 GB needed, 2.0 GB left in this mac")
    assert "free 1.0 GB or use a larger machine; --no-memory-check" in message
    assert "\n" not in message


def test_what_would_fit_is_named_and_what_would_not_is_left_out() -> None:
    smaller = (("one layer at a time", TEXT), ("--precision float32", Need("", GB, 0)))
    stage = Stage(Need("text features", 6 * GB, 0), 0, smaller)
    with pytest.raises(ShortMemoryError, match=r"; --precision float32 needs about 1\.1 GB; "):
        check_memory([stage], left(2 * GB))
    with pytest.raises(ShortMemoryError, match=r"; one layer at a time needs about 3\.0 GB; "):
        check_memory([stage], left(5 * GB))


def test_what_a_stage_leaves_counts_for_the_later_ones() -> None:
    check_memory([Stage(TEXT, kept=GB), Stage(Need("x", GB, 0))], left(3 * GB))
    with pytest.raises(ShortMemoryError, match=r"for the x: about 4\.1 GB"):
        check_memory([Stage(TEXT, kept=2 * GB), Stage(Need("x", 2 * GB, 0))], left(3 * GB))


def test_a_stage_that_is_in_the_cache_needs_nothing() -> None:
    check_memory([Stage(TEXT, is_done=lambda: True)], left(GB))


def test_sizes_for_people() -> None:
    assert [gigabytes(n) for n in (0, 10**6, 99 * 10**6, 10**8, 1234 * 10**6)] == [
        "1 MB", "1 MB", "99 MB", "0.1 GB", "1.2 GB",
    ]  # fmt: skip


@pytest.fixture
def scarce(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (memory_check, brain):
        monkeypatch.setattr(module, "available_memory", lambda: Available(10**6, "this machine"))


@pytest.mark.extras
def test_the_command_ends_with_one_line_and_no_result(
    demo: DemoPaths, tmp_path: Path, scarce: None, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "predict", str(demo.clip), "--out", str(tmp_path / "out"), "--checkpoint", str(demo.models / "encoder"),
        "--models", str(demo.models), "--transcript", str(demo.transcript), "--cache", "none", "--quiet",
    ]  # fmt: skip
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tribe-np: error: not enough memory for the brain encoder's weights: about ")
    assert not (tmp_path / "out").exists()
    assert main([*arguments, "--no-memory-check"]) == 0


@pytest.mark.extras
def test_a_stage_is_refused_before_any_model_runs_unless_it_is_cached(
    model: TribeModel, demo: DemoPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    monkeypatch.setattr(memory_check, "available_memory", lambda: Available(10**6, "this machine"))
    with pytest.raises(ShortMemoryError, match="for the text features"):
        model.predict(events, verbose=False)
    assert not list((model.space.cache.folder or Path("none")).iterdir())
    with pytest.raises(ShortMemoryError, match="for the text features"):
        model.extract_features(events)
    monkeypatch.setattr(memory_check, "available_memory", lambda: None)
    whole = model.extract_features(events)
    monkeypatch.setattr(memory_check, "available_memory", lambda: Available(10**6, "this machine"))
    again = model.extract_features(events)
    assert {m: x.tobytes() for m, x in again.items()} == {m: x.tobytes() for m, x in whole.items()}
    with pytest.raises(ShortMemoryError, match="for the brain encoder: "):
        model.predict(events, verbose=False)


@pytest.mark.extras
@pytest.mark.parametrize("width", ["null", "[]", '"abc"'])
def test_a_configuration_that_makes_no_sense_is_one_line_without_a_cache_too(
    demo: DemoPaths, tmp_path: Path, width: str, capsys: pytest.CaptureFixture[str]
) -> None:
    models = shutil.copytree(demo.models, tmp_path / "models")
    config = models / "video" / "config.json"
    config.write_text(re.sub(r'"hidden_size": \d+', f'"hidden_size": {width}', config.read_text()))
    arguments = [
        "predict", str(demo.clip), "--out", str(tmp_path / "out"), "--checkpoint", str(models / "encoder"),
        "--models", str(models), "--transcript", str(demo.transcript), "--cache", "none", "--quiet",
    ]  # fmt: skip
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "hidden_size" in line
