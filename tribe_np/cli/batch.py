"""tribe-np batch: many stimuli on one machine or many. Each of its own commands is a file of `batch_commands`."""

import argparse
from importlib import import_module

SUBCOMMANDS = {
    "plan": "make a study of many stimuli: its tasks, and what they will take",
    "run": "do a study on this machine, or on a Dask cluster that is there, and watch it to its end",
    "submit": "send a study to Slurm as job arrays, and end; they go on",
    "work": "be one of several processes that share a study: what a plain job array calls",
    "status": "show how a study stands: what is done, runs, waits, failed, and the time left",
    "retry": "forget errors and deaths of a study, and send what is missing again",
}
"""Names and one line of help, in the order in which they are used."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np batch`, which are those of its commands."""
    commands = parser.add_subparsers(dest="batch_command", required=True, metavar="COMMAND", parser_class=type(parser))
    for name, help_text in SUBCOMMANDS.items():
        command = commands.add_parser(name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.")
        _module(name).add_arguments(command)


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    code: int = _module(options.batch_command).execute(options)
    return code


def _module(name: str):  # type: ignore[no-untyped-def]  # a module with add_arguments and execute
    return import_module(f"tribe_np.cli.batch_commands.{name}")
