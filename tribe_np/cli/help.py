"""tribe-np help: the options of a command, or the list of commands."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np help`."""
    parser.add_argument("topic", nargs="?", metavar="COMMAND", help="such as predict (default: the list of commands)")


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    from tribe_np.cli.parser import build_parser, command_parser

    parser = build_parser() if options.topic is None else command_parser(options.topic)
    print(parser.format_help(), end="")
    return 0
