"""Runs the real packages on tiny seeded models and writes the small dumps under tests/golden/ with a manifest.

    python -m tools.dump_reference                      everything PyPI installs
    python -m tools.dump_reference encoder llama        some stages
    python -m tools.dump_reference --upstream CHECKOUT  also what needs a checkout of facebookresearch/tribev2

Each stage is a module of tools/reference with `dump(folder, upstream)`, which returns the names of the files it wrote.
"""

import argparse
import json
import subprocess
from importlib import import_module
from pathlib import Path

from tools.places import GOLDEN
from tools.reference.measure import versions

STAGES = (
    "ops",
    "encoder",
    "subsets",
    "encoder_gradients",
    "training",
    "training_epochs",
    "checkpoint",
    "batch_norm",
    "llama",
    "audio",
    "video",
    "films",
    "dinov2",
    "words",
    "transcript",
    "espeak",
    "timeline",
    "predictions",
    "regions",
    "subcortex",
    "structures",
    "surface_maps",
    "figures",
    "projection",
    "linear_fits",
    "scores",
)


def main() -> None:
    """Dumps the stages asked for and updates the manifest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", nargs="*", choices=[*STAGES, []], help="default: all")
    parser.add_argument("--upstream", type=Path, help="a checkout of facebookresearch/tribev2")
    options = parser.parse_args()
    commit = None
    if options.upstream:
        command = ["git", "-C", str(options.upstream), "rev-parse", "HEAD"]
        commit = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    manifest_path = GOLDEN / "manifest.json"
    manifest = json.loads(manifest_path.read_text()) if manifest_path.exists() else {}
    for stage in options.stages or STAGES:
        files = import_module(f"tools.reference.{stage}").dump(GOLDEN, options.upstream)
        for name in files:
            manifest[name] = {"stage": stage, "versions": versions(), "upstream_commit": commit}
            print(f"{stage}: {name} ({(GOLDEN / name).stat().st_size / 1000:.0f} kB)")
    manifest_path.write_text(json.dumps(dict(sorted(manifest.items())), indent=1) + "\n")


if __name__ == "__main__":
    main()
