"""Commands that have commands of their own, each a file of a folder with add_arguments and execute."""

import argparse
from collections.abc import Mapping
from importlib import import_module
from typing import Any


def add_nested(parser: argparse.ArgumentParser, folder: str, commands: Mapping[str, str]) -> None:
    """The arguments of each command of `folder`, by name and one line of help."""
    nested = parser.add_subparsers(dest="nested_command", required=True, metavar="COMMAND", parser_class=type(parser))
    for name, help_text in commands.items():
        command = nested.add_parser(name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.")
        _module(folder, name).add_arguments(command)


def execute_nested(options: argparse.Namespace, folder: str) -> int:
    """Runs the command that was asked for."""
    code: int = _module(folder, options.nested_command).execute(options)
    return code


def _module(folder: str, name: str) -> Any:
    return import_module(f"tribe_np.cli.{folder}.{name}")
