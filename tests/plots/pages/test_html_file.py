"""One file: its policy names its own script and style, and nothing that it holds can become markup."""

import base64
import hashlib
import html.parser
import json
import re

import pytest

from tribe_np.plots.pages.bundling import BundleError
from tribe_np.plots.pages.html_file import MARKS, PageProgram, as_script_json, html_page, page_program

TEMPLATE = (
    "<!doctype html><html><head><!-- policy --><title><!-- title --></title><!-- style --></head>"
    "<body><!-- pictures --><!-- data --><!-- script --></body></html>"
)
PROGRAM = PageProgram(TEMPLATE, "p { color: red }", "(() => {})();\n")
NASTY = [
    "<script>alert(1)</script>", "</script", "<!--", "]]>", '"><img src=x onerror=alert(1)>', "\u2028\u2029", "'`$&\\",
    "<!-- data -->", "&lt;",
]  # fmt: skip


class Reader(html.parser.HTMLParser):
    """Tags in order, and the text inside of scripts, styles and the title."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags:
            tag, attributes = self.tags[-1]
            name = attributes.get("id") or tag
            self.inside[name] = self.inside.get(name, "") + data


def test_the_policy_names_this_script_and_this_style_alone() -> None:
    text = html_page({"a": 1}, {}, title="t", program=PROGRAM)
    read = Reader(text)
    policy = next(a["content"] for tag, a in read.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for name, content in (("script", read.inside["script"]), ("style", read.inside["style"])):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[f"{name}-src"] == f"'sha256-{digest}'"
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize("text", NASTY)
def test_whatever_a_name_holds_it_stays_text(text: str) -> None:
    page = html_page({"word": text, "of": [text]}, {"x": "AAAA"}, title=text, program=PROGRAM)
    read, plain = Reader(page), Reader(html_page({"word": "", "of": [""]}, {"x": "AAAA"}, title="", program=PROGRAM))
    assert [tag for tag, _ in read.tags] == [tag for tag, _ in plain.tags]
    assert json.loads(read.inside["facts"]) == {"word": text, "of": [text]}
    assert read.inside["title"] == text
    assert "\u2028" not in read.inside["facts"]
    assert "<" not in read.inside["facts"]


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        as_script_json({"low": float("nan")})


@pytest.mark.parametrize("mark", MARKS)
def test_a_template_without_a_mark_is_refused(mark: str) -> None:
    broken = PageProgram(TEMPLATE.replace(f"<!-- {mark} -->", ""), "", "")
    with pytest.raises(BundleError, match=mark):
        html_page({}, {}, title="", program=broken)


def test_the_pages_own_program_has_every_mark_and_asks_for_nothing() -> None:
    program = page_program()
    text = html_page({}, {}, title="a", program=program)
    assert "<!-- " not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r"""(src|href)\s*=\s*["'](?!data:|blob:|#)""", text)
    assert "@import" not in program.style
    assert "url(http" not in program.style
