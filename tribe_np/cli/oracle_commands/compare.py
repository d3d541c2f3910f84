"""tribe-np oracle compare: another implementation's numbers against a kit. Exit code 3 where they are out of bounds."""

import argparse
import sys
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.shown import shown, some_of

if TYPE_CHECKING:
    from tribe_np.oracle.kits.kit import Kit

PRECISIONS = ("float32", "bfloat16", "float16")
OUT_OF_BOUNDS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np oracle compare`."""
    parser.add_argument("kit", type=common.path, metavar="KIT", help="a folder that tribe-np oracle dump wrote")
    parser.add_argument(
        "theirs", type=common.path, metavar="THEIRS",
        help="what the other implementation computed from the kit: a .safetensors file, an .npz, a .npy of its output "
        "(of any name), or a folder of .npy or raw files (.f32, .f64, .bin ...), as many taps as there are",
    )  # fmt: skip
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="float32",
        help="what it computes in: bounds are those of right implementations in it (default: float32)",
    )  # fmt: skip
    parser.add_argument(
        "--map", type=common.path, metavar="FILE",
        help='JSON: their name to the kit\'s, or to {"tap": ..., "shape": [...], "axes": [...]}, or to null',
    )  # fmt: skip
    parser.add_argument(
        "--suggest", type=common.path, metavar="FILE",
        help="write a map of the names that the kit lacks to the taps that they look like",
    )  # fmt: skip
    parser.add_argument(
        "--steps", action=argparse.BooleanOptionalAction, default=None,
        help="of a kit that holds summaries: whether to compute all its numbers anew, which checks each step by itself "
        "(default: where they take less than 1 GB)",
    )  # fmt: skip
    parser.add_argument("--all", action="store_true", help="show every tap, not only what matters")
    parser.add_argument("--html", type=common.path, metavar="FILE", help="write a page with one line a tap")
    parser.add_argument("--no-diagnosis", action="store_true", help="do not look for the mistake that explains it")
    common.add_json(parser, "the comparison")
    common.add_threads(parser)


def execute(options: argparse.Namespace) -> int:
    """Runs the command: 3 where theirs is out of bounds."""
    common.fix_threads(options)
    from tribe_np.oracle.conformance.comparing_kits import compare_kit
    from tribe_np.oracle.conformance.comparison_outputs import check_comparison_targets
    from tribe_np.oracle.conformance.comparison_text import comparison_lines
    from tribe_np.oracle.conformance.conformance_record import conformance_record
    from tribe_np.oracle.conformance.conforming import explained, is_small
    from tribe_np.oracle.diagnose.diagnosis import Diagnosis
    from tribe_np.oracle.kits.kit_reading import read_kit

    inputs = {"kit": options.kit, "numbers": options.theirs, "map of names": options.map}
    check_comparison_targets(options.suggest, options.html, inputs)
    kit = read_kit(options.kit)
    write_suggestions(options, kit)
    found = compare_kit(kit, options.theirs, options.precision, names=options.map, steps=options.steps)
    diagnosis = Diagnosis() if options.no_diagnosis else explained(kit, options.theirs, found)
    if not (found.conforms or options.no_diagnosis or is_small(kit)):
        print("tribe-np: mistakes are looked for in kits whose weights are small: try --config tiny", file=sys.stderr)
    if found.conforms and found.unknown:  # else the text leads to it
        told = f"{len(found.unknown)} of theirs not compared, as the kit has no such name: {some_of(found.unknown)}"
        print(f"tribe-np: {shown(told)}; --map FILE says which is which", file=sys.stderr)
    if options.html is not None:
        from tribe_np.oracle.conformance.comparison_page import write_comparison_page

        write_comparison_page(options.html, found, diagnosis.lines())
    record = {**conformance_record(found), "diagnosis": diagnosis.as_json()}
    common.print_result(options, record, comparison_lines(found, all_taps=options.all, diagnosis=diagnosis.lines()))
    return 0 if found.conforms else OUT_OF_BOUNDS


def write_suggestions(options: argparse.Namespace, kit: "Kit") -> None:
    """Writes the map that --suggest asks for, before an error that no name is the kit's."""
    if options.suggest is None:
        return
    from tribe_np.oracle.conformance.comparing_kits import suggested_names
    from tribe_np.oracle.conformance.name_maps import write_name_map

    suggested = suggested_names(kit, options.theirs, options.map)
    write_name_map(options.suggest, {name: one.tap for name, one in suggested.items()})
    many = f"{len(suggested)} {'name' if len(suggested) == 1 else 'names'}"
    print(f"tribe-np: {shown(str(options.suggest))}: {many}; look it over, then give it as --map", file=sys.stderr)
