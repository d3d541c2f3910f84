"""tribe-np oracle: what another implementation should compute, and where it departs. See `oracle_commands`."""

import argparse

from tribe_np.cli.nested import add_nested, execute_nested

FOLDER = "oracle_commands"
SUBCOMMANDS = {
    "dump": "write a conformance kit: configuration, weights, inputs and what is right at every stage",
    "compare": "hold another implementation's numbers against a kit: the first wrong stage, and what explains it",
    "budget": "show how much error is right: that of honest float32 on this machine, beside the bounds",
}
"""Names and one line of help, in the order in which they are used."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np oracle`, which are those of its commands."""
    add_nested(parser, FOLDER, SUBCOMMANDS)


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    return execute_nested(options, FOLDER)
