"""A film that is killed at any moment goes on from its finished clips, and ends with the same bytes."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.media.film.video_samples import make_video
from tribe_np.errors import OutputError
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.store import clip_parts
from tribe_np.pipeline.store.cache import FeatureCache
from tribe_np.pipeline.store.clip_parts import ClipParts
from tribe_np.pipeline.store.entry_parts import EntryParts, Part

NONE = np.zeros((2, 3, 0), np.float32)
FEATURES = np.arange(24, dtype=np.float32).reshape(2, 3, 4)

CHILD = """
import os, signal, sys
from pathlib import Path
from tribe_np import TribeModel
from extractors.vjepa2 import extract as features
from tribe_np.pipeline.store import clip_parts
from tribe_np.timeline.events import Event, Events

models, film, cache, out, moment, stride = sys.argv[1:]
clip_parts.SECONDS_BETWEEN = 1e9 if moment == "interrupt" else 0.0
plain, run, stored, n_run = Path.replace, features.video_features, [], 0

def replace(self, target):  # every entry gets its name here, whole
    is_part = Path(target).parent.name.endswith(".parts")
    if moment == "unnamed" and len(stored) == 2 and is_part:
        os.kill(os.getpid(), signal.SIGKILL)
    plain(self, target)
    if is_part or Path(target).name.startswith("video-features-"):
        stored.append(is_part)
    if moment == "entry" and stored and not is_part:
        os.kill(os.getpid(), signal.SIGKILL)

def counted(model, clips, **options):
    global n_run
    n_run += len(clips)
    if moment == "clip" and n_run == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    if moment == "interrupt" and n_run == 4:
        raise KeyboardInterrupt
    return run(model, clips, **options)

