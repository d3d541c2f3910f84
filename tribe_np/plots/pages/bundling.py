"""The page's scripts in one: ES modules in the order of their imports, without import lines, in one function.

Browsers do not load modules from file://, so the files of `plots/page/` become one script. For that they keep to a
part of the language: `import { x } from "./y.js";` at the top, `export` before a declaration, top-level names that no
other file has. What else would be lost silently is an error.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from tribe_np.errors import TribeError

ENTRY = "start.js"  # comes last: it runs what the others declare
IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*"\./([\w.-]+)";[ \t]*$', re.MULTILINE)
ANY_IMPORT = re.compile(r"^import\b.*|\bimport\s*\(.*|\bimport\.meta\b.*", re.MULTILINE)
DECLARED = re.compile(r"^(?:export\s+)?(?:async\s+)?(?:function\b\s*\*?|class|const|let|var)\s*([\w$]+)", re.MULTILINE)
EXPORTED = re.compile(r"^export\s+((?:async\s+)?(?:function\b\s*\*?|class|const|let|var)\s*([\w$]+))", re.MULTILINE)
ANY_EXPORT = re.compile(r"^export\b.*", re.MULTILINE)
NO_CODE = re.compile(r"`(?:\\.|[^`\\])*`|/\*.*?\*/", re.DOTALL)  # shaders, comments: no declaration of ours is in them
ENDS_SCRIPT = re.compile(r"</script|<!--", re.IGNORECASE)


class BundleError(TribeError):
    """Scripts of the page that cannot become one; never a user's fault."""


def bundled(sources: Mapping[str, str]) -> str:
    """One script of the files `sources` by name.

    Raises   BundleError: a missing file or name, a cycle, a name that two files have, what the bundler does not know
    """
    for name, source in sources.items():
        _check(name, source, sources)
    _check_names(sources)
    parts = [f"// {name}\n{_without_modules(sources[name])}" for name in scripts_in_order(sources)]
    return '(() => {\n"use strict";\n' + "\n".join(parts) + "\n})();\n"


def script_sources(folder: Path) -> dict[str, str]:
    """The scripts of a folder by name."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.js"))}


def scripts_in_order(sources: Mapping[str, str]) -> list[str]:
    """Names of the files, each after those that it imports, the entry last.

    Raises   BundleError for a cycle
    """
    placed: list[str] = []

    def place(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise BundleError(f"scripts import each other in a circle: {' -> '.join((*path, name))}")
        if name not in placed:
            for wanted in imports_of(sources[name]):
                place(wanted, (*path, name))
            placed.append(name)

    for name in sorted(sources, key=lambda each: (each == ENTRY, each)):
        place(name, ())
    return placed


def imports_of(source: str) -> dict[str, list[str]]:
    """What a script imports: names by file."""
    found: dict[str, list[str]] = {}
    for names, file in IMPORT.findall(source):
        found.setdefault(file, []).extend(name.strip() for name in names.split(",") if name.strip())
    return found


def _check(name: str, source: str, sources: Mapping[str, str]) -> None:
    for file, wanted in imports_of(source).items():
        if file not in sources:
            raise BundleError(f"{name} imports {file}, which is not there")
        exported = {each for _, each in EXPORTED.findall(NO_CODE.sub("``", sources[file]))}
        missing = [each for each in wanted if each not in exported]
        if missing:
            raise BundleError(f"{name} imports {missing[0]} from {file}, which does not export it")
    rest = NO_CODE.sub("``", IMPORT.sub("", source))
    unknown = ANY_IMPORT.search(rest) or ANY_EXPORT.search(EXPORTED.sub("", rest))
    if unknown:
        raise BundleError(f"{name}: the bundler does not know {unknown[0][:60]!r}")
    if ending := ENDS_SCRIPT.search(source):
        raise BundleError(f"{name} contains {ending[0]}, which would end the script in HTML")


def _check_names(sources: Mapping[str, str]) -> None:
    owner: dict[str, str] = {}
    for name, source in sources.items():
        for declared in DECLARED.findall(NO_CODE.sub("``", source)):
            if declared in owner:
                raise BundleError(f"{owner[declared]} and {name} both declare {declared} at their top level")
            owner[declared] = name


def _without_modules(source: str) -> str:
    return EXPORTED.sub(r"\1", IMPORT.sub("", source)).strip()
