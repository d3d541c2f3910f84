"""tribe-np oracle dump: a conformance kit, in plain files that any language reads."""

import argparse
import re
from typing import TYPE_CHECKING, Any

from tribe_np.cli import common
from tribe_np.oracle.kit_models.kit_catalogue import MODELS

if TYPE_CHECKING:
    from tribe_np.oracle.kits.kit import Kit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np oracle dump`."""
    parser.add_argument("--model", choices=list(MODELS), required=True, help="what the kit is of")
    parser.add_argument(
        "--config", type=common.words, default="tiny", metavar="X",
        help="tiny (default): small, chosen so that mistakes show; released: the released model's widths; a "
        "configuration file, for which weights are generated; or a model folder with its own weights",
    )  # fmt: skip
    parser.add_argument(
        "--case", type=common.words, default="plain", metavar="NAME",
        help="what the kit shows: plain (default), an awkward case of the model, or all, a folder for each",
    )  # fmt: skip
    parser.add_argument("--seed", type=kit_seed, default=0, metavar="S", help="of weights and inputs (default: 0)")
    parser.add_argument(
        "--layers", type=layer_range, metavar="A:B",
        help="only layers A to B - 1, of which the first reads a generated stream where others come before it",
    )  # fmt: skip
    parser.add_argument(
        "--weights", action="store_true",
        help="put the weights into the kit, where they are large or a person's own: a kit then holds their recipe, or "
        "their digest",
    )  # fmt: skip
    parser.add_argument(
        "--taps", choices=("whole", "summary"),
        help="every number of each tap, or a summary (default: a summary where the weights are large)",
    )  # fmt: skip
    parser.add_argument("--out", type=common.path, required=True, metavar="KIT", help="the folder to write")
    common.add_json(parser, "where the kits are, and what is in them")
    common.add_threads(parser)


def kit_seed(text: str) -> int:
    """A seed, for argparse."""
    if not text.isascii() or not text.isdigit() or len(text) > 20 or int(text) >= 1 << 64:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to 2^64 - 1, got {text[:40]!r}")
    return int(text)


def layer_range(text: str) -> tuple[int, int]:
    """A range of layers, for argparse; whether the model has them is found out later."""
    found = re.fullmatch(r"(\d{1,4}):(\d{1,4})", text, re.ASCII)
    if not found or int(found[1]) >= int(found[2]):
        raise argparse.ArgumentTypeError(f"must be two numbers such as 0:1, the first the smaller, got {text[:40]!r}")
    return int(found[1]), int(found[2])


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    common.fix_threads(options)
    from pathlib import Path

    from tribe_np.oracle.kit_models.kit_catalogue import kit_model
    from tribe_np.oracle.kits.kit_making import KitWish, wished_kit
    from tribe_np.oracle.kits.kit_writing import check_kit_target, write_kits

    check_kit_target(options.out, {"configuration": Path(options.config)})
    names = [case.name for case in kit_model(options.model).cases] if options.case == "all" else [options.case]
    summary = None if options.taps is None else options.taps == "summary"
    kits = {
        name: wished_kit(KitWish(options.model, options.config, name, options.seed, options.layers, summary))
        for name in names
    }
    inside = {name: options.weights or holds_weights(kit) for name, kit in kits.items()}
    write_kits(
        options.out, kits if options.case == "all" else {"": kits[options.case]}, with_weights=all(inside.values())
    )
    result = {kit.case: facts(kit, in_kit=inside[name]) for name, kit in kits.items()}
    common.print_result(options, {"kit": str(options.out), "cases": result}, lines(options, result))
    return 0


def holds_weights(kit: "Kit") -> bool:
    """Whether a kit holds its weights without being told to: small ones that were generated."""
    from tribe_np.oracle.kits.kit import is_large

    return not kit.weight_files and not is_large(kit)


def facts(kit: "Kit", *, in_kit: bool) -> dict[str, Any]:
    """What is said of a kit that was written."""
    from tribe_np.oracle.kits.kit import weight_bytes

    return {
        "weights": len(kit.weights),
        "weights_mb": round(weight_bytes(kit) / 1e6, 1),
        "weights_in_kit": in_kit,
        "inputs": len(kit.inputs),
        "taps": len(kit.tap_names()),
        "taps_mb": round((kit.expected if kit.summary is None else kit.summary).n_bytes() / 1e6, 1),
        "summary": kit.summary is not None,
        "weight_files": dict(kit.weight_files),
    }


def lines(options: argparse.Namespace, result: dict[str, dict[str, Any]]) -> list[str]:
    """The same for people."""
    found = [f"{options.out}: {options.model}, seed {options.seed}"]
    for name, of in result.items():
        weights = f"{of['weights']} weights ({of['weights_mb']} MB" + (
            ")" if of["weights_in_kit"] else ", not in the kit)"
        )
        taps = f"{of['taps']} taps ({of['taps_mb']} MB{', summaries' if of['summary'] else ''})"
        found.append(f"  {name}: {weights}, {of['inputs']} inputs, {taps}")
    return found
