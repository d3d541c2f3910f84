"""CHANGELOG.md and CITATION.cff go with the version in pyproject.toml."""

import re
import tomllib

import yaml

import tribe_np
from tests.architecture.source import ROOT
from tribe_np.pipeline.provenance import PAPERS

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CHANGES = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}  # of keepachangelog.com


def test_the_change_log_begins_with_what_is_unreleased() -> None:
    sections = re.findall(r"^## \[?([^\]\n]+)\]?(?: - \d{4}-\d\d-\d\d)?$", CHANGES, flags=re.M)
    assert sections[0] == "Unreleased"
    assert len(set(sections)) == len(sections)
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", section) for section in sections[1:])
    assert PROJECT["version"] in sections[1:2], "the newest release in the log is the version in pyproject.toml"


def test_its_entries_stand_under_the_usual_headings() -> None:
    unreleased = CHANGES.split("\n## ")[1]
    headings = re.findall(r"^### (.+)$", unreleased, flags=re.M)
    assert headings
    assert set(headings) <= KINDS
    entries = re.split(r"^[*-] ", unreleased, flags=re.M)[1:]
    assert all(len(" ".join(entry.split("###")[0].split())) <= 320 for entry in entries), "short, and for users"
    beginnings = [" ".join(entry.split())[:25] for entry in entries]
    assert sorted(set(beginnings)) == sorted(beginnings), "each stands once"


def test_the_versions_agree() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PROJECT["version"] == tribe_np.__version__
    assert citation["license"] == PROJECT["license"]
    assert citation["cff-version"] == "1.2.0"
    assert citation["message"]
    assert citation["authors"]


def test_the_paper_is_the_one_that_run_json_names() -> None:
    (paper,) = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["references"]
    shown = f"{paper['authors'][0]['family-names']} et al. ({paper['year']}). {paper['title']}."
    assert PAPERS["tribe"].startswith(shown)
