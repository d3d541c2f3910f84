"""What run.json says about where and by what a run was made."""

import json
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from tribe_np.pipeline import provenance


def test_date_host_and_code() -> None:
    found = provenance.provenance()
    age = datetime.now(UTC) - datetime.fromisoformat(found["date"])
    assert 0 <= age.total_seconds() < 60
    assert found["host"]
    assert found["cpu"]["model"]
    assert found["cpu"]["count"] >= 1
    json.dumps(found)


def test_the_commit_of_a_checkout_and_of_an_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        asked = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()

    git("init", "-q")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-qm", "first")
    assert provenance.commit(tmp_path) == git("rev-parse", "HEAD")
    (tmp_path / "file").write_text("2")
    assert provenance.commit(tmp_path) == git("rev-parse", "HEAD") + "-dirty"

    installed = tmp_path / "site-packages"
    told = SimpleNamespace(read_text=lambda name: json.dumps({"vcs_info": {"commit_id": "abc"}}))
    monkeypatch.setattr(metadata, "distribution", lambda name: told)
    assert provenance.commit(installed) == "abc"
    monkeypatch.setattr(metadata, "distribution", lambda name: SimpleNamespace(read_text=lambda name: None))
    assert provenance.commit(installed) is None


def test_the_processor_by_name(tmp_path: Path) -> None:
    information = tmp_path / "cpuinfo"
    information.write_text("processor : 0\nmodel name : A fast one\n")
    assert provenance.processor(str(information)) == "A fast one"
    assert provenance.processor(str(tmp_path / "absent"))


def test_whom_to_cite() -> None:
    whole = provenance.citations(["text", "video"], parcellation="hcp-mmp1", words_from="whisperx 3.1")
    assert whole[0].startswith("tribe_np ")
    assert [line.split()[0] for line in whole[1:]] == [
        "d'Ascoli",
        "Grattafiori",
        "Assran",
        "Glasser",
        "Radford",
        "Bain",
    ]
    assert len(provenance.citations(["audio"])) == 3
    assert "Radford" in provenance.citations([], words_from="faster-whisper small")[-1]
