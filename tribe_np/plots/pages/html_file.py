"""One HTML file of a template, a style, a script and data: nothing in it is fetched, and nothing that it holds is run
but its own script.

Marks of the template: `<!-- policy -->`, `<!-- title -->`, `<!-- style -->`, `<!-- script -->`, `<!-- data -->` and
`<!-- pictures -->`. The policy allows this script and this style by their hashes, and pictures and media from data: and
blob: alone: a page that a word or a file name tried to reach out from could not.
"""

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tribe_np.plots.pages.bundling import BundleError, bundled, script_sources

PAGE_FOLDER = Path(__file__).parents[1] / "page"
MARKS = ("policy", "title", "style", "script", "data", "pictures")


@dataclass(frozen=True)
class PageProgram:
    """The page's program: template, style and script, as they are in `plots/page/`."""

    template: str
    style: str
    script: str


def page_program(folder: Path = PAGE_FOLDER) -> PageProgram:
    """Template, style and bundled script of a folder.

    Raises   BundleError
    """
    style = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.css")))
    if "</style" in style.lower():
        raise BundleError("the style sheet contains </style, which would end it in HTML")
    return PageProgram((folder / "page.html").read_text(encoding="utf-8"), style, bundled(script_sources(folder)))


def html_page(
    facts: Mapping[str, Any],
    blobs: Mapping[str, str],
    *,
    title: str,
    pictures: str = "",
    program: PageProgram | None = None,
) -> str:
    """The whole page. `blobs` are base64 by name; `pictures` is HTML that the page shows without WebGL.

    Raises   BundleError for a template without one of the marks
    """
    program = page_program() if program is None else program
    style, script = f"\n{program.style}\n", f"\n{program.script}\n"
    data = [_data("facts", "application/json", as_script_json(facts))]
    data += [_data(f"blob-{name}", "application/x-blob", text) for name, text in blobs.items()]
    filled = {
        "policy": _policy(style, script),
        "title": html.escape(title),
        "style": f"<style>{style}</style>",
        "script": f"<script>{script}</script>",
        "data": "\n".join(data),
        "pictures": pictures,
    }
    return _fill(program.template, filled)


def as_script_json(facts: Mapping[str, Any]) -> str:
    """JSON that no HTML parser takes for a tag and no script parser for the end of a line.

    >>> as_script_json({"word": "</script>"})
    '{"word":"\\\\u003c/script\\\\u003e"}'
    """
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def hash_source(text: str) -> str:
    """The name of an inline script or style in a content security policy."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _policy(style: str, script: str) -> str:
    rules = (
        f"default-src 'none'; script-src {hash_source(script)}; style-src {hash_source(style)}; img-src data: blob:; "
        "media-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    return f'<meta http-equiv="Content-Security-Policy" content="{rules}">'


def _data(name: str, kind: str, text: str) -> str:
    return f'<script type="{kind}" id="{name}">{text}</script>'


def _fill(template: str, filled: Mapping[str, str]) -> str:
    """The template with its marks filled, each where the template has it: what is filled in is not searched again."""
    places = {mark: f"<!-- {mark} -->" for mark in MARKS}
    for place in places.values():
        if place not in template:
            raise BundleError(f"page.html lacks the mark {place}")
    parts, rest = [], template
    while found := [(rest.index(place), mark) for mark, place in places.items() if place in rest]:
        at, mark = min(found)
        parts += [rest[:at], filled[mark]]
        rest = rest[at + len(places[mark]) :]
    return "".join([*parts, rest])
