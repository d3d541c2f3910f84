"""The long run on a page, and its run.json without what belongs to one machine."""

import os
import re
from collections.abc import Iterable
from typing import Any

from tools.bench.machine import cpu_model

HEAD = """# A long run, from end to end

Made by `python -m tools.long_film --work FOLDER --interrupt --docs docs`: `tribe-np predict` as a process on a film of
{minutes:g} minutes with {words} words. {sizes} All weights are random, so the predictions mean nothing.
Machine: {machine}; {threads} threads, kernels `{kernels}`. The whole record is
[long-run.json](long-run.json), with its paths made relative.

"""
SIZES = {
    False: "Sound goes through Wav2Vec-BERT 2.0 in its\nreleased size (24 layers, 1,024 wide, 2.3 GB), the brain "
    "encoder has its released size (8 layers, 1,152 wide, 20,484\nvertices); words go through a LLaMA of 4 layers, "
    "64 wide, and pictures through a V-JEPA 2 of 2 layers, 48 wide.",
    True: "All models are tiny: a LLaMA of 4 layers,\n64 wide, a Wav2Vec-BERT of 2 layers, 64 wide, a V-JEPA 2 of 2 "
    "layers, 48 wide, and a brain encoder of 2 layers,\n192 wide.",
}
KILLED = """
## Killed half-way

The same command with an empty cache was killed (SIGKILL) after {before:.0f} s, in the middle of a chunk of sound:
{kept} of {chunks} chunks were in the cache, and {remains} of the result was on disk. Started again, it took
{after:.0f} s (peak {peak}) and ended with {same}: `predictions.npy` (SHA-256 `{digest}...`), `segments.json` and
`events.tsv`.
"""


def markdown(result: dict[str, Any]) -> str:
    """The page: seconds per stage, peak memory, the interrupted run."""
    run, full = result["run"], result["full"]
    options = run["options"]
    words = next((int(n.replace(",", "")) for n in re.findall(r"([\d,]+) words", run["summary"])), 0)
    text = HEAD.format(
        minutes=result["seconds"] / 60, words=f"{words:,}", sizes=SIZES[result["tiny"]], machine=machine(),
        threads=options["threads"], kernels=options["kernels"],
    )  # fmt: skip
    part = result.get("interrupted")
    text += "| stage | seconds |" + (" continued after the kill |\n|---|---|---|\n" if part else "\n|---|---|\n")
    for name, seconds in run["seconds"].items():
        again = f" {part['continued']['stages'].get(name, 0):.1f} |" if part else ""
        text += f"| {name} | {seconds:.1f} |{again}\n"
    rows, vertices = run["shape"]
    text += f"\nPeak memory: {gigabytes(full['peak'])}. Result: {rows} rows of {vertices:,} vertices.\n"
    return text + (killed(part, result["digests"]) if part else "") + "\n" + printed(result)


def gigabytes(n_bytes: int | None) -> str:
    """A size, or a dash where it is not known."""
    return "-" if n_bytes is None else f"{n_bytes / 1e9:.2f} GB"


def killed(part: dict[str, Any], digests: dict[str, str]) -> str:
    """What became of the run that was killed."""
    return KILLED.format(
        before=part["killed"]["seconds"], kept=part["kept"], chunks=part["chunks"],
        remains="nothing" if not part["left"] else ", ".join(f"`{name}`" for name in part["left"]),
        after=part["continued"]["seconds"], peak=gigabytes(part["continued"]["peak"]),
        same="the same bytes" if part["equal"] else "OTHER BYTES, a defect", digest=digests["predictions.npy"][:16],
    )  # fmt: skip


def printed(result: dict[str, Any]) -> str:
    """What the process printed, with the second at which each line came; the steps of long stages thinned out."""
    part = result.get("interrupted")
    text = "## What it prints\n\n```\n" + "\n".join(thinned(result["full"]["lines"])) + "\n```\n"
    if part:
        text += "\nThe continued run:\n\n```\n" + "\n".join(thinned(part["continued"]["lines"])) + "\n```\n"
    return text


def thinned(lines: list[str]) -> list[str]:
    """At most three lines in a row of one stage."""
    kept: list[str] = []
    for line in lines:
        stage = re.sub(r"\d+", "", line.split(" s  ", 1)[-1].split(":")[0])
        if "left" in line and sum(stage in old and "left" in old for old in re_numbered(kept[-3:])) == 3:
            continue
        kept.append(line)
    return kept


def re_numbered(lines: list[str]) -> list[str]:
    """Lines without their numbers."""
    return [re.sub(r"\d+", "", line) for line in lines]


def machine() -> str:
    """Processor and how many of it may be used."""
    n = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    model = cpu_model()
    return f"{n} cores" + (f" ({model})" if model else "")


def anonymous(value: Any, folders: Iterable[str]) -> Any:
    """`value` with those folders taken off the front of paths; of any other absolute path only the last name stays."""
    if isinstance(value, dict):
        return {key: anonymous(item, folders) for key, item in value.items()}
    if isinstance(value, list):
        return [anonymous(item, folders) for item in value]
    if not isinstance(value, str):
        return value
    for folder in folders:
        value = value.replace(folder + "/", "").replace(folder, ".")
    return re.sub(r"(?<![\w.<>-])/(?:[\w.@+-]+/)+([\w.@+-]*)", r"\1", value)
