"""The gallery's page is the one that its tool writes, and its commands are ones that there are."""

import shlex

from tools.gallery.entries import ENTRIES
from tools.gallery.main import PICTURES, page_text
from tools.places import DOCS
from tribe_np.cli.parser import build_parser


def test_the_page_is_what_the_tool_writes() -> None:
    assert (DOCS / "gallery.md").read_text(encoding="utf-8") == page_text()


def test_every_picture_is_there_and_none_besides() -> None:
    assert sorted(path.name for path in PICTURES.iterdir()) == sorted(entry.shown for entry in ENTRIES)


def test_every_command_is_one_that_there_is() -> None:
    commands = [shlex.split(entry.command) for entry in ENTRIES if entry.command]
    for program, *arguments in commands:
        assert program == "tribe-np"
        build_parser().parse_args(arguments)
    assert {command[1] for command in commands} == {"plot", "film", "page", "evaluate", "networks"}
