"""Runs every kit through the other implementations and writes docs/conformance.md: how each of them did.

    python -m tools.conformance                    prints the lines
    python -m tools.conformance --write            also puts them into docs/conformance.md
    python -m tools.conformance --check            exits with 1 where a library fails a kit or the page lacks a line
    ... --port CHECKOUT [--crates FOLDER]          also builds tribev2-rs from a checkout and runs it; else its part of
                                                   the page stays as it is

The libraries are those of the parity environment (tox.ini); the port needs cargo and its crates.
"""

import argparse
import contextlib
import io
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.conformance import port_page
from tools.conformance.verdicts import FAILS, HEAD, Verdict, verdict_on
from tools.page import placed
from tools.places import DOCS
from tools.reference.kit_peers import PEERS, peer_recording
from tribe_np.oracle.kit_models.kit_catalogue import kit_model
from tribe_np.oracle.kits.kit import make_kit

PAGE = DOCS / "conformance.md"
LIBRARIES = ("torch", "transformers", "x-transformers", "neuraltrain", "numpy")


def peer_verdicts(models: Sequence[str]) -> Iterator[Verdict]:
    """Every case of the models through the library that stands for it, in float32 as shipped."""
    for model in models:
        for case in kit_model(model).cases:
            kit = make_kit(model, case.name)
            with contextlib.redirect_stderr(io.StringIO()):  # progress bars
                theirs = peer_recording(kit, "float32")
            theirs = {name: array for name, array in theirs.items() if name in kit.expected}
            yield verdict_on(kit, PEERS[model], theirs)[0]


def peers_text(found: Sequence[Verdict]) -> str:
    """The part of the page on libraries."""
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    n_failed = sum(one.verdict == FAILS for one in found)
    told = f"{len(found)} kits, seed 0, float32 as shipped; {n_failed} fail. Versions: {versions}."
    return "\n".join([told, "", HEAD, *(one.line() for one in found)])


def missing_lines(page: str, found: Sequence[Verdict]) -> list[str]:
    """What the page does not say of the verdicts, and kits that a library fails."""
    stale = [one for one in found if f"| {one.kit} | {one.peer} | {one.verdict} |" not in page]
    return [f"the page lacks: {one.line()}" for one in stale] + [
        f"fails: {one.line()}" for one in found if one.verdict == FAILS
    ]


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="python -m tools.conformance", description="Kits through other programs.")
    made.add_argument("--write", action="store_true", help="put the lines into docs/conformance.md")
    made.add_argument("--check", action="store_true", help="exit with 1 where a kit fails or the page is stale")
    made.add_argument("--only", nargs="*", choices=[*PEERS], help="models whose kits are run (default: all)")
    made.add_argument("--port", type=Path, metavar="CHECKOUT", help="a checkout of tribev2-rs")
    made.add_argument("--crates", type=Path, metavar="FOLDER", help="vendored crates, where cargo has no registry")
    return made


def main(arguments: list[str] | None = None) -> int:
    """The program."""
    options = parser().parse_args(arguments)
    page = PAGE.read_text(encoding="utf-8")
    found = list(peer_verdicts(options.only if options.only is not None else list(PEERS)))
    parts = {"peers": peers_text(found)} if options.only is None else {}
    if options.port:
        with TemporaryDirectory() as folder:
            parts["port"] = port_page.port_text(options.port, Path(folder), options.crates)
    print("\n\n".join([*parts.values()] or [one.line() for one in found]))
    if options.check:
        wrong = missing_lines(page, found)
        print("\n".join(wrong), file=sys.stderr)
        return 1 if wrong else 0
    if options.write:
        for name, text in parts.items():
            page = placed(page, name, text)
        PAGE.write_text(page, encoding="utf-8")
    return 0
