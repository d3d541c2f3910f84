"""Killed, a run ends with the same bytes and leaves nothing; the tool that shows it can say no.

The long form, all commands and many kills: `tox -e kills`.
"""

import random
from pathlib import Path

import pytest

from tools.kill_runs import Trial, killed_again_and_again
from tribe_np.files.leftovers import passing_name
from tribe_np.pipeline.demo import make_demo
from tribe_np.pipeline.progress import Silent

pytestmark = pytest.mark.extras


def test_killed_and_hung_up(tmp_path: Path) -> None:
    demo, _ = make_demo(tmp_path / "demo", seconds=2, seed=0, progress=Silent())
    whole, broken = (Trial("predict", tmp_path / name, demo.folder) for name in ("whole", "broken"))
    n_things = whole.run()
    broken.folder.mkdir()
    assert killed_again_and_again(broken, n_things, 2, random.Random(0)) == []
    assert broken.results() == whole.results()
    assert len(broken.results()) == 3


def test_what_is_wrong_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Careless(Trial):
        def kill(self, *_: object) -> int:
            (self.folder / "messages").write_text("Traceback")
            passing_name(self.out, "partial").mkdir(exist_ok=True)
            return 1

        def run(self) -> int:
            (self.folder / "tmp").mkdir()
            (self.folder / "tmp" / "sound").write_bytes(b"x")
            (self.folder / "notes.txt").write_bytes(b"theirs")
            return 1

        def left(self) -> list[str]:
            return super().left() if (self.folder / "tmp").exists() else []

    tmp_path.joinpath("messages").touch()
    wrong = killed_again_and_again(Careless("demo", tmp_path, None), 3, 1, random.Random(0))
    assert [line.split(str(tmp_path))[0].strip() for line in wrong] == [
        "demo: SIGKILL: exit code 1: ['Traceback']",
        "demo: left",
        "demo: left",
        "demo: notes.txt of the user changed",
    ]
