"""A comparison as one HTML file with a line a tap: nothing in it is fetched, and nothing runs."""

from collections.abc import Sequence
from html import escape
from math import isfinite, log10
from pathlib import Path

from tribe_np.oracle.budget.bounds import Bound
from tribe_np.oracle.conformance.comparison_outputs import COMPARE_COMMAND
from tribe_np.oracle.conformance.comparison_text import (
    SHOWN_NUMBERS,
    detail_lines,
    row_notes,
    row_numbers,
    state_of,
    summary_lines,
)
from tribe_np.oracle.conformance.deviations import Deviation
from tribe_np.oracle.conformance.kit_comparison import KitComparison, TapComparison
from tribe_np.outputs.whole import write_file_whole

SMALLEST, LARGEST = -9.0, 1.0  # powers of ten from end to end of the bars
WIDTH = 224  # of a bar, in pixels: as in the style
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1b1f24; --faint: #5b6470; --line: #d9dee5; --row: #f5f7f9;
  --all: #2166ac; --step: #b35806; --bad: #b00020; --bad-ground: #fdecee; --off-ground: #fff6e5; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171a; --text: #e6e8eb; --faint: #9aa4b0; --line: #343a42;
  --row: #1b1f24; --all: #6baed6; --step: #fdae61; --bad: #ff8a95; --bad-ground: #3a1a1f; --off-ground: #332a14; } }
body { margin: 1.5rem; background: var(--ground); color: var(--text); font: 14px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.25rem; margin: 0 0 .25rem; } h2 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
.verdict { font-size: 1.05rem; font-weight: 600; margin: .25rem 0 .5rem; } .bad { color: var(--bad); }
a { color: inherit; } ul { margin: .25rem 0; padding-left: 1.25rem; } code { font-size: .95em; }
table { border-collapse: collapse; width: 100%; margin-top: .75rem; font-variant-numeric: tabular-nums; }
th { position: sticky; top: 0; z-index: 1; background: var(--ground); color: var(--faint); font-weight: 600;
  text-align: left; border-bottom: 1px solid var(--line); }
th, td { padding: 1px .5rem; white-space: nowrap; height: 19px; font-size: 12px; }
tr:nth-child(even) td { background: var(--row); }
tr { scroll-margin-top: 3rem; } tr:target { outline: 1px solid var(--text); }
td.number, th.number { text-align: right; } td.name { font-family: ui-monospace, monospace; }
td.note { max-width: 24rem; overflow: hidden; text-overflow: ellipsis; color: var(--faint); }
tr.wrong td, tr.unfit td { background: var(--bad-ground); } tr.out td { background: var(--off-ground); }
tr.wrong td.state, tr.unfit td.state { color: var(--bad); font-weight: 700; } tr.not-given td { color: var(--faint); }
.bars { position: relative; width: 240px; min-width: 240px; }
.bars i { position: absolute; left: .5rem; height: 5px; border-radius: 1px; }
.bars i.all { top: 4px; background: var(--all); } .bars i.step { top: 11px; background: var(--step); }
.bars b { position: absolute; width: 2px; height: 7px; background: var(--text); }
.bars b.all { top: 3px; } .bars b.step { top: 10px; }
.axis { position: relative; display: block; width: 224px; height: 1.3em; }
.axis span { position: absolute; transform: translateX(-50%); }
.key { display: inline-block; width: 1.6em; height: 6px; border-radius: 1px; vertical-align: middle; }
"""


def write_comparison_page(path: str | Path, found: KitComparison, diagnosis: Sequence[str] = ()) -> None:
    """Writes the page whole or not at all; a file that is no page of ours stays.

    Raises   OutputError
    """
    text = comparison_page(found, diagnosis)
    write_file_whole(Path(path), lambda partial: partial.write_text(text, "utf-8"), COMPARE_COMMAND, argument="--html ")


def comparison_page(found: KitComparison, diagnosis: Sequence[str] = ()) -> str:
    """The whole page; `diagnosis` are the lines of what explains it."""
    title = f"{found.model}, {found.case or 'a configuration of its own'}, seed {found.seed}"
    verdict, *others = summary_lines(found)
    rows = "\n".join(_row_html(number, row) for number, row in enumerate(found.rows, 1))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p class="verdict{"" if found.conforms else " bad"}">{escape(verdict)}</p>
{_list(others)}
{_wrong_links(found)}
{_section("Diagnosis", diagnosis)}
{LEGEND}
<table>
<thead><tr>{HEAD}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
{_section("Notes", detail_lines(found, found.rows))}
</body>
</html>
"""


def _axis() -> str:
    powers = range(int(SMALLEST) + 1, int(LARGEST), 2)
    return "".join(f'<span style="left:{_along(10.0**power):.0f}px">1e{power}</span>' for power in powers)


def _along(error: float) -> float:
    """Where an error is on the scale, in pixels."""
    if error <= 0:
        return 0.0
    power = log10(error) if isfinite(error) else LARGEST
    return WIDTH * min(max((power - SMALLEST) / (LARGEST - SMALLEST), 0.0), 1.0)


HEAD = (
    '<th class="number">#</th><th></th><th>tap</th>'
    f'<th><span class="axis">{_axis()}</span></th>'
    + "".join(f'<th class="number">{name}</th>' for name in SHOWN_NUMBERS)
    + "<th>notes</th>"
)
LEGEND = """<p>Root mean square errors over that of what is expected, on a scale of powers of ten:
<span class="key" style="background:var(--all)"></span> all in all, against what the kit expects;
<span class="key" style="background:var(--step)"></span> of this step alone, against what comes out here from their own
taps before it. A mark | is what a right port may have. Largest and ulp (steps of float32) are of the worst place, which
"at" names: of the step where it is wrong by itself, otherwise all in all.</p>"""


def _row_html(number: int, row: TapComparison) -> str:
    state = state_of(row)
    cells = [
        f'<td class="number">{number}</td>',
        f'<td class="state">{state}</td>',
        f'<td class="name">{escape(row.name)}</td>',
        f'<td class="bars">{_bar("all", row.accumulated, row.bound)}{_bar("step", row.local, row.local_bound)}</td>',
        *(f'<td class="number">{escape(text)}</td>' for text in row_numbers(row)),
        _note(row),
    ]
    return f'<tr id="tap-{number}" class="{state.lower().replace(" ", "-")}">{"".join(cells)}</tr>'


def _bar(kind: str, error: Deviation | None, bound: Bound | None) -> str:
    if error is None:
        return ""
    size = float("inf") if error.n_not_finite else error.rms_over_rms
    bar = f'<i class="{kind}" style="width:{_along(size):.0f}px"></i>'
    return bar if bound is None else f'{bar}<b class="{kind}" style="left:calc(.5rem + {_along(bound.rms):.0f}px)"></b>'


def _note(row: TapComparison) -> str:
    text = escape("; ".join(row_notes(row)))
    return f'<td class="note" title="{text}">{text}</td>' if text else "<td></td>"


def _wrong_links(found: KitComparison) -> str:
    numbers = {row.name: number for number, row in enumerate(found.rows, 1)}
    links = [f'<a href="#tap-{numbers[row.name]}"><code>{escape(row.name)}</code></a>' for row in found.locally_out]
    return f"<p>Wrong by themselves: {', '.join(links)}</p>" if links else ""


def _section(title: str, lines: Sequence[str]) -> str:
    told = [line.strip() for line in lines if line.strip()]
    return f"<h2>{title}</h2>\n{_list(told)}" if told else ""


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" if lines else ""
