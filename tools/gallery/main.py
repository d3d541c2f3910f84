"""Makes the painted run, runs the commands of `entries`, shrinks their pictures into docs/gallery, writes the page."""

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np

from tools.gallery.entries import ENTRIES, PARTS, Entry
from tools.gallery.painted import NOTE, drives, paint
from tools.gallery.screenshots import film_picture, page_picture
from tools.made_study import StudyPlan, make_study
from tools.places import DOCS, ROOT
from tribe_np.cortex import as_series
from tribe_np.plots.stimulus.run_stimulus import stimulus_of_run

PICTURES = DOCS / "gallery"
WIDEST = 1000  # pixels of a picture on the page; with a palette, half the bytes, colour bars would lose colours
OPENING = f"""# Gallery

Pictures, films and a page of one run, and the command that made each. [pictures.md](pictures.md) explains them.

`python -m tools.gallery --work DIR` runs the commands and writes this page. The released weights could not be had where
it ran, and the demo's random weights look like noise. So the values here are **{NOTE}**. For your own, put your
prediction folder in the place of `painted`.

The borders and names of regions are those of HCP-MMP1, which you [get first](cortex.md#parcellations).
"""


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="folder for the films and pages")
    parser.add_argument("--parcellation", default="hcp-mmp1", metavar="X", help="where HCP-MMP1 is (default: by name)")
    parser.add_argument("--keep", action="store_true", help="make nothing again that lies in DIR")
    options = parser.parse_args()
    work: Path = options.work
    work.mkdir(parents=True, exist_ok=True)
    if not (options.keep and (work / "drives.npy").exists()):
        _prepare(work, options.parcellation)
    PICTURES.mkdir(exist_ok=True)
    for entry in ENTRIES:
        if entry.command and not (options.keep and (work / entry.made).exists()):
            _run(entry.command, work)
        _show(entry, work)
    (DOCS / "gallery.md").write_text(page_text(), encoding="utf-8")


def _prepare(work: Path, parcellation: str) -> None:
    """The demo, the painted runs, people who saw them, and one map for each of three drives."""
    _run("tribe-np demo --quiet", work)
    folder = work / "demo" / "predictions"
    paint(folder, work / "painted", parcellation)
    paint(folder, work / "without-words", parcellation, has_words=False)
    make_study(work / "painted", work / "people", StudyPlan(noise=1.0, silent=0.0))
    series = as_series(work / "painted")
    stimulus = stimulus_of_run(folder)
    light, _, sound, words = drives(series.starts, series.tr, stimulus)
    maps = np.corrcoef(np.vstack([light, sound, words, series.values.T]))[:3, 3:]
    np.save(work / "drives.npy", np.maximum(maps, 0).astype(np.float32))


def _run(command: str, work: Path) -> None:
    program, *arguments = shlex.split(command)
    print("$", command, flush=True)
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    subprocess.run(
        [sys.executable, "-m", program.replace("-", "_"), *arguments],
        cwd=work, check=True, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip


def _show(entry: Entry, work: Path) -> None:
    """Puts the picture of an entry into docs/gallery."""
    from PIL import Image

    made, shown = work / entry.made, PICTURES / entry.shown
    if made.suffix == ".mp4":
        film_picture(made, entry.moment, shown)
    elif made.suffix == ".html":
        page_picture(made, entry, shown)
    else:
        shown.write_bytes(made.read_bytes())
    if made.suffix == ".gif":
        return
    with Image.open(shown) as picture:
        small = picture.convert("RGB")
        small.thumbnail((WIDEST, 4 * WIDEST))
        small.save(shown, optimize=True)


def page_text() -> str:
    """The text of docs/gallery.md."""
    text = [OPENING]
    for part, about in PARTS.items():
        text.append(f"## {part}\n\n{about}\n")
        for entry in (entry for entry in ENTRIES if entry.part == part):
            text.append(f"### {entry.title}\n\n{entry.about}\n")
            if entry.command:
                text.append(f"```sh\n{entry.command}\n```\n")
            text.append(_picture(entry))
    return "\n".join(text)


def _picture(entry: Entry) -> str:
    """Markdown of a picture; a narrow one is not blown up."""
    if entry.width is None:
        return f"![{entry.title}](gallery/{entry.shown})\n"
    return f'<img src="gallery/{entry.shown}" alt="{entry.title}" width="{entry.width}">\n'
