"""tribe-np batch: many stimuli on one machine or many. Each of its own commands is a file of `batch_commands`."""

import argparse

from tribe_np.cli.nested import add_nested, execute_nested

FOLDER = "batch_commands"
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
    add_nested(parser, FOLDER, SUBCOMMANDS)


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    return execute_nested(options, FOLDER)
