"""Damaged files of every kind: only a TribeError in one short line escapes, soon. tools/fuzz runs more of them."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tools.fuzz import main as fuzz
from tools.fuzz.damage import damaged
from tools.fuzz.main import Finding, attack, complaint
from tools.fuzz.targets import TARGETS, Target
from tribe_np.errors import CheckpointError

CRASHERS = Path(__file__).parents[1] / "golden" / "crashers"
EXTRAS = {"llama", "tokenizer.json"}
SLOW = dict.fromkeys(
    ("weights", "config.yaml", "build_args.json", "tokenizer.json"), 10
)  # each runs a model or a process
KINDS = [pytest.param(label, marks=pytest.mark.extras if label in EXTRAS else ()) for label in TARGETS]
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.mark.parametrize("label", KINDS)
def test_only_errors_of_ours_escape(label: str) -> None:
    findings: list[Finding] = []
    counts = attack(TARGETS[label](), SLOW.get(label, 60), 0, findings.append)
    assert not findings, findings[0].wrong
    assert counts["refused"] > 0


@pytest.mark.parametrize("label", KINDS)
def test_what_once_escaped_is_refused(label: str, tmp_path: Path) -> None:
    target = TARGETS[label]()
    for name, raw in target.others.items():
        (tmp_path / name).write_bytes(raw)
    assert complaint(target, target.content, tmp_path) == ("", "accepted")
    for crasher in sorted((CRASHERS / label).glob("*")):
        wrong, _ = complaint(target, crasher.read_bytes(), tmp_path)
        assert not wrong, f"{crasher.name}: {wrong}"


def test_the_tool_sees_what_escapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(error: BaseException) -> Any:
        def use(folder: Path) -> None:
            raise error

        return use

    def target(use: Any) -> Target:
        return Target("made", "made.bin", b"abc", use)

    assert complaint(target(lambda folder: None), b"", tmp_path) == ("", "accepted")
    assert complaint(target(raises(CheckpointError("made.bin: bad"))), b"", tmp_path) == ("", "refused")
    for error in (ValueError("x"), MemoryError(), SystemExit(2), RecursionError()):
        assert type(error).__name__ in complaint(target(raises(error)), b"", tmp_path)[0]
    unbounded = type("Unbounded", (CheckpointError,), {"__str__": lambda self: "x" * 2000})
    assert "2000 characters" in complaint(target(raises(unbounded())), b"", tmp_path)[0]
    monkeypatch.setattr(fuzz, "time", SimpleNamespace(monotonic=iter((0.0, 100.0)).__next__))
    assert complaint(target(lambda folder: None), b"", tmp_path)[0] == "it took 100.0 s"


def test_damage_is_the_same_for_the_same_seed() -> None:
    for label in ("events.tsv", "dinov2", "best.ckpt"):
        target = TARGETS[label]()
        made = [damaged(target, random.Random(seed)) for seed in range(20)]
        assert made == [damaged(target, random.Random(seed)) for seed in range(20)]
        assert len(set(made)) > 15
