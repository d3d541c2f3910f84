"""A text that is killed at any moment goes on from its finished passes, and ends with the same bytes."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.store.cache import FeatureCache
from tribe_np.pipeline.store.entry_parts import EntryParts
from tribe_np.pipeline.store.word_passes import WordPasses

PAIRS = [("he", "he"), ("was", "he was")]
FEATURES = np.arange(12, dtype=np.float32).reshape(2, 2, 3)

CHILD = """
import functools, json, os, signal, sys
from pathlib import Path
import numpy as np
from tribe_np import TribeModel
from extractors.llama import extract as features
from tribe_np.timeline.events import Event, Events

models, cache, out, moment, number, compat = sys.argv[1:]
features.word_features = functools.partial(features.word_features, max_nodes=40)
plain, done = Path.replace, []

def replace(self, target):  # every entry gets its name here, whole
    name, is_part = Path(target).name, Path(target).parent.name.endswith(".parts")
    if is_part or name.startswith("text-features-"):
        dies = moment == "pass" and is_part and len(done) == int(number)
        if dies and int(number) % 2:  # before it has its name; with an even number, after
            os.kill(os.getpid(), signal.SIGKILL)
        plain(self, target)
        if dies or (moment == "entry" and not is_part):
            os.kill(os.getpid(), signal.SIGKILL)
        done.append(name)
    else:
        plain(self, target)

Path.replace = replace
said = "the man was in the house and he said that it was late so they went to the market".split()
context = lambda i: " ".join(said[max(0, i - 5) : i + 1])
words = Events([Event("Word", float(i), 0.3, text=t, context=context(i)) for i, t in enumerate(said)])
model = TribeModel.from_pretrained(
    Path(models) / "encoder", models=models, cache_folder=cache, device="cpu", compat=compat or None
)
found = model.extract_features(words)["text"]
Path(out).write_bytes(found.tobytes())
facts = model.record.facts
print(json.dumps({"done": done, "work": facts.get("text_work"), "entries": facts["cache_entries"]}))
"""


@pytest.fixture
def child(demo: DemoPaths, tmp_path: Path) -> Callable[..., tuple[int, bytes]]:
    """Runs the words in a process of their own: its exit status, and what it printed."""

    def run(cache: Path, out: Path, moment: str = "", number: int = 0, compat: str = "") -> tuple[int, bytes]:
        command = [sys.executable, "-c", CHILD, demo.models, cache, out, moment, str(number), compat]
        ended = subprocess.run(list(map(str, command)), capture_output=True, check=False)
        assert ended.returncode in (0, -signal.SIGKILL), ended.stderr.decode()
        return ended.returncode, ended.stdout

    return run


def text_entries(cache: Path) -> list[str]:
    files = [path for path in (cache / "features").rglob("*") if path.is_file()]
    return sorted(path.name for path in files if not path.name.startswith("."))


@pytest.mark.extras
@pytest.mark.parametrize("compat", ["", "upstream"])
def test_killed_at_any_moment_the_bytes_are_the_same(
    child: Callable[..., tuple[int, bytes]], tmp_path: Path, compat: str
) -> None:
    code, said = child(tmp_path / "whole", tmp_path / "expected", compat=compat)
    assert code == 0
    (entry,) = text_entries(tmp_path / "whole")  # the passes have gone
    whole = json.loads(said)
    passes = [name for name in whole["done"] if name != entry]
    assert len(passes) >= 4
    assert whole["done"] == [*passes, entry]
    cache, out = tmp_path / "cache", tmp_path / "found"
    for number in (0, 1, 0):  # after the first, before the third has its name, after the third
        assert child(cache, out, "pass", number, compat)[0] == -signal.SIGKILL
        assert not out.exists()
    assert text_entries(cache) == sorted(passes[:3])
    code, said = child(cache, out, compat=compat)
    assert code == 0
    rest = json.loads(said)
    assert rest["done"] == [*passes[3:], entry]
    assert rest["work"]["n_words_left"] < rest["work"]["n_words"] == whole["work"]["n_words"]
    assert out.read_bytes() == (tmp_path / "expected").read_bytes()
    assert text_entries(cache) == [entry]
    assert [e["sha256"] for e in rest["entries"]] == [e["sha256"] for e in whole["entries"]]


@pytest.mark.extras
def test_killed_before_the_passes_are_removed(child: Callable[..., tuple[int, bytes]], tmp_path: Path) -> None:
    cache, out = tmp_path / "cache", tmp_path / "found"
    assert child(cache, out, "entry")[0] == -signal.SIGKILL
    assert len(text_entries(cache)) > 4
    assert child(cache, out)[0] == 0
    assert len(text_entries(cache)) == 1


def passes_of(folder: Path | None, key: str = "text-features-a") -> WordPasses:
    return WordPasses(EntryParts(FeatureCache(folder), key))


def test_a_pass_is_found_by_its_words(tmp_path: Path) -> None:
    passes = passes_of(tmp_path)
    assert passes.load(0, PAIRS) is None
    passes.store(0, PAIRS, FEATURES)
    found = passes.load(0, PAIRS)
    assert found is not None
    assert found.tobytes() == FEATURES.tobytes()
    for number, pairs in ((1, PAIRS), (0, PAIRS[::-1]), (0, PAIRS[:1])):
        assert passes.load(number, pairs) is None
    assert passes_of(tmp_path, "text-features-b").load(0, PAIRS) is None
    assert passes.parts.hold(0, 1)
    assert not passes.parts.hold(0, 2)


def test_a_damaged_pass_is_computed_again(tmp_path: Path) -> None:
    passes = passes_of(tmp_path)
    for wrong in (None, {"features": FEATURES[:, :1]}, {"features": FEATURES[0, 0]}, {"other": FEATURES}):
        passes.store(0, PAIRS, FEATURES)
        (path,) = tmp_path.rglob("*.safetensors")
        if wrong is None:
            path.write_bytes(path.read_bytes()[:-1])
        else:
            passes.parts.cache.write(path, wrong)  # whole, but of no use
        assert passes.load(0, PAIRS) is None
        assert not path.exists()
    assert all("recomputed" in note for note in passes.parts.cache.notes)
    assert len(passes.parts.cache.notes) == 4


def test_without_a_cache_no_pass_is_kept() -> None:
    passes = passes_of(None)
    passes.store(0, PAIRS, FEATURES)
    assert passes.load(0, PAIRS) is None
    passes.parts.clear()
