"""Pins the digests of every kit of seed 0.

`python -m tools.kit_digests --write` after a case is added, or changed on purpose. Without --write it says which kits
differ from tests/oracle/kit_digests.json. A digest that changes without a change of the case means that kits are no
longer the same on every machine and in every version: then it is the code that is wrong.
"""

import json
import sys
from pathlib import Path

from tribe_np.oracle.kit_models.kit_catalogue import MODELS, kit_model
from tribe_np.oracle.kits.kit import make_kit
from tribe_np.oracle.kits.kit_writing import fixed_digests

PINNED = Path(__file__).parents[1] / "tests/oracle/kit_digests.json"


def found_digests() -> dict[str, dict[str, str]]:
    """The first 24 digits of each digest, by model and case."""
    names = [(model, case.name) for model in MODELS for case in kit_model(model).cases]
    return {
        f"{model}/{case}": {what: digest[:24] for what, digest in fixed_digests(make_kit(model, case)).items()}
        for model, case in names
    }


def pinned_digests() -> dict[str, dict[str, str]]:
    """Those of the file."""
    found: dict[str, dict[str, str]] = json.loads(PINNED.read_text()) if PINNED.exists() else {}
    return found


def main() -> int:
    """Compares, or writes."""
    found, pinned = found_digests(), pinned_digests()
    different = [name for name in {**pinned, **found} if pinned.get(name) != found.get(name)]
    for name in different:
        parts = [what for what in found.get(name, {}) if pinned.get(name, {}).get(what) != found[name][what]]
        print(f"{name}: {', '.join(parts) or 'is no more'}")
    if "--write" in sys.argv and different:
        rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found))
        PINNED.write_text(f"{{\n{rows}\n}}\n")
    print(f"{PINNED.name}: {len(different)} of {len(found)} kits differ{', written' if '--write' in sys.argv else ''}")
    return int(bool(different) and "--write" not in sys.argv)


if __name__ == "__main__":
    raise SystemExit(main())
