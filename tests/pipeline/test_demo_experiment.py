"""The demo's experiment: its bytes, its design, and that a demo's folder knows its files."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, command_here
from tribe_np.pipeline.demo import DemoPaths, others_files_in_demo
from tribe_np.pipeline.demo_experiment import DESIGN, make_experiment, murmur, tone
from tribe_np.pipeline.experiments.design import read_design
from tribe_np.timeline.trials import TRIALS, Trials

pytestmark = pytest.mark.extras
__all__ = ["command_here"]


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_seed_gives_the_same_files_and_another_gives_others(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        make_experiment(tmp_path / name, seed=seed, command="demo")
    first, again, other = (content(tmp_path / name) for name in "abc")
    assert first == again
    assert first.keys() == other.keys()
    assert first[DESIGN] != other[DESIGN]
    assert first["stimuli/drawn_face_1.png"] != other["stimuli/drawn_face_1.png"]
    assert first["stimuli/motion.mp4"] != first["stimuli/static.mp4"]


def test_the_design_has_24_trials_and_the_same_words_in_both_conditions(tmp_path: Path) -> None:
    make_experiment(tmp_path / "e", seed=3, command="demo")
    design = read_design(tmp_path / "e" / DESIGN)
    assert len(design) == 24
    assert set(Counter(row.trial_type for row in design).values()) == {3}
    for run in ("run-1", "run-2"):
        rows = [row for row in design if row.run == run]
        assert len(rows) == 12
        assert len({row.trial_type for row in rows}) == 8
    words = {kind: sorted(" ".join(r.words for r in design if r.trial_type == kind).split())
             for kind in ("sentences", "word_lists")}  # fmt: skip
    assert words["sentences"] == words["word_lists"]


def test_sounds_where_nothing_can_speak() -> None:
    samples, rows = murmur("a red balloon")
    assert [row[0] for row in rows] == ["a", "red", "balloon"]
    for heard in (samples, tone(220.0)):
        assert 0.05 < np.abs(heard).max() < 1.0


def test_one_command_makes_and_runs_it_and_once_more(tmp_path: Path, command_here: Command) -> None:
    paths = DemoPaths(tmp_path / "demo")
    for _ in range(2):
        done = command_here("demo", "--experiment", "--seconds", 2, "--out", paths.folder, "--quiet")
        assert done.returncode == 0, done.stderr
        assert others_files_in_demo(paths.folder) is None
    assert f"next: tribe-np contrast {paths.experiment_run} 'drawn_faces - drawn_houses'" in done.stdout
    assert f"next: tribe-np compare {paths.motion} {paths.static}" in done.stdout
    assert done.stdout.count("random weights") >= 3
    assert len(Trials.from_tsv(paths.experiment_run / TRIALS)) == 24
    mine = paths.experiment / "stimuli" / "drawn_face_1.png"
    mine.write_bytes(b"mine")
    refused = command_here("demo", "--seconds", 2, "--out", paths.folder, "--quiet")
    assert refused.returncode == 2
    assert "experiment" in refused.stderr
    assert mine.read_bytes() == b"mine"
