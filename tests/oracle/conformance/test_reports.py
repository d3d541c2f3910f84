"""What people and programs get to read of a comparison."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from tests.oracle.conformance.ports import generous, kit_of, port_of, scaled
from tribe_np.oracle.conformance.comparing_kits import compare_kit
from tribe_np.oracle.conformance.comparison_page import comparison_page, write_comparison_page
from tribe_np.oracle.conformance.comparison_text import comparison_lines
from tribe_np.oracle.conformance.conformance_record import conformance_record
from tribe_np.oracle.conformance.kit_comparison import KitComparison

WRONG = ["encoder.layers.0.branch", "encoder.layers.2.mixed"]


def wrong_port() -> KitComparison:
    """Two mistakes, other axes, a tap that is missing, one under another name, one that is not finite."""
    kit = kit_of("encoder")
    arrays = port_of(kit, *[(name, scaled(1.01)) for name in WRONG])
    arrays = {name: x.swapaxes(1, 2) if name.endswith("query") else x for name, x in arrays.items()}
    arrays["ff.<b>"] = arrays.pop("encoder.layers.1.hidden")
    arrays["encoder.output"] = np.where(np.arange(9) == 3, np.nan, arrays["encoder.output"])
    return compare_kit(kit, arrays, bounds=generous)


def test_the_verdict_comes_first_and_then_what_matters() -> None:
    lines = comparison_lines(wrong_port(), diagnosis=["a known mistake"])
    assert lines[0] == "encoder, plain, seed 0"
    verdict = "DOES NOT CONFORM (float32): encoder.layers.0.branch is the first wrong step: off by 0.01"
    assert lines[1].startswith(verdict)
    text = "\n".join(lines)
    assert re.search(r"3 steps are wrong by themselves; all in all \d+ of 52 taps are out of bounds", text)
    assert "51 of the kit's 52 taps were given; not given: encoder.layers.1.hidden" in text
    assert "ff.<b> looks like encoder.layers.1.hidden: same shape, r 0.9999" in text
    assert "2 taps: theirs is (B, S, N, H)" in text
    assert "diagnosis: a known mistake" in text
    assert "74 values are NaN or infinite where a finite one is expected, the first at (0, 0, 3): theirs nan" in text
    assert re.search(r"encoder.layers.0.branch: largest error 0.0\d+ \(0.0\d+ of the RMS, \S+ ulp\) at \(\d", text)
    rows = [line for line in lines if line.startswith(("ok", "out", "WRONG"))]
    assert 5 <= len(rows) <= 12
    assert [line.split()[1] for line in rows if line.startswith("WRONG")] == [*WRONG, "encoder.output"]
    assert rows[0].split()[:2] == ["ok", "encoder.layers.0.mixed"], "the one before it"
    assert "--all shows every tap" in text
    assert (
        len([x for x in comparison_lines(wrong_port(), all_taps=True) if re.match("ok|out|WRONG|not given", x)]) == 52
    )


def test_a_port_that_conforms_is_told_in_a_few_lines() -> None:
    kit = kit_of("encoder")
    lines = comparison_lines(compare_kit(kit, port_of(kit), bounds=generous))
    assert lines[1] == "conforms (float32): all 52 taps that were given are within their bounds"
    assert len(lines) < 8


def test_the_record_has_every_tap_and_no_number_that_json_lacks() -> None:
    record = json.loads(json.dumps(conformance_record(wrong_port()), allow_nan=False))
    assert record["format"] == "tribe-np-comparison/1"
    assert (record["conforms"], record["first_wrong_step"]) == (False, WRONG[0])
    assert record["wrong_steps"] == [*WRONG, "encoder.output"]
    assert [row["name"] for row in record["taps"]] == kit_of("encoder").expected.names()
    (wrong,) = [row for row in record["taps"] if row["name"] == WRONG[0]]
    assert set(wrong) == {
        "name", "their_name", "state", "accumulated", "accumulated_bound", "local", "local_bound", "since_not_given",
        "notes", "fault",
    }  # fmt: skip
    assert set(wrong["local"]) == {
        "max_abs", "max_over_rms", "rms_over_rms", "ulp", "worst_index", "theirs", "reference", "not_finite",
        "first_not_finite",
    }  # fmt: skip
    assert set(wrong["local_bound"]) == {"rms_over_rms", "max_over_rms"}
    assert record["suggested"]["ff.<b>"]["tap"] == "encoder.layers.1.hidden"


class Page(HTMLParser):
    """Tags that were opened, and the text between."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_has_a_line_a_tap(tmp_path: Path) -> None:
    write_comparison_page(tmp_path / "page.html", wrong_port(), ["<script>alert(1)</script>"])
    text = (tmp_path / "page.html").read_text("utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert "script" not in page.tags
    assert not [value for name, value in page.attributes if name in ("src", "onclick") or "http" in (value or "")]
    assert text.count('<tr id="tap-') == 52
    assert "&lt;script&gt;alert(1)" in text
    assert "ff.&lt;b&gt; looks like" in text
    assert '<a href="#tap-22">' in text
    assert "prefers-color-scheme: dark" in text


def test_a_page_of_nothing_given_but_the_output() -> None:
    kit = kit_of("llama")
    text = comparison_page(compare_kit(kit, kit.expected["llama.norm.output"], bounds=generous))
    assert text.count('class="not-given"') == len(kit.expected) - 1
