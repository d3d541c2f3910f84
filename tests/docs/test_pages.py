"""The pages name files that are there, and say nothing twice."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

PAGES = sorted([*ROOT.glob("docs/*.md"), ROOT / "README.md"])
FILES = [path.relative_to(ROOT).as_posix() for room in ("tribe_np", "extractors", "tools", "tests", "examples")
         for path in (ROOT / room).rglob("*.py")]  # fmt: skip


def ids(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_files_that_it_names_are_there(page: Path) -> None:
    named = set(re.findall(r"`([\w/]+/\w+\.py)`", page.read_text(encoding="utf-8")))
    assert [name for name in sorted(named) if not any(f"/{file}".endswith(f"/{name}") for file in FILES)] == []


def rows_that_stand_twice(text: str) -> list[str]:
    """Rows of a table that it holds already, tables in one piece: what a careless merge leaves."""
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.M)
    return [row for table in tables for row in set(table.splitlines()) if table.splitlines().count(row) > 1]


def rows_of_another_width(text: str) -> list[str]:
    """Rows with more or fewer cells than the head of their table."""
    found = []
    for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.M):
        head, *rows = (re.sub(r"`[^`]*`|\\\|", "", row) for row in table.splitlines())
        found += [row for row in rows if row.count("|") != head.count("|")]
    return found


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_its_tables_and_paragraphs_are_whole(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert rows_that_stand_twice(text) == []
    assert rows_of_another_width(text) == []
    openings = re.findall(r"^\* \*\*.+?\*\*", text, flags=re.M)
    assert sorted(set(openings)) == sorted(openings)


def test_a_merge_that_kept_both_sides_is_seen() -> None:
    table = "| what | where |\n|---|---|\n| a | `x.py` |\n| b | 1 | | c | 2 |\n| a | `x.py` |\n"
    assert rows_that_stand_twice(table) == ["| a | `x.py` |"]
    assert rows_of_another_width(table) == ["| b | 1 | | c | 2 |"]