Path.replace, features.video_features = replace, counted
model = TribeModel.from_pretrained(
    Path(models) / "encoder", models=models, cache_folder=cache, device="cpu",
    config_update={"tribe_np.video_stride": int(stride)},
)
rows = Events([Event("Video", 0.0, 7.5, timeline="t", filepath=film, offset=0.5, frequency=25.0)])
Path(out).write_bytes(model.extract_features(rows)["video"].tobytes())
print(n_run)
"""


@pytest.fixture
def child(demo: DemoPaths, tmp_path: Path) -> Callable[..., tuple[int, bytes, list[str]]]:
    """Runs a chunk in a process of its own: its exit status, what it printed and the entries it left."""
    film = make_video(tmp_path / "a.mp4", n_frames=170, sound=8.0)  # the pictures end before the sound

    def run(cache: str, moment: str = "", stride: int = 1) -> tuple[int, bytes, list[str]]:
        arguments = [demo.models, film, tmp_path / cache, tmp_path / f"{cache}.out", moment, stride]
        ended = subprocess.run([sys.executable, "-c", CHILD, *map(str, arguments)], capture_output=True, check=False)
        assert ended.returncode in (0, -signal.SIGKILL, -signal.SIGINT), ended.stderr.decode()
        files = [p for p in (tmp_path / cache / "features").rglob("*") if p.is_file()]
        return ended.returncode, ended.stdout, sorted(p.name for p in files if not p.name.startswith("."))

    return run


@pytest.mark.extras
def test_killed_at_any_moment_the_bytes_are_the_same(
    child: Callable[..., tuple[int, bytes, list[str]]], tmp_path: Path
) -> None:
    stride, n_clips = 4, 10  # of 15 bins: the first 8, the 12th and the last
    code, said, (entry,) = child("whole", stride=stride)
    assert (code, int(said)) == (0, n_clips)
    parts = [f"{n}-{n + 1}.safetensors" for n in range(5)]
    for moment, left in (("clip", parts[:3]), ("unnamed", parts[:5])):  # 3 finished, then 2
        code, _, found = child("cache", moment, stride)
        assert (code, found) == (-signal.SIGKILL, left)
    code, said, found = child("cache", stride=stride)
    assert (code, int(said), found) == (0, n_clips - 5, [entry])
    assert not list(tmp_path.rglob("*.parts"))
    assert (tmp_path / "cache.out").read_bytes() == (tmp_path / "whole.out").read_bytes()


@pytest.mark.extras
def test_whatever_stops_a_run_what_is_finished_is_kept(
    child: Callable[..., tuple[int, bytes, list[str]]], tmp_path: Path
) -> None:
    assert child("cache", "interrupt")[::2] == (-signal.SIGINT, ["0-3.safetensors"])
    assert child("cache", "interrupt")[::2] == (-signal.SIGINT, ["0-3.safetensors", "3-6.safetensors"])
    code, said, (_,) = child("cache")
    assert (code, int(said)) == (0, 9)
    child("whole")
    assert (tmp_path / "cache.out").read_bytes() == (tmp_path / "whole.out").read_bytes()


@pytest.mark.extras
def test_killed_before_the_clips_are_removed(
    child: Callable[..., tuple[int, bytes, list[str]]], tmp_path: Path
) -> None:
    code, _, left = child("cache", "entry")
    assert (code, len(left)) == (-signal.SIGKILL, 16)
    code, said, left = child("cache")
    assert (code, int(said), len(left)) == (0, 0, 1)
    assert not list(tmp_path.rglob("*.parts"))


def parts_in(folder: Path) -> ClipParts:
    return ClipParts(EntryParts(FeatureCache(folder), "a"), NONE)


def add(kept: ClipParts, *numbers: int, to_the_end: bool = True) -> list[Part]:
    with kept.keeping(to_the_end=to_the_end) as keep:
        for number in numbers:
            keep(number, FEATURES[..., number])
    return kept.parts.kept()


def test_neighbouring_clips_are_one_part(tmp_path: Path) -> None:
    kept = parts_in(tmp_path)
    assert add(kept, 0, 1, to_the_end=False) == []  # too soon, and the entry will be written
    assert add(kept, 0, 1, 3) == [Part(0, 2), Part(3, 4)]
    columns, is_there = kept.load(0, 4)
    assert is_there.tolist() == [True, True, False, True]
    assert columns[..., is_there].tobytes() == FEATURES[..., [0, 1, 3]].tobytes()
    assert add(kept, 1, 2) == [Part(0, 2), Part(1, 3), Part(3, 4)]  # another process had the same
    assert kept.load(0, 4)[0].tobytes() == FEATURES.tobytes()
    assert kept.load(1, 3)[0].tobytes() == FEATURES[..., 1:3].tobytes()
    columns, is_there = parts_in(tmp_path / "other").load(0, 4)
    assert not is_there.any()


def test_clips_are_kept_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, found = parts_in(tmp_path), []
    with kept.keeping(to_the_end=False) as keep:
        for number in range(4):
            monkeypatch.setattr(clip_parts, "SECONDS_BETWEEN", 0.0 if number % 2 else 1e9)
            keep(number, FEATURES[..., number])
            found.append(kept.parts.kept())
    assert found == [[], [Part(0, 2)], [Part(0, 2)], [Part(0, 2), Part(2, 4)]]  # nothing is written twice


def stopped(kept: ClipParts, error: type[BaseException]) -> None:
    with kept.keeping(to_the_end=False) as keep:
        keep(0, FEATURES[..., 0])
        keep(1, FEATURES[..., 1])
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_however_it_ends_what_is_finished_is_kept(tmp_path: Path, error: type[BaseException]) -> None:
    kept = parts_in(tmp_path)
    with pytest.raises(error):
        stopped(kept, error)
    assert kept.parts.kept() == [Part(0, 2)]


def test_a_full_disk_does_not_hide_why_a_run_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = parts_in(tmp_path)

    def full(*_: object) -> None:
        raise OutputError("full")

    monkeypatch.setattr(FeatureCache, "write", full)
    with pytest.raises(KeyboardInterrupt):
        stopped(kept, KeyboardInterrupt)
    with pytest.raises(OutputError, match="full"), kept.keeping(to_the_end=True) as keep:
        keep(0, FEATURES[..., 0])


def test_without_a_cache_nothing_is_kept() -> None:
    kept = ClipParts(EntryParts(FeatureCache(None), "a"), NONE)
    assert add(kept, 0, 1) == []
    assert not kept.load(0, 9)[1].any()


@pytest.mark.parametrize(
    "wrong",
    [{"features": FEATURES[:1]}, {"features": FEATURES.astype(np.float64)}, {"other": FEATURES},
     {"features": FEATURES[..., :3]}],
)  # fmt: skip
def test_what_is_of_another_model_or_range_is_made_again(tmp_path: Path, wrong: dict[str, np.ndarray]) -> None:
    kept = parts_in(tmp_path)
    add(kept, 0, 1, 2, 3)
    (path,) = tmp_path.rglob("*.safetensors")
    kept.parts.cache.write(path, wrong)
    assert not kept.load(0, 4)[1].any()
    assert any("a.parts/0-4.safetensors holds something else" in note for note in kept.parts.cache.notes)
    assert kept.parts.kept() == [], "else it would count as done"


def test_what_is_damaged_is_made_again(tmp_path: Path) -> None:
    kept = parts_in(tmp_path)
    add(kept, 0, 1)
    add(kept, 2, 3)
    path = next(tmp_path.rglob("0-2.safetensors"))
    path.write_bytes(path.read_bytes()[:-1])
    assert kept.load(0, 4)[1].tolist() == [False, False, True, True]
    assert any("recomputed" in note for note in kept.parts.cache.notes)
    assert kept.parts.kept() == [Part(2, 4)]
