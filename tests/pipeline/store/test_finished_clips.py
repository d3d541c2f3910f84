"""A film that is killed at any moment goes on from its finished clips, and ends with the same bytes."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.media.film.video_samples import make_video
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.store.cache import FeatureCache
from tribe_np.pipeline.store.finished_clips import FinishedClips

NONE = np.zeros((2, 3, 0), np.float32)
FEATURES = np.arange(24, dtype=np.float32).reshape(2, 3, 4)

CHILD = """
import os, signal, sys
from pathlib import Path
from tribe_np import TribeModel
from extractors.vjepa2 import extract as features
from tribe_np.pipeline.store import finished_clips
from tribe_np.timeline.events import Event, Events

models, film, cache, out, moment, stride = sys.argv[1:]
finished_clips.FinishedClips.__init__.__defaults__ = (0.0, *finished_clips.FinishedClips.__init__.__defaults__[1:])
plain, run, stored, n_run = Path.replace, features.video_features, [], 0

def replace(self, target):  # every entry gets its name here, whole
    if moment == "unnamed" and len(stored) == 2 and ".clips" in Path(target).name:
        os.kill(os.getpid(), signal.SIGKILL)
    plain(self, target)
    if Path(target).name.startswith("video-features-"):
        stored.append(Path(target).name)
    if moment == "entry" and stored and ".clips" not in stored[-1]:
        os.kill(os.getpid(), signal.SIGKILL)

def counted(model, clips, **options):
    global n_run
    n_run += len(clips)
    if moment == "clip" and n_run == 4:
        os.kill(os.getpid(), signal.SIGKILL)
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
        assert ended.returncode in (0, -signal.SIGKILL), ended.stderr.decode()
        return ended.returncode, ended.stdout, sorted(p.name for p in (tmp_path / cache).rglob("video-features-*"))

    return run


@pytest.mark.extras
def test_killed_at_any_moment_the_bytes_are_the_same(
    child: Callable[..., tuple[int, bytes, list[str]]], tmp_path: Path
) -> None:
    stride, n_clips = 4, 10  # of 15 bins: the first 8, the 12th and the last
    code, said, (entry,) = child("whole", stride=stride)
    assert (code, int(said)) == (0, n_clips)
    clips = entry.replace(".safetensors", ".clips.safetensors")
    for moment, entries in (("clip", [clips]), ("unnamed", [clips])):
        code, _, left = child("cache", moment, stride)
        assert (code, [name for name in left if "part" not in name]) == (-signal.SIGKILL, entries)
    code, said, left = child("cache", stride=stride)
    assert (code, int(said)) == (0, n_clips - 5)  # 3 finished, then 2
    assert entry in left
    assert clips not in left
    assert (tmp_path / "cache.out").read_bytes() == (tmp_path / "whole.out").read_bytes()


@pytest.mark.extras
def test_killed_before_the_clips_are_removed(child: Callable[..., tuple[int, bytes, list[str]]]) -> None:
    code, _, left = child("cache", "entry")
    assert (code, len(left)) == (-signal.SIGKILL, 2)
    code, said, left = child("cache")
    assert (code, int(said), len(left)) == (0, 0, 1)


def test_clips_are_kept_now_and_then_and_removed(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    FinishedClips(cache, "a").store(FEATURES)  # too soon
    assert not list(tmp_path.iterdir())
    kept = FinishedClips(cache, "a", seconds_between=0)
    kept.store(FEATURES[..., :2])
    kept.store(FEATURES)
    assert kept.load(NONE, 9).tobytes() == FEATURES.tobytes()
    assert kept.load(NONE, 3).tobytes() == FEATURES[..., :3].tobytes()
    assert FinishedClips(cache, "b").load(NONE, 9) is NONE
    kept.clear()
    assert not list(tmp_path.iterdir())
    kept.clear()


def test_without_a_cache_nothing_is_kept() -> None:
    kept = FinishedClips(FeatureCache(None), "a", seconds_between=0)
    kept.store(FEATURES)
    assert kept.load(NONE, 9) is NONE
    kept.clear()


def test_what_is_damaged_or_of_another_model_is_of_no_use(tmp_path: Path) -> None:
    kept = FinishedClips(FeatureCache(tmp_path), "a", seconds_between=0)
    kept.store(FEATURES)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    assert kept.load(NONE, 9) is NONE
    assert any("recomputed" in note for note in kept.cache.notes)
    for wrong in ({"features": FEATURES[:1]}, {"features": FEATURES.astype(np.float64)}, {"other": FEATURES}):
        kept.cache.store(path.stem, wrong)
        assert kept.load(NONE, 9) is NONE
