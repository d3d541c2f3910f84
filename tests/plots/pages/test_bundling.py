"""Scripts in one: in the order of their imports, and nothing lost or mixed up without a word."""

import shutil
import subprocess

import pytest

from tribe_np.plots.pages.bundling import BundleError, bundled, imports_of, in_order, script_sources
from tribe_np.plots.pages.html_file import PAGE_FOLDER

GOOD = {
    "start.js": 'import { twice, SIX } from "./numbers.js";\nconst found = twice(SIX);\nconsole.log(found);\n',
    "numbers.js": (
        'import {\n  LINES,\n} from "./lines.js";\nexport const SIX = 3 * LINES;\n\n'
        "export function twice(x) {\n  return 2 * x;\n}\n"
    ),
    "lines.js": "export const LINES = 2; // export function of() {}\nexport class Line {}\n",
}


def test_files_come_after_what_they_import() -> None:
    assert in_order(GOOD) == ["lines.js", "numbers.js", "start.js"]
    script = bundled(GOOD)
    assert "import" not in script.replace("// export", "")
    assert "\nexport" not in script


def test_the_bundle_runs() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    done = subprocess.run([node, "-e", bundled(GOOD)], capture_output=True, text=True, check=True)
    assert done.stdout == "12\n"


def test_shaders_and_comments_declare_nothing() -> None:
    shader = "export const A_SHADER = `#version 300 es\nconst float x = 1.0;\nimport it\n`;\n/*\nconst x = 1;\n*/\n"
    other = "const x = 2;\n"
    assert bundled({"a.js": shader, "b.js": other})


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ({"a.js": 'import { b } from "./b.js";\n'}, "imports b.js, which is not there"),
        ({"a.js": 'import { c } from "./b.js";\n', "b.js": "export const b = 1;\n"}, "does not export"),
        ({"a.js": 'import { b } from "./b.js";\n', "b.js": "const b = 1;\n"}, "does not export"),
        ({"a.js": "const x = 1;\n", "b.js": "function x() {}\n"}, "both declare x"),
        ({"a.js": "const x = 1;\n", "b.js": "export async function x() {}\n"}, "both declare x"),
        (
            {
                "a.js": 'import { b } from "./b.js";\nexport const a = 1;\n',
                "b.js": 'import { a } from "./a.js";\nexport const b = 1;\n',
            },
            "in a circle: a.js -> b.js -> a.js",
        ),
        ({"a.js": 'import * as b from "./b.js";\n'}, "does not know"),
        ({"a.js": 'import b from "./b.js";\n'}, "does not know"),
        ({"a.js": 'import { b as c } from "./b.js";\n', "b.js": "export const b = 1;\n"}, "does not export"),
        ({"a.js": 'const b = import("./b.js");\n'}, "does not know"),
        ({"a.js": "export default 3;\n"}, "does not know"),
        ({"a.js": "const b = 1;\nexport { b };\n"}, "does not know"),
        ({"a.js": 'const end = "</script>";\n'}, "would end the script"),
        ({"a.js": 'const begin = "<!-- here -->";\n'}, "would end the script"),
    ],
)
def test_what_would_be_lost_is_refused(sources: dict[str, str], said: str) -> None:
    with pytest.raises(BundleError, match=said.replace("(", r"\(")):
        bundled(sources)


def test_the_pages_own_scripts_are_all_used() -> None:
    """A file that nothing imports would be dead weight in every page."""
    sources = script_sources(PAGE_FOLDER)
    assert bundled(sources)
    imported = {file for source in sources.values() for file in imports_of(source)}
    assert set(sources) - imported <= {"start.js"}
