"""A stimulus as a person lists it: which file, with what, under which name; nothing of it has been opened."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class ListedStimulus:
    """One stimulus of a study.

    Fields   name: unique in the study, and the name of its folder; path, transcript: absolute; language, subject: as
             --language and --subject take them, None for nothing said; columns: any other column of its table, as text;
             table, line: where it stands, None where it was found in a folder
    """

    name: str
    path: Path
    transcript: Path | None = None
    language: str | None = None
    subject: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)
    table: Path | None = None
    line: int | None = None

    @property
    def at(self) -> str:
        """Where it stands, for messages: a line of a table, or its own path."""
        return str(self.path) if self.table is None else f"{self.table}, line {self.line}"

    @property
    def settings(self) -> tuple[Path, Path | None, str | None, str | None]:
        """What its prediction is made of: two stimuli that are equal in it are one work."""
        return self.path, self.transcript, self.language, self.subject


def absolute_path(name: str | Path, folder: Path = Path()) -> Path:
    """The absolute path of a name that is relative to `folder`; links in it are kept, as names are taken from them."""
    text = str(name)
    return Path(os.path.abspath(folder / (os.path.expanduser(text) if text.startswith("~/") else text)))
