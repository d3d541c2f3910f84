"""No command replaces or removes what it did not write, whatever its name; and what it wrote only as it left it."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from shutil import which

import numpy as np
import pytest

from tests.cli.conftest import Command, refused, speechless
from tests.outputs.test_whole import killed_at
from tribe_np.files.leftovers import is_passing_name
from tribe_np.outputs.whole import write_whole
from tribe_np.pipeline import demo as demo_module
from tribe_np.pipeline.demo import DemoPaths, make_demo, remove_results
from tribe_np.pipeline.progress import Silent
from tribe_np.pipeline.store.workspace import open_workspace

pytestmark = pytest.mark.extras


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


THEIRS = {
    "demo": ["models/bert/weights.bin", "predictions/mine.npy", "clip.mp4"],
    "predict": ["predictions.npy", "segments.json", "events.tsv", "run.json"],
    "features": ["text.npz", "audio.npz", "events.tsv"],
}


@pytest.mark.parametrize("command", THEIRS)
@pytest.mark.parametrize("n_files", [1, 3])
def test_names_such_as_ours_are_no_licence(
    command_here: Command, demo: DemoPaths, sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str,
    n_files: int,
) -> None:  # fmt: skip
    here = tmp_path / "here"
    for name in THEIRS[command][:n_files]:
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text("mine")
    before = content(here)
    monkeypatch.chdir(here)
    given = [] if command == "demo" else [sound, *speechless(demo)]
    for out in (".", here, tmp_path / "link"):
        if out == tmp_path / "link":
            out.symlink_to(here)
        line = refused(command_here(command, *given, "--out", out))
        assert "other files" in line
        assert Path(THEIRS[command][0]).parts[0] in line or n_files > 2
    assert content(here) == before


def test_a_result_that_somebody_changed_is_theirs(
    command_here: Command, demo: DemoPaths, sound: Path, tmp_path: Path
) -> None:
    features = ["features", sound, "--out", tmp_path / "f", *speechless(demo)]
    events = ["events", sound, "--no-speech", "--out", tmp_path / "e.tsv"]
    for arguments in (features, events):
        for _ in range(2):
            assert command_here(*arguments).returncode == 0
    for path in (tmp_path / "f" / "events.tsv", tmp_path / "e.tsv"):
        path.write_text(path.read_text().replace("default", "session 1"))
    before = content(tmp_path / "f")
    assert "events.tsv was changed after tribe-np wrote it" in refused(command_here(*features))
    assert "was changed, or was not written by tribe-np events" in refused(command_here(*events))
    assert content(tmp_path / "f") == before
    assert "session 1" in (tmp_path / "e.tsv").read_text()
    line = refused(command_here("predict", sound, "--out", tmp_path / "f", *speechless(demo)))
    assert "holds what tribe-np features wrote" in line


def test_a_demo_that_somebody_changed_is_theirs(demo: DemoPaths, tmp_path: Path, command_here: Command) -> None:
    mine = DemoPaths(tmp_path / "demo")
    for change in (mine.clip, mine.transcript, mine.models / "text" / "config.json", mine.cache / "notes.txt"):
        shutil.rmtree(mine.folder, ignore_errors=True)
        shutil.copytree(demo.folder, mine.folder)
        change.parent.mkdir(exist_ok=True)
        change.write_text("mine")
        line = refused(command_here("demo", "--out", mine.folder))
        assert change.name in line
        assert change.read_text() == "mine"


@pytest.mark.parametrize("option", ["same", "above", "below"])
def test_a_result_and_a_cache_are_kept_apart(
    command_here: Command, demo: DemoPaths, sound: Path, tmp_path: Path, option: str
) -> None:
    out, cache = {"same": ("a", "a"), "above": ("a", "a/cache"), "below": ("a/features/b", "a")}[option]
    line = refused(
        command_here("predict", sound, "--out", tmp_path / out, "--cache", tmp_path / cache, *speechless(demo))
    )
    assert "is inside the other" in line
    assert not (tmp_path / "a").exists()


def test_a_folder_of_somebodys_features_is_no_cache(command_here: Command, sound: Path, tmp_path: Path) -> None:
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "text.npz").write_text("mine")
    line = refused(command_here("events", sound, "--no-speech", "--out", tmp_path / "e.tsv", "--cache", tmp_path))
    assert "holds a folder features with other files (text.npz); choose another with --cache DIR" in line
    assert sorted(p.name for p in tmp_path.iterdir()) == ["features", "sound.wav"]
    with open_workspace(tmp_path / "cache") as space:
        (space.media / f"sound-{'0' * 40}.wav").write_bytes(b"")
    (tmp_path / "cache" / "thesis.tex").write_text("mine")  # beside the two folders there may be anything
    open_workspace(tmp_path / "cache")


def test_a_cache_that_is_emptied_meanwhile_is_made_again(demo: DemoPaths, sound: Path, tmp_path: Path) -> None:
    from tribe_np import TribeModel

    def model(cache: str) -> TribeModel:
        return TribeModel.from_pretrained(
            demo.models / "encoder", models=demo.models, cache_folder=tmp_path / cache, device="cpu"
        )

    whole, broken = model("whole"), model("broken")
    events = whole.get_events(audio_path=sound, speech=False)
    shutil.rmtree(tmp_path / "broken")  # before anything is stored
    source = broken.feature_source(Silent())
    items = source.items("audio", events)
    shutil.rmtree(tmp_path / "broken")  # and before anything is read
    (key,) = items
    expected = whole.feature_source(Silent()).items("audio", events)[key].data
    np.testing.assert_array_equal(items[key].data, expected)
    assert list((tmp_path / "broken" / "features").rglob("*.safetensors"))


def test_a_sound_that_goes_with_the_cache_is_made_again(
    command_here: Command, demo: DemoPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tribe_np import TribeModel

    def emptied(model: TribeModel, *arguments: object, **options: object) -> object:
        if not times:
            shutil.rmtree(tmp_path / "cache")
        times.append(1)
        return predict(model, *arguments, **options)

    predict, times = TribeModel.predict, []
    given = ["predict", demo.clip, *speechless(demo), "--cache", tmp_path / "cache", "--out"]
    assert command_here(*given, tmp_path / "whole").returncode == 0
    monkeypatch.setattr(TribeModel, "predict", emptied)
    assert command_here(*given, tmp_path / "again").returncode == 0
    assert len(times) == 2
    made, expected = (tmp_path / name / "predictions.npy" for name in ("again", "whole"))
    assert made.read_bytes() == expected.read_bytes()
    assert list((tmp_path / "cache" / "media").glob("sound-*.wav"))


def test_a_demo_killed_at_every_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before each of its files takes its name in an earlier demo: the next one works, and ends the same."""

    def few_models(folder: Path, *, seed: int, step: object) -> None:
        write_whole(folder, lambda folder: (folder / "a").write_text(str(seed)) and None, "demo")

    def make(seed: int) -> None:
        paths, _ = make_demo(tmp_path / "demo", seconds=2, seed=seed, progress=Silent())
        remove_results(paths)

    monkeypatch.setattr(demo_module, "write_models", few_models)
    make(0)
    moment = 0
    while killed_at(moment, partial(make, 1), ("os.rename",)):
        moment += 1
    assert moment >= 6
    fresh, _ = make_demo(tmp_path / "fresh", seconds=2, seed=1, progress=Silent())
    for name in ("clip.mp4", "transcript.json", "models"):
        made, expected = tmp_path / "demo" / name, fresh.folder / name
        assert (content(made) if made.is_dir() else made.read_bytes()) == (
            content(expected) if expected.is_dir() else expected.read_bytes()
        )
    assert not [p for p in tmp_path.rglob("*") if is_passing_name(p.name)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mounts disks of so many kB; only root may."""
    made: list[Path] = []

    def mount(kilobytes: int) -> Path:
        place = tmp_path / f"disk-{kilobytes}"
        place.mkdir()
        options = ["-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(place)]
        if which("mount") is None or subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
            pytest.skip("this user may not mount a small disk")
        made.append(place)
        return place

    yield mount
    for place in made:
        subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_full(
    small_disk: Callable[[int], Path], command_here: Command, demo: DemoPaths, sound: Path
) -> None:
    disk = small_disk(200)
    earlier = ["features", sound, "--out", disk / "f", "--cache", disk / "cache", *speechless(demo)]
    assert command_here(*earlier).returncode == 0
    before = content(disk)
    (disk / "filler").write_bytes(bytes(shutil.disk_usage(disk).free - 8192))
    for arguments in (
        ["predict", sound, "--out", disk / "p", "--cache", disk / "cache", *speechless(demo)],
        ["predict", demo.clip, "--out", disk / "p", "--cache", disk / "cache", *speechless(demo)],
        ["features", demo.clip, "--out", disk / "f", "--cache", "none", *speechless(demo)],
        ["demo", "--out", disk / "demo", "--seconds", "2"],
    ):
        line = refused(command_here(*arguments))
        assert "disk is full" in line or "No space left" in line
        left = {name: each for name, each in content(disk).items() if not name.startswith(("filler", "cache/digests"))}
        assert left == before
