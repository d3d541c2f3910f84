"""tribe-np oracle dump: a conformance kit, in plain files that any language reads."""

import argparse
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.oracle.kit_models.kit_catalogue import MODELS

if TYPE_CHECKING:
    from tribe_np.oracle.kits.kit import Kit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np oracle dump`."""
    parser.add_argument("--model", choices=list(MODELS), required=True, help="what the kit is of")
    parser.add_argument("--seed", type=kit_seed, default=0, metavar="S", help="of weights and inputs (default: 0)")
    parser.add_argument(
        "--case", type=common.words, default="plain", metavar="NAME",
        help="what the kit shows: plain (default), an awkward case of the model, or all, a folder for each",
    )  # fmt: skip
    parser.add_argument("--out", type=common.path, required=True, metavar="KIT", help="the folder to write")
    common.add_json(parser, "where the kits are, and what is in them")
    common.add_threads(parser)


def kit_seed(text: str) -> int:
    """A seed, for argparse."""
    if not text.isascii() or not text.isdigit() or int(text) >= 1 << 64:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to 2^64 - 1, got {text[:40]!r}")
    return int(text)


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    common.fix_threads(options)
    from tribe_np.oracle.kit_models.kit_catalogue import kit_model
    from tribe_np.oracle.kits.kit import make_kit
    from tribe_np.oracle.kits.kit_writing import check_kit_target, write_kits

    check_kit_target(options.out)
    names = [case.name for case in kit_model(options.model).cases] if options.case == "all" else [options.case]
    kits = {name: make_kit(options.model, name, seed=options.seed) for name in names}
    write_kits(options.out, kits if options.case == "all" else {"": kits[options.case]})
    result = {name: facts(kit) for name, kit in kits.items()}
    common.print_result(options, {"kit": str(options.out), "cases": result}, lines(options, result))
    return 0


def facts(kit: "Kit") -> dict[str, object]:
    """What is said of a kit that was written."""
    return {"weights": len(kit.weights), "inputs": len(kit.inputs), "taps": len(kit.expected)}


def lines(options: argparse.Namespace, result: dict[str, dict[str, object]]) -> list[str]:
    """The same for people."""
    of_cases = [f"  {name}: {', '.join(f'{n} {what}' for what, n in found.items())}" for name, found in result.items()]
    return [f"{options.out}: {options.model}, seed {options.seed}", *of_cases]
